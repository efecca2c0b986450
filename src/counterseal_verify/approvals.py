"""An official's approval, checked from the ledger alone: a passkey's assertion over the release's digest.

The key is the one that its enrolment entered, not one that anybody says it is: whoever owns the database, or the
log's own key, cannot make what an official's authenticator did not sign (W3C Web Authentication Level 3, 7.2).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from counterseal_verify.verify import Refused

PRESENT_AND_VERIFIED = 0x05
ROLES = {"specialist", "releasing"}


def check_approval(signed: dict[str, Any], enrolment: dict[str, Any], over: str) -> str:
    """Hold one approval's entry against its signer's enrolment; give the digest of the key.

    Raises Refused unless the enrolled key of a specialist or a releasing official signed exactly ``over``.
    """
    body, enrolled = signed.get("body", {}), enrolment.get("body", {})
    if signed["kind"] != "signed" or body.get("over") != over:
        raise Refused("an approval is not what the intent says")
    if enrolment["kind"] != "role" or enrolled.get("act") != "key" or enrolled.get("role") not in ROLES:
        raise Refused("an approval's key was never enrolled for signing")
    try:
        key = base64.b64decode(enrolled["key"], validate=True)
        data, client, signature = (
            _unbase64url(body["evidence"][part]) for part in ("authenticatorData", "clientDataJSON", "signature")
        )
        told = json.loads(client)
        fits = told["type"] == "webauthn.get" and _unbase64url(told["challenge"]) == bytes.fromhex(over)
        if not fits or len(data) < 37 or data[32] & PRESENT_AND_VERIFIED != PRESENT_AND_VERIFIED:
            raise Refused("an approval's signature is over something else")
        _verify(key, signature, data + hashlib.sha256(client).digest())
    except (KeyError, TypeError, ValueError, AttributeError, binascii.Error) as error:
        raise Refused("an approval is no signature of a passkey") from error
    except (InvalidSignature, UnsupportedAlgorithm) as error:
        raise Refused("an approval's signature does not hold") from error
    digest = hashlib.sha256(key).hexdigest()
    if digest != body.get("official"):
        raise Refused("an approval names another key than its own")
    return digest


def check_both(roles: set[str]) -> None:
    """Raise Refused unless a specialist's and a releasing official's key approved: two keys of one role are not two."""
    if roles != ROLES:
        raise Refused("not both a specialist and a releasing official approved")


def _verify(key: bytes, signature: bytes, message: bytes) -> None:
    public = load_der_public_key(key)
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, message, ec.ECDSA(SHA256()))
    elif isinstance(public, ed25519.Ed25519PublicKey):
        public.verify(signature, message)
    elif isinstance(public, rsa.RSAPublicKey):
        public.verify(signature, message, padding.PKCS1v15(), SHA256())
    else:
        raise InvalidSignature


def _unbase64url(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
