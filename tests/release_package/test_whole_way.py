"""From two signatures to one officer's desk, with the sealer's own process and no part played by a stand-in."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from tests.flow import casework as scene
from tests.flow.casework import AtWork
from tests.flow.test_casework import refused, signed_twice
from tests.release_package.pki import Authority, Officer

from counterseal import wiring
from counterseal.flow.book import publish_witnessed
from counterseal.flow.releasing import release_case
from counterseal_open import recipient
from counterseal_verify import verify

if TYPE_CHECKING:
    from counterseal.store.models import AgencyRoot

ISSUED: dict[str, Officer] = {}


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> Authority:
    """An authority that issues the certificates of every officer whom the request names."""
    return issuing(monkeypatch, Authority())


def issuing(monkeypatch: pytest.MonkeyPatch, whole: Authority) -> Authority:
    def certificate(name: str) -> tuple[object, str]:
        officer = ISSUED[name] = whole.issue(name, "p384")
        return officer.key, officer.pem.decode()

    monkeypatch.setattr(scene, "certificate", certificate)
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2] / "src"))
    return whole


def register_root(at: AtWork, authority: Authority) -> AgencyRoot:
    from counterseal.store.models import AgencyRoot, Submission

    now = at.office.clock.now()
    return AgencyRoot.objects.create(
        agency_id=Submission.objects.get().agency_id, certificate=authority.pem.decode(), sha256="0" * 64,
        valid_from=date(2020, 1, 1), valid_to=date(2100, 1, 1), proposed_by="a", proposed_at=now, proposal_entry=0,
        confirmed_by="b", confirmed_at=now, confirmation_entry=0,
    )  # fmt: skip


def test_an_answer_that_never_reaches_its_officer(
    authority: Authority, at_work: AtWork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    register_root(at_work, authority)
    office = replace(at_work.office, sealer=wiring.open_office(at_work.folder).sealer)
    case = signed_twice(at_work)
    package = release_case(office, case)
    assert at_work.state(case) == "released"

    from counterseal.store.casework import held_case

    told = json.loads(package.read_bytes())
    named = held_case(case).recipients
    (officer,) = [one for one in ISSUED.values() if one.certificate.fingerprint(scene.SHA256()).hex() == named[0]]
    for name, content in (
        ("officer.pem", officer.certificate.public_bytes(Encoding.PEM)), ("officer.key", officer.key_pem()),
        ("roots.pem", authority.pem),
    ):  # fmt: skip
        (tmp_path / name).write_bytes(content)
    workspace = office.workspace
    words = [str(package), "--policy", str(workspace.policy), "--custodian", workspace.custodian.read_text().split()[0]]
    words += ["--certificate", str(tmp_path / "officer.pem"), "--key", str(tmp_path / "officer.key")]
    words += ["--roots", str(tmp_path / "roots.pem"), "--acknowledgement", str(tmp_path / "ack.json")]
    assert recipient.main([*words, "--accept", "Dana Officer"]) == 0
    shown = capsys.readouterr().out
    held = json.loads((workspace.answers / held_case(case).answer_sha256).read_bytes())
    assert held["mailing_address"]["line_1"] in shown
    assert "6103(p)(4)" in shown
    assert json.loads((tmp_path / "ack.json").read_bytes())["entry"] == held_case(case).intent_entry
    assert base64.b64decode(told["entry"]) == office.ledger.entry(held_case(case).intent_entry)
    publish_witnessed(office.ledger, office.trust(), office.post)  # the delivery's own head
    words = ["package", str(package), "--ledger", str(workspace.ledger), "--policy", str(workspace.policy)]
    assert verify.main(words) == 0


def test_an_officer_whose_authority_nobody_registered(authority: Authority, at_work: AtWork):
    office = replace(at_work.office, sealer=wiring.open_office(at_work.folder).sealer)
    case = signed_twice(at_work)
    with refused("sealer"):
        release_case(office, case)
    assert at_work.state(case) == "intended"
    assert not list(office.workspace.packages.glob("*"))
