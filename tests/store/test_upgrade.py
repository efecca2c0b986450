"""An office of an earlier version: its history has to come through every migration whole and guarded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

MIGRATIONS = Path(__file__).resolve().parents[2] / "src" / "counterseal" / "store" / "migrations"
EARLIER = sorted(path.stem for path in MIGRATIONS.glob("0*.py"))[1:-1]
OLD_OFFICE = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from counterseal.store.connection import point_at
root = Path(sys.argv[1])
point_at(root)
from django.core.management import call_command
from django.db import connection
call_command("migrate", "store", sys.argv[2], verbosity=0, interactive=False)
with connection.cursor() as cursor:
    cursor.execute("SELECT count(*) FROM store_ledgerentry")
    print(cursor.fetchone()[0])
"""


def told(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, check=False, capture_output=True, text=True)


def counterseal(*words: str) -> subprocess.CompletedProcess[str]:
    return told(str(Path(sys.executable).with_name("counterseal")), *words)


@pytest.mark.parametrize("version", EARLIER)
def test_an_office_of_an_earlier_version_that_loses_its_history(tmp_path: Path, empty_database: None, version: str):
    """The tables are taken back to what that version had, with the ledger's entries in them, and brought forward."""
    root = tmp_path / "office"
    assert counterseal("init", str(root), "--demo").returncode == 0
    before = json.loads(counterseal("ledger", "verify", str(root / "ledger"), "--json").stdout)
    back = told(sys.executable, "-c", OLD_OFFICE, str(root), version)
    assert back.returncode == 0, back.stderr[-600:]
    assert int(back.stdout) == before["size"]
    found = counterseal("doctor", "--workspace", str(root), "--json")
    assert found.returncode != 0  # an office that is not up to date is not called fit
    done = counterseal("upgrade", "--workspace", str(root))
    assert done.returncode == 0, done.stderr
    found = counterseal("doctor", "--workspace", str(root), "--json")
    assert found.returncode == 0, found.stdout + found.stderr
    assert json.loads(counterseal("ledger", "verify", str(root / "ledger"), "--json").stdout)["size"] >= before["size"]
