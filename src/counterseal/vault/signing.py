"""Ed25519 (FIPS 186-5, RFC 8032) and ML-DSA-44 (FIPS 204): what signs notes and what checks them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

from counterseal.errors import CountersealError
from counterseal.ledger.checkpoint import read_body
from counterseal.ledger.note import (
    ED25519,
    ED25519_COSIGNATURE,
    ML_DSA_44_COSIGNATURE,
    VerifierKey,
    cosigned_head,
    cosigned_text,
    is_name,
    read_key,
)

if TYPE_CHECKING:
    from pathlib import Path

SEED = 32
LONGEST_NAME = 255
"""Bytes of a signer's name, which an ML-DSA-44 cosignature states after one byte of length."""


def check_signature(algorithm: str, public_key: bytes, message: bytes, signature: bytes) -> bool:
    """Tell whether a signature holds; ``algorithm`` is ``ed25519`` or ``ml-dsa-44``."""
    key: Ed25519PublicKey | MLDSA44PublicKey
    try:
        if algorithm == "ed25519":
            key = Ed25519PublicKey.from_public_bytes(public_key)
        elif algorithm == "ml-dsa-44":
            key = MLDSA44PublicKey.from_public_bytes(public_key)
        else:
            return False
        key.verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


class KeySigner:
    """Signs notes with one private key, as its signature type lays down."""

    def __init__(self, name: str, kind: int, seed: bytes) -> None:
        if not is_name(name) or len(name.encode()) > LONGEST_NAME or len(seed) != SEED:
            raise CountersealError("signing-key", "A signing key has a plain name and 32 bytes of seed.")
        self._private: Ed25519PrivateKey | MLDSA44PrivateKey
        if kind in {ED25519, ED25519_COSIGNATURE}:
            self._private = Ed25519PrivateKey.from_private_bytes(seed)
        elif kind == ML_DSA_44_COSIGNATURE:
            self._private = MLDSA44PrivateKey.from_seed_bytes(seed)
        else:
            raise CountersealError("signing-key", "There is no such type of signing key.")
        self._key = VerifierKey(name, kind, self._private.public_key().public_bytes_raw())

    @property
    def key(self) -> VerifierKey:
        """The key that verifies what this signs."""
        return self._key

    def sign(self, text: str, at: int) -> bytes:
        """Sign a note's text; ``at`` is in seconds since the epoch."""
        if self._key.type == ED25519:
            return self._private.sign(text.encode())
        if self._key.type == ED25519_COSIGNATURE:
            return at.to_bytes(8) + self._private.sign(cosigned_text(text, at))
        return self.sign_head_message(cosigned_head(self._key.name, at, read_body(text)), at)

    def sign_head_message(self, message: bytes, at: int) -> bytes:
        """Sign a ``cosigned_message`` structure and put its time before the signature."""
        return at.to_bytes(8) + self._private.sign(message)


def read_signer(path: Path) -> KeySigner:
    """Read a signing key's file: its verifier key on one line, its seed in hexadecimal on the next.

    Raises CountersealError ``signing-key`` when the file is missing, malformed, open to others than its
    owner, or its seed and its verifier key do not belong together.
    """
    try:
        vkey, seed = path.read_text(encoding="utf-8").splitlines()
        key = read_key(vkey)
        signer = KeySigner(key.name, key.type, bytes.fromhex(seed))
    except (OSError, ValueError, CountersealError) as error:
        raise _unreadable(path, "it cannot be read") from error
    if path.stat().st_mode & 0o077:
        raise _unreadable(path, "others than its owner may read it; chmod 600")
    if signer.key != key:
        raise _unreadable(path, "its halves do not belong together")
    return signer


def _unreadable(path: Path, why: str) -> CountersealError:
    return CountersealError("signing-key", f"The signing key is not usable: {why}.", where=str(path))
