"""The life of a held package, in every order of events: it ends once, and no order is lost or answered twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from counterseal.core.custody import (
    ANSWERS,
    ENDS,
    Act,
    Event,
    Ground,
    HolderOrder,
    Holding,
    Outcome,
    State,
    after,
    life,
)
from counterseal.core.period import Period, read_period
from counterseal.errors import CountersealError

BEGIN = datetime(2026, 2, 5, 14, 0, tzinfo=UTC)
OUTCOMES = st.sampled_from(Outcome)


class HeldPackage(RuleBasedStateMachine):
    """A holder, orders to them, their answers, and time that only goes on. The model keeps plain sets of its own."""

    @initialize()
    def deliver(self) -> None:
        self.now = BEGIN
        self.holding = Holding(1, 0, "0" * 64, "ice", "irs-ice-2025", "f" * 64, BEGIN)
        self.events: list[Event] = []
        self.open: dict[int, HolderOrder] = {}
        self.answered: dict[int, Outcome] = {}
        self.ended: Outcome | None = None

    def try_(self, event: Event) -> bool:
        try:
            self.holding = after(self.holding, event)
        except CountersealError:
            self.events.append(event)  # a refused event may stand in the ledger all the same: it changes nothing
            return False
        self.events.append(event)
        return True

    @rule(hours=st.integers(0, 200))
    def time_goes_on(self, hours: int) -> None:
        self.now += timedelta(hours=hours)

    @rule(act=st.sampled_from([Act.ACKNOWLEDGED, Act.USED]))
    def holder_tells(self, act: Act) -> None:
        assert self.try_(Event(act, self.now)) == (self.ended is None)

    @rule(outcome=OUTCOMES)
    def holder_ends(self, outcome: Outcome) -> None:
        taken = self.try_(Event(Act.ENDED, self.now, outcome))
        assert taken == (self.ended is None and outcome in ENDS)
        if taken:
            self.end(outcome)

    @rule(ground=st.sampled_from(Ground), entry=st.integers(10, 14), hours=st.integers(-50, 150))
    def order(self, ground: Ground, entry: int, hours: int) -> None:
        made = HolderOrder(entry, ground, "D", self.now, self.now + timedelta(hours=hours), "0" * 64)
        new = self.ended is None and entry not in {*self.open, *self.answered}
        assert self.try_(Event(Act.ORDERED, self.now, ordered=made)) == new
        if new:
            self.open[entry] = made

    @rule(entry=st.integers(10, 14))
    def acknowledge(self, entry: int) -> None:
        assert self.try_(Event(Act.ORDER_ACKNOWLEDGED, self.now, order=entry)) == (entry in self.open)

    @rule(entry=st.integers(10, 14), outcome=OUTCOMES)
    def certify(self, entry: int, outcome: Outcome) -> None:
        right = entry in self.open and outcome in ANSWERS[self.open[entry].ground]
        assert self.try_(Event(Act.CERTIFIED, self.now, outcome, entry)) == right
        if right:
            self.open.pop(entry)
            self.answered[entry] = outcome
            if outcome in ENDS and self.ended is None:
                self.end(outcome)

    def end(self, outcome: Outcome) -> None:
        self.ended = outcome
        self.answered |= dict.fromkeys(self.open, outcome)
        self.open.clear()

    @invariant()
    def nothing_is_lost(self) -> None:
        assert {one.entry for one in self.holding.orders if one.outcome is None} == set(self.open)
        assert {one.entry: one.outcome for one in self.holding.orders if one.outcome} == self.answered
        assert self.holding.is_held == (self.ended is None)

    @invariant()
    def overdue_is_what_is_open_past_its_time(self) -> None:
        late = {entry for entry, one in self.open.items() if self.now > one.due}
        assert {one.entry for one in self.holding.orders if one.overdue(self.now)} == late
        assert self.holding.overdue(self.now) == bool(late)

    @precondition(lambda self: self.ended is not None)
    @invariant()
    def an_end_stays(self) -> None:
        assert self.holding.state in {State.RETURNED, State.DESTROYED}
        assert not self.holding.overdue(self.now + timedelta(days=9999))

    @invariant()
    def the_ledger_told_again_gives_the_same(self) -> None:
        begin = Holding(1, 0, "0" * 64, "ice", "irs-ice-2025", "f" * 64, BEGIN)
        assert life(begin, self.events) == self.holding


HeldPackage.TestCase.settings = settings(max_examples=60, stateful_step_count=25)
TestHeldPackage = HeldPackage.TestCase


@pytest.mark.parametrize(
    ("clock", "ends"),
    [
        ("24 hours", datetime(2026, 2, 6, 14, 0, tzinfo=UTC)),
        ("5 days", datetime(2026, 2, 10, 14, 0, tzinfo=UTC)),
        ("90 days", datetime(2026, 5, 6, 14, 0, tzinfo=UTC)),
        ("3 years", datetime(2029, 2, 5, 14, 0, tzinfo=UTC)),
        ("yearly", datetime(2027, 2, 5, 14, 0, tzinfo=UTC)),
        ("7 years; to be settled by counsel", datetime(2033, 2, 5, 14, 0, tzinfo=UTC)),
    ],
)
def test_a_duty_whose_time_is_read_wrongly(clock: str, ends: datetime):
    period = read_period(clock)
    assert period is not None
    assert period.after(BEGIN) == ends


@pytest.mark.parametrize(
    "clock", ["permanent", "on request", "until met", "to be settled by counsel", "", "0 days", "5days", "many days"]
)
def test_a_time_that_the_document_does_not_set(clock: str):
    assert read_period(clock) is None


def test_a_leap_day_that_has_no_anniversary():
    assert Period(1, "year").after(datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2029, 2, 28, tzinfo=UTC)
    assert Period(1, "month").after(datetime(2026, 12, 31, tzinfo=UTC)) == datetime(2027, 1, 31, tzinfo=UTC)


@given(
    start=st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001  # the zone follows
    many=st.integers(1, 500),
    unit=st.sampled_from(["hour", "day", "week", "month", "year"]),
)
def test_a_period_that_ends_before_it_begins(start: datetime, many: int, unit: str):
    end = Period(many, unit).after(start)
    assert start < end < Period(many + 1, unit).after(start)
    assert read_period(f"{many} {unit}s") == Period(many, unit)
