"""A clock that leaps forward: what it does to a ledger without a guard, and that nothing is entered with one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.ledger.conftest import open_log
from tests.ledger.test_log import enter, verify

from counterseal.core.clock import SteadyClock
from counterseal.errors import CountersealError
from counterseal.store.ledger_time import last_entered

if TYPE_CHECKING:
    from pathlib import Path

    from tests.ledger.conftest import CountedEntropy, TickingClock

    from counterseal.store.ledger_log import LedgerLog

YEARS = timedelta(days=3650)


def test_what_a_leap_does_that_nobody_refuses(log: LedgerLog, clock: TickingClock):
    """The damage: one entry of a day ten years on, and nothing more can be entered or signed until then."""
    enter(log)
    log.publish()
    clock.at += YEARS
    enter(log)
    clock.at -= YEARS
    with pytest.raises(CountersealError, match="clock-back"):
        enter(log)
    clock.at += YEARS
    log.publish()
    assert verify(log) == 2, "it is sound for everybody who reads it"
    clock.at -= YEARS
    with pytest.raises(CountersealError, match="clock-back"):
        enter(log)


@pytest.mark.parametrize("while_running", [False, True], ids=["before the start", "while it runs"])
def test_a_leap_that_is_entered(
    office: Path, log: LedgerLog, clock: TickingClock, entropy: CountedEntropy, while_running: bool
):
    enter(log)
    log.publish()
    if not while_running:
        clock.at += YEARS
    steady = SteadyClock(clock, lambda: 0.0)
    steady.begin(last_entered())
    guarded = open_log(office, steady, entropy)
    if while_running:
        enter(guarded)
        guarded.publish()
        clock.at += YEARS
    size, _ = guarded.size_and_root()
    with pytest.raises(CountersealError, match="clock-ahead"):
        enter(guarded)
    clock.at -= YEARS
    enter(guarded)
    guarded.publish()
    assert verify(guarded) == guarded.size_and_root()[0] == size + 1


def test_a_checkpoint_that_is_signed_after_a_leap(
    office: Path, log: LedgerLog, clock: TickingClock, entropy: CountedEntropy
):
    steady = SteadyClock(clock, lambda: 0.0)
    steady.begin(last_entered())
    guarded = open_log(office, steady, entropy)
    enter(guarded)
    clock.at += YEARS
    with pytest.raises(CountersealError, match="clock-ahead"):
        guarded.publish()
    clock.at -= YEARS
    guarded.publish()
    assert verify(guarded) == 1
