"""An officer's certificate, held against its agency's authorities (RFC 5280), at a moment that is given."""

from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.x509.verification import Criticality, ExtensionPolicy, Policy, PolicyBuilder, Store, VerificationError

from counterseal_verify.verify import Refused


def check_path(certificate: bytes, authorities: bytes, at: datetime) -> None:
    """Check the path from a certificate (DER) up to a root among ``authorities`` (PEM, roots and those beneath).

    Signatures, validity dates, basic constraints and names are the library's to check; that the key may take
    part in encryption is asked of the certificate itself. ``at`` is the moment, with its time zone. Revocation is not
    asked for: the register of officers ends a certificate. Raises Refused.
    """
    try:
        known = x509.load_pem_x509_certificates(authorities)
        leaf = x509.load_der_x509_certificate(certificate)
        roots = [one for one in known if one.issuer == one.subject]
        between = [one for one in known if one.issuer != one.subject]
        if not roots:
            raise Refused("no root is registered for the agency")
        builder = PolicyBuilder().store(Store(roots)).time(at.astimezone(UTC).replace(tzinfo=None))
        officer = ExtensionPolicy.permit_all().require_present(x509.KeyUsage, Criticality.AGNOSTIC, _may_encrypt)
        builder = builder.extension_policies(ee_policy=officer, ca_policy=ExtensionPolicy.webpki_defaults_ca())
        builder.build_client_verifier().verify(leaf, between)
    except VerificationError as wrong:
        reason = str(wrong).split(" (encountered")[0]
        raise Refused(f"a certificate does not lead to a root of the agency: {reason}") from None
    except ValueError:
        raise Refused("a certificate cannot be read") from None


def _may_encrypt(_: Policy, leaf: x509.Certificate, usage: x509.KeyUsage) -> None:
    rsa = isinstance(leaf.public_key(), RSAPublicKey)
    if not (usage.key_encipherment if rsa else usage.key_agreement):
        raise ValueError("the certificate's key is not for encryption")
