"""The clock by which entries are made: what leaps forward is refused before it is entered, and what only waits is not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from counterseal.core.clock import IDLE, LEAP, SteadyClock
from counterseal.errors import CountersealError

LAST = datetime(2026, 11, 20, 15, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class Machine:
    """A wall clock that can be set, and the seconds that the machine has run, which cannot."""

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.seconds = 1000.0

    def now(self) -> datetime:
        return self.at

    def ran(self) -> float:
        return self.seconds

    def pass_by(self, time: timedelta) -> None:
        self.at += time
        self.seconds += time.total_seconds()

    def steady(self, known: datetime | None = LAST, stated: date | None = None) -> SteadyClock:
        clock = SteadyClock(self, self.ran, stated)
        clock.begin(known)
        return clock


def refused(clock: SteadyClock) -> bool:
    try:
        clock.now()
    except CountersealError as fault:
        return fault.code == "clock-ahead"
    return False


@pytest.mark.parametrize(
    ("after", "leapt"),
    [(timedelta(0), False), (IDLE, False), (IDLE + SECOND, True), (timedelta(days=3650), True), (-IDLE, False)],
)
def test_a_leap_before_the_program_began(after: timedelta, leapt: bool):
    """A clock that stands before the last entry is let through: the ledger itself refuses it, and says why."""
    assert refused(Machine(LAST + after).steady()) == leapt


def test_a_leap_while_the_program_runs():
    machine = Machine(LAST + SECOND)
    clock = machine.steady()
    machine.at += LEAP
    assert not refused(clock)
    machine.at += SECOND
    assert refused(clock)
    machine.at -= SECOND
    assert not refused(clock)


def test_small_leaps_that_add_up():
    machine = Machine(LAST)
    clock = machine.steady()
    for _ in range(60):
        machine.at += LEAP / 60
        assert not refused(clock)
    machine.at += SECOND
    assert refused(clock)


def test_an_office_that_waits_and_is_not_believed():
    """The program was there all the time: the machine's own count bears its clock out, also over a year."""
    machine = Machine(LAST + SECOND)
    clock = machine.steady()
    machine.pass_by(timedelta(days=365))
    assert clock.now() == LAST + SECOND + timedelta(days=365)
    machine.at += LEAP + SECOND
    assert refused(clock)


def test_a_clock_that_is_set_right_after_the_start_and_refused_for_it():
    """A machine without a battery starts in 1970; nothing was entered by that, so the right time is no leap."""
    machine = Machine(datetime(1970, 1, 1, tzinfo=UTC))
    clock = machine.steady()
    assert not refused(clock)
    machine.at = LAST + timedelta(days=1)
    assert not refused(clock)
    machine.at += LEAP + SECOND
    assert refused(clock)


def test_a_clock_that_is_set_right_after_a_leap_and_refused_for_it():
    machine = Machine(LAST + timedelta(days=3650))
    clock = machine.steady()
    assert refused(clock)
    machine.at = LAST + timedelta(days=1)
    assert not refused(clock)


def test_a_day_that_a_person_states():
    """It stands in for the entries that were not made; it never holds a time back, and an old one says nothing more."""
    after = LAST + timedelta(days=100)
    assert not refused(Machine(after).steady(stated=after.date()))
    assert refused(Machine(after + IDLE + timedelta(days=1)).steady(stated=after.date()))
    assert not refused(Machine(LAST + SECOND).steady(stated=date(2020, 1, 1)))
    assert refused(Machine(after).steady(stated=date(2020, 1, 1)))


def test_a_first_entry_that_nothing_bears_out():
    machine = Machine(LAST)
    clock = machine.steady(known=None)
    assert not refused(clock)
    machine.at += LEAP + SECOND
    assert refused(clock)
