"""What an agency presents for registration: a certificate, read and held to what may be sealed to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from datetime import date

LARGEST_CERTIFICATE = 65_536
SMALLEST_RSA = 2_048
AFFILIATE = "(affiliate)"
"""How a subject's name ends when its holder is no employee (Federal PKI Common Policy, names of subscribers)."""


@dataclass(frozen=True, slots=True)
class PresentedCertificate:
    """A certificate: its PEM written anew, SHA-256 of its DER in hexadecimal, the days it is valid."""

    pem: str
    sha256: str
    valid_from: date
    valid_to: date
    is_authority: bool
    is_affiliate: bool
    """Whether its subject says that the holder is a contractor or another affiliate, not an employee."""


def read_certificate(raw: bytes) -> PresentedCertificate:
    """Read one X.509 certificate in PEM.

    Raises CountersealError ``certificate`` when it is none, is more than one, or its key is not RSA of 2,048 bits
    or more, P-256 or P-384.
    """
    try:
        if len(raw) > LARGEST_CERTIFICATE:
            raise wrong_certificate("it is too large")
        found = x509.load_pem_x509_certificates(raw)
        if len(found) != 1:
            raise wrong_certificate("it is not one certificate but several")
        key = found[0].public_key()
        authority = _is_authority(found[0])
    except (ValueError, UnsupportedAlgorithm, x509.DuplicateExtension):
        raise wrong_certificate("it is not one X.509 certificate in PEM") from None
    sound = (isinstance(key, rsa.RSAPublicKey) and key.key_size >= SMALLEST_RSA) or (
        isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1 | ec.SECP384R1)
    )
    if not sound:
        raise wrong_certificate("its key is not RSA of 2,048 bits or more, P-256 or P-384")
    return PresentedCertificate(
        found[0].public_bytes(serialization.Encoding.PEM).decode("ascii"),
        found[0].fingerprint(hashes.SHA256()).hex(),
        found[0].not_valid_before_utc.date(),
        found[0].not_valid_after_utc.date(),
        authority,
        any(str(one.value).casefold().rstrip().endswith(AFFILIATE) for one in found[0].subject),
    )


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def wrong_certificate(why: str) -> CountersealError:
    """Make the refusal of a certificate."""
    return CountersealError(
        "certificate", f"This certificate cannot be registered: {why}.", next_step="Present the certificate in PEM."
    )


def certificate_key(der: bytes) -> bytes | None:
    """Give the 32 bytes of the Ed25519 key in a certificate's DER; None when it is no such certificate."""
    try:
        key = x509.load_der_x509_certificate(der).public_key()
    except (ValueError, UnsupportedAlgorithm):
        return None
    return key.public_bytes_raw() if isinstance(key, ed25519.Ed25519PublicKey) else None
