"""Rows that an engine put on the disk: whether they lie there when it is no more."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from counterseal.core.steps import Step
from counterseal.engine.duck import DuckEngine
from counterseal.engine.spill import Spill
from counterseal.errors import CountersealError

SPILLS = """
import sys
from pathlib import Path
from counterseal.engine.duck import DuckEngine
with DuckEngine(memory_limit="60MB", spill=Path(sys.argv[1])) as engine:
    engine.rows("SELECT s, count(*) FROM (SELECT 'ZZYZXWORTH' || hash(i) AS s FROM range(30000000) AS t(i)) "
                "GROUP BY s ORDER BY s LIMIT 3")
"""


def spilled(root: Path) -> list[Path]:
    return [path for path in root.rglob("*") if path.is_file() and path.stat().st_size]


def killed_while_spilling(root: Path) -> list[Path]:
    """Kill an engine's process once it has rows on the disk; give what lies there."""
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src")}
    running = subprocess.Popen([sys.executable, "-c", SPILLS, str(root)], env=environment)
    ends = time.monotonic() + 60
    while running.poll() is None and not spilled(root) and time.monotonic() < ends:
        time.sleep(0.02)
    os.kill(running.pid, signal.SIGKILL)
    running.wait(20)
    return spilled(root)


def test_rows_of_a_run_that_was_killed_lie_there_for_good(tmp_path: Path):
    assert killed_while_spilling(tmp_path)
    with DuckEngine(spill=tmp_path) as engine:
        assert engine.rows("SELECT 1") == [(1,)]
        assert not spilled(tmp_path)
    assert not list(tmp_path.iterdir())


def test_an_engine_at_work_loses_its_rows(tmp_path: Path):
    with DuckEngine(memory_limit="60MB", spill=tmp_path) as engine:
        first = list(tmp_path.iterdir())
        with DuckEngine(spill=tmp_path):
            assert set(first) < set(tmp_path.iterdir())
        assert list(tmp_path.iterdir()) == first
        ((counted,),) = engine.rows("SELECT count(*) FROM (SELECT DISTINCT hash(i) FROM range(4000000) AS t(i))")
        assert counted == 4_000_000
    assert not list(tmp_path.iterdir())


MANY = "SELECT s, count(*) AS n FROM (SELECT md5(i::VARCHAR) AS s FROM range(3000000) AS t(i)) GROUP BY s"


def test_a_request_that_fills_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The engine has its bound of the disk, is refused what is beyond it, and leaves nothing there."""
    monkeypatch.setattr("counterseal.engine.spill.MOST", 20 << 20)
    with DuckEngine(memory_limit="60MB", spill=tmp_path) as engine:
        with pytest.raises(CountersealError) as failed:
            engine.run([Step("many", MANY)])
        assert engine.rows("SELECT 1") == [(1,)]
    assert failed.value.code == "engine-memory"
    assert not list(tmp_path.iterdir())


def test_half_of_the_free_disk_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    total, used, free = shutil.disk_usage(tmp_path)
    usage = type("Usage", (), {"total": total, "used": used, "free": 30 << 20})
    monkeypatch.setattr("counterseal.engine.spill.shutil.disk_usage", lambda _: usage)
    spill = Spill(tmp_path)
    spill.close()
    assert spill.most == 15 << 20 < free


def test_what_was_spilled_is_not_said(tmp_path: Path):
    with DuckEngine(memory_limit="60MB", spill=tmp_path) as engine:
        engine.run([Step("few", "SELECT 1 AS one")])
        assert engine.spilled == 0
        engine.run([Step("many", MANY), Step("few", "SELECT 1 AS one")])
        assert engine.spilled > 1 << 20
        assert engine.beside().spilled == 0


def test_what_an_earlier_version_left(tmp_path: Path):
    (tmp_path / "duckdb_temp_25643_0_storage_DEFAULT-0.tmp").write_bytes(b"ZZYZXWORTH")
    with DuckEngine(spill=tmp_path):
        assert not spilled(tmp_path)


def test_others_may_read_it(tmp_path: Path):
    spill = Spill(tmp_path / "spill")
    assert spill.folder.stat().st_mode & 0o077 == 0
    spill.close()
    spill.close()
    assert not spill.folder.exists()
