"""A database that goes while a run or a release is under way: said in one line, and the same command goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq
import pytest
from tests.flow.cluster import PROGRAMS, Cluster, known_owner

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

PROGRAM = Path(__file__).with_name("killed_run.py")
SUBMISSION = "SYN-2026-0001"
SEED = int(os.environ.get("COUNTERSEAL_SEED", "7"))
server = pytest.mark.skipif(not PROGRAMS or not known_owner(), reason="needs PostgreSQL's own programs")
CANARIES = ("ZZYZXWORTH", "987654321", "Traceback", "psycopg", "postgresql://", "127.0.0.1")


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.end()


@pytest.fixture(scope="module")
def request_of_120(made_up: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    from counterseal.synth.__main__ import submission

    folder = tmp_path_factory.mktemp("gone")
    submission(made_up / "people", 120, folder / "request", datetime(2026, 11, 2), seed=5)  # noqa: DTZ001  # a day
    shutil.copytree(made_up / "registry", folder / "registry")
    return folder


def _program(database: str | None, *arguments: str, stops: int = 0, at: int = 0, delay: float = 0.0, count: Path = Path(os.devnull), also: dict[str, str] | None = None):  # fmt: skip
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2] / "src"), "STOPS": str(stops), **(also or {})}
    environment.pop("COUNTERSEAL_DATABASE_URL", None)
    if database:
        environment["COUNTERSEAL_DATABASE_URL"] = database
    command = [sys.executable, str(PROGRAM), str(count), str(at), str(delay), *arguments]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=240)


def _run(database: str | None, request: Path, office: Path, **stop: object):
    return _program(
        database, "run", str(request / "request" / SUBMISSION), "--registry", str(request / "registry"),
        "--workspace", str(office), "--received-on", "2026-11-03", "--json", **stop,
    )  # fmt: skip


def _kinds(database: str) -> tuple[list[str], tuple[int, ...]]:
    """Which entries the ledger holds, and how many cases over how many rows."""
    import psycopg

    with psycopg.connect(database) as held:
        entries = [json.loads(bytes(body) if not isinstance(body, str) else body)["kind"]
                   for (body,) in held.execute("SELECT entry FROM store_ledgerentry")]  # fmt: skip
        cases = held.execute("SELECT count(*), count(DISTINCT row) FROM store_case").fetchone()
    return sorted(entries), tuple(cases or ())


def _sound(office: Path) -> list[dict[str, object]]:
    """Hold that the folder is whole and its ledger verifies; give the determinations."""
    verified = _program(None, "ledger", "verify", str(office / "ledger"))
    assert verified.returncode == 0, verified.stderr
    assert not [path.name for path in (office / "unfinished").iterdir() if path.is_dir()]
    rows = pq.read_table(office / "batches" / SUBMISSION / "determinations.parquet").to_pylist()
    assert [row["row"] for row in rows] == list(range(1, 121))
    return rows


def _said_plainly(ended: subprocess.CompletedProcess[str]) -> None:
    assert ended.returncode == 2, (ended.returncode, ended.stderr)
    assert len(ended.stderr.strip().splitlines()) == 1, ended.stderr
    assert "unexpected failure" not in ended.stderr
    assert "goes on" in ended.stderr, ended.stderr
    assert not [one for one in CANARIES if one in ended.stderr + ended.stdout], ended.stderr


def _stopped_again_and_again(cluster: Cluster, request: Path, scratch: Path, stops: int, seed: int) -> None:
    """Stop the server in the middle of runs until it was stopped so often, and hold each run that came through."""
    chance = random.Random(seed)  # noqa: S311  # where to stop it, the same each time
    cluster.start()
    first, count = cluster.make("first"), scratch / "count"
    assert _program(first, "init", str(scratch / "empty"), "--demo").returncode == 0
    cluster.make("empty", like="first")
    shutil.copytree(scratch / "empty", scratch / "undisturbed")
    whole = _run(first, request, scratch / "undisturbed", count=count, stops=os.getpid())
    assert whole.returncode == 0, whole.stderr
    expected, steps = (_sound(scratch / "undisturbed"), _kinds(first)), int(count.read_text(encoding="utf-8"))
    done = turn = 0
    while done < stops:
        office, database = scratch / f"office-{turn}", cluster.make("now", like="empty")
        shutil.copytree(scratch / "empty", office)
        for _ in range(chance.randint(1, 3)):
            late = chance.random() < 0.6
            at = chance.randint(steps - steps // 5 if late else 1, steps)
            delay = 0.0 if late else chance.choice([0.0, chance.random() / 2])
            ended = _run(database, request, office, at=at, delay=delay, stops=cluster.postmaster() or 0)
            gone = cluster.postmaster() is None
            done += gone
            cluster.stop()
            cluster.start()
            if ended.returncode == 0 or "already-received" in ended.stderr:
                break
            _said_plainly(ended)
        resumed = _run(database, request, office)
        assert resumed.returncode == 0 or "already-received" in resumed.stderr, resumed.stderr
        assert (_sound(office), _kinds(database)) == expected
        shutil.rmtree(office)
        turn += 1


@server
@pytest.mark.postgresql
def test_a_run_whose_server_was_stopped_leaves_a_gap_or_two_answers(
    cluster: Cluster, request_of_120: Path, tmp_path: Path
):
    _stopped_again_and_again(cluster, request_of_120, tmp_path, 3, seed=3)


@server
@pytest.mark.long
def test_a_hundred_stops_of_the_server(cluster: Cluster, request_of_120: Path, tmp_path: Path):
    _stopped_again_and_again(cluster, request_of_120, tmp_path, 100, seed=SEED)


@pytest.fixture
def office(request_of_120: Path, tmp_path: Path) -> Path:
    """An empty office on SQLite."""
    assert _program(None, "init", str(tmp_path / "office"), "--demo").returncode == 0
    return tmp_path / "office"


@pytest.mark.thorough
def test_a_database_file_that_vanished_is_begun_anew_as_an_empty_one(request_of_120: Path, office: Path):
    """An empty database beside a ledger's folder would be a ledger that forgot."""
    file = office / "counterseal.sqlite3"
    file.rename(office / "elsewhere")
    gone = _run(None, request_of_120, office)
    assert not file.exists()
    (office / "elsewhere").rename(file)
    resumed = _run(None, request_of_120, office)

    _said_plainly(gone)
    assert resumed.returncode == 0, resumed.stderr
    _sound(office)


@pytest.mark.thorough
def test_a_database_that_another_program_holds(request_of_120: Path, office: Path):
    held = sqlite3.connect(office / "counterseal.sqlite3", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    waiting = _run(None, request_of_120, office)
    held.execute("ROLLBACK")
    held.close()
    resumed = _run(None, request_of_120, office)

    _said_plainly(waiting)
    assert "database-locked" in waiting.stderr
    assert resumed.returncode == 0, resumed.stderr
    _sound(office)


@pytest.mark.thorough
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
def test_a_database_file_that_is_taken_away_in_the_middle(request_of_120: Path, office: Path, share: float):
    """The file is moved while the program has it open, and put back as it was left."""
    count = office.parent / "count"
    shutil.copytree(office, office.parent / "counted")
    assert _run(None, request_of_120, office.parent / "counted", count=count).returncode == 0
    moved = {"TAKES": str(office)}
    cut = _run(None, request_of_120, office, at=int(int(count.read_text()) * share), also=moved)
    for path in (office / "taken").iterdir():
        for later in (office / path.name, office / f"{path.name}-wal", office / f"{path.name}-shm"):
            later.unlink(missing_ok=True)
        path.rename(office / path.name)
    resumed = _run(None, request_of_120, office)

    if cut.returncode:
        _said_plainly(cut)
    assert resumed.returncode == 0 or "already-received" in resumed.stderr, resumed.stderr
    _sound(office)


class Cut:
    """Stops the server at one of the statements that the office sends, before or after it is answered."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, cluster: Cluster) -> None:
        import psycopg

        self.seen, self.at, self.after = 0, 0, False
        for one, name in ((psycopg.Cursor, "execute"), (psycopg.Connection, "commit")):
            asked = getattr(one, name)

            def told(*arguments: object, asked: Callable[..., object] = asked, **named: object) -> object:
                self.seen += 1
                here = self.seen == self.at
                if here and not self.after:
                    cluster.stop()
                answer = asked(*arguments, **named)
                if here and self.after:
                    cluster.stop()
                return answer

            monkeypatch.setattr(one, name, told)


def _releases_with_the_server_stopped(
    cluster: Cluster, request: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch, points: int | None
) -> None:
    from django.db import connections
    from pydantic import SecretStr
    from tests.flow.casework import RECEIVED_ON, FakeSealer, put_to_work

    from counterseal import wiring
    from counterseal.cli.failures import machine_failure
    from counterseal.errors import CountersealError
    from counterseal.flow.releasing import release_case
    from counterseal.settings import django as settings
    from counterseal.store.connection import point_at

    cluster.start()
    monkeypatch.setenv("COUNTERSEAL_DATABASE_URL", cluster.make("releasing"))
    monkeypatch.setattr(settings.ENVIRONMENT, "database_url", SecretStr(cluster.url("releasing")))
    wiring.establish(scratch / "office", demonstration=True)
    wiring.run(
        wiring.open_office(scratch / "office"), request / "request" / SUBMISSION, request / "registry",
        received_on=RECEIVED_ON, agreement=None, progress=None,
    )  # fmt: skip
    at_work = put_to_work(scratch / "office")
    case = at_work.cases()[0]
    at_work.reviewed(case)
    at_work.sign("sam", case)
    at_work.sign("rae", case, second=True)
    connections.close_all()
    cluster.make("signed", like="releasing")
    monkeypatch.setattr(settings.ENVIRONMENT, "database_url", SecretStr(cluster.url("now")))
    cut = Cut(monkeypatch, cluster)

    def attempt(folder: Path) -> None:
        office = replace(wiring.open_office(folder), sealer=FakeSealer([]))
        release_case(office, case)

    def begin(name: str) -> Path:
        cut.seen, cut.at = 0, 0
        cluster.start()
        connections.close_all()
        cluster.make("now", like="signed")
        return Path(shutil.copytree(scratch / "office", scratch / name))

    folder = begin("undisturbed")
    cut.seen = 0
    attempt(folder)
    steps, expected = cut.seen, (_kinds(cluster.url("now")), _packages(folder))
    chance = random.Random(SEED)  # noqa: S311  # where to stop it, the same each time
    chosen = range(1, steps + 1) if points is None else sorted(chance.sample(range(1, steps + 1), points))
    for at in chosen:
        folder = begin(f"cut-{at}")
        cut.seen, cut.at, cut.after = 0, at, chance.random() < 0.5
        with pytest.raises(Exception) as failed:  # noqa: B017, PT011  # held below
            attempt(folder)
            point_at(folder)
            raise CountersealError("done", "It was done before the server went.")
        told = failed.value if isinstance(failed.value, CountersealError) else machine_failure(failed.value)
        assert told is not None, failed.value
        assert told.code in {"database-gone", "done"}, told
        cut.at = 0
        cluster.start()
        connections.close_all()
        if told.code == "database-gone":
            try:
                attempt(folder)
            except CountersealError as refused:
                assert refused.code == "case-transition", refused  # it was delivered: its entry stood, the answer was lost
        kinds, packages = _kinds(cluster.url("now")), _packages(folder)
        assert packages == expected[1]
        assert kinds[0].count("delivered") == 1
        assert _program(None, "ledger", "verify", str(folder / "ledger")).returncode == 0
        shutil.rmtree(folder)


def _packages(office: Path) -> list[str]:
    return sorted(path.name for path in (office / "packages").iterdir())


@server
@pytest.mark.postgresql
def test_a_release_whose_server_was_stopped_is_delivered_twice_or_never(
    cluster: Cluster, request_of_120: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _releases_with_the_server_stopped(cluster, request_of_120, tmp_path, monkeypatch, 4)


@server
@pytest.mark.long
def test_a_release_stopped_at_each_of_its_statements(
    cluster: Cluster, request_of_120: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _releases_with_the_server_stopped(cluster, request_of_120, tmp_path, monkeypatch, None)
