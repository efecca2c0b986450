"""Opens CMS AuthEnvelopedData (RFC 5083) with an officer's key. Whatever is not what the sealer makes is refused."""

from __future__ import annotations

from typing import Any

from asn1crypto import algos, cms
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

from counterseal_open.keys import OfficerKey
from counterseal_verify.envelope import NONCE, SCHEMES, TAG, WRAP, GcmParameters, named_by, wrapping_key
from counterseal_verify.verify import Refused


def open_envelope(sealed: bytes, key: OfficerKey) -> bytes:
    """Open a ContentInfo (DER) with the key of one of its recipients; give the content.

    Raises Refused when it is no such message, was sealed to others, or was changed by one bit.
    """
    try:
        recipients, told, mac = _parts(sealed)
        content_key = _content_key(recipients, key)
        how = told["content_encryption_algorithm"]
        parameters = GcmParameters.load(how["parameters"].dump(), strict=True).native
        nonce, length = parameters["nonce"], parameters["icv_length"]
        if how["algorithm"].native != "aes256_gcm" or len(nonce) != NONCE or length != TAG or len(mac) != TAG:
            raise Refused("the package is not sealed by AES-256-GCM")
        return AESGCM(content_key).decrypt(nonce, told["encrypted_content"].native + mac, None)
    except InvalidTag:
        raise Refused("the package was changed after it was sealed") from None
    except InvalidUnwrap:
        raise Refused("the key does not open the package") from None
    except (ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, RecursionError):
        raise Refused("the package is not a sealed message") from None


def _parts(sealed: bytes) -> tuple[Any, Any, bytes]:
    info = cms.ContentInfo.load(sealed, strict=True)
    if info["content_type"].native != "authenticated_enveloped_data":
        raise Refused("the package is not a sealed message")
    message = info["content"]
    if message["auth_attrs"].native:
        raise Refused("the package has attributes that a sealed answer has not")
    mac: bytes = message["mac"].native
    return message["recipient_infos"], message["auth_encrypted_content_info"], mac


def _content_key(recipients: Any, key: OfficerKey) -> bytes:
    mine = named_by(key.certificate).dump()
    for one in recipients:
        if one.name == "ktri" and one.chosen["rid"].chosen.dump() == mine:
            return _right_length(key.decrypt(one.chosen["encrypted_key"].native))
        if one.name == "kari":
            for wrapped in one.chosen["recipient_encrypted_keys"]:
                if wrapped["rid"].chosen.dump() == mine:
                    return _right_length(_agreed(one.chosen, wrapped["encrypted_key"].native, key))
    raise Refused("the package is sealed to another certificate")


def _agreed(info: Any, wrapped: bytes, key: OfficerKey) -> bytes:
    public = x509.load_der_x509_certificate(key.certificate).public_key()
    curve = public.curve.name if isinstance(public, EllipticCurvePublicKey) else ""
    how = info["key_encryption_algorithm"]
    wrap = algos.AlgorithmIdentifier.load(how["parameters"].dump(), strict=True)["algorithm"].dotted
    if curve not in SCHEMES or how["algorithm"].dotted != SCHEMES[curve][0] or wrap != WRAP:
        raise Refused("the package's key is agreed on in another way than officers' keys are")
    originator = info["originator"]
    if originator.name != "originator_key":
        raise Refused("the package's key is agreed on in another way than officers' keys are")
    point = originator.chosen["public_key"].contents[1:]
    ukm = info["ukm"].native
    return aes_key_unwrap(wrapping_key(key.agree(point), curve, ukm), wrapped)


def _right_length(key: bytes) -> bytes:
    if len(key) != 32:
        raise Refused("the key does not open the package")
    return key
