"""The workspace's keys: made once, kept in files that their owner alone may read.

``keys/log.ed25519`` and ``keys/log.ml-dsa-44`` sign checkpoints; ``keys/openings.key`` seals the openings
of commitments; ``keys/custodian.ed25519`` signs what packages hold; ``keys/accounting.key`` hides in the
accounting whose list is whose. A witness keeps its own pair in its own
folder. A lost log key ends the log: a new one needs a new log and a new name (``docs/trust.md``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCMSIV

from counterseal.errors import CountersealError
from counterseal.ledger.note import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE
from counterseal.vault.durable import worked_on_alone, write_durably
from counterseal.vault.signing import SEED, KeySigner, read_signer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Entropy = Callable[[int], bytes]

LOG_KEYS = {"log.ed25519": ED25519, "log.ml-dsa-44": ML_DSA_44_COSIGNATURE}
WITNESS_KEYS = {"witness.ed25519": ED25519_COSIGNATURE, "witness.ml-dsa-44": ML_DSA_44_COSIGNATURE}
MIRROR_KEYS = {"mirror.ed25519": ED25519_COSIGNATURE, "mirror.ml-dsa-44": ML_DSA_44_COSIGNATURE}
CUSTODIAN_KEYS = {"custodian.ed25519": ED25519}
OPENINGS = "openings.key"
ACCOUNTING = "accounting.key"


def make_keys(folder: Path, name: str, kinds: dict[str, int], entropy: Entropy) -> tuple[KeySigner, ...]:
    """Make the keys of one signer, durably, each file readable by its owner alone.

    ``name`` is the log's origin or the witness's name. Raises CountersealError ``keys-exist`` when one
    of them is there already: a key is never overwritten.
    """
    if any((folder / file).exists() for file in kinds):
        raise CountersealError("keys-exist", "Keys are here already and are never replaced.", where=str(folder))
    for file, kind in kinds.items():
        seed = entropy(SEED)
        signer = KeySigner(name, kind, seed)
        write_durably(folder / file, f"{signer.key}\n{seed.hex()}\n".encode(), mode=0o600)
    return read_keys(folder, kinds)


def read_keys(folder: Path, kinds: dict[str, int]) -> tuple[KeySigner, ...]:
    """Read a signer's keys. Raises CountersealError ``signing-key`` when one is missing or unfit."""
    signers = tuple(read_signer(folder / file) for file in kinds)
    if [one.key.type for one in signers] != list(kinds.values()) or len({one.key.name for one in signers}) != 1:
        raise CountersealError("signing-key", "The keys in this folder are not one signer's.", where=str(folder))
    return signers


class OpeningSeal:
    """Seals openings (AES-256-GCM-SIV, RFC 8452: a repeated nonce does not break it)."""

    def __init__(self, key: bytes, entropy: Entropy) -> None:
        self._cipher = AESGCMSIV(key)
        self._entropy = entropy

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Seal bytes under a context that must be given again to open them."""
        nonce = self._entropy(12)
        return nonce + self._cipher.encrypt(nonce, plain, context)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Open what was sealed. Raises CountersealError ``opening`` when key, context or bytes differ."""
        try:
            return self._cipher.decrypt(sealed[:12], sealed[12:], context)
        except (InvalidTag, ValueError):
            raise CountersealError("opening", "This opening cannot be opened with this key.") from None


def make_opening_key(folder: Path, entropy: Entropy) -> OpeningSeal:
    """Make the key that seals openings. Raises CountersealError ``keys-exist``."""
    if (folder / OPENINGS).exists():
        raise CountersealError("keys-exist", "Keys are here already and are never replaced.", where=str(folder))
    write_durably(folder / OPENINGS, entropy(32).hex().encode() + b"\n", mode=0o600)
    return read_opening_key(folder, entropy)


def accounting_key(folder: Path, entropy: Entropy) -> bytes:
    """Give the 32 bytes that hide whose list is whose in the accounting, made at first use.

    Raises CountersealError ``accounting-key`` when others may read it or it is no key.
    """
    path = folder / ACCOUNTING
    if not path.exists():
        with worked_on_alone(folder):
            if not path.exists():
                write_durably(path, entropy(32).hex().encode() + b"\n", mode=0o600)
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
        if path.stat().st_mode & 0o077 or len(key) != 32:
            raise CountersealError("accounting-key", "Others may read this key, or it is none.", where=str(path))
    except (OSError, ValueError) as error:
        raise CountersealError("accounting-key", "The accounting key cannot be read.", where=str(path)) from error
    return key


def read_opening_key(folder: Path, entropy: Entropy) -> OpeningSeal:
    """Read the key that seals openings. Raises CountersealError ``opening-key``."""
    path = folder / OPENINGS
    try:
        if path.stat().st_mode & 0o077:
            raise CountersealError("opening-key", "Others than its owner may read this key.", where=str(path))
        return OpeningSeal(bytes.fromhex(path.read_text(encoding="ascii")), entropy)
    except (OSError, ValueError) as error:
        raise CountersealError("opening-key", "The key of the openings cannot be read.", where=str(path)) from error
