"""A run that is killed at any point goes on by the same command: no second determination, no gap."""

from __future__ import annotations

import json
import os
import random
import shutil
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.flow.cut_run import SEED, SUBMISSION, program, run

from counterseal import wiring
from counterseal.errors import CountersealError
from counterseal.vault.durable import worked_on_alone

KILLED = -9
pytestmark = pytest.mark.skipif(
    bool(os.environ.get("COUNTERSEAL_DATABASE_URL")), reason="each run has a database of its own in its folder"
)


def _left(office: Path) -> dict[str, object]:
    batch = office / "batches" / SUBMISSION
    with wiring_book(office) as (size, kinds):
        verified = program(None, "ledger", "verify", str(office / "ledger"))
        return {
            "determinations": pq.read_table(batch / "determinations.parquet").to_pylist(),
            "response": (batch / "response.jsonl").read_bytes(),
            "files": sorted(path.name for path in batch.iterdir()),
            "size": size,
            "kinds": kinds,
            "verified": (verified.returncode, verified.stderr),
            "published": int((office / "ledger" / "checkpoint").read_text(encoding="utf-8").split("\n")[1]) == size,
            "unfinished": [path.name for path in (office / "unfinished").iterdir() if path.is_dir()],
        }


class wiring_book:  # noqa: N801  # reads as a word
    """The database as it lies there: how many entries, and which, by their kind; how many cases."""

    def __init__(self, office: Path) -> None:
        import sqlite3

        self._held = sqlite3.connect(office / "counterseal.sqlite3")

    def __enter__(self) -> tuple[int, list[object]]:
        entries = [json.loads(body)["kind"] for (body,) in self._held.execute("SELECT entry FROM store_ledgerentry")]
        cases = self._held.execute("SELECT count(*), count(DISTINCT row) FROM store_case").fetchall()
        return len(entries), [sorted(entries), cases]

    def __exit__(self, *_: object) -> None:
        self._held.close()


def _killed_again_and_again(request: Path, empty: Path, kills: int, seed: int) -> int:
    """Kill runs until ``kills`` have been killed; give after how many completed runs all was compared."""
    chance = random.Random(seed)  # noqa: S311  # where to kill, the same each time
    scratch = empty.parent
    count = scratch / "count"
    shutil.copytree(empty, scratch / "undisturbed")
    whole = run(None, request, scratch / "undisturbed", count=count)
    assert whole.returncode == 0, whole.stderr
    expected, steps = _left(scratch / "undisturbed"), int(count.read_text(encoding="utf-8"))
    assert expected["verified"][0] == 0, expected["verified"]
    assert expected["published"]
    done = compared = 0
    while done < kills:
        office = scratch / f"office-{compared}"
        shutil.copytree(empty, office)
        for _ in range(chance.randint(1, 5)):
            late = chance.random() < 0.5
            at = chance.randint(steps - steps // 6 if late else 1, steps)
            ended = run(None, request, office, at=at, delay=0.0 if late else chance.choice([0.0, chance.random() / 2]))
            if ended.returncode != KILLED:
                break
            done += 1
        resumed = run(None, request, office)
        assert resumed.returncode == 0 or "already-received" in resumed.stderr, resumed.stderr
        assert _left(office) == expected
        shutil.rmtree(office)
        compared += 1
    return compared


@pytest.mark.thorough
def test_a_run_that_was_killed_leaves_a_gap_or_two_answers(small_request: Path, empty_office: Path):
    assert _killed_again_and_again(small_request, empty_office, 4, seed=3)


@pytest.mark.long
def test_two_hundred_kills(small_request: Path, empty_office: Path):
    """As many as COUNTERSEAL_KILLS says, where it says so."""
    kills = int(os.environ.get("COUNTERSEAL_KILLS", "200"))
    assert _killed_again_and_again(small_request, empty_office, kills, seed=SEED)


@pytest.mark.thorough
@pytest.mark.parametrize("largest", [60_000, *(pytest.param(n, marks=pytest.mark.long) for n in (4_000, 20_000))])
def test_a_full_disk_leaves_half_an_answer(small_request: Path, empty_office: Path, largest: int):
    """Said in one line, and the same command goes on when there is room again."""
    full = run(None, small_request, empty_office, largest=largest)
    assert full.returncode == 2, (full.returncode, full.stderr)
    assert len(full.stderr.strip().splitlines()) == 1, full.stderr
    resumed = run(None, small_request, empty_office)
    left = _left(empty_office)

    assert resumed.returncode == 0 or "already-received" in resumed.stderr, resumed.stderr
    assert [row["row"] for row in left["determinations"]] == list(range(1, 121))
    assert left["kinds"][0].count("received") == left["kinds"][0].count("determined") == 1
    assert left["verified"][0] == 0
    assert left["published"]


def test_two_runs_of_one_submission_at_once(small_request: Path, empty_office: Path):
    with worked_on_alone(empty_office / "unfinished" / SUBMISSION):
        second = run(None, small_request, empty_office)

    assert second.returncode == 2
    assert "being-worked-on" in second.stderr
    assert not (empty_office / "batches" / SUBMISSION).exists()


def test_another_run_determined_it_meanwhile(tmp_path: Path, made_up: Path, empty_database: None, monkeypatch):
    """Two machines on one database: the second closes nothing, and the batch of the first is not touched."""
    from counterseal.flow import run as act

    wiring.establish(tmp_path / "office", demonstration=True)
    at = wiring.open_office(tmp_path / "office")
    close = act._close

    def twice(*arguments: object) -> None:
        source = at.workspace.unfinished(SUBMISSION)
        shutil.copytree(source, tmp_path / "second")
        close(*arguments)
        before.update(
            {p: p.read_bytes() for p in at.workspace.batch(SUBMISSION).iterdir()}, size=at.ledger.size_and_root()
        )
        shutil.copytree(tmp_path / "second", source)
        close(*arguments)

    before: dict[object, object] = {}
    monkeypatch.setattr(act, "_close", twice)
    with pytest.raises(CountersealError, match="another run"):
        act.run_submission(at, made_up / "request" / SUBMISSION, made_up / "registry", received_on=date(2026, 11, 3))

    assert at.ledger.size_and_root() == before.pop("size")
    assert {p: p.read_bytes() for p in at.workspace.batch(SUBMISSION).iterdir()} == before


@pytest.mark.thorough
def test_a_run_that_was_cut_yesterday(small_request: Path, empty_office: Path, tmp_path: Path):
    """Refused on another day of receipt, with the word that continues it."""
    whole, count = tmp_path / "whole", tmp_path / "count"
    shutil.copytree(empty_office, whole)
    assert run(None, small_request, whole, count=count).returncode == 0
    late = int(count.read_text(encoding="utf-8")) * 3 // 4
    asked = ("run", str(small_request / "request" / SUBMISSION), "--workspace", str(empty_office))
    cut = run(None, small_request, empty_office, at=late, also={"FAILS": "memory"})
    later = program(None, *asked, "--registry", str(small_request / "registry"), "--received-on", "2026-11-04")

    assert cut.returncode == later.returncode == 2
    assert "--received-on 2026-11-03" in later.stderr
    assert run(None, small_request, empty_office).returncode == 0
