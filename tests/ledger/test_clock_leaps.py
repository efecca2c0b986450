"""A clock that leaps forward: what it does to a ledger without a guard, and that nothing is entered with one."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.ledger.conftest import ORIGIN, open_log, signers
from tests.ledger.test_log import enter, verify

from counterseal.core.clock import SteadyClock
from counterseal.errors import CountersealError
from counterseal.ledger.folder import LedgerFolder, prove_growth
from counterseal.ledger.mirror import Mirror, write_upload
from counterseal.ledger.note import read_head
from counterseal.ledger.witness import Witness, write_request
from counterseal.store.ledger_time import last_entered
from counterseal.store.witness_book import WitnessFile
from counterseal.vault.keys import WITNESS_KEYS
from counterseal.vault.signing import check_signature

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


@pytest.mark.parametrize("kind", ["witness", "mirror"])
def test_a_witness_that_signs_under_a_year_to_come(log: LedgerLog, clock: TickingClock, tmp_path: Path, kind: str):
    """It would refuse every checkpoint until then; it signs nothing, and goes on when its clock is right."""
    book, keys = WitnessFile(tmp_path / "w"), {ORIGIN: list(log.keys)}
    steady = SteadyClock(clock, lambda: 0.0)
    made = signers("w", WITNESS_KEYS)
    mirror = Mirror(made, keys, book, steady, check_signature)
    witness = Witness(made, keys, book.witnessed, steady, check_signature)

    def asked(old: int) -> int:
        note = log.publish()
        folder, head = LedgerFolder(log.folder), read_head(note)
        request = write_request(old, prove_growth(folder, old, head.size), note)
        status = (witness if kind == "witness" else mirror).add_checkpoint(request).status
        if kind == "witness" or status != 200:
            return status
        return mirror.add_entries(write_upload(folder, head, old, b"")).status

    enter(log)
    assert asked(0) == 200
    enter(log)
    log.publish()
    clock.at += YEARS
    assert asked(1) == 503
    clock.at -= YEARS
    assert asked(1) == 200


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
