"""What a recipient's program must refuse, and what it leaves when it opens."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.release_package.conftest import LONG, NOW, SHORT, Bench, answer_of
from tests.release_package.pki import KINDS, Authority, Officer

from counterseal_open import recipient
from counterseal_open.envelope import open_envelope
from counterseal_open.keys import PSS, FileKey, token_key, undo_oaep
from counterseal_verify import verify
from counterseal_verify.envelope import envelop
from counterseal_verify.package import Package, canonical
from counterseal_verify.verify import Policy, Refused

SOFTHSM = next((path for path in Path("/usr/lib").glob("**/libsofthsm2.so")), None)


def opened(bench: Bench, raw: bytes, officer: Officer, **other: object) -> dict[str, object]:
    told = {
        "policy": Policy(bench.policy),
        "custodian": bench.custodian,
        "roots": bench.authority.pem,
        "at": NOW,
        **other,
    }
    key = FileKey(officer.der, officer.key)
    _, content = recipient.open_package(raw, key=key, **told)
    return content.answer


def remade(raw: bytes, **changed: object) -> bytes:
    return canonical({**json.loads(raw), **changed}).encode()


def note_in(raw: bytes, officer: Officer) -> bytes:
    return open_envelope(Package.read(raw).sealed, FileKey(officer.der, officer.key))


@pytest.mark.parametrize("kind", KINDS)
def test_an_officer_who_cannot_open(bench: Bench, kind: str):
    raw = bench.seal(LONG, *bench.officers.values())
    assert opened(bench, raw, bench.officers[kind])["mailing_address"] == LONG


def test_a_package_for_somebody_else(bench: Bench):
    raw = bench.seal(SHORT, bench.officers["p256"])
    with pytest.raises(Refused, match="another certificate"):
        opened(bench, raw, bench.officers["p384"])


def test_a_package_addressed_anew(bench: Bench):
    """An officer opens a package and seals what was in it to a friend, proof and signature and all."""
    raw, friend = bench.seal(SHORT, bench.officers["p256"]), bench.officers["p384"]
    sealed = envelop(note_in(raw, bench.officers["p256"]), [friend.der])
    with pytest.raises(Refused, match="released to somebody else"):
        opened(bench, remade(raw, sealed=base64.b64encode(sealed).decode()), friend)


def test_another_packages_content_under_this_proof(bench: Bench):
    officer = bench.officers["p256"]
    first, second = bench.seal(SHORT, officer), bench.seal(LONG, officer)
    with pytest.raises(Refused, match="proof outside"):
        opened(bench, remade(first, sealed=json.loads(second)["sealed"]), officer)


def test_a_content_that_nobody_signed(bench: Bench):
    officer = bench.officers["p256"]
    raw = bench.seal(SHORT, officer)
    text = note_in(raw, officer).decode()
    forged = envelop(text.replace("Only for the case named.", "For anything at all.").encode(), [officer.der])
    with pytest.raises(Refused, match=r"a signature by custodian\.example is false"):
        opened(bench, remade(raw, sealed=base64.b64encode(forged).decode()), officer)


def test_another_custodian(bench: Bench, tmp_path: Path):
    from counterseal.vault.keys import CUSTODIAN_KEYS, make_keys

    (stranger,) = make_keys(tmp_path / "other", "custodian.example", CUSTODIAN_KEYS, os.urandom)
    officer = bench.officers["p256"]
    with pytest.raises(Refused, match="custodian did not sign"):
        opened(bench, bench.seal(SHORT, officer), officer, custodian=str(stranger.key))


def test_a_package_without_the_readers_quorum(bench: Bench):
    """The reader's own policy asks for a witness, and none has seen the ledger."""
    from tests.ledger.conftest import signers

    from counterseal.vault.keys import WITNESS_KEYS

    officer = bench.officers["p256"]
    strict = bench.policy.replace("quorum none", f"witness ig {signers('w0', WITNESS_KEYS)[0].key}\nquorum ig")
    with pytest.raises(Refused, match="too few witnesses"):
        opened(bench, bench.seal(SHORT, officer), officer, policy=Policy(strict))


def test_a_certificate_that_has_expired(bench: Bench):
    officer = bench.officers["p256"]
    with pytest.raises(Refused, match="not valid at validation time"):
        opened(bench, bench.seal(SHORT, officer), officer, at=NOW + timedelta(days=400))


def test_roots_of_another_agency(bench: Bench):
    officer = bench.officers["p256"]
    with pytest.raises(Refused, match="does not lead to a root"):
        opened(bench, bench.seal(SHORT, officer), officer, roots=Authority("Another Root").pem)


@pytest.mark.parametrize("kind", KINDS)
def test_a_bit_of_the_sealed_message_that_may_change(bench: Bench, kind: str):
    """Every 23rd byte of the message, changed by one bit: refused, or what was sealed is still what opens."""
    officer = bench.officers[kind]
    raw = bench.seal(SHORT, officer)
    sealed, key = Package.read(raw).sealed, FileKey(officer.der, officer.key)
    whole = open_envelope(sealed, key)
    kept = 0
    for at in range(0, len(sealed), 23):
        changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
        try:
            assert open_envelope(changed, key) == whole
            kept += 1
        except Refused:
            pass
    assert kept <= 4  # bytes that the message does not bind: versions, and names of algorithms with one use


def test_a_package_cut_short(bench: Bench):
    officer = bench.officers["rsa"]
    raw = bench.seal(SHORT, officer)
    sealed, key = Package.read(raw).sealed, FileKey(officer.der, officer.key)
    for length in [*range(0, len(sealed), 61), len(sealed) - 1]:
        with pytest.raises(Refused):
            open_envelope(sealed[:length], key)
    for length in range(0, len(raw), 61):
        with pytest.raises(Refused):
            Package.read(raw[:length])


@pytest.fixture(scope="module")
def sample() -> tuple[bytes, Officer]:
    officer = Authority().issue("An officer", "p256")
    return envelop(b"x" * 64, [officer.der]), officer


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
FIELDS = st.sampled_from(["v", "entry", "receipt", "sealed", "gateway", "other"])
ENTRY = base64.b64encode(b'{"kind":"intent","body":{"over":"x"}}').decode()


@settings(max_examples=150)
@given(st.binary(max_size=200) | st.dictionaries(FIELDS, JSON, max_size=6) | JSON)
def test_a_package_parser_that_falls(found: object):
    raw = found if isinstance(found, bytes) else json.dumps(found).encode()
    try:
        package = Package.read(raw)
        package.proven(Policy("log counterseal.example/x+2f7ce1b0+AQ==\nquorum none\n"))
    except Refused:
        return
    pytest.fail("something that is no package was taken for one")


@settings(max_examples=150)
@given(
    st.text(max_size=200)
    | st.from_regex(
        r"c2sp\.org/tlog-proof@v1\n(extra .*\n)?(index [0-9]{1,22}\n)?([A-Za-z0-9+/]{43}=\n){0,3}\n.{0,80}",
        fullmatch=True,
    )
)
def test_a_proof_parser_that_falls(text: str):
    package = Package(base64.b64decode(ENTRY), text, b"", "", "")
    with pytest.raises(Refused):
        package.proven(Policy(f"log {LOG_KEY}\nquorum none\n"))


LOG_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2000), st.integers(0, 255)), min_size=1, max_size=6), st.binary(max_size=40))
def test_a_message_parser_that_falls(sample: tuple[bytes, Officer], changes: list[tuple[int, int]], extra: bytes):
    sealed, officer = sample
    changed = bytearray(sealed)
    for at, value in changes:
        changed[at % len(changed)] = value
    with contextlib.suppress(Refused):
        assert open_envelope(bytes(changed) + extra, FileKey(officer.der, officer.key)) == b"x" * 64


def test_padding_that_is_undone_wrongly(bench: Bench):
    """Our OAEP, for cards that open RSA raw, agrees with the library's; and refuses every other block."""
    key = bench.officers["rsa"].key
    numbers = key.private_numbers()
    from counterseal_open.keys import OAEP

    sealed = key.public_key().encrypt(b"k" * 32, OAEP)
    block = pow(int.from_bytes(sealed), numbers.d, numbers.public_numbers.n).to_bytes(256)
    assert undo_oaep(block) == b"k" * 32
    for at in range(0, 256, 5):
        with pytest.raises(Refused, match="does not open"):
            undo_oaep(block[:at] + bytes([block[at] ^ 1]) + block[at + 1 :])


# --- the command ----------------------------------------------------------------------------------------


def call(bench: Bench, raw: bytes, officer: Officer, *more: str) -> list[str]:
    folder = bench.folder / "desk"
    folder.mkdir(exist_ok=True)
    for name, content in (
        ("package", raw), ("officer.pem", officer.pem), ("officer.key", officer.key_pem()),
        ("roots.pem", bench.authority.pem), ("policy", bench.policy.encode()),
    ):  # fmt: skip
        (folder / name).write_bytes(content)
    words = [str(folder / "package"), "--policy", str(folder / "policy"), "--custodian", bench.custodian]
    words += ["--certificate", str(folder / "officer.pem"), "--roots", str(folder / "roots.pem")]
    return [*words, "--key", str(folder / "officer.key"), *more]


def verified(acknowledgement: bytes, officer: Officer) -> dict[str, str]:
    told = json.loads(acknowledgement)
    signature = base64.b64decode(told.pop("signature"))
    message = recipient.ACKNOWLEDGEMENT + canonical(told).encode()
    public = officer.key.public_key()
    if isinstance(public, ec.EllipticCurvePublicKey):
        public.verify(signature, message, ec.ECDSA(SHA256()))
    else:
        public.verify(signature, message, PSS, SHA256())
    return told


@pytest.mark.parametrize("kind", KINDS)
def test_an_acknowledgement_that_proves_nothing(bench: Bench, kind: str, capsys: pytest.CaptureFixture[str]):
    officer = bench.officers[kind]
    raw = bench.seal(LONG, officer)
    assert recipient.main(call(bench, raw, officer, "--accept", "Dana Officer")) == 0
    shown = capsys.readouterr().out
    assert shown.index("Only for the case named.") < shown.index(LONG["line_1"])
    told = verified((bench.folder / "desk" / "package.ack.json").read_bytes(), officer)
    assert (told["package"], told["accepted_by"]) == (hashlib.sha256(raw).hexdigest(), "Dana Officer")
    other = (bench.folder / "desk" / "package.ack.json").read_bytes().replace(b"Dana", b"Dora")
    with pytest.raises(InvalidSignature):
        verified(other, officer)


def test_an_answer_shown_before_the_conditions_are_accepted(
    bench: Bench, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    officer = bench.officers["p256"]
    monkeypatch.setattr("builtins.input", lambda _: "  ")
    assert recipient.main(call(bench, bench.seal(LONG, officer), officer)) == 1
    shown = capsys.readouterr()
    assert "not accepted" in shown.err
    assert "MARTIN LUTHER KING" not in shown.out + shown.err
    assert not (bench.folder / "desk" / "package.ack.json").exists()


def test_a_wrong_file_that_gives_a_traceback(bench: Bench, capsys: pytest.CaptureFixture[str]):
    officer = bench.officers["p256"]
    words = call(bench, bench.seal(SHORT, officer), officer, "--accept", "Dana")
    for name in ("package", "policy", "officer.pem", "officer.key", "roots.pem"):
        path = bench.folder / "desk" / name
        whole = path.read_bytes()
        for wrong in (b"", b"\xff\xfe", whole[: len(whole) // 2]):
            path.write_bytes(wrong)
            assert recipient.main(words) == 1
        path.write_bytes(whole)
    assert all(line.startswith("REFUSED: ") for line in capsys.readouterr().err.splitlines())
    assert recipient.main(words) == 0


def test_a_small_program_that_loads_the_office():
    """What a recipient installs needs neither Django nor the office."""
    check = "import sys, counterseal_open.recipient; print([m for m in ('counterseal', 'django', 'pyarrow') if m in sys.modules])"
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    assert (
        subprocess.run([sys.executable, "-c", check], env=environment, capture_output=True, check=True).stdout
        == b"[]\n"
    )


# --- the ledger convicts ----------------------------------------------------------------------------------


def held_against_ledger(bench: Bench, raw: bytes) -> int:
    path = bench.folder / "held"
    path.write_bytes(raw)
    return verify.main(
        ["package", str(path), "--ledger", str(bench.log.folder), "--policy", str(bench.folder / "policy")]
    )


def test_a_package_that_went_round_the_ledger(bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    """The log's own keys sign a head of a ledger that nobody else has: the published one convicts the sender."""
    raw = bench.seal(SHORT, bench.officers["p256"])
    assert held_against_ledger(bench, raw) == 0
    entry = base64.b64decode(json.loads(raw)["entry"])
    other = remade(raw, entry=base64.b64encode(entry.replace(b"intent", b"invent")).decode())
    assert held_against_ledger(bench, other) == 1
    published = shutil.copytree(bench.log.folder, tmp_path / "before")
    later = bench.seal(LONG, bench.officers["p256"])
    shutil.rmtree(bench.log.folder)
    shutil.copytree(published, bench.log.folder)
    assert held_against_ledger(bench, later) == 1
    assert "does not hold the package's intent" in capsys.readouterr().err


# --- a token -----------------------------------------------------------------------------------------------


@pytest.mark.skipif(SOFTHSM is None, reason="softhsm2 is not installed (.ci/provide installs it)")
@pytest.mark.parametrize("kind", KINDS)
def test_a_key_that_never_leaves_its_token(
    bench: Bench, kind: str, tmp_path: Path, in_token: Callable[[Officer], Path]
):
    officer = bench.officers[kind]
    raw = bench.seal(LONG, *bench.officers.values())
    with token_key(in_token(officer), "officer", "1234", officer.der) as key:
        package, content = recipient.open_package(
            raw, Policy(bench.policy), bench.custodian, bench.authority.pem, key, NOW
        )
        assert content.answer == json.loads(answer_of(LONG))
        assert verified(recipient.acknowledge(package, content, "Dana", key, NOW), officer)["accepted_by"] == "Dana"
    stranger = bench.authority.issue("A stranger", kind)
    with pytest.raises(Refused, match="token"), token_key(SOFTHSM, "officer", "1234", stranger.der):
        pass
    with pytest.raises(Refused, match="cannot be opened"), token_key(SOFTHSM, "officer", "9999", officer.der):
        pass


@pytest.mark.parametrize("words", [[], ["package"], ["package", "--policy"], ["--nonsense"]])
def test_a_call_that_is_wrong(words: list[str], capsys: pytest.CaptureFixture[str]):
    """One line, and where to read on."""
    with pytest.raises(SystemExit) as ended:
        recipient.main(words)
    told = capsys.readouterr()
    assert (ended.value.code, told.out, told.err.count("\n")) == (2, "", 1)
    assert "Example: " in recipient.arguments().format_help()
