"""An officer's private key: in a PEM file, or in a token that never gives it away (PKCS#11)."""

from __future__ import annotations

import argparse
import getpass
import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from counterseal_verify.verify import Refused

PSS = padding.PSS(padding.MGF1(SHA256()), SHA256.digest_size)
OAEP = padding.OAEP(padding.MGF1(SHA256()), SHA256(), None)


class OfficerKey(Protocol):
    """The three things a recipient's key does. Each raises Refused when the key cannot."""

    certificate: bytes

    def decrypt(self, wrapped: bytes) -> bytes:
        """Open what was sealed by RSAES-OAEP with SHA-256."""
        ...

    def agree(self, point: bytes) -> bytes:
        """Agree with an uncompressed point of the key's own curve; give the shared secret."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Sign: RSASSA-PSS or ECDSA (as DER), each with SHA-256."""
        ...


class FileKey:
    """A key from a PEM file."""

    def __init__(self, certificate: bytes, private: RSAPrivateKey | ec.EllipticCurvePrivateKey) -> None:
        self.certificate, self._private = certificate, private

    def decrypt(self, wrapped: bytes) -> bytes:
        """See OfficerKey."""
        if not isinstance(self._private, RSAPrivateKey):
            raise Refused("the key is not an RSA key")
        try:
            return self._private.decrypt(wrapped, OAEP)
        except ValueError:
            raise Refused("the key does not open the package") from None

    def agree(self, point: bytes) -> bytes:
        """See OfficerKey."""
        if not isinstance(self._private, ec.EllipticCurvePrivateKey):
            raise Refused("the key is not on an elliptic curve")
        return self._private.exchange(
            ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(self._private.curve, point)
        )

    def sign(self, message: bytes) -> bytes:
        """See OfficerKey."""
        if isinstance(self._private, RSAPrivateKey):
            return self._private.sign(message, PSS, SHA256())
        return self._private.sign(message, ec.ECDSA(SHA256()))


def read_certificate(path: Path) -> bytes:
    """Read the officer's certificate in PEM; give its DER. Raises Refused."""
    try:
        return x509.load_pem_x509_certificate(path.read_bytes()).public_bytes(Encoding.DER)
    except (OSError, ValueError):
        raise Refused(f"{path} is not a certificate in PEM") from None


def read_key(path: Path, password: bytes | None, certificate: bytes) -> FileKey:
    """Read a private key that belongs to the certificate. Raises Refused."""
    try:
        private = load_pem_private_key(path.read_bytes(), password)
    except (OSError, ValueError, TypeError):
        raise Refused(f"{path} is not a private key in PEM, or its password is another") from None
    if not isinstance(private, RSAPrivateKey | ec.EllipticCurvePrivateKey):
        raise Refused("an officer's key is RSA or on an elliptic curve")
    if private.public_key() != x509.load_der_x509_certificate(certificate).public_key():
        raise Refused("the private key does not belong to the certificate")
    return FileKey(certificate, private)


class TokenKey:
    """A key in a token. RSA is opened raw there, as cards do, and OAEP undone here."""

    def __init__(self, certificate: bytes, private: object) -> None:
        self.certificate, self._private = certificate, private
        self._public = x509.load_der_x509_certificate(certificate).public_key()

    def decrypt(self, wrapped: bytes) -> bytes:
        """See OfficerKey."""
        from pkcs11 import Mechanism  # noqa: PLC0415  # only who has a token needs the library

        if not isinstance(self._public, RSAPublicKey):
            raise Refused("the key is not an RSA key")
        opened: bytes = _in_token(lambda: self._private.decrypt(wrapped, mechanism=Mechanism.RSA_X_509))  # type: ignore[attr-defined]
        return undo_oaep(opened.rjust((self._public.key_size + 7) // 8, b"\0"))

    def agree(self, point: bytes) -> bytes:
        """See OfficerKey."""
        from pkcs11 import KDF, Attribute, KeyType, Mechanism, ObjectClass  # noqa: PLC0415  # as above

        if not isinstance(self._public, ec.EllipticCurvePublicKey):
            raise Refused("the key is not on an elliptic curve")
        if not hasattr(self._private, "derive_key"):
            raise Refused("the token does not let this key derive (its CKA_DERIVE is false)")
        length = (self._public.curve.key_size + 7) // 8
        shown = {
            Attribute.CLASS: ObjectClass.SECRET_KEY,
            Attribute.SENSITIVE: False,
            Attribute.EXTRACTABLE: True,
            Attribute.VALUE_LEN: length,
        }
        agreed: bytes = _in_token(
            lambda: self._private.derive_key(  # type: ignore[attr-defined]
                KeyType.GENERIC_SECRET,
                8 * length,
                mechanism=Mechanism.ECDH1_DERIVE,
                mechanism_param=(KDF.NULL, None, point),
                template=shown,
            )[Attribute.VALUE]
        )
        return agreed

    def sign(self, message: bytes) -> bytes:
        """See OfficerKey."""
        from pkcs11 import MGF, Mechanism  # noqa: PLC0415  # as above

        digest = hashlib.sha256(message).digest()
        if isinstance(self._public, RSAPublicKey):
            how = (Mechanism.SHA256, MGF.SHA256, len(digest))
            signed: bytes = _in_token(
                lambda: self._private.sign(digest, mechanism=Mechanism.RSA_PKCS_PSS, mechanism_param=how)  # type: ignore[attr-defined]
            )
            return signed
        raw: bytes = _in_token(lambda: self._private.sign(digest, mechanism=Mechanism.ECDSA))  # type: ignore[attr-defined]
        half = len(raw) // 2
        return encode_dss_signature(int.from_bytes(raw[:half]), int.from_bytes(raw[half:]))


def _in_token(act: Callable[[], bytes]) -> bytes:
    from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415  # as above

    try:
        return act()
    except PKCS11Error as wrong:
        raise Refused(f"the token does not do it: {type(wrong).__name__}") from None


@contextmanager
def token_key(module: Path, label: str, pin: str, certificate: bytes) -> Iterator[TokenKey]:
    """Open the token of that label, and find in it the private key of the certificate.

    Raises Refused when python-pkcs11 is not installed, the token is not there, the PIN is another, or no key in
    it is the certificate's.
    """
    try:
        import pkcs11  # noqa: PLC0415  # as above
        from pkcs11.exceptions import PKCS11Error  # noqa: PLC0415
    except ImportError:
        raise Refused("a token needs python-pkcs11: pip install counterseal-open[token]") from None
    try:
        session = pkcs11.lib(str(module)).get_token(token_label=label).open(user_pin=pin)
    except (PKCS11Error, RuntimeError) as wrong:
        raise Refused(f"the token cannot be opened: {type(wrong).__name__}") from None
    with session:
        yield TokenKey(certificate, _key_of(session, certificate))


def _key_of(session: object, certificate: bytes) -> object:
    from pkcs11 import Attribute, ObjectClass  # noqa: PLC0415  # as above

    public = x509.load_der_x509_certificate(certificate).public_key()
    if isinstance(public, RSAPublicKey):
        modulus = public.public_numbers().n
        bound = {Attribute.MODULUS: modulus.to_bytes((modulus.bit_length() + 7) // 8)}
    else:
        held = {Attribute.CLASS: ObjectClass.CERTIFICATE, Attribute.VALUE: certificate}
        names = [one[Attribute.ID] for one in session.get_objects(held)]  # type: ignore[attr-defined]
        if not names:
            raise Refused("the token does not hold this certificate")
        bound = {Attribute.ID: names[0]}
    found = list(session.get_objects({Attribute.CLASS: ObjectClass.PRIVATE_KEY, **bound}))  # type: ignore[attr-defined]
    if not found:
        raise Refused("the token holds no key of this certificate")
    return found[0]


def undo_oaep(block: bytes) -> bytes:
    """Undo EME-OAEP with SHA-256 and an empty label (RFC 8017, 7.1.2). Raises Refused, with one reason for all."""
    length = SHA256.digest_size
    seed, rest = block[1 : 1 + length], block[1 + length :]
    seed = _xor(seed, _mask(rest, length))
    rest = _xor(rest, _mask(seed, len(rest)))
    label, (_, one, message) = rest[:length], rest[length:].partition(b"\1")
    zeros = rest[length : len(rest) - len(message) - 1]
    if block[:1] != b"\0" or label != hashlib.sha256(b"").digest() or one != b"\1" or any(zeros):
        raise Refused("the key does not open the package")
    return message


def _mask(seed: bytes, length: int) -> bytes:
    blocks = [hashlib.sha256(seed + count.to_bytes(4)).digest() for count in range(-(-length // 32))]
    return b"".join(blocks)[:length]


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))


def key_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name an officer's certificate and key."""
    parser.add_argument("--certificate", type=Path, required=True, help="your certificate, PEM")
    parser.add_argument("--key", type=Path, help="your private key, PEM")
    parser.add_argument("--module", type=Path, help="the PKCS#11 library of your token, in place of --key")
    parser.add_argument("--token", help="your token's label")
    parser.add_argument("--password-file", type=Path, help="a file with the key's password, or the token's PIN")


@contextmanager
def officer_key(given: argparse.Namespace) -> Iterator[OfficerKey]:
    """Open the key that the call names: a PEM file, or a token. Raises Refused."""
    certificate = read_certificate(given.certificate)
    if given.key is not None:
        password = given.password_file.read_bytes().rstrip(b"\r\n") if given.password_file else None
        yield read_key(given.key, password, certificate)
    elif given.module is not None and given.token is not None:
        pin = (
            given.password_file.read_text(encoding="utf-8").rstrip("\r\n")
            if given.password_file
            else getpass.getpass("PIN: ")
        )
        with token_key(given.module, given.token, pin, certificate) as key:
            yield key
    else:
        raise Refused("no key is named: give --key, or --module and --token")
