"""Each system call that touches a file fails in turn, or the process dies in it; then the office starts again."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.db import connections
from tests.ledger.crash_states import ROOT
from tests.ledger.test_crash import look

pytestmark = pytest.mark.skipif(shutil.which("strace") is None, reason="strace makes the faults")

CALLS = ("fdatasync", "fsync", "pwrite64", "rename", "ftruncate")
FAULTS = ("error=EIO", "error=ENOSPC", "signal=KILL")
WRITER = Path(__file__).parent / "crash_writer.py"


def run(folder: Path, *inject: str) -> tuple[int, list[str]]:
    """Run the writer with faults injected; give its exit status and what it said before."""
    call = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={','.join(CALLS)}"]
    for fault in inject:
        call += ["-e", f"inject={fault}"]
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [*call, sys.executable, str(WRITER), str(folder)], env=environment, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout.split("\n")[:-1]


def fresh(database: Path, folder: Path) -> Path:
    connections.close_all()
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(database, folder / "counterseal.sqlite3")
    return folder


def count_calls(database: Path, folder: Path) -> dict[str, int]:
    counted = folder.parent / "counted"
    environment = os.environ | {"PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "PYTHONDONTWRITEBYTECODE": "1"}
    fresh(database, folder)
    subprocess.run(
        [
            "strace",
            "-f",
            "-qq",
            "-o",
            str(counted),
            "-e",
            f"trace={','.join(CALLS)}",
            sys.executable,
            str(WRITER),
            str(folder),
        ],
        env=environment,
        capture_output=True,
        check=True,
    )
    text = counted.read_text()
    return {call: len(re.findall(rf"\b{call}\(", text)) for call in CALLS}


def try_fault(database: Path, folder: Path, fault: str) -> None:
    fresh(database, folder)
    status, said = run(folder, fault)
    try:
        assert status or said[-1:] == ["witnessed 5"], "it went on after a fault without finishing"
        look(folder, said)
    except Exception as error:
        raise AssertionError(fault) from error


@pytest.mark.thorough
@pytest.mark.parametrize("fault", ["fdatasync:error=EIO:when=9", "fsync:signal=KILL:when=31"])
def test_a_fault_that_loses_what_was_acknowledged(empty_database: Path, tmp_path: Path, fault: str):
    try_fault(empty_database, tmp_path / "office", fault)


@pytest.fixture(scope="module")
def counts(empty_database: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, int]:
    found = count_calls(empty_database, tmp_path_factory.mktemp("counts") / "office")
    assert found["fdatasync"] > 10
    return found


@pytest.mark.long
@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("call", CALLS)
def test_any_fault_that_loses_what_was_acknowledged(
    empty_database: Path, tmp_path: Path, counts: dict[str, int], call: str, fault: str
):
    for when in range(1, counts[call] + 1):
        try_fault(empty_database, tmp_path / "office", f"{call}:{fault}:when={when}")


@pytest.mark.long
def test_a_fault_in_the_recovery_from_a_fault(empty_database: Path, tmp_path: Path):
    """Two faults: one while writing, one while the next start mends what the first left."""
    folder = tmp_path / "office"
    for first in range(2, 30, 9):
        for second in range(1, 12, 5):
            fresh(empty_database, folder)
            _, said = run(folder, f"fsync:signal=KILL:when={first}")
            again, more = run(folder, f"fsync:error=EIO:when={second}")
            entered = [line for line in [*said, *more] if line.startswith("entered")]
            assert again or more
            look(folder, entered)
