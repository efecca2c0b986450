"""Counsel settles a question once: rows in are determinations out, and nothing but a look-up follows."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from tests.batch import bytes_of
from tests.flow.casework import SUBMISSION
from tests.flow.test_casework import entries, refused

from counterseal.flow import judge, orders
from counterseal.flow.casework import determine, take
from counterseal.flow.row_proofs import prove_row_of_batch
from counterseal.ledger import batch_root

if TYPE_CHECKING:
    from tests.flow.casework import AtWork


def determinations(at_work: AtWork) -> list[dict]:
    return pq.read_table(at_work.folder / "batches" / SUBMISSION / "determinations.parquet").to_pylist()


def largest(at_work: AtWork) -> judge.Group:
    return judge.groups(at_work.office, SUBMISSION)[0]


def settle(at_work: AtWork, decision: str, group: judge.Group | None = None) -> judge.Judged:
    asked = group or largest(at_work)
    return judge.judge(
        at_work.office, SUBMISSION, " ".join(asked.rules), decision, "The orders were seen.", at_work.people.ids["cora"]
    )


def test_rows_that_are_lost_when_a_question_is_settled(at_work: AtWork):
    before, group = determinations(at_work), largest(at_work)
    cases = len(at_work.cases())
    done = settle(at_work, "admit", group)
    after = determinations(at_work)

    assert [one["row"] for one in after] == [one["row"] for one in before]
    changed = [one for one, was in zip(after, before, strict=True) if one != was]
    assert len(changed) == done.rows == group.rows
    assert {one["outcome"] for one in changed} <= {"not_disclosed", "reviewable"}
    assert {one["phase"] for one in changed} == {"identity"}
    assert done.opened == sum(one["outcome"] == "reviewable" for one in changed) == len(at_work.cases()) - cases
    assert done.opened
    assert Counter(one["outcome"] for one in after)["judgement"] == sum(
        one.rows for one in judge.groups(at_work.office, SUBMISSION)
    )
    from counterseal.store.models import Submission

    assert Submission.objects.get().outcomes == dict(Counter(one["outcome"] for one in after))


def test_a_root_that_is_not_of_the_rows(at_work: AtWork):
    settle(at_work, "admit")
    entry = next(one for one in entries(at_work)[::-1] if one["kind"] == "judged")
    root = entries(at_work)[entry["body"]["determined"]]["body"]
    folder = at_work.folder / "batches" / SUBMISSION
    told = [{**one, "request_ref": one["request_ref"] or ""} for one in determinations(at_work)]
    assert root == {"rows": len(told), "rows_root": batch_root(bytes_of(folder / "rows.secret"), told)}
    assert "orders were seen" not in json.dumps(entry)
    assert set(entry["commitments"]) >= {"counsel", "opinion", "reviewable", "not_disclosed"}
    assert not list(folder.glob("judged.*"))


def test_a_row_that_cannot_be_proved_after_an_opinion(at_work: AtWork):
    """The proof of a settled row leads to the entry that the opinion made."""
    group = largest(at_work)
    settle(at_work, "refuse", group)
    proof = prove_row_of_batch(at_work.office.workspace, at_work.office.files, SUBMISSION, group.sample[0])
    assert json.loads(proof.proof.row)["outcome"] == "refused"


def test_an_opinion_that_releases(at_work: AtWork):
    """An admitted row is an open case for two people, which can be signed, and its file bears the opinion."""
    known = set(at_work.cases())
    settle(at_work, "admit")
    case = next(one for one in at_work.cases() if one not in known)
    assert at_work.state(case) == "open"
    take(at_work.office, case, at_work.people.ids["sam"])
    determine(at_work.office, case, at_work.people.ids["sam"], "Nothing identifies an informant.")
    at_work.sign("sam", case)
    from counterseal.flow.casework import ready_to_sign

    assert "The orders were seen." in ready_to_sign(at_work.office, case).file.document["opinions"].values()
    assert at_work.sealer.asked == []


def test_a_refusal_that_opens_a_record(at_work: AtWork):
    identified = (at_work.folder / "batches" / SUBMISSION / "identified.parquet").read_bytes()
    cases, group = at_work.cases(), largest(at_work)
    settle(at_work, "refuse", group)
    assert at_work.cases() == cases
    assert (at_work.folder / "batches" / SUBMISSION / "identified.parquet").read_bytes() == identified
    rows = {one["row"]: one for one in determinations(at_work)}
    assert {rows[row]["outcome"] for row in group.sample} == {"refused"}


def test_a_question_that_is_settled_twice_or_by_somebody_else(at_work: AtWork):
    group = largest(at_work)
    with refused("role"):
        judge.judge(at_work.office, SUBMISSION, " ".join(group.rules), "admit", "x", at_work.people.ids["sam"])
    with refused("opinion"):
        judge.judge(at_work.office, SUBMISSION, " ".join(group.rules), "admit", " ", at_work.people.ids["cora"])
    settle(at_work, "refuse", group)
    with refused("group-unknown"):
        settle(at_work, "admit", group)


@pytest.mark.parametrize(("scope", "reaches"), [("everything", ""), ("submission", SUBMISSION), ("statute", "8 USC")])
def test_a_look_up_that_a_stop_order_forbids(at_work: AtWork, scope: str, reaches: str):
    before = determinations(at_work)
    orders.issue(at_work.office, scope, reaches, "Order of a court", "cora")
    with refused("stopped"):
        settle(at_work, "admit")
    assert determinations(at_work) == before


def test_a_power_cut_between_the_entry_and_the_files(at_work: AtWork, monkeypatch: pytest.MonkeyPatch):
    """What was entered takes its place at the next look; what was not entered is dropped."""
    before, group = determinations(at_work), largest(at_work)
    kept = judge.take_place

    calls: list[str] = []

    def cut(office: object, submission: str) -> None:
        calls.append(submission)
        if len(calls) > 1:
            raise OSError("cut")
        kept(office, submission)  # type: ignore[arg-type]

    monkeypatch.setattr(judge, "take_place", cut)
    with pytest.raises(OSError, match="cut"):
        settle(at_work, "admit", group)
    monkeypatch.undo()
    assert determinations(at_work) == before
    judge.groups(at_work.office, SUBMISSION)
    assert determinations(at_work) != before
    assert not list((at_work.folder / "batches" / SUBMISSION).glob("judged.*"))


def test_a_power_cut_before_the_entry(at_work: AtWork, monkeypatch: pytest.MonkeyPatch):
    before = determinations(at_work)

    def cut(*_: object, **__: object) -> None:
        raise OSError("cut")

    monkeypatch.setattr(judge, "keep_opinion", cut)
    with pytest.raises(OSError, match="cut"):
        settle(at_work, "admit")
    monkeypatch.undo()
    assert determinations(at_work) == before
    settle(at_work, "admit")
    assert determinations(at_work) != before
