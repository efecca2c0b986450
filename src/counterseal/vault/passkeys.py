"""An official's signature: a WebAuthn assertion whose challenge is the digest of what is signed.

The authenticator signs its own data and the hash of the client data, and the client data holds the challenge:
so whoever has the public key can check, without us, that this person's key signed exactly that digest
(W3C Web Authentication Level 3, 7.2). Keys are kept as SubjectPublicKeyInfo, which any verifier reads.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any, cast

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from fido2 import cbor
from fido2.cose import CoseKey

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Mapping

USER_PRESENT, USER_VERIFIED = 0x01, 0x04
PARTS = ("authenticatorData", "clientDataJSON", "signature")


def public_key_info(cose: bytes) -> bytes:
    """Give a COSE public key (CBOR) as SubjectPublicKeyInfo. Raises CountersealError ``passkey-kind``."""
    try:
        public = _public_key(CoseKey.parse(cast("dict[int, Any]", cbor.decode(cose))))
    except (KeyError, ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise CountersealError(
            "passkey-kind", "This kind of passkey cannot sign releases; use one with ES256, EdDSA or RS256."
        ) from error
    return public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _public_key(
    numbers: Mapping[int, Any],
) -> ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey | rsa.RSAPublicKey:
    algorithm = int(numbers[3])  # RFC 9053, the algorithm's number in a COSE key
    if algorithm == -7:
        return ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), b"\x04" + numbers[-2] + numbers[-3])
    if algorithm == -8:
        return ed25519.Ed25519PublicKey.from_public_bytes(numbers[-2])
    if algorithm == -257:
        return rsa.RSAPublicNumbers(int.from_bytes(numbers[-2]), int.from_bytes(numbers[-1])).public_key()
    raise ValueError("another algorithm")


def check_assertion(key: bytes, challenge: bytes, evidence: Mapping[str, str], *, origin: str, rp_id: str) -> None:
    """Hold an assertion against a key (SubjectPublicKeyInfo) and the 32 bytes that were to be signed.

    ``evidence`` has the three parts in base64url. Raises CountersealError ``assertion`` with what is wrong.
    """
    try:
        data, client, signature = (_decoded(evidence[part]) for part in PARTS)
        told = json.loads(client)
        said = _decoded(told["challenge"])
    except (KeyError, ValueError, TypeError, binascii.Error) as error:
        raise CountersealError("assertion", "The signature is not a WebAuthn assertion.") from error
    if told.get("type") != "webauthn.get" or not hmac.compare_digest(said, challenge):
        raise CountersealError("assertion", "The signature is over something else than what was shown.")
    if told.get("origin") != origin or told.get("crossOrigin") or len(data) < 37:
        raise CountersealError("assertion", "The signature was made for another site.")
    if not hmac.compare_digest(data[:32], sha256(rp_id.encode()).digest()):
        raise CountersealError("assertion", "The signature was made for another site.")
    if data[32] & (USER_PRESENT | USER_VERIFIED) != USER_PRESENT | USER_VERIFIED:
        raise CountersealError("assertion", "The key did not verify that its owner was there.")
    try:
        _verify(key, signature, data + sha256(client).digest())
    except (InvalidSignature, ValueError, UnsupportedAlgorithm) as error:
        raise CountersealError("assertion", "The signature is not this official's.") from error


def _verify(key: bytes, signature: bytes, message: bytes) -> None:
    public = load_der_public_key(key)
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, message, ec.ECDSA(SHA256()))
    elif isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(signature, message)
    elif isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, message, padding.PKCS1v15(), SHA256())
    else:
        raise ValueError("another kind of key")  # noqa: TRY004  # told apart by nobody


def _decoded(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class SoftPasskey:
    """A passkey in software, for demonstrations and tests: whoever has its file can sign as its owner."""

    def __init__(self, seed: bytes) -> None:
        """``seed`` is 32 bytes of randomness, kept as carefully as a signature deserves."""
        self._key = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
        self.credential = base64.urlsafe_b64encode(sha256(b"credential" + seed).digest()).rstrip(b"=").decode()

    @property
    def public_key(self) -> bytes:
        """The public key as SubjectPublicKeyInfo."""
        return self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)

    def sign(self, challenge: bytes, *, origin: str, rp_id: str) -> dict[str, str]:
        """Make an assertion over the challenge, as an authenticator does when its owner agrees."""
        encoded = base64.urlsafe_b64encode(challenge).rstrip(b"=").decode()
        client = json.dumps(
            {"type": "webauthn.get", "challenge": encoded, "origin": origin, "crossOrigin": False},
            separators=(",", ":"),
        ).encode()
        data = sha256(rp_id.encode()).digest() + bytes([USER_PRESENT | USER_VERIFIED]) + bytes(4)
        signature = self._key.sign(data + sha256(client).digest())
        parts = zip(PARTS, (data, client, signature), strict=True)
        return {name: base64.urlsafe_b64encode(part).rstrip(b"=").decode() for name, part in parts}
