"""A run that something cuts, and what must stand when the same command has gone on."""

from __future__ import annotations

import os
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests import preloaded
from tests.conftest import once
from tests.flow.casework import POSTGRESQL

PROGRAM = Path(__file__).with_name("killed_run.py")
SOURCE = Path(__file__).parents[2] / "src"
SUBMISSION = "SYN-2026-0001"
SEED = int(os.environ.get("COUNTERSEAL_SEED", "7"))
CANARIES = ("ZZYZXWORTH", "987654321", "Traceback", "psycopg", "postgresql://", "127.0.0.1")


@pytest.fixture(scope="session")
def small_request(made_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from counterseal.synth.__main__ import submission

    folder = tmp_path_factory.mktemp("gone")
    submission(made_up / "people", 120, folder / "request", datetime(2026, 11, 2), seed=5)  # noqa: DTZ001  # a day
    shutil.copytree(made_up / "registry", folder / "registry")
    shutil.copy(made_up / "registry.key", folder / "registry.key")
    return folder


@pytest.fixture(scope="session")
def office_of_nobody(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty office on SQLite, made once."""

    def make(folder: Path) -> None:
        assert program(None, "init", str(folder), "--demo").returncode == 0

    return once(tmp_path_factory, "office-of-nobody", make)


@pytest.fixture
def empty_office(office_of_nobody: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return shutil.copytree(office_of_nobody, tmp_path / "office")


def program(
    database: str | None,
    *arguments: str,
    stops: int = 0,
    at: int = 0,
    delay: float = 0.0,
    count: Path = Path(os.devnull),
    also: dict[str, str] | None = None,
    within: float = 240,
    largest: int | None = None,
) -> subprocess.CompletedProcess[str]:
    """Run the program, cut as ``killed_run`` says; with ``largest`` no file of its may grow further, as on a full disk."""
    kept = {name: value for name, value in os.environ.items() if name != POSTGRESQL}
    environment = {**kept, "PYTHONPATH": str(SOURCE), "STOPS": str(stops), **(also or {})}
    if database:
        environment[POSTGRESQL] = database
    ended = preloaded.run(
        str(PROGRAM), count, at, delay, *arguments, environment=environment, seconds=within, largest=largest
    )
    if ended.late:
        raise subprocess.TimeoutExpired(arguments, within)
    return subprocess.CompletedProcess(arguments, ended.code, ended.out, ended.err)


def run(database: str | None, request: Path, office: Path, **stop: object):
    return program(
        database, "run", str(request / "request" / SUBMISSION), "--registry", str(request / "registry"),
        "--workspace", str(office), "--received-on", "2026-11-03", "--json", **stop,
    )  # fmt: skip


def sound(office: Path) -> list[dict[str, object]]:
    """Hold that the folder is whole and its ledger verifies; give the determinations."""
    verified = program(None, "ledger", "verify", str(office / "ledger"))
    assert verified.returncode == 0, verified.stderr
    assert not [path.name for path in (office / "unfinished").iterdir() if path.is_dir()]
    rows = pq.read_table(office / "batches" / SUBMISSION / "determinations.parquet").to_pylist()
    assert [row["row"] for row in rows] == list(range(1, 121))
    return rows


def said_plainly(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 2, (ended.returncode, ended.stderr)
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert "unexpected failure" not in ended.stderr
    assert "goes on" in ended.stderr or "[engine-" in ended.stderr, ended.stderr
    assert not [one for one in CANARIES if one in ended.stderr + ended.stdout], ended.stderr
