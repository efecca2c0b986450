"""Registering an asker with the commands, and what an unregistered one gets."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from counterseal.cli import status
from counterseal.errors import CountersealError

SUBMISSION = "SYN-2026-0001"
SIGNER, OFFICE = "Synthetic Signer", "Secretary of Homeland Security"


@pytest.fixture
def office(tmp_path: Path, empty_database: None):
    """A workspace that is no demonstration, with one agency and nobody's key."""
    folder = tmp_path / "office"
    assert status(["init", str(folder)]) == 0
    assert status(["agency", "register", "ice", "--title", "Immigration and Customs Enforcement", "--name", "ICE",
                   "--by", "A. One", "--workspace", str(folder)]) == 0  # fmt: skip
    return folder


def request(made_up: Path, to: Path) -> Path:
    shutil.copytree(made_up / "request" / SUBMISSION, to)
    manifest = json.loads((to / "manifest.json").read_text())
    manifest["signer"] = {"name": SIGNER, "office": OFFICE}
    manifest["requesting_agency"] = "ICE"
    (to / "manifest.json").write_text(json.dumps(manifest))
    return to


def propose(folder: Path, vkey: str, by: str = "A. One", **options: str) -> int:
    words = ["agency", "key", "ice", "--vkey", vkey, "--signer", SIGNER, "--by", by, "--workspace", str(folder)]
    given = {"office": OFFICE, "valid": "2026-01-01..2027-12-31", **options}
    return status([*words, *(word for name, value in given.items() for word in (f"--{name}", value))])


def new_key(folder: Path, capsys, name: str = "secretary") -> tuple[Path, str]:
    capsys.readouterr()
    assert status(["agency", "new-key", f"ice.{name}", "--out", str(folder / f"{name}.key")]) == 0
    return folder / f"{name}.key", capsys.readouterr().out.strip()


def run(folder: Path, submission: Path, made_up: Path) -> int:
    return status(["run", str(submission), "--registry", str(made_up / "registry"), "--workspace", str(folder),
                   "--received-on", "2026-11-23"])  # fmt: skip


def test_from_a_key_pair_to_a_judged_request(office: Path, made_up: Path, tmp_path: Path, capsys, monkeypatch):
    """Each step is needed: without it the request is refused, with its code, and the refusal is on record."""
    asked = request(made_up, tmp_path / "asked")
    key, vkey = new_key(tmp_path, capsys)

    def refused_for(code: str) -> None:
        capsys.readouterr()
        assert run(office, asked, made_up) == 2
        told = capsys.readouterr().err
        assert f"[{code}]" in told, told
        assert SIGNER not in told

    refused_for("unsigned")
    assert status(["sign", str(asked), "--key", str(key)]) == 0
    refused_for("key-unregistered")
    assert propose(office, vkey) == 0
    refused_for("key-unconfirmed")
    assert status(["agency", "confirm", "key", "1", "--by", "a.  one", "--workspace", str(office)]) == 2
    assert "[register-same-person]" in capsys.readouterr().err
    assert status(["agency", "confirm", "key", "1", "--by", "B. Two", "--workspace", str(office)]) == 0
    assert run(office, asked, made_up) == 0
    assert status(["agency", "list", "--workspace", str(office), "--json"]) == 0
    (line,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (line["state"], line["proposed_by"], line["confirmed_by"]) == ("confirmed", "A. One", "B. Two")

    from counterseal import wiring

    ledger = wiring.open_office(office).ledger
    entries = [json.loads(ledger.entry(n)) for n in range(ledger.size_and_root()[0])]
    assert [one["body"]["why"] for one in entries if one["kind"] == "refused"] == [
        "unsigned", "key-unregistered", "key-unconfirmed"]  # fmt: skip
    assert [one["body"]["act"] for one in entries if one["kind"] == "registered"] == [
        "entered",
        "proposed",
        "confirmed",
    ]
    received = next(one for one in entries if one["kind"] == "received")
    assert received["body"]["signed_with"] == line["sha256"]
    assert not any(SIGNER in json.dumps(one) or "A. One" in json.dumps(one) for one in entries)


def test_a_key_that_was_ended_or_is_registered_twice(office: Path, made_up: Path, tmp_path: Path, capsys):
    asked = request(made_up, tmp_path / "asked")
    key, vkey = new_key(tmp_path, capsys)
    assert propose(office, vkey) == 0
    assert propose(office, vkey, by="C. Three") == 2
    assert status(["agency", "confirm", "key", "1", "--by", "B. Two", "--workspace", str(office)]) == 0
    assert status(["agency", "confirm", "key", "1", "--by", "C. Three", "--workspace", str(office)]) == 2
    assert status(["sign", str(asked), "--key", str(key)]) == 0
    end = ["agency", "end", "key", "1", "--by", "B. Two", "--why", "lost", "--workspace", str(office)]
    assert status(end) == 0
    assert status(end) == 2
    capsys.readouterr()
    assert run(office, asked, made_up) == 2
    assert "[key-ended]" in capsys.readouterr().err
    assert propose(office, vkey) == 2
    assert "[register-known]" in capsys.readouterr().err


def test_an_acting_official_without_a_memorandum(office: Path, tmp_path: Path, capsys):
    _, vkey = new_key(tmp_path, capsys)
    assert propose(office, vkey, office="Acting Secretary of Homeland Security") == 2
    assert "[memo-missing]" in capsys.readouterr().err
    (tmp_path / "memo.pdf").write_bytes(b"the memorandum")
    assert propose(office, vkey, office="Acting Secretary", memo=str(tmp_path / "memo.pdf")) == 0


@pytest.mark.parametrize("vkey", ["", "x", "a+b+c", "ice.key+00000000+AQ=="])
def test_a_key_that_is_none(office: Path, vkey: str, capsys):
    assert propose(office, vkey) == 2
    assert "[verifier-key]" in capsys.readouterr().err


def test_an_agency_under_the_name_of_another(office: Path, capsys):
    words = ["--by", "A. One", "--workspace", str(office)]
    assert status(["agency", "register", "other", "--title", "I.C.E.", *words]) == 2
    assert "[agency-known]" in capsys.readouterr().err


def test_a_request_far_larger_than_any_before(office: Path, made_up: Path, tmp_path: Path, capsys, monkeypatch):
    """It waits before anything is judged, over a second run too, until counsel lets it go on, with a reason."""
    from counterseal.flow import hold

    monkeypatch.setattr(hold, "WITHOUT_PAST", 899)
    asked = request(made_up, tmp_path / "asked")
    key, vkey = new_key(tmp_path, capsys)
    assert propose(office, vkey) == 0
    assert status(["agency", "confirm", "key", "1", "--by", "B. Two", "--workspace", str(office)]) == 0
    assert status(["sign", str(asked), "--key", str(key)]) == 0
    for _ in range(2):
        capsys.readouterr()
        assert run(office, asked, made_up) == 2
        assert "[held]" in capsys.readouterr().err
    assert list((office / "batches").iterdir()) == []
    let_go = ["hold", "release", SUBMISSION, "--by", "Counsel", "--workspace", str(office)]
    assert status([*let_go, "--why", " "]) == 2
    assert status([*let_go, "--why", "the agency was called"]) == 0
    assert status([*let_go, "--why", "the agency was called"]) == 2
    assert run(office, asked, made_up) == 0
    capsys.readouterr()
    assert status(["hold", "list", "--workspace", str(office)]) == 0
    assert "let go on" in capsys.readouterr().out


def test_what_is_unusual():
    from counterseal.flow.hold import unusual

    noon, night, sunday = (datetime(2026, 11, day, hour, tzinfo=UTC) for day, hour in ((23, 17), (23, 4), (22, 17)))
    assert unusual(1_000, 0, 0, None) == []
    assert unusual(1_001, 0, 0, None) == ["volume"]
    assert unusual(100, 10, 0, None) == []
    assert unusual(101, 10, 0, None) == ["volume"]
    assert unusual(60, 10, 41, None) == ["volume-of-a-day"]
    assert [unusual(1, 0, 0, came) for came in (noon, night, sunday)] == [[], ["hour"], ["hour"]]


def test_a_wrong_signature_in_a_demonstration(tmp_path: Path, made_up: Path, empty_database: None, capsys):
    """A demonstration takes what is unsigned, and still refuses what is signed by nobody it knows."""
    folder = tmp_path / "demo"
    assert status(["init", str(folder), "--demo"]) == 0
    asked = request(made_up, tmp_path / "asked")
    key, _ = new_key(tmp_path, capsys)
    assert status(["sign", str(asked), "--key", str(key)]) == 0
    assert run(folder, asked, made_up) == 2
    assert "[key-unregistered]" in capsys.readouterr().err
    (asked / "manifest.json.sig").unlink()
    assert run(folder, asked, made_up) == 0


def test_two_officers_of_one_name(office: Path, tmp_path: Path):
    from counterseal import agency_wiring, wiring

    at = wiring.open_office(office)
    certificate = tmp_path / "officer.pem"
    certificate.write_bytes(self_signed("OFC-00001"))
    line = agency_wiring.propose_officer(at, "ice", "OFC-00001", certificate, by="A. One")
    assert line.valid_to > date(2026, 11, 23)
    with pytest.raises(CountersealError, match="register-known"):
        agency_wiring.propose_officer(at, "ice", "OFC-00001", certificate, by="A. One")
    for raw in (b"", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", certificate.read_bytes() * 2):
        (tmp_path / "bad.pem").write_bytes(raw)
        with pytest.raises(CountersealError, match="certificate"):
            agency_wiring.propose_officer(at, "ice", "OFC-00002", tmp_path / "bad.pem", by="A. One")
    with pytest.raises(CountersealError, match="authority"):
        agency_wiring.propose_root(at, "ice", certificate, by="A. One")


def test_a_contractor_who_is_registered_as_an_officer(office: Path, tmp_path: Path):
    """P-09: without the certification of 6103(p)(9) nobody; with it no longer than a review counts."""
    from counterseal import agency_wiring, wiring

    at = wiring.open_office(office)
    certificate, paper = tmp_path / "contractor.pem", tmp_path / "certification.txt"
    certificate.write_bytes(self_signed("C. Worker (Affiliate)", 2060))
    paper.write_bytes(b"")
    for words in ({}, {"certification": paper}):
        with pytest.raises(CountersealError, match="contractor"):
            agency_wiring.propose_officer(at, "ice", "OFC-00003", certificate, by="A. One", **words)
    paper.write_bytes(b"reviewed on site, made up")
    line = agency_wiring.propose_officer(at, "ice", "OFC-00003", certificate, by="A. One", certification=paper)
    assert line.valid_to <= wiring.today() + timedelta(days=3 * 365)


def self_signed(name: str, ends: int = 2027) -> bytes:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    whose = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    made = x509.CertificateBuilder(whose, whose, key.public_key(), 7, datetime(2026, 1, 1), datetime(ends, 12, 31))  # noqa: DTZ001
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
