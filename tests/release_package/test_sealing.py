"""What another program's CMS makes of our packages, and what the sealer does not seal."""

from __future__ import annotations

import base64
import hashlib
import json
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP384R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM1024PrivateKey
from cryptography.hazmat.primitives.hpke import MLKEM1024P384PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.release_package.conftest import LONG, NOW, SHORT, Bench, answer_of
from tests.release_package.pki import KINDS, Authority, Officer, usage

from counterseal_open.envelope import open_envelope
from counterseal_open.keys import FileKey
from counterseal_verify import sealer
from counterseal_verify.certificate import check_path
from counterseal_verify.package import Package, check_answer
from counterseal_verify.verify import Refused


def openssl_opens(sealed: bytes, officer: Officer, folder: Path) -> bytes:
    (folder / "sealed.der").write_bytes(sealed)
    (folder / "officer.pem").write_bytes(officer.pem)
    (folder / "officer.key").write_bytes(officer.key_pem())
    words = ["openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", folder / "sealed.der"]
    words += ["-recip", folder / "officer.pem", "-inkey", folder / "officer.key"]
    return subprocess.run(words, capture_output=True, check=True).stdout


@pytest.mark.parametrize("kind", KINDS)
def test_a_package_that_openssl_does_not_open(bench: Bench, kind: str, tmp_path: Path):
    """One message, three officers, and OpenSSL opens it for each of them."""
    package = Package.read(bench.seal(LONG, *bench.officers.values()))
    note = openssl_opens(package.sealed, bench.officers[kind], tmp_path)
    content = json.loads(note.decode().split("\n")[1])
    assert base64.b64decode(content["answer"]).rstrip() == answer_of(LONG)


@pytest.mark.parametrize("kind", KINDS)
def test_a_message_of_openssl_that_we_do_not_open(bench: Bench, kind: str, tmp_path: Path):
    officer = bench.officers[kind]
    (tmp_path / "officer.pem").write_bytes(officer.pem)
    (tmp_path / "plain").write_bytes(b"plain")
    words = ["openssl", "cms", "-encrypt", "-binary", "-aes-256-gcm", "-outform", "DER", "-in", tmp_path / "plain"]
    words += ["-out", tmp_path / "sealed", "-recip", tmp_path / "officer.pem"]
    if kind == "rsa":
        words += ["-keyopt", "rsa_padding_mode:oaep", "-keyopt", "rsa_oaep_md:sha256"]
    else:
        words += ["-keyopt", f"ecdh_kdf_md:{'sha256' if kind == 'p256' else 'sha384'}", "-aes256-wrap"]
    subprocess.run(words, check=True, capture_output=True)
    assert open_envelope((tmp_path / "sealed").read_bytes(), FileKey(officer.der, officer.key)) == b"plain"


def test_a_size_that_tells_the_address(bench: Bench):
    """Under one proof, so that nothing but the answer differs."""
    request = bench.request(SHORT, list(bench.officers.values()))
    lengths = {
        len(sealer.seal(answer_of(address), request, bench.policy, bench.custody, NOW))
        for address in (SHORT, LONG, SHORT, LONG)
    }
    assert len(answer_of(LONG)) - len(answer_of(SHORT)) > 80
    assert len(lengths) == 1


def test_a_certificate_of_another_authority(bench: Bench):
    with pytest.raises(Refused, match="does not lead to a root"):
        bench.seal(SHORT, Authority("Agency Root").issue("An impostor", "p256"))


@pytest.mark.parametrize("days", [-2, 400])
def test_a_certificate_out_of_its_time(bench: Bench, days: int):
    with pytest.raises(Refused, match="not valid at validation time"):
        bench.seal(SHORT, bench.officers["rsa"], at=NOW + timedelta(days=days))


@pytest.mark.parametrize("kind", ["rsa", "p384"])
def test_a_signing_certificate_as_a_recipient(bench: Bench, kind: str):
    signing = bench.authority.issue("A signer", kind, uses=usage(digital_signature=True))
    with pytest.raises(Refused, match="not for encryption"):
        bench.seal(SHORT, signing)


def test_an_officer_who_issues_certificates(bench: Bench):
    """An officer's certificate is no authority: what it signed leads nowhere."""
    officer = bench.officers["p384"]
    rogue = Authority("Officer p384")
    rogue.key = officer.key
    forged = rogue.issue("A friend", "p256")
    with pytest.raises(Refused, match="does not lead to a root"):
        check_path(forged.der, bench.authority.pem + officer.pem, NOW)


@pytest.mark.parametrize(
    "told",
    [
        {"tin": "1"},
        {"mailing_address": {**SHORT, "phone": "1"}},
        {"mailing_address": {"line_1": "1 A ST"}},
        {"mailing_address": [SHORT, LONG]},
        {"mailing_address": {**SHORT, "line_2": {"income": 1}}},
        {"salt": 5},
    ],
)
def test_an_answer_with_more_than_may_leave(told: dict[str, object]):
    with pytest.raises(Refused, match="answer"):
        check_answer(json.dumps({**json.loads(answer_of(SHORT)), **told}).encode())


def test_an_answer_with_a_name_twice():
    twice = answer_of(SHORT).replace(b'"request_ref":', b'"salt":"x","request_ref":')
    with pytest.raises(Refused, match="twice"):
        check_answer(twice)


@pytest.mark.parametrize("name", ["../keys", "a/b", "", ".hidden", "a\n"])
def test_an_agency_that_is_a_path(bench: Bench, name: str):
    with pytest.raises(Refused, match="one word"):
        bench.custody.roots(name)
    with pytest.raises(Refused, match="one word"):
        bench.custody.conditions(name, "1.0.0")


def test_a_package_without_conditions(bench: Bench):
    (bench.folder / "agreements" / "an-agreement" / "conditions.txt").write_text("# Heading alone\n")
    with pytest.raises(Refused, match="no conditions"):
        bench.seal(SHORT, bench.officers["rsa"])


def test_a_gateway_layer_that_its_agency_cannot_take_off(bench: Bench):
    lattice, curve = MLKEM1024PrivateKey.generate(), generate_private_key(SECP384R1())
    point = curve.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    key = lattice.public_key().public_bytes_raw() + point
    (bench.folder / "agencies" / "an-agency.gateway").write_bytes(base64.b64encode(key))
    officer = bench.officers["p384"]
    package = Package.read(bench.seal(SHORT, officer))
    assert package.gateway == hashlib.sha256(key).hexdigest()
    inner = sealer.SUITE.decrypt(package.sealed, MLKEM1024P384PrivateKey(lattice, curve), info=sealer.GATEWAY)
    assert b"counterseal/package/v1" in open_envelope(inner, FileKey(officer.der, officer.key))


def test_an_answer_sealed_under_the_conditions_of_another_version(bench: Bench):
    """Each version has its own; where there are versions, one that is not there has none."""
    folder = bench.custody.agreements / "an-agreement"
    assert bench.custody.conditions("an-agreement", "1.0.0") == ["Only for the case named."]
    (folder / "versions" / "1.1.0").mkdir(parents=True)
    (folder / "versions" / "1.1.0" / "conditions.txt").write_text("Only for thirty days.\n", encoding="utf-8")
    (folder / "agreement.md").write_text('+++\nid = "an-agreement"\nversion = "1.0.0"\n+++\n', encoding="utf-8")
    assert bench.custody.conditions("an-agreement", "1.0.0") == ["Only for the case named."]
    assert bench.custody.conditions("an-agreement", "1.1.0") == ["Only for thirty days."]
    for version in ("1.2.0", "../1.1.0", ""):
        with pytest.raises(Refused):
            bench.custody.conditions("an-agreement", version)
