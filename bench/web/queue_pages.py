"""How long the queue and a case take on the server, with many cases. Prints percentiles and query counts.

python bench/web/queue_pages.py WORKSPACE [--cases 100000] [--looks 200]

WORKSPACE is a demonstration with one determined submission; it is filled up with further cases under made-up
submissions, and is worth nothing afterwards. With COUNTERSEAL_DATABASE_URL it runs on that PostgreSQL.
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import time
from datetime import timedelta
from pathlib import Path
from typing import Any


def main() -> None:
    """Fill, look, print."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("workspace", type=Path)
    asked.add_argument("--cases", type=int, default=100_000)
    asked.add_argument("--looks", type=int, default=200)
    given = asked.parse_args()
    os.environ["COUNTERSEAL_WORKSPACE"] = str(given.workspace.resolve())
    from counterseal.store.connection import ready

    ready()
    from django.contrib.auth import get_user_model
    from django.db import connection
    from django.test import Client

    from counterseal import wiring
    from counterseal.core.official import Role
    from counterseal.store.models import Case
    from counterseal.store.officials import add_official

    add_official("bench", Role.SPECIALIST)
    real = list(Case.objects.order_by("pk").values_list("pk", flat=True)[:100])
    fill(given.cases, wiring.office().clock.now())
    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(get_user_model().objects.get(username="bench"))
    print(f"{Case.objects.count():,} cases on {connection.vendor}")
    last = Case.objects.order_by("-pk").values_list("pk", flat=True)[0]
    before: dict[str, float] = {}
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE store_agency")  # makes the table of statistics, where there is none yet
            cursor.execute("DELETE FROM sqlite_stat1")
        connection.close()  # a connection reads what the planner knows when it opens
        print("\nThe planner knows nothing of the table:")
        before = looked(client, real, last, given.looks)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE store_case")
    connection.close()
    print("\nThe table is analysed, as every run leaves it:")
    after = looked(client, real, last, given.looks)
    for name in before:
        print(f"{name:<28} {before[name] / after[name]:5.1f} times as fast")


def looked(client: Any, real: list[int], last: int, times: int) -> dict[str, float]:
    """Look at each page so many times; print, and give each one's 95th percentile in seconds."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    chance, found = random.Random(1), {}  # noqa: S311  # which page is looked at is no secret
    pages = {
        "queue": lambda: "/",
        "queue, deep": lambda: f"/?after={chance.randrange(last)}",
        "queue, state": lambda: f"/?state={chance.choice(['open', 'in_review', 'held', 'released'])}",
        "queue, overdue": lambda: "/?due=overdue",
        "queue, mine": lambda: "/?assignee=me",
        "queue, agreement": lambda: "/?agreement=irs-ice-2025",
        "queue, agreement and nobody": lambda: "/?assignee=nobody&agreement=irs-ice-2025",
        "case, first look (an entry)": iter([f"/cases/{one}/" for one in real] * 50).__next__,
        "case, again": lambda: f"/cases/{chance.choice(real)}/",
    }
    for name, address in pages.items():
        if "first" in name:
            forget(client)
        looks = min(times, len(real)) if "first" in name else times
        client.get(address() if "first" not in name else "/")
        took = []
        for _ in range(looks):
            where = address()
            began = time.perf_counter()
            status = client.get(where).status_code
            took.append(time.perf_counter() - began)
            if status != 200:
                raise SystemExit(f"{where} answered {status}")
        if "first" in name:
            forget(client)
        with CaptureQueriesContext(connection) as told:
            client.get(address())
        ranks = statistics.quantiles(took, n=100)
        found[name] = ranks[94]
        print(f"{name:<28} p50 {ranks[49] * 1000:6.1f} ms   p95 {ranks[94] * 1000:6.1f} ms   {len(told)} queries")
    return found


def forget(client: Any) -> None:
    """Let the session be as that of somebody who has seen no case."""
    session = client.session
    session.pop("cases seen", None)
    session.save()


def fill(wanted: int, now: object) -> None:
    """Fill up with cases, a hundredth of them taken or held."""
    from counterseal.store.models import Case, Official, Submission

    missing, model = wanted - Case.objects.count(), Submission.objects.order_by("pk").first()
    if model is None:
        raise SystemExit("The workspace has no submission.")
    whose, size = Official.objects.get(username="bench"), 5_000
    for number in range(-(-max(missing, 0) // size)):
        model.pk, model.manifest_sha256 = f"FILL-{number:04}", f"{number:064x}"
        model.outcomes, model.row_count = {}, size
        model.save(force_insert=True)
        Case.objects.bulk_create(
            (
                Case(submission_id=model.pk, row=row, state="open", opened_at=now,
                     legal_due_at=now + timedelta(days=row % 60 + 1))
                for row in range(1, min(size, missing - number * size) + 1)
            ),
            batch_size=1_000,
        )  # fmt: skip
    some = Case.objects.filter(submission__id__startswith="FILL", row__lte=50)
    some.filter(state="open").update(state="in_review", assignee=whose, due_at=now - timedelta(days=1))


if __name__ == "__main__":
    main()
