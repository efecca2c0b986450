"""The same log on PostgreSQL: append-only, guarded, one writer at a time."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.db import DatabaseError, connections, transaction
from pydantic import SecretStr
from tests.ledger.conftest import CountedEntropy, TickingClock, open_log
from tests.ledger.test_log import enter, verify

from counterseal.errors import CountersealError
from counterseal.store.connection import make_tables, point_at
from counterseal.store.ledger_fsck import inspect
from counterseal.store.ledger_triggers import POSTGRESQL_FUNCTIONS, postgresql_triggers
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal.store.ledger_log import LedgerLog

pytestmark = pytest.mark.postgresql


@pytest.fixture
def postgresql_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, clock: TickingClock, entropy: CountedEntropy, unblocked: None
) -> Iterator[LedgerLog]:
    """A log in a database of its own, dropped afterwards."""
    url = os.environ["COUNTERSEAL_DATABASE_URL"]
    name = f"ledger_{os.getpid()}"
    point_at(tmp_path)
    with connections["default"].cursor() as cursor:
        cursor.execute(f"DROP DATABASE IF EXISTS {name}")
        cursor.execute(f"CREATE DATABASE {name}")
    monkeypatch.setattr(settings.ENVIRONMENT, "database_url", SecretStr(f"{url.rpartition('/')[0]}/{name}"))
    point_at(tmp_path)
    make_tables()
    yield open_log(tmp_path, clock, entropy)
    monkeypatch.undo()
    point_at(tmp_path)
    with connections["default"].cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")
    connections.close_all()


def test_a_published_ledger_that_does_not_verify(postgresql_log: LedgerLog):
    for size in (1, 301):
        enter(postgresql_log, size - postgresql_log.size_and_root()[0])
        postgresql_log.publish()
        assert verify(postgresql_log) == size
    postgresql_log.start()
    assert inspect(postgresql_log.folder, [one.key for one in postgresql_log._signers], check_signature) == []
    assert postgresql_log.opening(0, "submission").value == "S-0"


def test_history_that_can_be_rewritten(postgresql_log: LedgerLog):
    enter(postgresql_log)
    postgresql_log.publish()
    for statement in (
        "UPDATE store_ledgerentry SET kind = 'lift'",
        "DELETE FROM store_ledgerentry",
        "TRUNCATE store_ledgerentry CASCADE",
        'INSERT INTO store_ledgerentry SELECT "index" + 7, kind, at, entry, peaks FROM store_ledgerentry',
        "UPDATE store_ledgercheckpoint SET note = ''",
        "DELETE FROM store_ledgercheckpoint",
        "TRUNCATE store_ledgercheckpoint CASCADE",
        "INSERT INTO store_ledgercheckpoint SELECT size - 1, at, note FROM store_ledgercheckpoint",
        "UPDATE store_ledgeropening SET sealed = ''",
        "SET session_replication_role = replica; DELETE FROM store_ledgerentry",
    ):
        with pytest.raises(DatabaseError), transaction.atomic(), connections["default"].cursor() as cursor:
            cursor.execute(statement)
    postgresql_log.start()
    assert postgresql_log.destroy_openings(0) == 1


def test_a_missing_or_sleeping_trigger_that_goes_unnoticed(postgresql_log: LedgerLog):
    for name, statement in postgresql_triggers().items():
        table = statement.split(" ON ")[1].split(" ")[0]
        for undo in (f"DISABLE TRIGGER {name}", f"ENABLE TRIGGER {name}"):
            with connections["default"].cursor() as cursor:
                cursor.execute(f"ALTER TABLE {table} {undo}")
            with pytest.raises(CountersealError, match="ledger-unguarded"):
                postgresql_log.start()
        with connections["default"].cursor() as cursor:
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")
    postgresql_log.start()
    for name in POSTGRESQL_FUNCTIONS:
        with transaction.atomic():
            with connections["default"].cursor() as cursor:
                cursor.execute(
                    f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'"
                )
            with pytest.raises(CountersealError, match="ledger-unguarded"):
                postgresql_log.start()
            transaction.set_rollback(True)


@pytest.mark.parametrize(
    "other",
    [
        "BEFORE UPDATE OR DELETE ON store_savedfilter FOR EACH ROW EXECUTE FUNCTION counterseal_append_only()",
        "BEFORE UPDATE ON store_ledgerentry FOR EACH ROW EXECUTE FUNCTION counterseal_append_only()",
        "BEFORE UPDATE OF kind OR DELETE ON store_ledgerentry FOR EACH ROW EXECUTE FUNCTION counterseal_append_only()",
        "BEFORE DELETE OR UPDATE ON store_ledgerentry FOR ROW WHEN (true) EXECUTE FUNCTION counterseal_append_only()",
        "BEFORE UPDATE OR DELETE ON store_ledgerentry FOR EACH STATEMENT EXECUTE FUNCTION counterseal_append_only()",
        "AFTER UPDATE OR DELETE ON store_ledgerentry FOR EACH ROW EXECUTE FUNCTION counterseal_append_only()",
        "BEFORE UPDATE OR DELETE ON store_ledgerentry FOR EACH ROW EXECUTE FUNCTION counterseal_in_order()",
    ],
)
def test_a_trigger_that_has_the_name_and_does_something_else(postgresql_log: LedgerLog, other: str):
    name = "store_ledgerentry_stands"
    with connections["default"].cursor() as cursor:
        cursor.execute(f"DROP TRIGGER {name} ON store_ledgerentry")
        cursor.execute(f"CREATE TRIGGER {name} {other}")
        cursor.execute(f"ALTER TABLE {other.partition(' ON ')[2].partition(' ')[0]} ENABLE ALWAYS TRIGGER {name}")
    with pytest.raises(CountersealError, match=name):
        postgresql_log.start()


def test_two_writers_that_take_one_place(postgresql_log: LedgerLog, tmp_path: Path):
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            mine = open_log(tmp_path, postgresql_log._clock, CountedEntropy())
            mine._entropy.count = 1000 * number
            for _ in range(10):
                enter(mine)
                mine.publish()
        except BaseException as error:  # noqa: BLE001 - a thread's failure is the test's
            failures.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert verify(postgresql_log) == postgresql_log.size_and_root()[0] == 30


def test_a_commit_that_a_power_cut_takes_back(postgresql_log: LedgerLog):
    with connections["default"].cursor() as cursor:
        cursor.execute("SET synchronous_commit = off")
    with pytest.raises(CountersealError, match="ledger-not-durable"):
        postgresql_log.start()
