"""A verification by several processes, and while the ledger is written."""

from __future__ import annotations

import os
import signal
import threading
from typing import TYPE_CHECKING

import pytest
from tests.ledger.test_log import enter, trusted, verify

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.folder import LedgerFolder, prove_entry, verify_folder
from counterseal.ledger.receipt import read_receipt, verify_receipt
from counterseal.ledger.tree import leaf_hash
from counterseal.ledger_wiring import on_all_cores
from counterseal.vault.signing import check_signature
from counterseal_verify import verify as second

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.store.ledger_log import LedgerLog


def _missing(part: int) -> int:
    raise CheckFailedError("ledger-file", f"The ledger lacks {part}.")


def _killed_at_six(part: int) -> int:
    if part == 6:
        os.kill(os.getpid(), signal.SIGKILL)
    return part


def test_damage_that_a_verification_by_several_processes_overlooks(log: LedgerLog, monkeypatch: pytest.MonkeyPatch):
    """Whatever is wrong in whichever part is told as one process tells it, and what is sound is found sound."""
    monkeypatch.setattr("counterseal.ledger.folder.PART", 256)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1, 2})
    enter(log, 1100)
    log.publish()
    folder = LedgerFolder(log.folder)

    def told(spread: Callable[..., object]) -> object:
        try:
            return verify_folder(folder, trusted(log), check_signature, spread=spread)
        except CheckFailedError as error:
            return type(error), error.code, error.message, error.where

    sound = told(on_all_cores)
    assert sound == told(map)
    assert sound.kinds == {"received": 1100}
    places = (("entries/000", 9), ("entries/002", 30_000), ("entries/004.p/76", 40), ("0/003", 70), ("1/000.p/4", 5))
    for name, at in places:
        path = log.folder / "tile" / name
        held = path.read_bytes()
        for damaged in (held[:at] + bytes([held[at] ^ 1]) + held[at + 1 :], held[:-1]):
            path.write_bytes(damaged)
            assert told(on_all_cores) == told(map) != sound
        path.write_bytes(held)
    path = log.folder / "tile" / "entries" / "003"
    path.rename(path.with_name("gone"))
    assert told(on_all_cores) == told(map) != sound


def test_a_ledger_that_says_it_is_larger_than_any(monkeypatch: pytest.MonkeyPatch):
    """Its parts are not begun all at once, and the first that is missing ends it."""
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(CheckFailedError, match="ledger-file"):
        list(on_all_cores(_missing, range(0, 2**62, 16_384)))


def test_a_process_of_a_verification_that_is_killed(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1})
    with pytest.raises(CountersealError, match="verification-cut"):
        list(on_all_cores(_killed_at_six, range(8)))


@pytest.mark.thorough
def test_a_ledger_that_does_not_verify_while_it_is_written(log: LedgerLog):
    """Readers verify the whole folder and an entry's receipt, again and again, while it grows past its tiles' edges."""
    enter(log)
    log.publish()
    seen: list[list[int]] = [[], []]
    failures: list[BaseException] = []
    done = threading.Event()

    def read(sizes: list[int]) -> None:
        folder = LedgerFolder(log.folder)
        try:
            while not done.is_set():
                size = verify_folder(folder, trusted(log), check_signature).head.size
                sizes.append(size)
                second.ledger(log.folder, second.Policy(f"log {log._signers[0].key}\nquorum none\n"))
                receipt = str(prove_entry(folder, size // 2)).encode()
                verify_receipt(
                    read_receipt(receipt), leaf_hash(folder.entry(size // 2, size)), trusted(log), check_signature
                )
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)

    readers = [threading.Thread(target=read, args=(sizes,)) for sizes in seen]
    for reader in readers:
        reader.start()
    for _ in range(20):
        enter(log, 38)
        log.publish()
    done.set()
    for reader in readers:
        reader.join()
    assert failures == []
    assert all(sizes == sorted(sizes) and len(set(sizes)) > 3 for sizes in seen)
    assert verify(log) == 761
