"""How long a page of a long batch takes: ``python bench/pages.py WORKSPACE SUBMISSION --times 100``.

Copies a workspace with one determined submission, repeats the submission's rows that many times in the copy,
and asks for each kind of page over and over. Prints rows, and
the first, the median and the 95th percentile in milliseconds.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import tempfile
import time
from pathlib import Path

from counterseal.core.steps import Step
from counterseal.engine.duck import DuckEngine
from counterseal.vault.batch_files import BatchFiles


def lengthen(folder: Path, times: int) -> int:
    """Repeat every row of a batch's files, sealed or not; gives the number of rows."""
    with batch_engine(folder) as engine:
        size = 0
        for file in sorted(folder.glob("*.parquet")):
            engine.table("once", file)
            size = size or engine.rows("SELECT count(*) FROM once")[0][0]
            step = f"SELECT row + {size} * n AS row, * EXCLUDE (row) FROM once, range({times}) AS t(n)"
            engine.run([Step("often", step)])
            engine.write_parquet("FROM often ORDER BY row", file)
    return size * times


def batch_engine(folder: Path) -> DuckEngine:
    """An engine that reads and writes what lies in a batch of a workspace."""
    return DuckEngine(memory_limit="2GB", spill=folder, files=BatchFiles(folder.parents[1] / "keys", os.urandom))


def main() -> None:
    wanted = argparse.ArgumentParser(description=__doc__)
    wanted.add_argument("workspace", type=Path)
    wanted.add_argument("submission")
    wanted.add_argument("--times", type=int, default=100)
    wanted.add_argument("--asks", type=int, default=20)
    given = wanted.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "workspace"
        shutil.copytree(given.workspace, copy)
        rows = lengthen(copy / "batches" / given.submission, given.times)
        os.environ["COUNTERSEAL_WORKSPACE"] = str(copy)
        from counterseal.store.connection import ready

        ready()
        from django.contrib.auth import get_user_model
        from django.test import Client

        from counterseal.store.models import Submission

        Submission.objects.filter(pk=given.submission).update(row_count=rows)
        official, _ = get_user_model().objects.get_or_create(username="measured", defaults={"role": "counsel"})
        client = Client(SERVER_NAME="127.0.0.1")
        client.force_login(official)
        batch = f"/batches/{given.submission}/"
        print(f"{rows:,} rows")
        for name, address in {
            "submission": batch,
            "rows, first page": f"{batch}rows/",
            "rows, by rule": f"{batch}rows/?rule=R-17",
            "rows, last page": f"{batch}rows/?page=999999",
            "row": f"{batch}rows/{rows // 2}/",
        }.items():
            taken = []
            for _ in range(given.asks):
                began = time.perf_counter()
                answer = client.get(address)
                taken.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.status_code  # noqa: S101
            p95 = statistics.quantiles(taken[1:], n=20)[-1]
            print(f"{name:18} first {taken[0]:6.0f}  median {statistics.median(taken[1:]):6.0f}  p95 {p95:6.0f} ms")


if __name__ == "__main__":
    main()
