"""The answer to a batch: at one time, and silent about why."""

from __future__ import annotations

import json
from contextlib import suppress

import pyarrow.parquet as pq
import pytest
from tests.flow.casework import SUBMISSION, AtWork
from tests.flow.test_casework import refused, signed_twice

from counterseal.flow import answer, casework
from counterseal.flow.releasing import release_case


def lines(at_work: AtWork) -> dict[int, str]:
    path = at_work.folder / "batches" / SUBMISSION / "response.jsonl"
    return dict(enumerate(path.read_text().splitlines(), 1))


def outcomes(at_work: AtWork) -> dict[int, str]:
    held = pq.read_table(at_work.folder / "batches" / SUBMISSION / "determinations.parquet")
    return {one["row"]: one["outcome"] for one in held.to_pylist()}


def decide_every_judgement(at_work: AtWork, first: str) -> None:
    from counterseal.store.casework import keep_opinion

    held = pq.read_table(at_work.folder / "batches" / SUBMISSION / "determinations.parquet").to_pylist()
    groups = sorted({" ".join(one["rules"]) for one in held if one["outcome"] == "judgement"})
    for group in groups:
        decision = first if group == groups[0] else "refuse"
        keep_opinion(
            SUBMISSION, group, decision, "So.", 1, at_work.people.ids["cora"], at=at_work.office.clock.now(), entry=0
        )


def settle(at_work: AtWork, *, release: bool = True, first: str = "refuse") -> dict[str, int]:
    """One case released, one of each other end, the rest refused; give the row of each."""
    from counterseal.store.models import Case

    cases = at_work.cases()
    ends = dict.fromkeys(("refused", "returned", "held"), 0)
    if release:
        release_case(at_work.office, signed_twice(at_work))
        ends["released"] = cases.pop(0)
    for act, end in ((casework.return_for_cure, "returned"), (casework.hold, "held"), (casework.refuse, "refused")):
        ends[end] = case = cases.pop(0)
        at_work.reviewed(case)
        act(at_work.office, case, at_work.people.ids["sam"], "Because.")
    Case.objects.filter(pk__in=cases).update(state="withdrawn")
    decide_every_judgement(at_work, first)
    return {end: Case.objects.get(pk=case).row for end, case in ends.items()}


def test_a_row_answered_before_the_others(at_work: AtWork):
    """While one row waits nothing changes for any of them, and no package can be fetched."""
    before = lines(at_work)
    release_case(at_work.office, signed_twice(at_work))
    assert lines(at_work) == before
    with refused("waiting"):
        answer.answer_batch(at_work.office, SUBMISSION)
    with refused("not-answered"):
        answer.packages_of(at_work.office.workspace, SUBMISSION)
    assert lines(at_work) == before


def test_a_batch_answered_over_an_open_judgement(at_work: AtWork):
    settle(at_work, release=False, first="admit")
    with refused("waiting"):
        answer.answer_batch(at_work.office, SUBMISSION)


def test_a_cause_that_a_line_gives_away(at_work: AtWork):
    """Every row without disclosure has one line, to the byte, but for its own reference."""
    rows, before, held = settle(at_work), lines(at_work), outcomes(at_work)
    answer.answer_batch(at_work.office, SUBMISSION)
    after = lines(at_work)

    undisclosed = {
        rows["refused"], rows["returned"], rows["held"],
        *(row for row, outcome in held.items() if outcome in {"judgement", "not_disclosed"}),
    }  # fmt: skip
    causes = {held[row] for row in undisclosed}
    assert causes == {"judgement", "not_disclosed", "reviewable"}
    forms = {after[row].replace(json.dumps(json.loads(after[row])["request_ref"]), "REF", 1) for row in undisclosed}
    assert len(forms) == 1
    assert json.loads(after[rows["held"]])["answer"] == "no disclosure"
    assert json.loads(after[rows["released"]])["answer"] == "disclosed"
    assert sum(json.loads(line)["answer"] == "disclosed" for line in after.values()) == 1
    assert {row for row in after if after[row] == before[row]} == {
        row for row, outcome in held.items() if outcome in {"refused", "cure", "stopped"}
    }
    assert list(answer.packages_of(at_work.office.workspace, SUBMISSION)) == [rows["released"]]
    assert all(path.is_file() for path in answer.packages_of(at_work.office.workspace, SUBMISSION).values())


def test_an_answer_that_is_held_in_memory_whole(at_work: AtWork, monkeypatch: pytest.MonkeyPatch):
    """It is read and written a few lines at a time, to the bytes that the ledger commits to."""
    import hashlib

    from counterseal.store.models import LedgerEntry

    settle(at_work)
    monkeypatch.setattr(answer, "LINES_AT_ONCE", 7)
    pieces = list(answer._response(at_work.office, SUBMISSION, []))
    assert max(piece.count(b"\n") for piece in pieces) == 7 < len(lines(at_work))
    assert all(piece.endswith(b"\n") for piece in pieces)
    path = answer.answer_batch(at_work.office, SUBMISSION)
    entry = LedgerEntry.objects.get(kind="answered")
    assert at_work.office.ledger.opening(entry.index, "response").value == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_answer_cut_off_between_entry_and_file(at_work: AtWork, monkeypatch: pytest.MonkeyPatch):
    settle(at_work)
    whole = answer.write_durably
    monkeypatch.setattr(answer, "write_durably", lambda *_: (_ for _ in ()).throw(OSError("power")))
    before = lines(at_work)
    with suppress(OSError):
        answer.answer_batch(at_work.office, SUBMISSION)
    assert lines(at_work) == before
    monkeypatch.setattr(answer, "write_durably", whole)
    path = answer.answer_batch(at_work.office, SUBMISSION)
    once = path.read_bytes()
    assert answer.answer_batch(at_work.office, SUBMISSION).read_bytes() == once
    from counterseal.store.models import LedgerEntry

    assert LedgerEntry.objects.filter(kind="answered").count() == 1


def test_a_letter_other_than_the_one_that_was_shown(at_work: AtWork):
    """What an official read before the act goes to the agency word for word; the ledger commits to what was sent."""
    import hashlib
    from html import unescape

    from counterseal.flow import asker
    from counterseal.release import NO_DISCLOSURE
    from counterseal.store.models import LedgerEntry, Submission

    folder = at_work.folder / "batches" / SUBMISSION
    notice = (folder / "notice.pdf").read_bytes()
    settle(at_work)
    agency = Submission.objects.get(pk=SUBMISSION).agency_id
    assert asker.own_file(at_work.office, agency, SUBMISSION, "notice") == folder / "notice.pdf"
    answer.answer_batch(at_work.office, SUBMISSION)
    page = (folder / "answer.html").read_text()
    assert NO_DISCLOSURE in unescape(page)
    assert "Because." not in page, "an official's own words stay in the office"
    said = [json.loads(line)["answer"] for line in (folder / "response.jsonl").read_text().splitlines()]
    for word in ("Disclosed", "No disclosure"):
        assert f"<th scope=row>{word}</th><td class=n>{said.count(word.lower()):,}</td>" in page
    assert asker.own_file(at_work.office, agency, SUBMISSION, "notice") == folder / "answer.pdf"
    assert (folder / "notice.pdf").read_bytes() == notice, "the letter that went first is kept"
    entry = LedgerEntry.objects.get(kind="answered")
    sent = hashlib.sha256((folder / "answer.pdf").read_bytes()).hexdigest()
    assert at_work.office.ledger.opening(entry.index, "letter").value == sent


def test_a_release_after_the_batch_was_answered(at_work: AtWork):
    """A held case that is taken up later releases nothing under this batch: its late row would stand out."""
    settle(at_work)
    answer.answer_batch(at_work.office, SUBMISSION)
    from counterseal.store.models import Case

    held = Case.objects.filter(state="held").get().pk
    casework.resume(at_work.office, held, at_work.people.ids["sam"])
    at_work.reviewed(held)
    at_work.sign("sam", held)
    at_work.sign("rae", held, second=True)
    with refused("predicates"):
        release_case(at_work.office, held)
