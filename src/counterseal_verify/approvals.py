"""An official's approval, checked from the ledger alone: a passkey's assertion over the release's digest.

The key is the one that its enrolment entered, not one that anybody says it is: whoever owns the database, or the
log's own key, cannot make what an official's authenticator did not sign (W3C Web Authentication Level 3, 7.2).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_public_key

from counterseal_verify.verify import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

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


def standing(entries: Iterable[tuple[int, dict[str, Any]]]) -> dict[str, int]:
    """Give, after these entries in their order, where each key in use was last enrolled, by the key's digest.

    A key that was ended is not among them, and one that was entered anew, because its holder's role changed, stands
    at its new entry. Raises Refused for an enrolment that names no key.
    """
    held: dict[str, int] = {}
    for at, entry in entries:
        body = entry.get("body", {})
        if entry.get("kind") == "role" and body.get("act") == "key":
            try:
                held[hashlib.sha256(base64.b64decode(body["key"], validate=True)).hexdigest()] = at
            except (KeyError, TypeError, ValueError) as error:
                raise Refused(f"entry {at} enrols no key") from error
        elif entry.get("kind") == "role" and body.get("act") == "key ended":
            held.pop(body.get("key_sha256"), None)
    return held


def check_standing(approvals: Mapping[str, tuple[int, str]], held: Mapping[str, int]) -> None:
    """Hold approvals (by key: the enrolment that each names, and its role) against what stands at the intent.

    Raises Refused unless every approval's enrolment still stands, and a specialist's and a releasing official's are
    among them: a role that was left, ended or changed since approves nothing, and two keys of one role are not two.
    """
    if any(held.get(key) != at for key, (at, _) in approvals.items()):
        raise Refused("an approval's key was ended before the intent, or its holder's role changed")
    if len(approvals) < 2:
        raise Refused("fewer than two people approved")
    if {role for _, role in approvals.values()} != ROLES:
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
