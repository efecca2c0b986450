"""CMS AuthEnvelopedData (RFC 5083, RFC 5084) to officers' certificates: AES-256-GCM, one key for all of them.

RSA certificates get the content's key by RSAES-OAEP with SHA-256 (RFC 3560, RFC 4055), elliptic-curve ones by
ephemeral-static ECDH on P-256 or P-384 with the X9.63 derivation and AES-256 key wrap (RFC 5753). The key's
length and every other length depends on the certificates alone, never on what is sealed.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from asn1crypto import algos, cms, core
from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256, SHA384, HashAlgorithm
from cryptography.hazmat.primitives.kdf.x963kdf import X963KDF
from cryptography.hazmat.primitives.keywrap import aes_key_wrap
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from counterseal_verify.verify import Refused

WRAP = "2.16.840.1.101.3.4.1.45"
SCHEMES: dict[str, tuple[str, type[HashAlgorithm]]] = {
    "secp256r1": ("1.3.132.1.11.1", SHA256),
    "secp384r1": ("1.3.132.1.11.2", SHA384),
}
"""dhSinglePass-stdDH with SHA-256 and SHA-384 (RFC 5753, 7.1.4), by the certificate's curve."""
NONCE, TAG = 12, 16


class SharedInfo(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """ECC-CMS-SharedInfo (RFC 5753, 7.2)."""

    _fields = [  # noqa: RUF012 - the library's own way of writing a structure
        ("key_info", algos.AlgorithmIdentifier),
        ("entity_u_info", core.OctetString, {"explicit": 0, "optional": True}),
        ("supp_pub_info", core.OctetString, {"explicit": 2}),
    ]


def wrapping_key(shared: bytes, curve: str, ukm: bytes | None = None) -> bytes:
    """Derive the key that wraps the content's key from an agreed secret (RFC 5753, 7.2)."""
    told: dict[str, object] = {"key_info": {"algorithm": WRAP}, "supp_pub_info": (256).to_bytes(4)}
    if ukm is not None:
        told["entity_u_info"] = ukm
    return X963KDF(SCHEMES[curve][1](), 32, SharedInfo(told).dump()).derive(shared)


def envelop(content: bytes, certificates: Sequence[bytes]) -> bytes:
    """Seal ``content`` to every certificate (DER) at once. Gives the ContentInfo's DER.

    Raises Refused for a key that is neither RSA of 2,048 bits or more nor on P-256 or P-384.
    """
    key, nonce = AESGCM.generate_key(256), os.urandom(NONCE)
    sealed = AESGCM(key).encrypt(nonce, content, None)
    told = {
        "version": "v0",
        "recipient_infos": [_recipient(certificate, key) for certificate in certificates],
        "auth_encrypted_content_info": {
            "content_type": "data",
            "content_encryption_algorithm": {
                "algorithm": "aes256_gcm",
                "parameters": GcmParameters({"nonce": nonce, "icv_length": TAG}),
            },
            "encrypted_content": sealed[:-TAG],
        },
        "mac": sealed[-TAG:],
    }
    whole = {"content_type": "authenticated_enveloped_data", "content": cms.AuthEnvelopedData(told)}
    return bytes(cms.ContentInfo(whole).dump())


class GcmParameters(core.Sequence):  # type: ignore[misc]  # asn1crypto has no types
    """GCMParameters (RFC 5084, 3.2)."""

    _fields = [("nonce", core.OctetString), ("icv_length", core.Integer, {"default": 12})]  # noqa: RUF012 - as above


def named_by(certificate: bytes) -> cms.IssuerAndSerialNumber:
    """Name a certificate (DER) as CMS does: by its issuer and serial number."""
    read = asn1_x509.Certificate.load(certificate)
    return cms.IssuerAndSerialNumber({"issuer": read.issuer, "serial_number": read.serial_number})


def _recipient(certificate: bytes, key: bytes) -> cms.RecipientInfo:
    public = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(public, RSAPublicKey) and public.key_size >= 2048:
        return _transport(certificate, public, key)
    if isinstance(public, ec.EllipticCurvePublicKey) and public.curve.name in SCHEMES:
        return _agreement(certificate, public, key)
    raise Refused("a recipient's key is neither RSA of 2,048 bits or more nor on P-256 or P-384")


def _transport(certificate: bytes, public: RSAPublicKey, key: bytes) -> cms.RecipientInfo:
    sha256 = {"algorithm": "sha256"}
    oaep = {"hash_algorithm": sha256, "mask_gen_algorithm": {"algorithm": "mgf1", "parameters": sha256}}
    told = {
        "version": "v0",
        "rid": cms.RecipientIdentifier("issuer_and_serial_number", named_by(certificate)),
        "key_encryption_algorithm": {"algorithm": "rsaes_oaep", "parameters": algos.RSAESOAEPParams(oaep)},
        "encrypted_key": public.encrypt(key, padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)),
    }
    return cms.RecipientInfo("ktri", cms.KeyTransRecipientInfo(told))


def _agreement(certificate: bytes, public: ec.EllipticCurvePublicKey, key: bytes) -> cms.RecipientInfo:
    mine = ec.generate_private_key(public.curve)
    wrapping = wrapping_key(mine.exchange(ec.ECDH(), public), public.curve.name)
    mine_public = mine.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    told = {
        "version": "v3",
        "originator": cms.OriginatorIdentifierOrKey("originator_key", asn1_keys.PublicKeyInfo.load(mine_public)),
        "key_encryption_algorithm": {
            "algorithm": SCHEMES[public.curve.name][0],
            "parameters": algos.AlgorithmIdentifier({"algorithm": WRAP}),
        },
        "recipient_encrypted_keys": [
            {
                "rid": cms.KeyAgreementRecipientIdentifier("issuer_and_serial_number", named_by(certificate)),
                "encrypted_key": aes_key_wrap(wrapping, key),
            }
        ],
    }
    return cms.RecipientInfo("kari", cms.KeyAgreeRecipientInfo(told))
