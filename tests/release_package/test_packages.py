"""From the officer's desk back: a package that somebody else fetches, an acknowledgement that is none."""

from __future__ import annotations

import base64
import json
import os
import shutil
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connections
from tests.flow import casework as scene
from tests.flow.casework import SUBMISSION, AtWork
from tests.flow.test_answer import decide_every_judgement
from tests.flow.test_casework import refused, signed_twice
from tests.release_package.pki import Authority
from tests.release_package.test_whole_way import ISSUED, issuing, register_root

from counterseal import agency_wiring, wiring
from counterseal.errors import CountersealError
from counterseal.flow.custody import held_packages
from counterseal.flow.packages import acknowledge_package, own_package, own_packages
from counterseal.flow.releasing import release_case
from counterseal_open import recipient
from counterseal_open.keys import read_certificate, read_key

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.flow.office import Office


@dataclass(frozen=True)
class Answered:
    """An office that answered, its people, its officer's files, and what is known of the package."""

    authority: Authority
    folder: Path
    papers: Path
    agency: str
    row: int


@pytest.fixture(scope="session")
def answered_once(tmp_path_factory: pytest.TempPathFactory, office_that_ran: Path) -> Answered | None:
    """That office, with an authority of this process; each test works on a copy. None on PostgreSQL."""
    if scene.POSTGRESQL in os.environ:
        return None
    root = tmp_path_factory.mktemp("answered")
    with pytest.MonkeyPatch.context() as patch:
        authority = issuing(patch, Authority())
        at_work = scene.put_to_work(scene.copy_office(office_that_ran, root / "office"))
        (root / "papers").mkdir()
        _, agency, row, _ = answer(authority, at_work, root / "papers")
    connections.close_all()
    return Answered(authority, root / "office", root / "papers", agency, row)


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch, answered_once: Answered | None) -> Authority:
    return issuing(monkeypatch, answered_once.authority if answered_once else Authority())


@pytest.fixture
def at_work(authority: Authority, tmp_path: Path, office_that_ran: Path, answered_once: Answered | None) -> AtWork:
    if answered_once is None:
        return scene.put_to_work(scene.copy_office(office_that_ran, tmp_path / "office"))
    return scene.back_to_work(shutil.copytree(answered_once.folder, tmp_path / "office"))


@pytest.fixture
def answered(
    authority: Authority, at_work: AtWork, tmp_path: Path, answered_once: Answered | None
) -> tuple[Office, str, int, bytes]:
    """One case released, the others over, the batch answered; and what its officer signed on opening it."""
    if answered_once is None:
        return answer(authority, at_work, tmp_path)
    shutil.copytree(answered_once.papers, tmp_path, dirs_exist_ok=True)
    office = replace(at_work.office, sealer=wiring.open_office(at_work.folder).sealer)
    return office, answered_once.agency, answered_once.row, (tmp_path / "ack.json").read_bytes()


def answer(authority: Authority, at_work: AtWork, papers: Path) -> tuple[Office, str, int, bytes]:
    from counterseal.store.casework import held_case
    from counterseal.store.models import Case, Submission

    register_root(at_work, authority)
    office = replace(at_work.office, sealer=wiring.open_office(at_work.folder).sealer)
    case = signed_twice(at_work)
    agency = Submission.objects.get().agency_id
    row = Case.objects.get(pk=case).row
    package = release_case(office, case)
    with refused("not-answered"):
        own_packages(office, agency, SUBMISSION)
    wait_for_nobody(at_work)
    agency_wiring.answer(office, SUBMISSION)
    named = held_case(case).recipients
    (officer,) = [one for one in ISSUED.values() if one.certificate.fingerprint(scene.SHA256()).hex() == named[0]]
    for name, content in (
        ("officer.pem", officer.certificate.public_bytes(Encoding.PEM)), ("officer.key", officer.key_pem()),
        ("roots.pem", authority.pem),
    ):  # fmt: skip
        (papers / name).write_bytes(content)
    workspace = office.workspace
    words = [str(package), "--policy", str(workspace.policy), "--custodian", workspace.custodian.read_text().split()[0]]
    words += ["--certificate", str(papers / "officer.pem"), "--key", str(papers / "officer.key")]
    words += ["--roots", str(papers / "roots.pem"), "--acknowledgement", str(papers / "ack.json")]
    assert recipient.main([*words, "--accept", "Dana Officer"]) == 0
    return office, agency, row, (papers / "ack.json").read_bytes()


def wait_for_nobody(at_work: AtWork) -> None:
    """Let no row of the batch wait for anybody any more: what is left is withdrawn, judgements are refused."""
    from counterseal.store.models import Case

    Case.objects.exclude(state="released").update(state="withdrawn")
    decide_every_judgement(at_work, "refuse")


def test_a_package_that_cannot_be_fetched_or_acknowledged(answered: tuple[Office, str, int, bytes]):
    office, agency, row, document = answered
    (one,) = own_packages(office, agency, SUBMISSION)
    content = own_package(office, agency, SUBMISSION, row).read_bytes()
    assert (one.row, one.size, one.acknowledged) == (row, len(content), 0)
    first = acknowledge_package(office, agency, SUBMISSION, row, document)
    again = acknowledge_package(office, agency, SUBMISSION, row, document)
    assert first == again
    assert own_packages(office, agency, SUBMISSION)[0].acknowledged == 1
    (held,) = held_packages(office)
    assert (held.holding.state, held.holding.officer) == ("held", first.officer), "custody reads the same entry"
    assert held.package == one.sha256
    entry = office.ledger.entry(first.entry)
    assert json.loads(entry)["kind"] == "acknowledged"
    assert b"Dana" not in entry


def test_a_package_of_another_agency(answered: tuple[Office, str, int, bytes]):
    office, _, row, document = answered
    for act in (
        lambda: own_packages(office, "another", SUBMISSION),
        lambda: own_package(office, "another", SUBMISSION, row),
        lambda: acknowledge_package(office, "another", SUBMISSION, row, document),
    ):
        with refused("not-found"):
            act()


def test_a_row_without_a_package(answered: tuple[Office, str, int, bytes]):
    office, agency, row, _ = answered
    with refused("not-found"):
        own_package(office, agency, SUBMISSION, row + 1)


@pytest.mark.parametrize("name", ["package", "entry", "ledger", "conditions", "accepted_by", "accepted_at"])
def test_an_acknowledgement_that_was_changed(answered: tuple[Office, str, int, bytes], name: str):
    office, agency, row, document = answered
    told = json.loads(document)
    told[name] = told[name] + 1 if name == "entry" else f"{told[name]}x"
    with refused("acknowledgement"):
        acknowledge_package(office, agency, SUBMISSION, row, json.dumps(told).encode())


def test_an_acknowledgement_by_somebody_who_received_nothing(
    answered: tuple[Office, str, int, bytes],
    authority: Authority,
    tmp_path: Path,
):
    office, agency, row, document = answered
    other = authority.issue("another", "p384")
    (tmp_path / "other.pem").write_bytes(other.certificate.public_bytes(Encoding.PEM))
    (tmp_path / "other.key").write_bytes(other.key_pem())
    key = read_key(tmp_path / "other.key", None, read_certificate(tmp_path / "other.pem"))
    told = {**json.loads(document), "certificate": base64.b64encode(key.certificate).decode()}
    told.pop("signature")
    signature = key.sign(recipient.ACKNOWLEDGEMENT + recipient.canonical(told).encode())
    forged = {**told, "signature": base64.b64encode(signature).decode()}
    with refused("not-a-recipient"):
        acknowledge_package(office, agency, SUBMISSION, row, json.dumps(forged).encode())


@pytest.mark.parametrize("document", [b"", b"{}", b"[]", b"\xff", b"null", b"[" * 30_000, b'{"v":1}', b"x" * 40_000])
def test_bytes_that_break_the_acknowledgement_reader(document: bytes):
    from counterseal.vault.acknowledgement import read_acknowledgement

    with pytest.raises(CountersealError) as told:
        read_acknowledgement(document)
    assert told.value.code == "acknowledgement"
