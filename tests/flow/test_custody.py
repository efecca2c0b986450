"""Who holds what left: nothing is forgotten, nothing is ordered twice, and nothing is answered that was not asked."""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from tests.conftest import CANARY

from counterseal.core.custody import Ground, Outcome
from counterseal.errors import CountersealError
from counterseal.flow import orders, recall
from counterseal.flow.custody import due, held_packages
from counterseal.flow.releasing import release_case
from counterseal.ledger.canonical import canonical
from counterseal_verify import verify

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.flow.casework import AtWork

COURT = "D. Example"


@contextmanager
def refused(code: str) -> Iterator[None]:
    with pytest.raises(CountersealError) as told:
        yield
    assert told.value.code == code


class MovedClock:
    """The office's clock, so much later."""

    def __init__(self, clock, by: timedelta):
        self.clock, self.by = clock, by

    def now(self) -> datetime:
        return self.clock.now() + self.by


def later(at_work: AtWork, **by: int):
    return replace(at_work.office, clock=MovedClock(at_work.office.clock, timedelta(**by)))


def released(at_work: AtWork, number: int = 0) -> int:
    """Release a case; give the entry that delivered it."""
    from counterseal.store.models import Case

    case = at_work.cases()[number]
    at_work.reviewed(case)
    at_work.sign("sam", case)
    at_work.sign("rae", case, second=True)
    release_case(at_work.office, case)
    return Case.objects.get(pk=case).delivered_entry


def ordered_by_court(at_work: AtWork, scope: str = "everything", reaches: str = "", **of_court):
    told = {"court": COURT, "docket": "25-cv-1", "ordered_at": at_work.office.clock.now(), **of_court}
    return orders.enter(at_work.office, scope, reaches, "Cease every use.", "A. Counsel", orders.CourtOrder(**told))


def body(at_work: AtWork, entry: int) -> dict:
    return json.loads(at_work.office.ledger.entry(entry))


def cora(at_work: AtWork) -> int:
    return at_work.people.ids["cora"]


def test_an_answer_that_left_and_is_on_nobodys_list(at_work: AtWork):
    delivered = released(at_work)
    held = held_packages(at_work.office)

    assert {one.holding.delivered for one in held} == {delivered}
    assert len(held) == len(at_work.sealer.asked[0]["recipients"])
    one = held[0]
    assert one.holding.state == "sent"
    assert one.officer.startswith("HSI")
    assert one.package == sha256(b"sealed").hexdigest()
    assert one.conditions
    assert one.elements == ("mailing_address",)


def test_a_delivery_that_the_database_forgot(at_work: AtWork):
    from counterseal.store.models import Case

    delivered = released(at_work)
    known = {}
    from counterseal.flow.custody import holdings

    told = holdings(known)
    assert [(one.delivered, one.officer) for one in told] == [(delivered, "")]
    assert Case.objects.filter(delivered_entry=delivered).exists()


def test_duties_that_are_taken_from_a_name_and_not_from_the_document(at_work: AtWork):
    released(at_work)
    before = {one.duty for one in due(at_work.office)}
    assert "D-09" in before
    document = at_work.folder / "agreements" / "irs-ice-2025" / "agreement.md"
    words = document.read_text(encoding="utf-8")
    line = next(one for one in words.splitlines() if one.startswith("| D-09 |"))
    document.write_text(words.replace(line, line.replace("| continuing |", "| 10 days |")), encoding="utf-8")
    told = [one for one in due(later(at_work, days=11)) if one.duty == "D-09"]
    assert {one.state for one in told} == {"overdue"}
    assert {one.clock for one in told} == {"10 days"}


def test_a_recall_that_no_holder_ever_answers(at_work: AtWork):
    delivered = released(at_work)
    with refused("custody-due"):
        recall.order_holders(at_work.office, [delivered], Ground.RECALL, by=cora(at_work), reason="r", due=None)
    by = at_work.office.clock.now() + timedelta(days=3)
    sent = recall.order_holders(at_work.office, [delivered], Ground.RECALL, by=cora(at_work), reason="r", due=by)
    assert len(sent.entries) == len(held_packages(at_work.office))

    open_ = [one for one in due(at_work.office) if one.order is not None]
    assert {one.state for one in open_} == {"open"}
    assert {one.state for one in due(later(at_work, days=2)) if one.order is not None} == {"soon"}
    overdue = due(later(at_work, days=4))
    assert overdue[0].state == "overdue"
    assert overdue[0].duty == "D-18"
    assert overdue[0].escalates
    assert held_packages(later(at_work, days=4))[0].holding.overdue(by + timedelta(days=1))


def test_an_order_that_its_holder_gets_twice(at_work: AtWork):
    delivered = released(at_work)
    told = {"by": cora(at_work), "reason": "r", "due": at_work.office.clock.now() + timedelta(days=3)}
    first = recall.order_holders(at_work.office, [delivered, delivered], Ground.RECALL, **told)
    again = recall.order_holders(at_work.office, [delivered], Ground.RECALL, **told)
    assert again.entries == ()
    assert again.passed_over == len(set(first.entries))
    assert len(first.entries) == len(held_packages(at_work.office))


def test_a_recall_by_somebody_whose_it_is_not(at_work: AtWork):
    delivered = released(at_work)
    with refused("role"):
        recall.order_holders(
            at_work.office, [delivered], Ground.RECALL, by=at_work.people.ids["sam"], reason="r",
            due=at_work.office.clock.now() + timedelta(days=1),
        )  # fmt: skip
    with refused("custody-unknown"):
        recall.order_holders(at_work.office, [0], Ground.RECALL, by=cora(at_work), reason="r", due=None)


def test_a_certificate_that_answers_nothing(at_work: AtWork):
    delivered = released(at_work)
    by = at_work.office.clock.now() + timedelta(days=3)
    order = recall.order_holders(
        at_work.office, [delivered], Ground.RECALL, by=cora(at_work), reason="r", due=by
    ).entries[0]
    with refused("custody-outcome"):
        recall.certify_order(at_work.office, order, Outcome.KEPT, cora(at_work), b"kept")
    with refused("custody-document"):
        recall.certify_order(at_work.office, order, Outcome.DESTROYED, cora(at_work), b" \n")
    with refused("custody-order"):
        recall.certify_order(at_work.office, delivered, Outcome.DESTROYED, cora(at_work), b"shredded")

    recall.acknowledge_order(at_work.office, order, cora(at_work), b"received")
    recall.certify_order(at_work.office, order, Outcome.DESTROYED, cora(at_work), b"shredded")
    with refused("custody-certified"):
        recall.certify_order(at_work.office, order, Outcome.RETURNED, cora(at_work), b"returned")
    ended = [one for one in held_packages(at_work.office) if not one.holding.is_held]
    assert [one.holding.state for one in ended] == ["destroyed"]
    assert not [one for one in due(at_work.office) if one.order == order]


def test_a_courts_stop_that_no_holder_hears_of(at_work: AtWork):
    delivered = released(at_work)
    entered = ordered_by_court(at_work)
    sent = recall.serve(at_work.office, entered.order, cora(at_work))
    told = body(at_work, sent.entries[0])["body"]

    assert told["delivered"] == delivered
    assert (told["court"], told["docket"], told["stop"]) == (COURT, "25-cv-1", entered.entry)
    assert told["duty"] == "D-20"
    ordered = datetime.fromisoformat(body(at_work, entered.entry)["body"]["ordered_at"])
    assert datetime.fromisoformat(told["due"]) == ordered + timedelta(days=5)
    assert recall.serve(at_work.office, entered.order, cora(at_work)).entries == ()
    assert {one.state for one in due(later(at_work, days=6)) if one.order} == {"overdue"}


def test_a_courts_own_time_that_the_documents_replaces(at_work: AtWork):
    released(at_work)
    by = at_work.office.clock.now() + timedelta(days=30)
    entered = ordered_by_court(at_work, confirm_by=by)
    sent = recall.serve(at_work.office, entered.order, cora(at_work))
    assert body(at_work, sent.entries[0])["body"]["due"] == by.isoformat()


def test_a_stop_that_no_court_made_and_is_served_as_one(at_work: AtWork):
    released(at_work)
    entered = orders.enter(at_work.office, "everything", "", "Counsel says so.", cora(at_work))
    with refused("custody-court"):
        recall.serve(at_work.office, entered.order, cora(at_work))


def test_a_courts_order_without_court_or_before_itself(at_work: AtWork):
    now = datetime(2026, 11, 1, tzinfo=UTC)
    with refused("stop-order-court"):
        ordered_by_court(at_work, court=" ")
    with refused("stop-order-court"):
        ordered_by_court(at_work, ordered_at=now, confirm_by=now - timedelta(days=1))


def test_a_stop_on_another_agency_that_is_served_here(at_work: AtWork):
    released(at_work)
    entered = ordered_by_court(at_work, "agency", "creditor-agency")
    assert recall.serve(at_work.office, entered.order, cora(at_work)).entries == ()


def test_a_correction_that_misses_a_recipient(at_work: AtWork):
    delivered = released(at_work)
    by = at_work.office.clock.now() + timedelta(days=10)
    sent = recall.order_holders(
        at_work.office, [delivered], Ground.CORRECTION, by=cora(at_work), reason="disputed", due=by
    )
    told = {body(at_work, one)["body"]["officer"] for one in sent.entries}
    assert told == {one.holding.officer for one in held_packages(at_work.office)}
    recall.certify_order(at_work.office, sent.entries[0], Outcome.CORRECTED, cora(at_work), b"marked")
    assert all(one.holding.is_held for one in held_packages(at_work.office))


def test_an_order_that_does_not_say_what_its_entry_says(at_work: AtWork):
    delivered = released(at_work)
    by = at_work.office.clock.now() + timedelta(days=3)
    order = recall.order_holders(
        at_work.office, [delivered], Ground.RECALL, by=cora(at_work), reason=CANARY[0], due=by
    ).entries[0]
    written = json.loads(recall.document(at_work.office, order))
    entry = json.loads(base64.b64decode(written["entry"]))
    assert sha256(canonical(written["order"])).hexdigest() == entry["body"]["document"]
    assert CANARY[0] not in json.dumps([written, entry])
    assert not {"by", "reason"} & set(written["order"])


def test_an_order_whose_document_was_changed_on_its_way(at_work: AtWork, tmp_path: Path, capsys):
    """The verifier that outsiders run takes the true document, and no other: by text, by entry, or by receipt."""
    by = at_work.office.clock.now() + timedelta(days=3)
    told = {"by": cora(at_work), "reason": "r", "due": by}
    order = recall.order_holders(at_work.office, [released(at_work)], Ground.RECALL, **told).entries[0]
    whole = json.loads(recall.document(at_work.office, order))

    def verified(document: dict) -> int:
        (tmp_path / "order.json").write_text(json.dumps(document))
        return verify.main(["order", str(tmp_path / "order.json"), "--policy", str(at_work.folder / "policy")])

    assert verified(whole) == 0
    assert f"entry {order} of" in capsys.readouterr().out
    assert verified({**whole, "order": {**whole["order"], "due": "2099-01-01T00:00:00+00:00"}}) == 1
    assert verified({**whole, "order": {**whole["order"], "do": ["Keep it."]}}) == 1
    other = at_work.office.ledger.entry(order - 1)
    assert verified({**whole, "entry": base64.b64encode(other).decode()}) == 1
    assert verified({**whole, "order": None}) == 1


def test_a_holder_who_destroyed_it_before_anybody_asked(at_work: AtWork):
    delivered = released(at_work)
    holding = held_packages(at_work.office)[0].holding
    recall.record(at_work.office, delivered, holding.officer, None, cora(at_work), b"use has ended")
    assert "D-11" in {one.duty for one in due(at_work.office)}
    recall.record(at_work.office, delivered, holding.officer, Outcome.DESTROYED, cora(at_work), b"shredded")
    with refused("custody-ended"):
        recall.record(at_work.office, delivered, holding.officer, Outcome.RETURNED, cora(at_work), b"returned")
    entered = ordered_by_court(at_work)
    served = recall.serve(at_work.office, entered.order, cora(at_work))
    assert holding.officer not in {body(at_work, one)["body"]["officer"] for one in served.entries}
    assert served.passed_over == 1
