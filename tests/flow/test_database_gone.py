"""A database that goes while a run or a release is under way: said in one line, and the same command goes on."""

from __future__ import annotations

import json
import os
import random
import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.flow.cluster import PROGRAMS, Cluster, known_owner
from tests.flow.cut_run import SEED, SUBMISSION, program, run, said_plainly, sound

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

server = pytest.mark.skipif(not PROGRAMS or not known_owner(), reason="needs PostgreSQL's own programs")


ON_SQLITE = pytest.mark.skipif(
    bool(os.environ.get("COUNTERSEAL_DATABASE_URL")), reason="about the office's own SQLite file"
)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    made = Cluster()
    yield made
    made.end()


def kinds(database: str) -> tuple[list[str], tuple[int, ...]]:
    """Which entries the ledger holds, and how many cases over how many rows."""
    import psycopg

    with psycopg.connect(database) as held:
        entries = [json.loads(bytes(body) if not isinstance(body, str) else body)["kind"]
                   for (body,) in held.execute("SELECT entry FROM store_ledgerentry")]  # fmt: skip
        cases = held.execute("SELECT count(*), count(DISTINCT row) FROM store_case").fetchone()
    return sorted(entries), tuple(cases or ())


def _stopped_again_and_again(cluster: Cluster, request: Path, scratch: Path, stops: int, seed: int) -> None:
    """Stop the server in the middle of runs until it was stopped so often, and hold each run that came through."""
    chance = random.Random(seed)  # noqa: S311  # where to stop it, the same each time
    cluster.start()
    first, count = cluster.make("first"), scratch / "count"
    assert program(first, "init", str(scratch / "empty"), "--demo").returncode == 0
    cluster.make("empty", like="first")
    shutil.copytree(scratch / "empty", scratch / "undisturbed")
    whole = run(first, request, scratch / "undisturbed", count=count, stops=os.getpid())
    assert whole.returncode == 0, whole.stderr
    expected, steps = (sound(scratch / "undisturbed"), kinds(first)), int(count.read_text(encoding="utf-8"))
    done = turn = 0
    while done < stops:
        office, database = scratch / f"office-{turn}", cluster.make("now", like="empty")
        shutil.copytree(scratch / "empty", office)
        for _ in range(chance.randint(1, 3)):
            late = chance.random() < 0.6
            at = chance.randint(steps - steps // 5 if late else 1, steps)
            delay = 0.0 if late else chance.choice([0.0, chance.random() / 2])
            ended = run(database, request, office, at=at, delay=delay, stops=cluster.postmaster() or 0)
            gone = cluster.postmaster() is None
            done += gone
            cluster.stop()
            cluster.start()
            if ended.returncode == 0 or "already-received" in ended.stderr:
                break
            said_plainly(ended)
        resumed = run(database, request, office)
        assert resumed.returncode == 0 or "already-received" in resumed.stderr, resumed.stderr
        assert (sound(office), kinds(database)) == expected
        shutil.rmtree(office)
        turn += 1


@server
@pytest.mark.postgresql
def test_a_run_whose_server_was_stopped_leaves_a_gap_or_two_answers(
    cluster: Cluster, small_request: Path, tmp_path: Path
):
    _stopped_again_and_again(cluster, small_request, tmp_path, 3, seed=3)


@server
@pytest.mark.long
def test_a_hundred_stops_of_the_server(cluster: Cluster, small_request: Path, tmp_path: Path):
    _stopped_again_and_again(cluster, small_request, tmp_path, 100, seed=SEED)


@pytest.mark.thorough
@ON_SQLITE
def test_a_database_file_that_vanished_is_begun_anew_as_an_empty_one(small_request: Path, empty_office: Path):
    """An empty database beside a ledger's folder would be a ledger that forgot."""
    file = empty_office / "counterseal.sqlite3"
    file.rename(empty_office / "elsewhere")
    gone = run(None, small_request, empty_office)
    assert not file.exists()
    (empty_office / "elsewhere").rename(file)
    resumed = run(None, small_request, empty_office)

    said_plainly(gone)
    assert resumed.returncode == 0, resumed.stderr
    sound(empty_office)


@pytest.mark.thorough
@ON_SQLITE
def test_a_database_that_another_program_holds(small_request: Path, empty_office: Path):
    held = sqlite3.connect(empty_office / "counterseal.sqlite3", isolation_level=None)
    held.execute("BEGIN IMMEDIATE")
    waiting = run(None, small_request, empty_office)
    held.execute("ROLLBACK")
    held.close()
    resumed = run(None, small_request, empty_office)

    said_plainly(waiting)
    assert "database-locked" in waiting.stderr
    assert resumed.returncode == 0, resumed.stderr
    sound(empty_office)


@pytest.mark.thorough
@ON_SQLITE
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9, 0.97])
def test_a_database_file_that_is_taken_away_in_the_middle(small_request: Path, empty_office: Path, share: float):
    """The file is moved while the program has it open, and put back as it was left."""
    count = empty_office.parent / "count"
    shutil.copytree(empty_office, empty_office.parent / "counted")
    assert run(None, small_request, empty_office.parent / "counted", count=count).returncode == 0
    moved = {"TAKES": str(empty_office)}
    cut = run(None, small_request, empty_office, at=int(int(count.read_text()) * share), also=moved)
    for path in (empty_office / "taken").iterdir():
        for later in (empty_office / path.name, empty_office / f"{path.name}-wal", empty_office / f"{path.name}-shm"):
            later.unlink(missing_ok=True)
        path.rename(empty_office / path.name)
    resumed = run(None, small_request, empty_office)

    if cut.returncode:
        said_plainly(cut)
    assert resumed.returncode == 0 or "already-received" in resumed.stderr, resumed.stderr
    sound(empty_office)


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


class Releasing:
    """A case that two people signed, in an office on a server that may be stopped, to be begun again as it was."""

    def __init__(self, cluster: Cluster, request: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        from django.db import connections
        from pydantic import SecretStr
        from tests.flow.casework import RECEIVED_ON, put_to_work

        from counterseal import wiring
        from counterseal.settings import django as settings

        self.cluster, self.scratch = cluster, scratch
        cluster.start()
        monkeypatch.setenv("COUNTERSEAL_DATABASE_URL", cluster.make("releasing"))
        monkeypatch.setattr(settings.ENVIRONMENT, "database_url", SecretStr(cluster.url("releasing")))
        wiring.establish(scratch / "office", demonstration=True)
        wiring.run(
            wiring.open_office(scratch / "office"), request / "request" / SUBMISSION, request / "registry",
            received_on=RECEIVED_ON, agreement=None, progress=None,
        )  # fmt: skip
        at_work = put_to_work(scratch / "office")
        self.case = at_work.cases()[0]
        at_work.reviewed(self.case)
        at_work.sign("sam", self.case)
        at_work.sign("rae", self.case, second=True)
        connections.close_all()
        cluster.make("signed", like="releasing")
        monkeypatch.setattr(settings.ENVIRONMENT, "database_url", SecretStr(cluster.url("now")))
        self.cut = Cut(monkeypatch, cluster)

    def begin(self, name: str) -> Path:
        """Give the office as it was when both had signed."""
        self.again()
        self.cluster.make("now", like="signed")
        return Path(shutil.copytree(self.scratch / "office", self.scratch / name))

    def again(self) -> None:
        """Start the server, if it was stopped; nothing is cut from here on."""
        from django.db import connections

        self.cut.seen, self.cut.at = 0, 0
        self.cluster.start()
        connections.close_all()

    def release(self, folder: Path) -> str:
        """Release the case; give what came of it: the code of the failure, or "done"."""
        from tests.flow.casework import FakeSealer

        from counterseal import wiring
        from counterseal.cli.failures import machine_failure
        from counterseal.errors import CountersealError
        from counterseal.flow.releasing import release_case

        try:
            release_case(replace(wiring.open_office(folder), sealer=FakeSealer([])), self.case)
        except CountersealError as refused:
            return refused.code
        except Exception as failure:
            told = machine_failure(failure)
            if told is None:
                raise
            return told.code
        return "done"


def _releases_with_the_server_stopped(at: Releasing, points: int | None) -> None:
    """Stop the server at so many statements of a release by chance, or at each."""
    chance = random.Random(SEED)  # noqa: S311  # where to stop it, the same each time
    folder = at.begin("undisturbed")
    assert at.release(folder) == "done"
    steps, package = at.cut.seen, _packages(folder)
    everywhere = range(1, steps + 1)
    for statement in everywhere if points is None else sorted(chance.sample(everywhere, points)):
        folder = at.begin(f"cut-{statement}")
        at.cut.at, at.cut.after = statement, chance.random() < 0.5
        first = at.release(folder)
        at.again()
        assert first in {"database-gone", "done"}
        if first != "done":  # a case that was delivered, and whose answer alone was lost, is not delivered again
            assert at.release(folder) in {"done", "case-transition"}
        assert _packages(folder) == package
        assert kinds(at.cluster.url("now"))[0].count("delivered") == 1
        assert program(None, "ledger", "verify", str(folder / "ledger")).returncode == 0
        shutil.rmtree(folder)


def _packages(office: Path) -> list[str]:
    return sorted(path.name for path in (office / "packages").iterdir())


@server
@pytest.mark.postgresql
def test_a_release_whose_server_was_stopped_is_delivered_twice_or_never(
    cluster: Cluster, small_request: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _releases_with_the_server_stopped(Releasing(cluster, small_request, tmp_path, monkeypatch), 4)


@server
@pytest.mark.long
def test_a_release_stopped_at_each_of_its_statements(
    cluster: Cluster, small_request: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _releases_with_the_server_stopped(Releasing(cluster, small_request, tmp_path, monkeypatch), None)
