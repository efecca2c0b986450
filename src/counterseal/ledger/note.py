"""C2SP signed-note: text, and the signatures under it.

What a signature covers depends on its key's type: the text itself (Ed25519, ``0x01``), the text under a
time (Ed25519 cosignature, ``0x04``) or the tree head under a name and a time (ML-DSA-44 cosignature,
``0x06``, C2SP tlog-cosignature). The arithmetic of signatures is handed in as ``SignatureCheck``.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.checkpoint import read_body

if TYPE_CHECKING:
    from collections.abc import Iterable

    from counterseal.ledger.checkpoint import TreeHead

ED25519 = 0x01
ED25519_COSIGNATURE = 0x04
ML_DSA_44_COSIGNATURE = 0x06
KEY_LENGTH = {ED25519: 32, ED25519_COSIGNATURE: 32, ML_DSA_44_COSIGNATURE: 1312}
SIGNATURE_LENGTH = {ED25519: 64, ED25519_COSIGNATURE: 72, ML_DSA_44_COSIGNATURE: 2428}
MOST_SIGNATURES = 100
LONGEST_NOTE = 1 << 20
LATEST = 2**63 - 1

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_FIELD = 2**255 - 19
_CURVE_D = (-121665 * pow(121666, -1, _FIELD)) % _FIELD
_LOW_ORDER = {
    0,
    1,
    _FIELD - 1,
    0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
    _FIELD - 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
}
"""The y coordinates of the points whose order divides 8."""


class SignatureCheck(Protocol):
    """The arithmetic: ``vault`` gives it, and so does the standalone verifier."""

    def __call__(self, algorithm: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature holds. ``algorithm`` is ``ed25519`` or ``ml-dsa-44``."""
        ...


class NoteSigner(Protocol):
    """Something that can put its signature under a note."""

    @property
    def key(self) -> VerifierKey:
        """The key that verifies what this signs."""
        ...

    def sign(self, text: str, at: int) -> bytes:
        """Sign the text at that time (seconds since the epoch), as the key's type lays down."""
        ...


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key under a name: the ``vkey`` of signed-note."""

    name: str
    type: int
    public_key: bytes

    @property
    def id(self) -> bytes:
        """The four bytes that stand before each signature."""
        head = f"{self.name}\n".encode() + bytes([self.type])
        return sha256(head + self.public_key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode64(bytes([self.type]) + self.public_key)}"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line: a name, a key id and the bytes after it."""

    name: str
    id: bytes
    signature: bytes

    def __str__(self) -> str:
        return f"— {self.name} {encode64(self.id + self.signature)}\n"


@dataclass(frozen=True, slots=True)
class Note:
    """Text (ending in a newline) and its signatures, none of them yet checked."""

    text: str
    signatures: tuple[Signature, ...]

    def __str__(self) -> str:
        return self.text + "\n" + "".join(map(str, self.signatures))


def encode64(raw: bytes) -> str:
    """Write bytes in the standard base64 with padding."""
    return base64.b64encode(raw).decode("ascii")


def decode64(text: str, length: int | None = None) -> bytes:
    """Read base64 in its one canonical spelling; of ``length`` bytes where given.

    Raises CountersealError ``base64``.
    """
    try:
        raw = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raw = None
    if raw is None or encode64(raw) != text or (length is not None and len(raw) != length):
        wanted = "base64" if length is None else f"the base64 of {length} bytes"
        raise CountersealError("base64", f"This is not {wanted}.")
    return raw


def is_name(name: str) -> bool:
    """Tell whether a key may bear the name: not empty, no space of Unicode, no plus, no control."""
    return bool(name) and not any(c.isspace() or c == "+" or c < " " for c in name)


def read_key(vkey: str) -> VerifierKey:
    """Read a ``vkey``: name, key id in hexadecimal, type and key in base64, parted by plus signs.

    Raises CountersealError ``verifier-key`` when it is malformed, its id is not its own, its type is
    not one of the three, or its Ed25519 key is not canonical or of low order.
    """
    parts = vkey.split("+", 2)
    if len(parts) != 3 or not is_name(parts[0]):
        raise _bad_key("it is not a name, an id and a key")
    try:
        raw = decode64(parts[2])
    except CountersealError:
        raise _bad_key("its key is not base64") from None
    if not raw or len(raw) - 1 != KEY_LENGTH.get(raw[0]):
        raise _bad_key("its type or its length is not one that is known here")
    key = VerifierKey(parts[0], raw[0], raw[1:])
    if key.id.hex() != parts[1]:
        raise _bad_key("its id is not the one that its name and key give")
    if key.type != ML_DSA_44_COSIGNATURE and not is_sound_point(key.public_key):
        raise _bad_key("its Ed25519 key is not canonical or of low order")
    return key


def _bad_key(why: str) -> CountersealError:
    return CountersealError(
        "verifier-key", f"This is no verifier key: {why}.", next_step="Ask its owner for the line again."
    )


def is_sound_point(encoded: bytes) -> bool:
    """Tell whether 32 bytes are a point of edwards25519, canonically written and not of low order.

    RFC 8032, 5.1.3. Under a key of low order one signature holds for many texts.
    """
    y = int.from_bytes(encoded, "little") & (2**255 - 1)
    if len(encoded) != 32 or y >= _FIELD or y in _LOW_ORDER:
        return False
    above, below = (y * y - 1) % _FIELD, (_CURVE_D * y * y + 1) % _FIELD
    return pow(above * below % _FIELD, (_FIELD - 1) // 2, _FIELD) == 1


def read_note(raw: bytes) -> Note:
    """Read a signed note. Its text must be ignored until ``open_note`` has verified it.

    Raises CountersealError ``note-form``.
    """
    if len(raw) > LONGEST_NOTE:
        raise _bad_note(f"it is longer than {LONGEST_NOTE} bytes")
    try:
        whole = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise _bad_note("it is not UTF-8") from None
    if _CONTROL.search(whole):
        raise _bad_note("it holds a control character")
    at = whole.rfind("\n\n")
    if at < 0 or not whole.endswith("\n") or at + 2 == len(whole):
        raise _bad_note("no signature stands under its text")
    return Note(whole[: at + 1], read_signatures(whole[at + 2 :]))


def read_head(note: str) -> TreeHead:
    """Read the tree head of a signed checkpoint, without verifying it.

    Raises CountersealError ``note-form`` or ``checkpoint-form``.
    """
    return read_body(read_note(note.encode()).text)


def read_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines, each ending in a newline. Raises CountersealError ``note-form``."""
    rows = lines.split("\n")
    if rows.pop() or len(rows) > MOST_SIGNATURES:
        raise _bad_note("its last line is cut off, or it bears too many signatures")
    return tuple(_read_signature(row) for row in rows)


def _read_signature(line: str) -> Signature:
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != "—" or not is_name(parts[1]):
        raise _bad_note("a line under the text is not a signature")
    try:
        raw = decode64(parts[2])
    except CountersealError:
        raise _bad_note("a signature is not base64") from None
    if len(raw) < 5:
        raise _bad_note("a signature is too short")
    return Signature(parts[1], raw[:4], raw[4:])


def _bad_note(why: str) -> CountersealError:
    return CountersealError("note-form", f"This is no signed note: {why}.")


def signed_message(key: VerifierKey, text: str, signature: bytes) -> tuple[str, bytes, bytes] | None:
    """Give algorithm, message and bare signature of a signature line; None when its form is wrong."""
    if len(signature) != SIGNATURE_LENGTH[key.type]:
        return None
    if key.type == ED25519:
        return "ed25519", text.encode(), signature
    at, bare = int.from_bytes(signature[:8]), signature[8:]
    if at > LATEST:
        return None
    if key.type == ED25519_COSIGNATURE:
        return "ed25519", cosigned_text(text, at), bare
    try:
        head = read_body(text)
        return "ml-dsa-44", cosigned_head(key.name, at, head), bare
    except CountersealError:
        return None


def cosigned_at(line: str) -> int:
    """Give the time that a verified cosignature's line states, in seconds since the epoch, as its signer had it."""
    (signature,) = read_signatures(line)
    return int.from_bytes(signature.signature[:8])


def cosigned_text(text: str, at: int) -> bytes:
    """Give what an Ed25519 cosignature covers (tlog-cosignature, "Ed25519 signed message")."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def cosigned_head(name: str, at: int, head: TreeHead) -> bytes:
    """Give what an ML-DSA-44 cosignature of a checkpoint covers."""
    return cosigned_subtree(name, at, head.origin, 0, head.size, head.root)


def cosigned_subtree(name: str, at: int, origin: str, start: int, end: int, root: bytes) -> bytes:
    """Give what an ML-DSA-44 cosignature covers (tlog-cosignature, ``cosigned_message``).

    Raises CountersealError ``cosigned-message`` for a name or origin over 255 bytes, or a subtree that
    does not begin at 0 with a time.
    """
    signer, log = name.encode(), origin.encode()
    if not 1 <= len(signer) <= 255 or not 1 <= len(log) <= 255 or (start and at):
        raise CountersealError("cosigned-message", "This cannot be put under an ML-DSA-44 cosignature.")
    return b"".join((
        b"subtree/v1\n\0",
        bytes([len(signer)]), signer,
        at.to_bytes(8),
        bytes([len(log)]), log,
        start.to_bytes(8), end.to_bytes(8), root,
    ))  # fmt: skip


def verified(note: Note, keys: Iterable[VerifierKey], check: SignatureCheck) -> list[tuple[VerifierKey, Signature]]:
    """Give the signatures of known keys, each verified once; signatures of unknown keys are ignored.

    Raises CheckFailedError ``signature`` when a known key's signature does not hold: such a note is
    refused whole.
    """
    known = {(key.name, key.id): key for key in keys}
    holding: dict[VerifierKey, Signature] = {}
    for line in note.signatures:
        key = known.get((line.name, line.id))
        if key is None:
            continue
        message = signed_message(key, note.text, line.signature)
        if message is None or not check(message[0], key.public_key, message[1], message[2]):
            raise CheckFailedError("signature", f"A signature by {key.name} does not hold.")
        holding.setdefault(key, line)
    return list(holding.items())


def open_note(raw: bytes, keys: Iterable[VerifierKey], check: SignatureCheck) -> Note:
    """Read a note and verify it.

    Raises CountersealError ``note-form``, and CheckFailedError ``signature`` when no known key signed
    it or a known key's signature does not hold.
    """
    note = read_note(raw)
    if not verified(note, keys, check):
        raise CheckFailedError("signature", "No known key has signed this note.")
    return note


def sign_note(text: str, signers: Iterable[NoteSigner], at: int) -> Note:
    """Put signatures under a text; ``at`` is the time in seconds since the epoch.

    Raises CountersealError ``note-form`` when the text is not one that a note can bear.
    """
    lines = tuple(Signature(one.key.name, one.key.id, one.sign(text, at)) for one in signers)
    note = Note(text, lines)
    if not text.endswith("\n") or read_note(str(note).encode()) != note:
        raise _bad_note("its text is not one that can be signed")
    return note
