"""Batches whose retention has run out: what of them can still be read, and what is owed and must stay."""

from __future__ import annotations

import shutil
from dataclasses import replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connections
from tests.batch import table_of
from tests.flow.casework import SUBMISSION, back_to_work, copy_office, database_of_its_own, made_once
from tests.flow.test_answer import decide_every_judgement, settle
from tests.flow.test_casework import refused

from counterseal.cli import status
from counterseal.core.clock import FixedClock
from counterseal.flow import accounting, retention
from counterseal.flow.answer import answer_batch
from counterseal.flow.orders import issue
from counterseal.vault.batch_files import BatchFiles

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.casework import AtWork

    from counterseal.flow.office import Office

SECRET = bytes(range(32))
WHY = "Records schedule N1-058, item 4"


def a_year_later(at_work: AtWork) -> Office:
    return replace(at_work.office, clock=FixedClock(at_work.office.clock.now() + timedelta(days=400)))


def close(at_work: AtWork) -> None:
    """One case released, the others ended, the batch answered."""
    from counterseal.store.models import Case

    settle(at_work)
    Case.objects.filter(state="held").update(state="withdrawn")
    answer_batch(at_work.office, SUBMISSION)


@pytest.fixture(scope="module")
def office_closed(tmp_path_factory: pytest.TempPathFactory, office_at_work: Path) -> Path:
    """That office; each test works on a copy."""

    def make(folder: Path) -> None:
        with database_of_its_own("closed", like="at_work"):
            close(back_to_work(shutil.copytree(office_at_work, folder)))
            connections.close_all()

    return made_once(tmp_path_factory, "closed", make)


@pytest.fixture
def closed(tmp_path: Path, office_closed: Path) -> AtWork:
    return back_to_work(copy_office(office_closed, tmp_path / "office", "closed"))


def before(office: Office) -> date:
    return office.clock.now().date() - timedelta(days=30)


def destroyed(office: Office) -> list[str]:
    proposal = retention.propose(office, before(office), "Ada", WHY)
    return retention.confirm(office, proposal, "Bo", lambda: SECRET)


def people_of(at_work: AtWork) -> dict[str, bytes]:
    """Everything that says something of a person or a row, by where it would be found."""
    rows = table_of(at_work.folder / "batches" / SUBMISSION / "rows.parquet").to_pylist()
    names = ("family_name", "tin", "address_line_1", "request_ref", "case_number")
    return {
        f"{name} of row {row['row']}": row[name].encode() for row in rows for name in names if len(row[name] or "") > 5
    }


def left_on_disk(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_a_row_that_can_still_be_read(closed: AtWork):
    known = people_of(closed)
    office = a_year_later(closed)
    places = ("batches", "unfinished", "inbox", "answers", "retained", "ledger")
    assert destroyed(office) == [SUBMISSION]

    assert (closed.folder / "retained" / f"{SUBMISSION}.jsonl").is_file()
    left = b"".join(left_on_disk(closed.folder / name) for name in places)
    assert not [where for where, text in known.items() if text in left]
    assert not (closed.folder / "batches" / SUBMISSION).exists()
    kept = office.files.read(closed.folder / "retained" / f"{SUBMISSION}.jsonl")
    assert not [where for where, text in known.items() if text in kept]


def test_a_copy_of_the_files_that_the_key_of_what_was_kept_opens(closed: AtWork, tmp_path: Path):
    """Whoever copied the batch before has noise, although they hold every key that is left."""
    shutil.copytree(closed.folder / "batches", tmp_path / "copy" / "batches")
    office = a_year_later(closed)
    destroyed(office)
    shutil.copytree(closed.folder / "keys", tmp_path / "copy" / "keys")
    copied = BatchFiles(tmp_path / "copy" / "keys", office.entropy)
    for name in ("rows.parquet", "identified.parquet", "rows.secret"):
        with refused("batch-key"):
            copied.read(tmp_path / "copy" / "batches" / SUBMISSION / name)


def seen(found: accounting.Gathered) -> dict[bytes, Any]:
    return {key: (one.shown, sorted(one.reserved)) for key, one in found.index.lists.items()}


def test_a_disclosure_that_its_person_is_no_longer_told_of(closed: AtWork, capsys: pytest.CaptureFixture[str]):
    """Every list, in every word, is what it was before."""
    office = a_year_later(closed)
    accounts = accounting._accounts(office, closed.folder / "batches" / SUBMISSION)
    named = frozenset(accounting.account_name(one) for one in accounts.values())
    office.ledger.publish()
    was = accounting.gather(office, SECRET, named)
    destroyed(office)
    now = accounting.gather(office, SECRET, named)

    assert was.disclosures == now.disclosures == 1
    assert was.items == now.items > 100
    assert seen(was) == seen(now)
    assert was.statements == now.statements != {}
    accounting.enter_index(office, SECRET, named, {})
    assert status(["ledger", "verify", str(closed.folder / "ledger")]) == 0
    assert "verified" in capsys.readouterr().out


def test_one_person_who_destroys_alone(closed: AtWork):
    office = a_year_later(closed)
    proposal = retention.propose(office, before(office), "Ada", WHY)
    with refused("retention-by-two"):
        retention.confirm(office, proposal, " ADA ", lambda: SECRET)
    with refused("retention-proposal"):
        retention.confirm(office, proposal - 1, "Bo", lambda: SECRET)
    assert office.files.read(closed.folder / "batches" / SUBMISSION / "rows.secret")


def test_a_batch_destroyed_twice_or_by_an_old_proposal(closed: AtWork):
    office = a_year_later(closed)
    proposal = retention.propose(office, before(office), "Ada", WHY)
    assert retention.confirm(office, proposal, "Bo", lambda: SECRET) == [SUBMISSION]
    with refused("retention-proposal"):
        retention.confirm(office, proposal, "Bo", lambda: SECRET)
    with refused("retention-none"):
        retention.propose(office, before(office), "Ada", WHY)


def test_a_day_that_is_not_past_or_no_reason(closed: AtWork):
    with refused("retention-day"):
        retention.disposable(closed.office, date(2100, 1, 1))
    with refused("retention-reason"):
        retention.propose(a_year_later(closed), date(2026, 1, 1), "Ada", " ")
    with refused("retention-none"):
        retention.propose(a_year_later(closed), date(2026, 1, 1), "Ada", WHY)


def test_a_batch_that_is_not_closed(at_work: AtWork):
    assert retention.disposable(a_year_later(at_work), before(a_year_later(at_work))) == []


def _open_case(closed: AtWork) -> None:
    from counterseal.store.models import Case, Submission

    taken = set(Case.objects.values_list("row", flat=True))
    row = next(row for row in range(1, 900) if row not in taken)
    Case.objects.create(submission=Submission.objects.get(), row=row, opened_at=closed.office.clock.now())


def _stop_order(closed: AtWork) -> None:
    issue(closed.office, "submission", SUBMISSION, "Preserve for litigation.", "Counsel")


def _hold(closed: AtWork) -> None:
    from counterseal.store.models import Hold, Submission

    Hold.objects.create(
        agency=Submission.objects.get().agency, submission=SUBMISSION, manifest_sha256="0" * 64, reasons=["largest"],
        held_at=closed.office.clock.now(), hold_entry=0,
    )  # fmt: skip


def _incident(closed: AtWork) -> None:
    from counterseal.core.incident import Source
    from counterseal.flow.incident import open_incident
    from counterseal.store.models import Case

    left = Case.objects.get(state="released").delivered_entry
    open_incident(
        closed.office, [left], Source.OFFICE, closed.office.clock.now(), "Sent to a wrong officer.", by="Cora"
    )


def _recall(closed: AtWork) -> None:
    from counterseal.core.custody import Ground
    from counterseal.flow.recall import order_holders
    from counterseal.store.models import Case

    order_holders(
        closed.office, [Case.objects.get(state="released").delivered_entry], Ground.CORRECTION, by="Counsel",
        reason="A wrong address.", due=closed.office.clock.now() + timedelta(days=10),
    )  # fmt: skip


@pytest.mark.parametrize("touch", [_open_case, _stop_order, _hold, _incident, _recall])
@pytest.mark.parametrize("when", ["proposed", "confirmed"])
def test_a_batch_that_somebody_still_needs(closed: AtWork, touch: Any, when: str):
    office = a_year_later(closed)
    proposal = retention.propose(office, before(office), "Ada", WHY) if when == "confirmed" else None
    touch(closed)
    (one,) = retention.disposable(office, before(office))
    assert one.bars
    with refused("retention-none"):
        if proposal is None:
            retention.propose(office, before(office), "Ada", WHY)
        else:
            retention.confirm(office, proposal, "Bo", lambda: SECRET)
    assert office.files.read(closed.folder / "batches" / SUBMISSION / "rows.secret")


def test_a_run_that_was_cut_between_its_entry_and_its_act(closed: AtWork, monkeypatch: pytest.MonkeyPatch):
    """The ledger says destroyed; the next command of retention destroys it, and the accounting stands meanwhile."""
    office = a_year_later(closed)
    proposal = retention.propose(office, before(office), "Ada", WHY)
    finish = retention._finish
    calls: list[int] = []

    def cut(at: Office) -> None:
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        finish(at)

    monkeypatch.setattr(retention, "_finish", cut)
    with pytest.raises(KeyboardInterrupt):
        retention.confirm(office, proposal, "Bo", lambda: SECRET)
    assert (closed.folder / "batches" / SUBMISSION).exists()
    assert accounting.gather(office, SECRET, frozenset()).disclosures == 1
    with refused("retention-proposal"):
        retention.confirm(office, proposal, "Bo", lambda: SECRET)
    assert not (closed.folder / "batches" / SUBMISSION).exists()
    assert accounting.gather(office, SECRET, frozenset()).disclosures == 1


def test_what_was_kept_is_changed_or_lost(closed: AtWork):
    office = a_year_later(closed)
    destroyed(office)
    path = closed.folder / "retained" / f"{SUBMISSION}.jsonl"
    whole = bytearray(path.read_bytes())
    whole[len(whole) // 2] ^= 1
    path.write_bytes(whole)
    with refused("sealed-file"):
        accounting.gather(office, SECRET, frozenset())
    path.unlink()
    with refused("retained"):
        accounting.gather(office, SECRET, frozenset())


def test_a_reader_of_a_destroyed_batch_gets_a_failure(closed: AtWork, capsys: pytest.CaptureFixture[str]):
    """Every command that would read it says in one line that it cannot."""
    office = a_year_later(closed)
    destroyed(office)
    place = str(closed.folder)
    assert status(["doctor", "--workspace", place]) in {0, 1}
    assert status(["ledger", "prove", "--workspace", place, "--batch", SUBMISSION, "--row", "1"]) == 2
    assert "unexpected" not in capsys.readouterr().err


def test_the_commands(closed: AtWork, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    from counterseal import wiring

    monkeypatch.setattr(wiring, "SystemClock", lambda: a_year_later(closed).clock)
    place = ("--workspace", str(closed.folder))
    day = ("--before", before(a_year_later(closed)).isoformat())
    assert status(["retention", "list", *day, *place]) == 0
    assert "may be destroyed" in capsys.readouterr().out
    assert status(["retention", "propose", *day, "--by", "Ada", "--why", WHY, *place]) == 0
    entry = capsys.readouterr().out.split("entry ")[1].split(".")[0]
    assert status(["retention", "confirm", entry, "--by", "Ada", *place]) == 2
    assert status(["retention", "confirm", entry, "--by", "Bo", *place]) == 0
    assert f"Destroyed: {SUBMISSION}" in capsys.readouterr().out
    assert status(["retention", "list", *day, *place]) == 0
    assert "No batch" in capsys.readouterr().out


def test_a_question_that_counsel_never_answered(at_work: AtWork):
    """A withdrawn batch is closed, and not every row of it may be settled."""
    from counterseal.store.asker import enter_withdrawal
    from counterseal.store.models import Case, Submission

    decide_every_judgement(at_work, "refuse")
    Case.objects.update(state="withdrawn")
    enter_withdrawal(Submission.objects.get().agency_id, SUBMISSION, at_work.office.clock.now(), 0)
    office = a_year_later(at_work)
    (one,) = retention.disposable(office, before(office))
    assert any("counsel" in bar for bar in one.bars)
