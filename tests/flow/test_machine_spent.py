"""Memory or disk that gives out while a run is under way: said in one line, and the same command goes on."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from tests.flow.cut_run import SEED, run, said_plainly, sound

from counterseal.cli.failures import machine_failure
from counterseal.engine.duck import DuckEngine
from counterseal.errors import CountersealError, NotLoadedError

if TYPE_CHECKING:
    from pathlib import Path


def _fails_again_and_again(request: Path, empty: Path, what: str, times: int, seed: int) -> None:
    """Let runs fail at points of chance, and hold each that came through against one that was not disturbed."""
    chance = random.Random(seed)  # noqa: S311  # where it fails, the same each time
    count = empty.parent / "count"
    shutil.copytree(empty, empty.parent / "undisturbed")
    assert run(None, request, empty.parent / "undisturbed", count=count).returncode == 0
    expected, steps = sound(empty.parent / "undisturbed"), int(count.read_text(encoding="utf-8"))
    for turn in range(times):
        office = empty.parent / f"office-{turn}"
        shutil.copytree(empty, office)
        ended = run(None, request, office, at=chance.randint(1, steps), also={"FAILS": what})
        if ended.returncode:
            said_plainly(ended)
        resumed = run(None, request, office)
        assert resumed.returncode == 0 or "already-received" in resumed.stderr, (ended.stderr, resumed.stderr)
        assert sound(office) == expected
        shutil.rmtree(office)


@pytest.mark.thorough
@pytest.mark.skipif(
    bool(os.environ.get("COUNTERSEAL_DATABASE_URL")), reason="each office has an SQLite file of its own"
)
@pytest.mark.parametrize("what", ["memory", "disk"])
def test_memory_or_room_that_gives_out_leaves_half_an_answer(small_request: Path, empty_office: Path, what: str):
    _fails_again_and_again(small_request, empty_office, what, 4, seed=3)


@pytest.mark.long
@pytest.mark.parametrize("what", ["memory", "disk"])
def test_it_gives_out_at_thirty_points(small_request: Path, empty_office: Path, what: str):
    _fails_again_and_again(small_request, empty_office, what, 30, seed=SEED)


@pytest.mark.long
@pytest.mark.parametrize("megabytes", [5, 60, 250])
def test_a_process_that_may_take_little_memory(small_request: Path, empty_office: Path, megabytes: int):
    """Under a limit on addresses the libraries may crash or stand still; it is then as if it had been killed."""
    with contextlib.suppress(subprocess.TimeoutExpired):
        ended = run(None, small_request, empty_office, also={"MEGABYTES": str(megabytes)}, within=60)
        if ended.returncode > 0 and "thread-local data: ABORT" not in ended.stderr:  # the C library's own end, 127
            said_plainly(ended)
    resumed = run(None, small_request, empty_office)

    assert resumed.returncode == 0 or "already-received" in resumed.stderr, resumed.stderr
    sound(empty_office)


def test_the_engine_is_given_too_little_memory(tmp_path: Path):
    with DuckEngine(memory_limit="1MB", spill=None) as engine, pytest.raises(CountersealError) as failed:
        engine.rows("SELECT count(*) FROM (SELECT DISTINCT hash(i) FROM range(3000000) AS t(i))")
    assert failed.value.code == "engine-memory"
    assert "--memory-limit" in str(failed.value)


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (NotLoadedError(), "not-loaded"),
        (MemoryError(), "memory-spent"),
        (OSError(28, "No space left on device", "/people/ZZYZXWORTH.csv"), "disk-full"),
        (OSError(5, "Input/output error", "/people/ZZYZXWORTH.csv"), "file-failed"),
        (RuntimeError("can't start new thread"), "memory-spent"),
    ],
)
def test_a_failure_of_the_machine_tells_a_name(failure: Exception, code: str):
    told = machine_failure(failure)
    assert told is not None
    assert told.code == code
    assert "ZZYZXWORTH" not in str(told)


def test_a_failure_of_the_program_passes_for_one_of_the_machine():
    assert machine_failure(AssertionError("a row has no determination")) is None
