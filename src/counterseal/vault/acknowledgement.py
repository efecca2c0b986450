"""What an officer signs, read back and held against the certificate that it bears: receipt, certificate, answer.

The forms are those of ``counterseal-open``: canonical JSON with a signature (RSASSA-PSS or ECDSA, SHA-256) over a
context and the canonical JSON of the rest. Whether the certificate is a recipient's is for the caller to say.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256

from counterseal.errors import CountersealError

CONTEXT = b"counterseal/acknowledgement/v1\0"
LARGEST = 32_768
FORM: dict[str, type] = {
    "v": int, "package": str, "entry": int, "ledger": str, "conditions": str, "accepted_by": str,
    "accepted_at": str, "certificate": str, "signature": str,
}  # fmt: skip
CERTIFICATE_CONTEXT = b"counterseal/custody-certificate/v1\0"
CERTIFICATE_FORM: dict[str, type] = {
    "v": int, "package": str, "entry": int, "ledger": str, "conditions": str, "act": str, "on": str, "method": str,
    "certified_by": str, "certified_at": str, "certificate": str, "signature": str,
}  # fmt: skip
ANSWER_CONTEXT = b"counterseal/order-answer/v1\0"
ANSWER_FORM: dict[str, type] = {
    "v": int, "order": int, "document": str, "package": str, "ledger": str, "answer": str, "on": str, "because": str,
    "answered_by": str, "answered_at": str, "certificate": str, "signature": str,
}  # fmt: skip
PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.AUTO)
WRONG = (ValueError, TypeError, RecursionError, InvalidSignature, UnsupportedAlgorithm)


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What was acknowledged: digests in hexadecimal, the intent's index, the ledger's name.

    ``certificate`` is the digest of the officer's certificate, ``document`` of the acknowledgement itself.
    """

    package: str
    entry: int
    ledger: str
    conditions: str
    certificate: str
    document: str


@dataclass(frozen=True, slots=True)
class CustodyCertificate:
    """What a holder certifies of their own accord: ``act`` is ``used``, ``returned`` or ``destroyed``.

    ``entry`` is the intent's index; digests are in hexadecimal, ``document`` is that of the certificate's own bytes.
    """

    package: str
    entry: int
    ledger: str
    conditions: str
    act: str
    on: date
    method: str
    certificate: str
    document: str


@dataclass(frozen=True, slots=True)
class OrderAnswer:
    """What a holder answers to an order. ``text`` is the digest of the order's text, ``document`` of the answer."""

    order: int
    text: str
    package: str
    ledger: str
    answer: str
    on: date
    because: str
    certificate: str
    document: str


def read_acknowledgement(document: bytes) -> Acknowledgement:
    """Read an acknowledgement whose signature holds by the certificate in it.

    Raises CountersealError ``acknowledgement`` for anything else.
    """
    try:
        told, signer = _signed(document, CONTEXT, FORM)
    except WRONG:
        raise CountersealError(
            "acknowledgement",
            "This is no acknowledgement whose signature holds.",
            next_step="Send the file that `counterseal open` wrote, as it is.",
        ) from None
    return Acknowledgement(
        told["package"], told["entry"], told["ledger"], told["conditions"], signer, sha256(document).hexdigest()
    )


def read_custody_certificate(document: bytes) -> CustodyCertificate:
    """Read a certificate of use, return or destruction. Raises CountersealError ``custody-certificate``."""
    try:
        told, signer = _signed(document, CERTIFICATE_CONTEXT, CERTIFICATE_FORM)
        on = date.fromisoformat(told["on"])
    except WRONG:
        raise CountersealError(
            "custody-certificate",
            "This is no certificate whose signature holds.",
            next_step="Send the file that `counterseal-open certify` wrote, as it is.",
        ) from None
    return CustodyCertificate(
        told["package"], told["entry"], told["ledger"], told["conditions"], told["act"], on, told["method"],
        signer, sha256(document).hexdigest(),
    )  # fmt: skip


def read_order_answer(document: bytes) -> OrderAnswer:
    """Read a holder's answer to an order. Raises CountersealError ``order-answer``."""
    try:
        told, signer = _signed(document, ANSWER_CONTEXT, ANSWER_FORM)
        on = date.fromisoformat(told["on"])
    except WRONG:
        raise CountersealError(
            "order-answer",
            "This is no answer to an order whose signature holds.",
            next_step="Send the file that `counterseal-open answer-order` wrote, as it is.",
        ) from None
    return OrderAnswer(
        told["order"], told["document"], told["package"], told["ledger"], told["answer"], on, told["because"],
        signer, sha256(document).hexdigest(),
    )  # fmt: skip


def _signed(document: bytes, context: bytes, form: dict[str, type]) -> tuple[dict[str, Any], str]:
    """Give what a paper says and the digest of its signer's certificate. Raises one of WRONG."""
    told = _form(document, form)
    certificate = base64.b64decode(told["certificate"], validate=True)
    signature = base64.b64decode(told.pop("signature"), validate=True)
    signed = context + json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
    _verify(x509.load_der_x509_certificate(certificate), signature, signed)
    return told, sha256(certificate).hexdigest()


def _form(document: bytes, form: dict[str, type]) -> dict[str, Any]:
    told = json.loads(document) if len(document) <= LARGEST else None
    if not isinstance(told, dict) or told.keys() != form.keys():
        raise TypeError
    if any(type(told[name]) is not kind for name, kind in form.items()) or told["v"] != 1:
        raise TypeError
    return told


def _verify(certificate: x509.Certificate, signature: bytes, signed: bytes) -> None:
    key = certificate.public_key()
    if isinstance(key, RSAPublicKey):
        key.verify(signature, signed, PSS, SHA256())
    elif isinstance(key, ec.EllipticCurvePublicKey):
        key.verify(signature, signed, ec.ECDSA(SHA256()))
    else:
        raise TypeError
