"""A durable act on the driver's own connection keeps what the mapper's transaction keeps."""

from __future__ import annotations

import shutil
import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from django.db import IntegrityError, OperationalError, connections, transaction
from django.test.utils import CaptureQueriesContext
from tests.ledger.conftest import CountedEntropy, TickingClock, open_log

from counterseal.errors import CountersealError
from counterseal.ledger.entry import read_entry
from counterseal.store.act import open_act
from counterseal.store.connection import point_at
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.store.ledger_log import LedgerLog


def enter(log: LedgerLog, rows: int = 0) -> int:
    with one_act():
        return log.append("received", {"rows": rows})


def entered(log: LedgerLog) -> list[object]:
    """What stands in the log, once its start-up check has hashed all of it again."""
    log.start()
    return [read_entry(log.entry(index))["body"]["rows"] for index in range(log.size_and_root()[0])]


def in_another_writer(office: Path, clock: TickingClock, rows: int) -> None:
    """Append through a connection and a log of its own, as another process does."""

    def work() -> None:
        enter(open_log(office, clock, CountedEntropy()), rows)
        connections.close_all()

    other = threading.Thread(target=work)
    other.start()
    other.join()


def test_an_entry_after_one_that_was_rolled_back(log: LedgerLog):
    enter(log, 1)
    with pytest.raises(ZeroDivisionError), one_act():
        log.append("received", {"rows": 2})
        raise ZeroDivisionError
    assert enter(log, 3) == 1
    assert entered(log) == [1, 3]


def test_an_entry_after_one_that_another_process_made(log: LedgerLog, office: Path, clock: TickingClock):
    enter(log, 1)
    in_another_writer(office, clock, 2)
    assert enter(log, 3) == 2
    with pytest.raises(ZeroDivisionError), one_act():
        log.append("received", {"rows": 4})
        raise ZeroDivisionError
    in_another_writer(office, clock, 5)  # in the place of what was rolled back
    assert enter(log, 6) == 4
    assert entered(log) == [1, 2, 3, 5, 6]


def test_a_time_that_was_rolled_back_holds_up_the_ledger(log: LedgerLog, clock: TickingClock):
    enter(log, 1)
    clock.at += timedelta(days=1)
    with pytest.raises(ZeroDivisionError), one_act():
        log.append("received", {"rows": 2})
        raise ZeroDivisionError
    clock.at -= timedelta(days=1)
    enter(log, 3)
    clock.at -= timedelta(hours=1)
    with pytest.raises(CountersealError, match="clock-back"):
        enter(log, 4)
    assert entered(log) == [1, 3]


def test_an_act_within_an_act(log: LedgerLog):
    with one_act():
        log.append("received", {"rows": 1})
        with pytest.raises(RuntimeError), one_act():
            pass
        log.append("received", {"rows": 2})
    assert entered(log) == [1, 2]


def test_a_commit_that_is_refused_and_keeps_its_entry(log: LedgerLog):
    enter(log, 1)

    def act() -> None:
        with one_act():
            log.append("received", {"rows": 2})
            connections["default"].cursor().execute(
                "INSERT INTO store_ledgeropening (entry_id, field, salt_sha256, sealed) VALUES (7, 'a', 'b', x'00')"
            )  # of an entry that is not there: SQLite looks when it commits

    with pytest.raises(IntegrityError):
        act()
    assert open_act("default") is None
    enter(log, 3)
    assert entered(log) == [1, 3]


def test_an_act_that_cannot_begin(log: LedgerLog, office: Path):
    enter(log, 1)
    connections["default"].cursor().execute("PRAGMA busy_timeout = 1")
    holding, held = threading.Event(), threading.Event()

    def hold() -> None:
        with one_act():
            held.set()
            holding.wait(10)
        connections.close_all()

    other = threading.Thread(target=hold)
    other.start()
    held.wait(10)
    with pytest.raises(OperationalError):
        enter(log, 2)
    holding.set()
    other.join()
    assert open_act("default") is None
    enter(log, 3)
    assert entered(log) == [1, 3]


def test_a_statement_after_one_that_broke_the_act(log: LedgerLog):
    enter(log, 1)
    with pytest.raises(transaction.TransactionManagementError), one_act():
        transaction.set_rollback(True)
        log.append("received", {"rows": 2})
    with one_act():
        log.append("received", {"rows": 3})
        transaction.set_rollback(True)
    assert entered(log) == [1]


def test_an_act_in_the_office_that_was_left(log: LedgerLog, office: Path, clock: TickingClock, tmp_path: Path):
    """The connection that a thread keeps is of the database in use, not of the one before."""
    connections["default"].cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(office / "counterseal.sqlite3", other / "counterseal.sqlite3")
    enter(log, 1)
    before = connections["default"]
    point_at(other)
    before.ensure_connection()  # somebody still holds the connection that was
    with one_act():
        there = open_log(other, clock, CountedEntropy())
        there.append("received", {"rows": 2})
        assert there.size_and_root()[0] == 1
    before.close()
    assert entered(there) == [2]
    point_at(office)
    assert entered(log) == [1]


def test_statements_that_are_watched_and_not_seen(log: LedgerLog):
    enter(log, 0)  # the next goes the short way, where nobody watches
    with CaptureQueriesContext(connections["default"]) as seen:
        enter(log, 1)
    assert seen.captured_queries[0]["sql"] == "BEGIN IMMEDIATE"
    assert entered(log) == [0, 1]


def test_statements_that_a_wrapper_is_to_see_and_does_not(log: LedgerLog):
    seen = []

    def watch(execute, sql, *rest):
        seen.append(sql)
        return execute(sql, *rest)

    enter(log, 0)
    with connections["default"].execute_wrapper(watch):
        enter(log, 1)
    assert seen[0] == "BEGIN IMMEDIATE"
    assert entered(log) == [0, 1]


def test_an_entry_by_the_mappers_transaction(log: LedgerLog):
    """Whatever begins the transaction, an entry follows the last one."""
    enter(log, 1)
    with transaction.atomic():
        log.append("received", {"rows": 2})
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            log.append("received", {"rows": 3})
            raise ZeroDivisionError
        log.append("received", {"rows": 4})
    enter(log, 5)
    assert entered(log) == [1, 2, 4, 5]
