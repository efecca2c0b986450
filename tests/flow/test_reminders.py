"""Reminders: one that comes twice, one that never comes, and one that says too much."""

from __future__ import annotations

from email import message_from_bytes
from hashlib import sha256
from typing import TYPE_CHECKING

from tests.conftest import CANARY
from tests.flow.test_custody import body, later, ordered_by_court, refused, released

from counterseal.core.custody import Outcome
from counterseal.flow import recall
from counterseal.flow.reminders import remind

if TYPE_CHECKING:
    from tests.flow.casework import AtWork


def served(at_work: AtWork) -> tuple[int, ...]:
    released(at_work)
    made = ordered_by_court(at_work)
    return recall.serve(at_work.office, made.order, "A. Counsel").entries


def of_orders(made, orders) -> list[str]:
    return [one.name for one in made if any(f"Order: entry {order}".encode() in one.message for order in orders)]


def test_a_reminder_that_comes_twice_or_an_escalation_that_never_comes(at_work: AtWork):
    orders = served(at_work)
    assert of_orders(remind(at_work.office, by="timer"), orders) == []
    soon = remind(later(at_work, days=4), by="timer")
    assert len(of_orders(soon, orders)) == len(orders)
    assert remind(later(at_work, days=4), by="timer") == []
    late = remind(later(at_work, days=6), by="timer")
    assert len(of_orders(late, orders)) == len(orders)
    assert {message_from_bytes(one.message)["X-Counterseal-Goes-To"] for one in late if "overdue" in one.name} >= {
        "counsel, who tells the court"
    }
    assert remind(later(at_work, days=60), by="timer") == []


def test_a_reminder_of_what_was_answered(at_work: AtWork):
    orders = served(at_work)
    for order in orders:
        recall.certify_order(at_work.office, order, Outcome.DESTROYED, "A. Counsel", b"Destroyed.")
    assert of_orders(remind(later(at_work, days=6), by="timer"), orders) == []


def test_a_message_that_says_more_than_it_may(at_work: AtWork):
    served(at_work)
    made = remind(later(at_work, days=6), by="timer")
    assert made
    for one in made:
        told = body(at_work, one.entry)
        assert told["kind"] == "custody"
        assert told["body"]["document"] == sha256(one.message).hexdigest()
        entry = at_work.office.ledger.entry(one.entry).decode()
        assert not any(sign in one.message.decode() or sign in entry for sign in CANARY)
        assert "timer" not in entry


def test_a_reminder_from_nobody(at_work: AtWork):
    with refused("person"):
        remind(at_work.office, by=" ")
