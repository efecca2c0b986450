"""What the database itself refuses, whatever code stands before it."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from counterseal import wiring

RAW = [
    ("an official without a known role", "UPDATE store_official SET role = 'superuser'"),
    ("a case in a state that is none", "UPDATE store_case SET state = 'approved'"),
    ("a second case for a row", ("INSERT INTO store_case (submission_id, row, state, opened_at) "
     "SELECT submission_id, row, state, opened_at FROM store_case")),
    ("a submission without rows", "UPDATE store_submission SET row_count = 0"),
    ("a stop order that reaches nothing", "UPDATE store_stoporder SET scope = 'agency', reaches = ''"),
    ("an entry rewritten", "UPDATE store_ledgerentry SET entry = entry"),
    ("an entry deleted", "DELETE FROM store_ledgerentry"),
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
        cursor.execute(sql)


def test_models_and_migrations_have_drifted_apart(tables: Path):
    from django.core.management import call_command

    call_command("makemigrations", check=True, dry_run=True, verbosity=0, stdout=io.StringIO())
