"""The clocks of a case: nobody's but its specialist's, never set back, each change with its reason as an entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.flow.test_casework import entries, refused

from counterseal.core.clock import FixedClock
from counterseal.flow.casework import take
from counterseal.flow.clocks import Clock, extend_clock, run_clock, stop_clock

if TYPE_CHECKING:
    from tests.flow.casework import AtWork

    from counterseal.flow.office import Office

NOON = datetime(2030, 1, 1, 12, tzinfo=UTC)


def at(at_work: AtWork, moment: datetime) -> Office:
    return replace(at_work.office, clock=FixedClock(moment))


@pytest.fixture
def taken(at_work: AtWork) -> tuple[int, int]:
    """A case that sam has since noon of the first day of 2030."""
    case, sam = at_work.cases()[0], at_work.people.ids["sam"]
    take(at(at_work, NOON), case, sam)
    return case, sam


def hands(case: int) -> tuple[datetime | None, datetime | None]:
    from counterseal.store.case_history import case_clocks

    clocks = case_clocks(case)
    return clocks.due_at, clocks.legal_due_at


def test_a_clock_that_loses_or_gains_time_by_standing(at_work: AtWork, taken: tuple[int, int]):
    case, sam = taken
    for clock in Clock:
        extend_clock(at(at_work, NOON), case, sam, clock, date(2030, 2, 1), "set by the court's order")
        stop_clock(at(at_work, NOON), case, sam, clock, "waits for the agency's letter")
        run_clock(at(at_work, NOON + timedelta(days=3, hours=2)), case, sam, clock, "the letter came")
    until = datetime(2030, 2, 1, 23, 59, 59, tzinfo=UTC) + timedelta(days=3, hours=2)
    assert hands(case) == (until, until)


def test_a_clock_that_is_set_back_or_into_the_past(at_work: AtWork, taken: tuple[int, int]):
    case, sam = taken
    office = at(at_work, NOON)
    before = hands(case)
    for clock, day in (
        (Clock.OFFICE, date(2030, 1, 5)),
        (Clock.OFFICE, date(2029, 12, 31)),
        (Clock.LAW, date(2029, 1, 1)),
    ):
        with refused("clock"):
            extend_clock(office, case, sam, clock, day, "why not")
    assert hands(case) == before


def test_a_clock_that_is_stopped_twice_or_run_without_a_stop(at_work: AtWork, taken: tuple[int, int]):
    case, sam = taken
    office = at(at_work, NOON)
    for act in (run_clock, run_clock):
        with refused("clock"):
            act(office, case, sam, Clock.OFFICE, "why not")
    with refused("clock"):
        stop_clock(office, case, sam, Clock.LAW, "it was never set")
    stop_clock(office, case, sam, Clock.OFFICE, "waits")
    with refused("clock"):
        stop_clock(office, case, sam, Clock.OFFICE, "waits")
    with refused("clock"):
        extend_clock(office, case, sam, Clock.OFFICE, date(2030, 3, 1), "while it stands")


def test_a_clock_of_somebody_else_or_without_a_reason(at_work: AtWork, taken: tuple[int, int]):
    case, sam = taken
    office, before = at(at_work, NOON), len(entries(at_work))
    with refused("not-assigned"):
        stop_clock(office, case, at_work.people.ids["sue"], Clock.OFFICE, "waits")
    with refused("role"):
        stop_clock(office, case, at_work.people.ids["rae"], Clock.OFFICE, "waits")
    with refused("reason"):
        stop_clock(office, case, sam, Clock.OFFICE, " ")
    assert len(entries(at_work)) == before
    stop_clock(office, case, sam, Clock.OFFICE, "waits for the agency's letter")
    (entry,) = entries(at_work)[before:]
    assert (entry["kind"], entry["body"]) == ("case", {"act": "stop office clock"})
    assert set(entry["commitments"]) == {"case", "official", "note"}


def test_a_case_that_is_overdue_while_its_clock_stands(at_work: AtWork, taken: tuple[int, int]):
    """The queue calls a case overdue by a clock that runs, and by no other."""
    from counterseal.store.queue import Sought, queue_page

    case, sam = taken
    later = NOON + timedelta(days=40)

    def overdue() -> list[int]:
        page = queue_page(Sought(due="overdue"), sam, now=later, after=None, before=None, size=500)
        return [one.id for one in page.cases]

    assert overdue() == [case]
    stop_clock(at(at_work, NOON), case, sam, Clock.OFFICE, "waits")
    assert overdue() == []
    extend_clock(at(at_work, NOON), case, sam, Clock.LAW, date(2030, 1, 20), "the court's order")
    assert overdue() == [case]
    stop_clock(at(at_work, NOON), case, sam, Clock.LAW, "stayed")
    assert overdue() == []
