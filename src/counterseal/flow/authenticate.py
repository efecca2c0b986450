"""Whether the request comes from the official whom it names (26 U.S.C. 6103(i)(2)(A)).

``manifest.json.sig`` is a C2SP signed note whose text is two lines: a context that no other signature of ours
bears, and the SHA-256 of the manifest's exact bytes. The manifest names the SHA-256 of the rows file, so one
signature covers every row. The key must stand in the register, confirmed by a second person, in its time, of
this agency, and of the very person and office that the manifest names.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.ledger.note import read_key, read_note, sign_note, verified
from counterseal.vault.signing import check_signature, read_signer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date
    from pathlib import Path

    from counterseal.core.agency import RegisteredKey
    from counterseal.core.request import Manifest

CONTEXT = "counterseal/submission/v1"
SIGNATURE = "manifest.json.sig"
LARGEST_SIGNATURE = 16_384
"""Bytes. A few lines."""

ASK_THE_CUSTODIAN = "Keys and offices are registered by the custodian: two of its people, out of band."


@dataclass(frozen=True, slots=True)
class Signed:
    """Who signed: the register's number of the key, and the SHA-256 of its 32 bytes in hexadecimal."""

    key: int
    key_sha256: str


def refusal(code: str, message: str, next_step: str = "") -> CountersealError:
    """Make the refusal of a signature."""
    return CountersealError(code, message, where=SIGNATURE, next_step=next_step)


def signed_text(manifest_sha256: str) -> str:
    """Give the text that an agency signs for the manifest with this digest (hexadecimal)."""
    return f"{CONTEXT}\nmanifest sha256 {manifest_sha256}\n"


def sign_manifest(manifest: Manifest, key: Path) -> str:
    """Sign for a manifest with a key's file. Raises CountersealError ``signing-key``."""
    return str(sign_note(signed_text(manifest.digest), [read_signer(key)], 0))


def read_signature(folder: Path) -> bytes | None:
    """Read the signature beside a manifest; None when there is none.

    Raises CountersealError ``signature-form`` when it is no plain file of a few lines.
    """
    path = folder / SIGNATURE
    if not path.exists() and not path.is_symlink():
        return None
    if path.is_symlink() or not path.is_file() or path.stat().st_size > LARGEST_SIGNATURE:
        raise refusal("signature-form", "This is not a signature of a few lines.")
    return path.read_bytes()


def authenticate(
    manifest: Manifest, signature: bytes, agency: str, register: Iterable[RegisteredKey], today: date
) -> Signed:
    """Say whose signature stands under the manifest.

    Raises CountersealError: ``signature-form``, ``signature-wrong``, ``key-unregistered``, ``key-unconfirmed``,
    ``key-ended``, ``key-not-yet-valid``, ``key-expired``, ``memo-missing``, ``signer-differs``,
    ``office-differs``.
    """
    try:
        note = read_note(signature)
    except CountersealError as error:
        raise refusal("signature-form", error.message, "Sign it with: counterseal sign") from None
    if note.text != signed_text(manifest.digest):
        raise refusal("signature-wrong", "What was signed is not this manifest.", "Sign the manifest as it is sent.")
    own = {read_key(one.key): one for one in register if one.agency == agency and not one.opens_the_interface}
    try:
        holding = verified(note, own, check_signature)
    except CountersealError:
        raise refusal("signature-wrong", "The signature does not hold.", "Sign the manifest again.") from None
    if not holding:
        raise refusal("key-unregistered", "No registered key of this agency has signed.", ASK_THE_CUSTODIAN)
    faults = []
    for vkey, _ in holding:
        fault = fault_of_key(own[vkey], manifest.signed_on, today) or _fault_of_signer(own[vkey], manifest)
        if fault is None:
            return Signed(own[vkey].id, sha256(vkey.public_key).hexdigest())
        faults.append(fault)
    raise faults[0]


def fault_of_key(key: RegisteredKey, used_on: date, today: date) -> CountersealError | None:
    """Give what forbids the key's use: it counts on the day it was used and on the day it is looked at."""
    if key.ended_at is not None:
        return refusal("key-ended", "The key was ended.", ASK_THE_CUSTODIAN)
    if not key.confirmed:
        return refusal("key-unconfirmed", "The key waits for a second person of the custodian.", ASK_THE_CUSTODIAN)
    if min(used_on, today) < key.valid_from:
        return refusal("key-not-yet-valid", f"The key counts from {key.valid_from}.")
    if max(used_on, today) > key.valid_to:
        return refusal("key-expired", f"The key counted until {key.valid_to}.", ASK_THE_CUSTODIAN)
    if key.acting and not key.memo_sha256:
        return refusal("memo-missing", "No memorandum is on file by which this official acts.", ASK_THE_CUSTODIAN)
    return None


def _fault_of_signer(key: RegisteredKey, manifest: Manifest) -> CountersealError | None:
    if not same_words(key.signer, manifest.signer.name):
        return refusal("signer-differs", "The key is not that of the signer whom the manifest names.")
    if not same_words(key.office, manifest.signer.office):
        return refusal("office-differs", "The key is not that of the office which the manifest names.")
    return None


def same_words(one: str, other: str) -> bool:
    """Tell whether two texts are the same but for letter case and spaces."""
    return one.casefold().split() == other.casefold().split()
