"""What an officer signs on receipt, read back and held against the certificate that it bears.

The form is that of ``counterseal open``: canonical JSON with a signature (RSASSA-PSS or ECDSA, SHA-256) over a
context and the canonical JSON of the rest. Whether the certificate is a recipient's is for the caller to say.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
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
PSS = padding.PSS(mgf=padding.MGF1(SHA256()), salt_length=padding.PSS.AUTO)


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


def read_acknowledgement(document: bytes) -> Acknowledgement:
    """Read an acknowledgement whose signature holds by the certificate in it.

    Raises CountersealError ``acknowledgement`` for anything else.
    """
    try:
        told = _form(document)
        certificate = base64.b64decode(told["certificate"], validate=True)
        signature = base64.b64decode(told.pop("signature"), validate=True)
        signed = CONTEXT + json.dumps(told, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()
        _verify(x509.load_der_x509_certificate(certificate), signature, signed)
    except (ValueError, TypeError, RecursionError, InvalidSignature, UnsupportedAlgorithm):
        raise CountersealError(
            "acknowledgement",
            "This is no acknowledgement whose signature holds.",
            next_step="Send the file that `counterseal open` wrote, as it is.",
        ) from None
    return Acknowledgement(
        told["package"], told["entry"], told["ledger"], told["conditions"],
        sha256(certificate).hexdigest(), sha256(document).hexdigest(),
    )  # fmt: skip


def _form(document: bytes) -> dict[str, Any]:
    told = json.loads(document) if len(document) <= LARGEST else None
    if not isinstance(told, dict) or told.keys() != FORM.keys():
        raise TypeError
    if any(type(told[name]) is not kind for name, kind in FORM.items()) or told["v"] != 1:
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
