"""Officers' certificates (X.509, RFC 5280), read for sealing."""

from __future__ import annotations

from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from counterseal.errors import CountersealError


def certificate_bytes(pem: str) -> bytes:
    """Give a certificate's DER. Raises CountersealError ``certificate`` when it is none."""
    try:
        return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
    except ValueError as error:
        raise CountersealError("certificate", "This is not an X.509 certificate in PEM.") from error


def certificate_sha256(pem: str) -> str:
    """Give the digest under which a certificate is named as a recipient, in hexadecimal."""
    return sha256(certificate_bytes(pem)).hexdigest()
