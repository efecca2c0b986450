"""Taking in a CSV of a million rows against DuckDB copying the same file into Parquet, in one run.

The copy checks nothing: no digest, no row numbers, no faults. Each side runs in a process of its own,
so that its peak of resident memory is its own. Run: ``PYTHONPATH=src .venv/bin/python bench/intake.py [ROWS]``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import multiprocessing
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

FIELDS = [
    "request_ref",
    "given_name",
    "middle_name",
    "family_name",
    "suffix",
    "date_of_birth",
    "tin",
    "address_line_1",
    "address_line_2",
    "city",
    "state",
    "zip",
    "taxable_periods",
    "statute",
    "stage",
    "case_number",
    "case_opened",
    "final_order_date",
    "final_order_case",
    "order_basis",
    "judicial_review_date",
    "stay_in_force",
    "reason",
    "officers",
]


def submission(folder: Path, rows: int) -> None:
    """Write a submission of made-up rows, each with a reason of its own."""
    with (folder / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file, lineterminator="\n")
        sheet.writerow(FIELDS)
        for n in range(rows):
            sheet.writerow(
                [
                    f"REF-{n:08}", "SAMPLE", "", f"PERSON{n % 90_000}", "", "1980-01-01", f"9{n:08}",
                    f"{n % 9_000 + 1} MAPLE ST", "", "SPRINGFIELD", "IL", "62701", "2022;2023", "8 USC 1253(a)(1)(A)",
                    "investigation", f"C-{n:08}", "2026-01-02", "2025-06-01", f"A{n:08}", "8 USC 1227(a)(1)(B)", "",
                    "no", f"Investigation {n}: the subject was ordered to leave and, by report {n * 7}, has not left",
                    f"OFF-{n // 20:06}",
                ]
            )  # fmt: skip
    content = (folder / "rows.csv").read_bytes()
    manifest = {
        "submission": "BENCH-1",
        "agreement": "irs-ice-2025",
        "requesting_agency": "bench",
        "signer": {"name": "A. Signer", "office": "Inspector General"},
        "signed_on": "2026-11-02",
        "requested_elements": ["mailing_address"],
        "attestation": "sole-use",
        "rows": "rows.csv",
        "row_count": rows,
        "sha256": hashlib.sha256(content).hexdigest(),
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def ours(folder: Path) -> None:
    from counterseal.intake import read_manifest, take_in

    take_in(folder, read_manifest(folder), FIELDS, folder / "ours.parquet")


def duckdb_copy(folder: Path) -> None:
    import duckdb

    connection = duckdb.connect(config={"threads": 1, "memory_limit": "2GB"})
    connection.execute(
        f"COPY (SELECT * FROM read_csv('{folder / 'rows.csv'}', all_varchar=true, header=true)) "
        f"TO '{folder / 'theirs.parquet'}' (FORMAT parquet, COMPRESSION zstd)"
    )


def measured(act: Callable[[Path], None], folder: Path) -> tuple[float, float]:
    """Run ``act`` in a new process; give its seconds and its peak of resident memory in MiB."""
    ask, tell = multiprocessing.get_context("spawn").Pipe(duplex=False)
    child = multiprocessing.get_context("spawn").Process(target=_run, args=(act, folder, tell))
    child.start()
    seconds, peak = ask.recv()
    child.join()
    return seconds, peak


def _run(act: Callable[[Path], None], folder: Path, tell: multiprocessing.connection.Connection) -> None:
    start = time.perf_counter()
    act(folder)
    tell.send((time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        submission(folder, rows)
        size = (folder / "rows.csv").stat().st_size / 1e6
        print(f"{rows:,} rows, {size:,.0f} MB of CSV")
        mine, their = measured(ours, folder), measured(duckdb_copy, folder)
    for who, (seconds, peak) in {"take_in": mine, "DuckDB copy, 1 thread": their}.items():
        print(f"{who:24} {seconds:7.2f} s {rows / seconds:12,.0f} rows/s {peak:8,.0f} MiB")
    print(f"ratio of times {mine[0] / their[0]:.2f}, of memory {mine[1] / their[1]:.2f}")


if __name__ == "__main__":
    main()
