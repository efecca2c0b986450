"""How many specialists one machine carries: many at once, each reading the queue and opening cases.

python bench/web/specialists.py WORKSPACE [--rows 1000000] [--cases 100000] [--specialists 50] [--think 5] [--seconds 40]

Copies WORKSPACE (a demonstration with one determined submission), repeats the submission's rows to ``--rows``
determinations, opens ``--cases`` cases on them, serves the copy as ``counterseal serve`` does, and lets each
specialist go round: the queue, a filter of it, a case never opened before (an entry in the ledger), the case again.
Between two pages each thinks for about ``--think`` seconds; 0 asks without pause, which finds the throughput.
Times are those that the reader waits, queueing included; the readers run on the same machine. With
COUNTERSEAL_DATABASE_URL it runs on that PostgreSQL, otherwise on SQLite.
"""

from __future__ import annotations

import argparse
import http.client
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))
GOAL = 0.150
"""Seconds within which 95 of 100 pages are to be there."""


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("workspace", type=Path)
    asked.add_argument("--rows", type=int, default=1_000_000)
    asked.add_argument("--cases", type=int, default=100_000)
    asked.add_argument("--specialists", type=int, nargs="+", default=[50])
    asked.add_argument("--think", type=float, default=5.0)
    asked.add_argument("--seconds", type=float, default=40.0)
    asked.add_argument("--processes", type=str, nargs="+", default=["2x4"], help="workers x threads, each in its turn")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "office"
        shutil.copytree(given.workspace, copy)
        os.environ["COUNTERSEAL_WORKSPACE"] = str(copy)
        sessions, cases, told = prepare(copy, given.rows, given.cases, max(given.specialists))
        print(told)
        for shape in given.processes:
            with served(copy, *map(int, shape.split("x"))) as port:
                for many in given.specialists:
                    print(f"\n{shape} processes x threads", end="")
                    measure(port, sessions[:many], cases, given.think, given.seconds)


def prepare(copy: Path, rows: int, wanted: int, people: int) -> tuple[list[str], list[int], str]:
    """Lengthen the batch, open the cases, make the people; give their sessions and the cases nobody has seen."""
    from counterseal.store.connection import ready

    ready()
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.db import connection

    from counterseal import wiring
    from counterseal.core.official import Role
    from counterseal.store.models import Case, Official, Submission
    from counterseal.store.officials import add_official
    from pages import batch_engine, lengthen

    submission = Submission.objects.get()
    folder = copy / "batches" / submission.pk
    size = lengthen(folder, -(-rows // submission.row_count))
    Submission.objects.filter(pk=submission.pk).update(row_count=size)
    known = set(Case.objects.values_list("row", flat=True))
    with batch_engine(folder) as engine:
        engine.table("determinations", folder / "determinations.parquet")
        reviewable = engine.rows("SELECT row FROM determinations WHERE outcome = 'reviewable' ORDER BY row")
    now = wiring.office().clock.now()
    new = [row for (row,) in reviewable if row not in known][: wanted - len(known)]
    Case.objects.bulk_create(
        (Case(submission_id=submission.pk, row=row, state="open", opened_at=now) for row in new), batch_size=1_000
    )
    sessions = []
    for number in range(people):
        add_official(f"specialist-{number}", Role.SPECIALIST)
        official, session = Official.objects.get(username=f"specialist-{number}"), SessionStore()
        session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(official.pk), settings.AUTHENTICATION_BACKENDS[0]
        session[HASH_SESSION_KEY] = official.get_session_auth_hash()
        session.create()
        sessions.append(str(session.session_key))
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    cases = list(Case.objects.order_by("pk").values_list("pk", flat=True))
    random.Random(1).shuffle(cases)  # noqa: S311  # no secret
    return sessions, cases, f"{size:,} determinations, {len(cases):,} cases on {connection.vendor}"


class served:  # noqa: N801  # reads as a statement
    """The pages, served as ``counterseal serve`` does."""

    def __init__(self, copy: Path, workers: int, threads: int) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "COUNTERSEAL_PLAIN_HTTP": "1"}
        environment["COUNTERSEAL_WORKSPACE"] = str(copy)
        self.call = [sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning", "--bind",
                     f"127.0.0.1:{self.port}", "--workers", str(workers), "--threads", str(threads), "counterseal.web.wsgi"]  # fmt: skip
        self.environment = environment

    def __enter__(self) -> int:
        self.process = subprocess.Popen(self.call, env=self.environment, cwd=ROOT)
        for _ in range(150):
            try:
                for _ in range(40):  # until every process has answered; what starts up is nobody's page
                    line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
                    line.request("GET", "/account/login/")
                    line.getresponse().read()
                    line.close()
            except OSError:
                time.sleep(0.2)
            else:
                time.sleep(2)
                return self.port
        raise SystemExit("the server does not answer")

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)


def measure(port: int, sessions: list[str], cases: list[int], think: float, seconds: float) -> None:
    """Let everybody work for a while and print what they waited."""
    took: dict[str, list[float]] = defaultdict(list)
    failed: list[int] = []
    until = time.perf_counter() + 3 + seconds
    begin = time.perf_counter() + 3  # what is read before everybody is there does not count

    def work(number: int, session: str) -> None:
        chance = random.Random(number)  # noqa: S311
        time.sleep(chance.random() * max(think, 0.5))
        while time.perf_counter() < until:
            case = cases.pop()
            for name, address in (
                ("queue", "/"),
                ("queue, deep", f"/?after={chance.randrange(100_000)}"),
                ("queue, filtered", "/?assignee=nobody&agreement=irs-ice-2025"),
                ("case, first look (an entry)", f"/cases/{case}/"),
                ("case, again", f"/cases/{case}/"),
            ):
                began = time.perf_counter()
                line = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
                line.request("GET", address, headers={"Cookie": f"session={session}"})
                answer = line.getresponse()
                answer.read()
                line.close()
                if answer.status != 200:
                    failed.append(answer.status)
                if began > begin:
                    took[name].append(time.perf_counter() - began)
                time.sleep(think * (0.5 + chance.random()))
                if time.perf_counter() > until:
                    break

    people = [threading.Thread(target=work, args=one) for one in enumerate(sessions)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    every = [one for name in took for one in took[name]]
    print(
        f"\n{len(sessions)} specialists, {think:g} s between pages: {len(every) / seconds:.1f} pages/s, {len(failed)} failed"
    )
    for name, waits in [*took.items(), ("every page", every)]:
        ranks = statistics.quantiles(waits, n=100)
        print(f"{name:<28} {len(waits):>6}   p50 {ranks[49] * 1000:7.1f} ms   p95 {ranks[94] * 1000:7.1f} ms")
    within = statistics.quantiles(every, n=100)[94] <= GOAL
    print(f"95 of 100 pages within {GOAL * 1000:.0f} ms: {'yes' if within else 'no'}", flush=True)


if __name__ == "__main__":
    main()
