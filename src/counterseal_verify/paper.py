"""Hold a paper that a holder signed against an exported ledger: an acknowledgement, a certificate, an order's answer.

    counterseal-verify paper FILE --ledger FOLDER (--policy FILE | --key VKEY)

It shows that the officer's key signed it, that an entry names exactly these bytes and that officer, and that the entry
says what the paper says. So neither side can later show another paper than the one that was entered.
"""

from __future__ import annotations

import base64
import hashlib
import json
from typing import TYPE_CHECKING, Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from counterseal_verify.verify import Head, Policy, Refused

if TYPE_CHECKING:
    from argparse import Namespace

CONTEXTS = {
    "accepted_by": b"counterseal/acknowledgement/v1\0",
    "certified_by": b"counterseal/custody-certificate/v1\0",
    "answered_by": b"counterseal/order-answer/v1\0",
}
"""The context that each kind of paper is signed under, by the field that only it has."""
KINDS = {"used": "custody", "returned": "destroyed", "destroyed": "destroyed"}


def paper(raw: bytes, entries: list[bytes]) -> str:
    """Verify a paper under the entries of a verified ledger; give what it shows. Raises Refused."""
    told = json.loads(raw)
    kind = next((one for one in CONTEXTS if one in told), None)
    if kind is None:
        raise Refused("this is no paper of a holder")
    officer = _signed(told, CONTEXTS[kind])
    digest = hashlib.sha256(raw).hexdigest()
    whole = [json.loads(entry) for entry in entries]
    named = [n for n, one in enumerate(whole) if one.get("body", {}).get("document") == digest]
    if len(named) != 1:
        raise Refused("no entry names this paper" if not named else "more than one entry names this paper")
    entry = whole[named[0]]
    body = entry["body"]
    if body["officer"] != officer:
        raise Refused("the entry names another officer than the one who signed")
    delivered = whole[body["delivered"]]
    if delivered["kind"] != "delivered":
        raise Refused("the entry is about nothing that was delivered")
    if kind == "answered_by":
        _check_answer(told, entry, whole)
        what = f"answer to order {told['order']}: {told['answer']}"
    else:
        if delivered["body"]["intent"] != told["entry"]:
            raise Refused("the entry is about another package than the paper")
        _check_own(told, entry)
        what = told.get("act", "acknowledged")
    return f"{what}; entry {named[0]}, signed by {officer}"


def _check_own(told: dict[str, Any], entry: dict[str, Any]) -> None:
    kind, body = entry["kind"], entry["body"]
    if "accepted_by" in told:
        if kind != "acknowledged" or body["conditions"] != told["conditions"]:
            raise Refused("the entry does not say what the acknowledgement says")
        return
    said = body["act"] if kind == "custody" else body.get("outcome")
    if (kind, said, body["package"], body["on"]) != (KINDS.get(told["act"]), told["act"], told["package"], told["on"]):
        raise Refused("the entry does not say what the certificate says")


def _check_answer(told: dict[str, Any], entry: dict[str, Any], whole: list[dict[str, Any]]) -> None:
    body, asked = entry["body"], whole[told["order"]]
    if asked["kind"] != "recall" or asked["body"]["act"] != "ordered" or body["order"] != told["order"]:
        raise Refused("the paper answers no order, or another")
    order = asked["body"]
    if any(order[name] != value for name, value in (("document", told["document"]), ("package", told["package"]))):
        raise Refused("the paper answers another order than the one that was entered")
    if (order["officer"], order["delivered"]) != (body["officer"], body["delivered"]):
        raise Refused("the order is to another holder")
    said = body["outcome"] if body["act"] == "certified" else body.get("answer", "acknowledged")
    if entry["kind"] != "recall" or (said, body["on"]) != (told["answer"], told["on"]):
        raise Refused("the entry does not say what the answer says")


def _signed(told: dict[str, Any], context: bytes) -> str:
    """Check the signature by the certificate that the paper bears; give that certificate's digest."""
    certificate = base64.b64decode(told["certificate"], validate=True)
    signature = base64.b64decode(told["signature"], validate=True)
    rest = {name: value for name, value in told.items() if name != "signature"}
    signed = context + json.dumps(rest, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    key = x509.load_der_x509_certificate(certificate).public_key()
    try:
        if isinstance(key, RSAPublicKey):
            key.verify(signature, signed, padding.PSS(padding.MGF1(SHA256()), padding.PSS.AUTO), SHA256())
        elif isinstance(key, ec.EllipticCurvePublicKey):
            key.verify(signature, signed, ec.ECDSA(SHA256()))
        else:
            raise Refused("the officer's key is of no kind that signs a paper")
    except (InvalidSignature, UnsupportedAlgorithm):
        raise Refused("the paper's signature does not hold") from None
    return hashlib.sha256(certificate).hexdigest()


def check(given: Namespace, head: Head, entries: list[bytes], _: Policy) -> tuple[str, str]:
    """Verify a paper under a verified ledger; give what it shows, or else what does not hold."""
    try:
        return f"{paper(given.path.read_bytes(), entries)}, in {head.origin} at size {head.size}", ""
    except Refused as refused:
        return "", str(refused)
