"""Amendments: proposed by one and adopted by another, and each request decided by the law of its own day."""

from __future__ import annotations

import csv
import hashlib
import json
import shutil
from datetime import date
from pathlib import Path

import pytest
from tests.batch import table_of
from tests.conftest import kept
from tests.flow.casework import AtWork
from tests.flow.test_casework import entries, refused, signed_twice
from tests.flow.test_run import office

from counterseal import wiring
from counterseal.agreements import load_agreement
from counterseal.agreements.check import Fault
from counterseal.agreements.compare import Change
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow import amend
from counterseal.flow.explain import explain_submission_row
from counterseal.flow.look import Look
from counterseal.flow.office import Office
from counterseal.flow.releasing import release_case

SHIPPED = Path(__file__).parents[2] / "agreements"
AGREEMENT = "irs-6103-m-2"
DAY = date(2026, 12, 1)
ROW = {
    "request_ref": "R-1", "given_name": "MARIA", "family_name": "LOPEZ", "tin": "900701234", "claim_number": "C-77",
    "claim_authority": "31 USC 3711", "claim_amount": "900", "claim_established": "2024-05-01",
    "last_mail_returned": "2026-10-01", "recipient": "officer",
}  # fmt: skip


def amended(folder: Path, version: str = "1.1.0", in_force: date = DAY, status: str = "in force") -> Path:
    """The next version: mail that came back counts for 30 days, and no longer for 365."""
    shutil.copytree(SHIPPED / AGREEMENT, folder)
    path = folder / "agreement.md"
    text = path.read_text(encoding="utf-8")
    for old, new in (
        ('version = "1.0.0"', f'version = "{version}"'),
        ("in_force = 2026-01-01", f"in_force = {in_force}"),
        ('status = "draft"', f'status = "{status}"'),
        ("| longest_since_returned_days | number | 365 |", "| longest_since_returned_days | number | 30 |"),
        ("| 2025-11-02 | holds |\n| 2025-11-01 | fails |", "| 2026-10-03 | holds |\n| 2026-10-02 | fails |"),
    ):
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    return folder


def request(folder: Path, name: str, signed_on: str) -> Path:
    """One row, asked for on a day."""
    folder.mkdir(parents=True)
    fields = [field.name for field in load_agreement(SHIPPED / AGREEMENT).fields]
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerow({**dict.fromkeys(fields, ""), **ROW})
    manifest = {
        "submission": name, "agreement": AGREEMENT, "requesting_agency": "creditor-agency",
        "signer": {"name": "A. Signer", "office": "Head of the agency"}, "signed_on": signed_on,
        "requested_elements": ["mailing_address"], "attestation": "collection-only", "rows": "rows.csv", "row_count": 1,
        "sha256": hashlib.sha256((folder / "rows.csv").read_bytes()).hexdigest(),
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return folder


def run(at: Office, made_up: Path, submission: Path, received_on: date = date(2026, 12, 2)):
    return wiring.run(
        at, submission, made_up / "registry", received_on=received_on, agreement=None, progress=None
    )[0]  # fmt: skip


def rules_of(at: Office, submission: str) -> list[str]:
    (row,) = table_of(at.workspace.root / "batches" / submission / "determinations.parquet").to_pylist()
    return row["rules"]


def told(at: Office, kind: str) -> list[dict]:
    from counterseal.store.custody import entries_of

    return [one.body for one in entries_of([kind])]


CHECKED: dict[str, list[Fault]] = {}
COMPARED: dict[tuple[str, str], list[Change]] = {}


@pytest.fixture(autouse=True)
def checked_once(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory):
    """The same words are checked and compared once, and not by every test and every worker."""
    check, compare = amend.check_agreement, amend.compare_agreements

    def checked(document: Path, citations: Path | None) -> list[Fault]:
        digest = load_agreement(document).digest
        if digest not in CHECKED:
            CHECKED[digest] = kept(tmp_path_factory, f"checked-{digest}", lambda: list(check(document, citations)))
        return CHECKED[digest]

    def compared(earlier: Path, later: Path) -> list[Change]:
        key = (load_agreement(earlier).digest, load_agreement(later).digest)
        if key not in COMPARED:
            COMPARED[key] = kept(tmp_path_factory, "-".join(key), lambda: list(compare(earlier, later)))
        return COMPARED[key]

    monkeypatch.setattr(amend, "check_agreement", checked)
    monkeypatch.setattr(amend, "compare_agreements", compared)


@pytest.fixture
def at(tmp_path: Path, empty_database: None) -> Office:
    return office(tmp_path / "office")


@pytest.fixture
def changed(at: Office, tmp_path: Path) -> Office:
    """An office in which Ada proposed the amendment and Bo adopted it."""
    made = amend.propose(at, amended(tmp_path / "new"), "Ada", "P.L. 119-1", None)
    amend.adopt(at, made.entry, "Bo")
    return at


def test_a_request_decided_by_a_version_of_another_day(changed: Office, made_up: Path, tmp_path: Path):
    """The same row, signed the day before the amendment and on its day, in one office: decided, explained, shown."""
    for name, signed_on, version in (("OLD-1", "2026-11-30", "1.0.0"), ("NEW-1", "2026-12-01", "1.1.0")):
        asked = request(tmp_path / name, name, signed_on)
        run(changed, made_up, asked)
        assert ("R-23" in rules_of(changed, name)) == (version == "1.1.0")
        assert told(changed, "received")[-1]["agreement_version"] == version
        folder = changed.workspace.agreements / AGREEMENT
        (found,) = (
            one
            for one in explain_submission_row(asked, 1, agreement=folder, received_on=date(2026, 12, 2))
            if one.rule.id == "R-23"
        )
        assert (found.finding == "holds") == (version == "1.0.0")
    assert [one.version for one in Look(changed.workspace, changed.engine).versions(AGREEMENT)] == ["1.0.0", "1.1.0"]


def test_a_proposal_that_decides(at: Office, made_up: Path, tmp_path: Path):
    made = amend.propose(at, amended(tmp_path / "new"), "Ada", "P.L. 119-1", None)
    assert made.loosened == 0
    run(at, made_up, request(tmp_path / "asked", "NEW-1", "2026-12-01"))
    assert "R-23" not in rules_of(at, "NEW-1")
    with refused("agreement-retroactive"):
        amend.adopt(at, made.entry, "Bo")


def test_one_person_who_proposes_and_adopts(at: Office, tmp_path: Path):
    made = amend.propose(at, amended(tmp_path / "new"), "Ada  Lovelace", "P.L. 119-1", None)
    for name in ("Ada  Lovelace", "ada lovelace", " ADA Lovelace "):
        with refused("agreement-by-two"):
            amend.adopt(at, made.entry, name)
    assert [one.get("act") for one in told(at, "agreement")][-1] == "proposed"


def test_a_proposal_that_is_adopted_twice_or_overtaken(at: Office, tmp_path: Path):
    first = amend.propose(at, amended(tmp_path / "a"), "Ada", "P.L. 119-1", None)
    second = amend.propose(at, amended(tmp_path / "b", "1.2.0"), "Ada", "P.L. 119-2", None)
    with refused("agreement-proposal"):
        amend.adopt(at, first.entry, "Bo")
    amend.adopt(at, second.entry, "Bo")
    for entry in (second.entry, 0, 999):
        with refused("agreement-proposal"):
            amend.adopt(at, entry, "Bo")


@pytest.mark.parametrize("part", ["agreement.md", "conditions.txt", "data/name_placeholders.csv"])
def test_other_words_adopted_than_were_proposed(at: Office, tmp_path: Path, part: str):
    made = amend.propose(at, amended(tmp_path / "new"), "Ada", "P.L. 119-1", None)
    path = at.workspace.agreements / AGREEMENT / "proposed" / "1.1.0" / part
    path.write_text(path.read_text(encoding="utf-8") + "\n", encoding="utf-8")
    with refused("agreement-moved"):
        amend.adopt(at, made.entry, "Bo")
    assert not (at.workspace.agreements / AGREEMENT / "versions").exists()


def test_an_adoption_that_is_cut_between_file_and_entry(
    at: Office, made_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The folder in its place without an entry decides nothing, and the same command goes on."""
    made = amend.propose(at, amended(tmp_path / "new"), "Ada", "P.L. 119-1", None)
    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr(type(at.ledger), "append", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        amend.adopt(at, made.entry, "Bo")
    asked = request(tmp_path / "asked", "NEW-1", "2026-12-01")
    with refused("agreement-not-entered"):
        run(at, made_up, asked)
    amend.adopt(at, made.entry, "Bo")
    run(at, made_up, asked)
    assert "R-23" in rules_of(at, "NEW-1")


def test_law_that_somebody_wrote_into_the_folder(at: Office, made_up: Path, tmp_path: Path):
    """Neither a version put beside the others nor other words in the first one decide anything."""
    folder = at.workspace.agreements / AGREEMENT
    old, new = (request(tmp_path / name, name, day) for name, day in (("A-1", "2026-11-30"), ("A-2", "2026-12-01")))
    amended(folder / "versions" / "1.1.0")
    with refused("agreement-not-entered"):
        run(at, made_up, new)
    run(at, made_up, old)
    shutil.rmtree(folder / "versions")
    path = folder / "agreement.md"
    path.write_text(path.read_text(encoding="utf-8") + "\nOne word more.\n", encoding="utf-8")
    with refused("agreement-not-entered"):
        run(at, made_up, new)


def test_a_version_that_is_not_sound(at: Office, tmp_path: Path):
    folder = amended(tmp_path / "new")
    path = folder / "agreement.md"
    path.write_text(path.read_text(encoding="utf-8").replace("| 2026-10-02 | fails |", "| 2026-10-02 | holds |"))
    with pytest.raises(CheckFailedError, match="to be mended"):
        amend.propose(at, folder, "Ada", "P.L. 119-1", None)
    (folder / "conditions.txt").unlink()
    with refused("agreement-conditions"):
        amend.propose(at, folder, "Ada", "P.L. 119-1", None)
    with refused("agreement-draft"):
        amend.propose(at, amended(tmp_path / "draft", status="draft"), "Ada", "P.L. 119-1", None)
    with refused("agreement-versions"):
        amend.propose(at, amended(tmp_path / "early", in_force=date(2025, 1, 1)), "Ada", "P.L. 119-1", None)
    assert [one.get("act") for one in told(at, "agreement")].count("proposed") == 0


def test_a_draft_that_decides_in_an_office_at_work(made_up: Path, tmp_path: Path, empty_database: None):
    from counterseal.flow.in_force import law_for

    real = office(tmp_path / "real", demonstration=False)
    document = real.workspace.agreements / AGREEMENT
    with refused("agreement-draft"):
        law_for(real.workspace, document, date(2026, 11, 30))
    made = amend.propose(real, amended(tmp_path / "new"), "Ada", "signed on 1 November", None)
    amend.adopt(real, made.entry, "Bo")
    assert law_for(real.workspace, document, DAY).version == "1.1.0"


def test_a_request_signed_after_the_end(at: Office, made_up: Path, tmp_path: Path):
    made = amend.propose(at, amended(tmp_path / "end", "2.0.0", status="ended"), "Ada", "terminated", None)
    amend.adopt(at, made.entry, "Bo")
    with refused("agreement-ended"):
        run(at, made_up, request(tmp_path / "asked", "NEW-1", "2026-12-01"))
    assert told(at, "refused")[-1]["why"] == "agreement-ended"
    run(at, made_up, request(tmp_path / "before", "OLD-1", "2026-11-30"))


def test_a_case_that_cannot_be_released_once_its_agreement_was_amended(at_work: AtWork):
    """What was decided under the earlier version is reviewed, signed and sealed under it."""
    folder = at_work.office.workspace.agreements / "irs-ice-2025"
    later = folder / "versions" / "1.1.0"
    shutil.copytree(SHIPPED / "irs-ice-2025", later)
    text = (later / "agreement.md").read_text(encoding="utf-8")
    text = text.replace('version = "1.0.0"', 'version = "1.1.0"').replace(
        "in_force = 2025-04-07", "in_force = 2027-01-01"
    )
    (later / "agreement.md").write_text(text, encoding="utf-8")
    case = signed_twice(at_work)
    release_case(at_work.office, case)
    (asked,) = at_work.sealer.asked
    assert (asked["agreement"], asked["version"]) == ("irs-ice-2025", "1.0.0")
    assert "delivered" in [one["kind"] for one in entries(at_work)]


def test_a_version_adopted_while_a_request_is_read(
    at: Office, made_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The law is looked up again in the transaction that takes the request in."""
    from counterseal.flow import receive

    made = amend.propose(at, amended(tmp_path / "new"), "Ada", "P.L. 119-1", None)
    reads = receive.take_in

    def meanwhile(*given: object, **other: object) -> object:
        monkeypatch.setattr(receive, "take_in", reads)
        amend.adopt(at, made.entry, "Bo")
        return reads(*given, **other)

    monkeypatch.setattr(receive, "take_in", meanwhile)
    asked = request(tmp_path / "asked", "NEW-1", "2026-12-01")
    with pytest.raises(CountersealError) as fault:
        run(at, made_up, asked)
    assert fault.value.code == "agreement-moved"
    run(at, made_up, asked)
    assert "R-23" in rules_of(at, "NEW-1")


@pytest.mark.parametrize("how", ["a folder elsewhere", "the first version as a file", "a copy of the first version"])
def test_law_chosen_by_whoever_gives_the_command(made_up: Path, tmp_path: Path, empty_database: None, how: str):
    """In an office at work ``--agreement`` names nothing but the version in force on the day of signature."""
    from counterseal.flow.in_force import law_for

    real = office(tmp_path / "real", demonstration=False)
    here = real.workspace.agreements / AGREEMENT
    for version, day in (("1.1.0", DAY), ("1.2.0", date(2027, 1, 1))):
        made = amend.propose(real, amended(tmp_path / version, version, day), "Ada", "P.L. 119-1", None)
        amend.adopt(real, made.entry, "Bo")
    named = {
        "a folder elsewhere": amended(tmp_path / "elsewhere", "9.0.0"),
        "the first version as a file": here / "versions" / "1.1.0" / "agreement.md",
        "a copy of the first version": here / "versions" / "1.1.0",
    }[how]
    with refused("agreement-not-entered"):
        law_for(real.workspace, named, date(2027, 2, 1))
    assert law_for(real.workspace, here, date(2027, 2, 1)).version == "1.2.0"


def test_an_end_adopted_while_a_request_is_read(
    at: Office, made_up: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """The request is refused in one line, with its entry, and nothing of it is received."""
    from counterseal.flow import receive

    made = amend.propose(at, amended(tmp_path / "end", "2.0.0", status="ended"), "Ada", "terminated", None)
    reads = receive.take_in

    def meanwhile(*given: object, **other: object) -> object:
        monkeypatch.setattr(receive, "take_in", reads)
        amend.adopt(at, made.entry, "Bo")
        return reads(*given, **other)

    monkeypatch.setattr(receive, "take_in", meanwhile)
    asked = request(tmp_path / "asked", "NEW-1", "2026-12-01")
    with refused("agreement-ended"):
        run(at, made_up, asked)
    with refused("agreement-ended"):
        run(at, made_up, asked)
    assert told(at, "received") == []
    assert told(at, "refused")[-1]["why"] == "agreement-ended"
