"""An office of an earlier version: its history has to come through every migration whole and guarded."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from counterseal.cli import status

MIGRATIONS = Path(__file__).resolve().parents[2] / "src" / "counterseal" / "store" / "migrations"
EARLIER = sorted(path.stem for path in MIGRATIONS.glob("0*.py"))[1:-1]


def taken_back(root: Path, version: str) -> int:
    """Take the tables back to what a version had; give how many entries of the ledger they hold."""
    from counterseal.store.connection import point_at

    point_at(root)
    from django.core.management import call_command
    from django.db import connection, connections

    call_command("migrate", "store", version, verbosity=0, interactive=False)
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM store_ledgerentry")
        entries = int(cursor.fetchone()[0])
    connections.close_all()
    return entries


def officials(root: Path) -> list[tuple[object, ...]]:
    """Give every account of an office: name, role, and whether it is alive."""
    from counterseal.store.connection import point_at

    point_at(root)
    from django.db import connection, connections

    with connection.cursor() as cursor:
        cursor.execute("SELECT id, username, role, is_active FROM store_official ORDER BY id")
        found = [tuple(row) for row in cursor.fetchall()]
    connections.close_all()
    return found


def staffed(root: Path) -> list[tuple[object, ...]]:
    """Add an account in each role, one of them ended, and give them all."""
    from counterseal.store.connection import point_at

    point_at(root)
    from counterseal.core.official import Role
    from counterseal.store.models import Official

    for role in Role:
        Official.objects.create(username=role.value, role=role.value, is_active=role is not Role.CLERK)
    return officials(root)


@pytest.mark.parametrize("version", EARLIER)
def test_an_office_of_an_earlier_version_that_loses_its_history(
    tmp_path: Path, empty_database: None, version: str, capsys: pytest.CaptureFixture[str]
):
    """The tables are taken back to what that version had, with the ledger's entries in them, and brought forward."""
    root = tmp_path / "office"

    def size() -> int:
        capsys.readouterr()
        assert status(["ledger", "verify", str(root / "ledger"), "--json"]) == 0
        return int(json.loads(capsys.readouterr().out)["size"])

    assert status(["init", str(root), "--demo"]) == 0
    before, staff = size(), staffed(root)
    assert taken_back(root, version) == before
    assert status(["doctor", "--workspace", str(root), "--json"]) != 0  # what is not up to date is not called fit
    assert status(["upgrade", "--workspace", str(root)]) == 0
    assert status(["doctor", "--workspace", str(root), "--json"]) == 0
    assert size() >= before
    assert officials(root) == staff
