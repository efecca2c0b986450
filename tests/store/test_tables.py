"""What the database itself refuses, whatever code stands before it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from counterseal import wiring
from counterseal.store.standing_triggers import PLACES

LIFTED = (
    "UPDATE store_stoporder SET lifted_at = '2026-11-03', lifted_by = 'b', lift_asked_by = 'a', lift_entry = {entry}"
)
RAW = [
    ("an official without a known role", "UPDATE store_official SET role = 'superuser'"),
    ("a case in a state that is none", "UPDATE store_case SET state = 'approved'"),
    ("a second case for a row", ("INSERT INTO store_case (submission_id, row, state, opened_at) "
     "SELECT submission_id, row, state, opened_at FROM store_case")),
    ("a submission without rows", "UPDATE store_submission SET row_count = 0"),
    ("a stop order that reaches nothing", "UPDATE store_stoporder SET scope = 'agency', reaches = ''"),
    ("an entry rewritten", "UPDATE store_ledgerentry SET entry = entry"),
    ("an entry deleted", "DELETE FROM store_ledgerentry"),
    ("a stop order deleted", "DELETE FROM store_stoporder"),
    ("a stop order that says something else", "UPDATE store_stoporder SET authority = 'nobody'"),
    ("a stop order that reaches somebody else", "UPDATE store_stoporder SET reaches = 'nobody'"),
    ("a stop order lifted without an entry", LIFTED.format(entry="NULL")),
    ("a stop order in force once more", (LIFTED.format(entry="2") + "; UPDATE store_stoporder SET lifted_at = NULL")),
]  # fmt: skip


@pytest.fixture
def tables(tmp_path: Path, empty_database: None) -> Path:
    wiring.establish(tmp_path / "office", demonstration=True)
    wiring.open_office(tmp_path / "office")
    from django.utils.timezone import now

    from counterseal.core.official import Role
    from counterseal.store.models import Case, StopOrder, Submission
    from counterseal.store.officials import set_sign_in

    set_sign_in("somebody", Role.SPECIALIST, "a-password-for-a-test")
    held = Submission.objects.create(
        id="S-1", agency_id="ice", agreement="irs-ice-2025", agreement_version="1.0.0", agreement_digest="0" * 64,
        manifest_sha256="1" * 64, rows_sha256="2" * 64, row_count=1, signed_on="2026-11-02",
        received_on="2026-11-03", received_at=now(),
    )  # fmt: skip
    Case.objects.create(submission=held, row=1, opened_at=now())
    StopOrder.objects.create(scope="agency", reaches="ice", authority="A court", issued_at=now(), issue_entry=1)
    return tmp_path / "office"


@pytest.mark.parametrize(("what", "sql"), RAW, ids=[what for what, _ in RAW])
def test_raw_sql_goes_round_the_office(tables: Path, what: str, sql: str):
    from django.db import DatabaseError, connection, transaction

    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        for statement in sql.split("; "):
            cursor.execute(statement)


@pytest.mark.parametrize("table", sorted(PLACES))
def test_a_row_that_stands_and_is_replaced(tables: Path, table: str):
    """SQLite's own way round a trigger on deletion: whichever of a row's keys the other one shares."""
    from django.db import DatabaseError, connection, transaction

    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no such statement")
    with connection.cursor() as cursor:
        unique = cursor.execute(f"SELECT name FROM pragma_index_list('{table}') WHERE \"unique\"").fetchall()
        found = {
            frozenset(
                column for (column,) in cursor.execute(f"SELECT name FROM pragma_index_info('{name}')").fetchall()
            )
            for (name,) in unique
        }
    assert {frozenset(columns) for columns in PLACES[table]} == found | {frozenset({"id"})}
    if table not in {"store_case", "store_stoporder"}:
        return
    columns = [one.name for one in connection.introspection.get_table_description(connection.cursor(), table)]
    rows = f"INSERT OR REPLACE INTO {table} ({', '.join(columns)}) SELECT {', '.join(columns)} FROM {table}"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(rows)


def test_models_and_migrations_have_drifted_apart(tables: Path):
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0, stdout=io.StringIO())
