"""The main job end to end on a synthetic request, beside the floor: DuckDB copying the same file to Parquet.

    .venv/bin/python bench/run.py [--rows 200000] [--people 400000]

Prints rows a second, peak memory of the process, outcomes held against the truth, and the ratio to the floor.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import duckdb

BIN = Path(sys.executable).parent


def timed(*command: str) -> tuple[float, int, str]:
    """Run a command; give seconds, peak resident memory in MiB and standard output."""
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    output = child.stdout.read() if child.stdout else ""
    _, code, used = os.wait4(child.pid, 0)
    if code:
        raise SystemExit(f"{' '.join(command)}: exit {code >> 8}")
    return time.perf_counter() - began, used.ru_maxrss // 1024, output


def checked(truth: Path, determinations: Path) -> None:
    """Print how the outcomes stand to the truth."""
    told = duckdb.connect()
    told.execute(f"CREATE VIEW j AS SELECT * FROM '{truth}' JOIN '{determinations}' USING (row)")
    defects = told.execute(
        "SELECT count(*) FILTER (WHERE outcome = 'reviewable'), count(*) FROM j WHERE NOT contains(expected, 'reviewable')"
    ).fetchall()[0]
    sound = told.execute(
        "SELECT count(*), count(*) FILTER (WHERE outcome = 'reviewable'), count(*) FILTER (WHERE outcome = 'not_disclosed') "
        "FROM j WHERE kind = 'sound'"
    ).fetchall()[0]
    print(f"defect rows that became reviewable   {defects[0]:,} of {defects[1]:,}")
    print(
        f"sound rows reviewable                {sound[1]:,} of {sound[0]:,}; identity abstained on {sound[2]:,} "
        f"({sound[2] / sound[0]:.1%})"
    )


def main() -> None:
    ask = argparse.ArgumentParser()
    ask.add_argument("--rows", type=int, default=200_000)
    ask.add_argument("--people", type=int, default=400_000)
    asked = ask.parse_args()
    with tempfile.TemporaryDirectory(prefix="counterseal-bench-") as name:
        at = Path(name)
        synth = (sys.executable, "-m", "counterseal.synth")
        timed(*synth, "registry", "--people", str(asked.people), "--seed", "3", "--out", f"{at}/people")
        timed(
            *synth,
            "submission",
            "--registry",
            f"{at}/people",
            "--rows",
            str(asked.rows),
            "--seed",
            "4",
            "--signed-on",
            "2026-11-02",
            "--out",
            f"{at}/request",
        )
        build, _, _ = timed(f"{BIN}/counterseal", "registry", "build", f"{at}/people", "--out", f"{at}/registry")
        timed(f"{BIN}/counterseal", "init", f"{at}/office", "--demo")
        seconds, memory, output = timed(
            f"{BIN}/counterseal",
            "run",
            f"{at}/request/SYN-2026-0001",
            "--registry",
            f"{at}/registry",
            "--workspace",
            f"{at}/office",
            "--received-on",
            "2026-11-03",
            "--json",
        )
        copy = f"COPY (FROM read_csv('{at}/request/SYN-2026-0001/rows.csv', all_varchar=true)) TO '{at}/floor.parquet'"
        floor, _, _ = timed(
            sys.executable, "-c", f"import duckdb; duckdb.connect(config={{'threads': 2}}).execute({copy!r})"
        )
        print(
            f"rows                                 {asked.rows:,}; registry of {asked.people:,} people built in {build:.1f} s"
        )
        print(
            f"run, end to end                      {seconds:.1f} s, {asked.rows / seconds:,.0f} rows/s, peak {memory:,} MiB"
        )
        print(f"floor: DuckDB copies the file        {floor:.2f} s; ratio {seconds / floor:.0f}")
        print(f"outcomes                             {json.loads(output)['outcomes']}")
        checked(
            at / "request" / "truth.parquet", at / "office" / "batches" / "SYN-2026-0001" / "determinations.parquet"
        )
    print(
        f"peak of this process' children       {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024:,} MiB"
    )


if __name__ == "__main__":
    main()
