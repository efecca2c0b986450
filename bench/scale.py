"""Screening at size: 70 thousand, 700 thousand and 7 million rows, every rule of irs-ice-2025, within 2 GB.

    python bench/scale.py [--rows 70000 700000 7000000] [--format csv parquet] [--accounts N] [--folder DIR]

A synthetic submission is written in streams (every reason long and its own, one in nine rows shared by very
many), then ``counterseal screen`` takes it in and screens it on two threads with a memory limit of 2 GB. The
floor is DuckDB reading the same file into Parquet, without a rule. Each runs in a process of its own; memory is
the peak of that process, spill the most that lay in its folder for temporary files. Time should grow with the
rows and memory should not.

Then the rows as taken in are held against twelve of the rules, by this program and by polars (``pip install
counterseal[bench]``), each in a process of its own, and every answer is compared: ``bench/screening.py`` at size.

With ``--accounts`` each submission then goes the whole way, from intake to the response and the letter, in an
office that has a registry of that many made-up people. Beyond 200,000 rows a person has to judge every row before
anybody is looked up (R-11), so the larger ones open no account.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import duckdb

import screening

BIN = Path(sys.executable).parent / "counterseal"
BAR = 5.0
"""Screening may take this many times the floor."""
MOST_MB = 3_000

ROWS = """
    SELECT
      'REF-' || i AS request_ref,
      ['JAMES', 'MARIA', 'WEI', 'FATIMA', 'OLGA'][h % 5 + 1] AS given_name,
      CASE WHEN i % 3 = 0 THEN 'ANNE' ELSE '' END AS middle_name,
      'LOPEZ' || translate((h % 90000)::VARCHAR, '0123456789', 'ABCDEFGHIJ') AS family_name, '' AS suffix,
      (DATE '1950-01-01' + (h % 18000)::INTEGER)::VARCHAR AS date_of_birth,
      CASE WHEN i % 4 = 0 THEN '' ELSE '9' || lpad((i % 100000000)::VARCHAR, 8, '0') END AS tin,
      CASE WHEN i % 50 = 0 THEN '' WHEN i % 71 = 0 THEN '12345' WHEN i % 73 = 0 THEN 'FAILED TO PROVIDE'
        ELSE (h % 9000 + 1) || ' MAPLE' || translate((h % 7000)::VARCHAR, '0123456789', 'abcdefghij') || ' ST' END
        AS address_line_1,
      CASE WHEN i % 6 = 0 THEN 'APT ' || h % 40 ELSE '' END AS address_line_2,
      'DENVER' AS city, CASE WHEN i % 83 = 0 THEN ' ' ELSE 'CO' END AS state,
      CASE WHEN i % 61 = 0 THEN '00000' ELSE '80203' END AS zip,
      CASE WHEN i % 59 = 0 THEN '2014;2023' ELSE '2023;2024' END AS taxable_periods,
      CASE WHEN i % 43 = 0 THEN '8 USC 1325' ELSE '8 USC 1253(a)(1)(A)' END AS statute,
      CASE WHEN i % 41 = 0 THEN 'removal' ELSE 'investigation' END AS stage,
      '26-CR-' || i AS case_number, '2026-03-01' AS case_opened,
      (DATE '2022-01-01' + (h % 1600)::INTEGER)::VARCHAR AS final_order_date, 'A' || i AS final_order_case,
      CASE WHEN i % 47 = 0 THEN '8 USC 1182(a)' ELSE '8 USC 1227(a)(2)(A)(iii)' END AS order_basis,
      '' AS judicial_review_date, CASE WHEN i % 53 = 0 THEN 'yes' ELSE 'no' END AS stay_in_force,
      CASE WHEN i % 9 = 0 THEN 'Needed for the investigation of the matter.'
        ELSE 'The subject ' || translate(md5(i::VARCHAR), '0123456789', 'ghijklmnop') || ' failed to depart after '
          || 'the order became final, was served by ' || translate(md5((i * 7)::VARCHAR), '0123456789', 'ghijklmnop')
          || ' and the letter of notice must reach the address of record in the matter.' END AS reason,
      CASE WHEN i % 97 = 0 THEN 'BUSY;O-' || i // 20 ELSE 'O-' || i // 20 END AS officers
    FROM (SELECT i, (hash(i) % 1000000007)::BIGINT AS h FROM range(1, {rows} + 1) r(i))
"""


def submission(folder: Path, rows: int, kind: str) -> Path:
    """Write the rows and their manifest, in streams; give the rows file."""
    folder.mkdir(parents=True)
    path = folder / f"rows.{kind}"
    options = "FORMAT csv, HEADER" if kind == "csv" else "FORMAT parquet"
    with duckdb.connect(config={"memory_limit": "1GB", "threads": 2}) as maker:
        maker.execute(f"COPY ({ROWS.format(rows=rows)}) TO '{path}' ({options})")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    manifest = {
        "submission": "SCALE-1",
        "agreement": "irs-ice-2025",
        "requesting_agency": "ICE",
        "signer": {"name": "A. Signer", "office": "Secretary of Homeland Security"},
        "signed_on": "2026-11-02",
        "requested_elements": ["mailing_address"],
        "attestation": "sole-use",
        "rows": path.name,
        "row_count": rows,
        "sha256": digest,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    return path


def watched(command: list[str], scratch: Path) -> tuple[float, float, float, str]:
    """Run a command with ``scratch`` for its temporary files; give seconds, peak MB, most spilled MB, output."""
    scratch.mkdir()
    most = 0
    ended = threading.Event()

    def watch() -> None:
        nonlocal most
        while not ended.wait(0.2):
            most = max(most, _size(scratch))

    watcher = threading.Thread(target=watch)
    watcher.start()
    began = time.perf_counter()
    child = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={**os.environ, "TMPDIR": str(scratch)})
    output = child.stdout.read() if child.stdout else ""
    _, code, used = os.wait4(child.pid, 0)
    seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    shutil.rmtree(scratch)
    if code:
        raise SystemExit(f"{' '.join(command)}: exit {code >> 8}")
    return seconds, used.ru_maxrss / 1024, most / 1e6, output


def _size(folder: Path) -> int:
    size = 0
    for path in folder.rglob("*"):
        try:
            size += path.stat().st_size if path.is_file() else 0
        except OSError:  # gone meanwhile
            continue
    return size


def floor(path: Path, out: Path) -> list[str]:
    """The command by which DuckDB reads the file into Parquet and does nothing else."""
    source = f"read_csv('{path}', all_varchar=true, header=true)" if path.suffix == ".csv" else f"'{path}'"
    copy = f"COPY (FROM {source}) TO '{out}' (FORMAT parquet, COMPRESSION zstd)"
    made = f"import duckdb; duckdb.connect(config={{'threads': 2, 'memory_limit': '2GB'}}).execute({copy!r})"
    return [sys.executable, "-c", made]


def against_polars(rows: Path, count: int, at: Path) -> None:
    """Hold the rows against twelve rules with ours and with polars; print what each took. Ends at a row that differs."""
    if importlib.util.find_spec("polars") is None:
        print("           polars is not installed here")
        return
    took = {tool: screening.run_tool(tool, rows, at / f"{tool}.parquet") for tool in ("counterseal", "polars")}
    if differing := screening.differing(at / "counterseal.parquet", at / "polars.parquet"):
        raise SystemExit(f"polars answers otherwise for {differing:,} of {count:,} rows")
    ours, theirs = took["counterseal"], took["polars"]
    print(
        f"           twelve rules: ours {ours['seconds']:.1f} s, {ours['peak_mb']:,.0f} MB; polars "
        f"{theirs['seconds']:.1f} s, {theirs['peak_mb']:,.0f} MB: {theirs['seconds'] / ours['seconds']:.2f} x; "
        "no row differs",
        flush=True,
    )


def whole_way(request: Path, rows: int, registry: Path, at: Path) -> float:
    """Run a submission from intake to response, print what it took, and give the peak of memory in MB."""
    office = at / "office"
    subprocess.run([BIN, "init", office, "--demo"], check=True, stdout=subprocess.DEVNULL)
    command = [str(BIN), "run", str(request), "--registry", str(registry), "--workspace", str(office)]
    took, peak, _, output = watched([*command, "--received-on", "2026-11-03", "--json"], at / "scratch")
    outcomes = json.loads(output)["outcomes"]
    answered = sum(1 for _ in (office / "batches" / "SCALE-1" / "response.jsonl").open("rb"))
    if {sum(outcomes.values()), answered} != {rows}:
        raise SystemExit(f"{rows} rows in, {sum(outcomes.values())} determinations and {answered} answers out")
    looked_up = outcomes.get("reviewable", 0) + outcomes.get("not_disclosed", 0)
    print(f"           the whole way: {took:.1f} s, {rows / took:,.0f} rows/s, {peak:,.0f} MB, {looked_up:,} looked up")
    return peak


def registry_of(people: int, at: Path) -> Path:
    """Make up people and build the index of their registry; print what the index took."""
    made = [sys.executable, "-m", "counterseal.synth", "registry", "--people", str(people), "--seed", "3"]
    subprocess.run([*made, "--out", at / "people"], check=True, stdout=subprocess.DEVNULL)
    command = [str(BIN), "registry", "build", str(at / "people"), "--out", str(at / "registry")]
    took, peak, _, _ = watched(command, at / "scratch")
    print(f"registry of {people:,} people: index built in {took:.1f} s, {peak:,.0f} MB", flush=True)
    return at / "registry"


def measured(rows: int, kind: str, at: Path, registry: Path | None) -> list[str]:
    """Measure one size and one format; give the bars that were missed."""
    path = submission(at / "request", rows, kind)
    size = path.stat().st_size / 1e6
    low, low_mb, _, _ = watched(floor(path, at / "floor.parquet"), at / "scratch")
    command = [
        str(BIN),
        "screen",
        str(at / "request"),
        "--out",
        str(at / "screened"),
        "--memory-limit",
        "2GB",
        "--json",
    ]
    took, peak, spilled, output = watched(command, at / "scratch")
    found = json.loads(output)
    ratio = took / low
    print(
        f"{rows:>10,} {kind:8}{size:>8,.0f} {low:>9.1f} {low_mb:>9,.0f} {took:>9.1f} {rows / took:>10,.0f} "
        f"{peak:>9,.0f} {spilled:>9,.0f} {ratio:>7.1f} x",
        flush=True,
    )
    if sum(found["outcomes"].values()) != rows:
        raise SystemExit(f"{rows} rows in, {sum(found['outcomes'].values())} determinations out")
    against_polars(at / "screened" / "rows.parquet", rows, at)
    missed = [f"{rows:,} {kind}: {ratio:.1f} x the floor, the bar is {BAR}"] if ratio > BAR else []
    if registry is not None:
        peak = max(peak, whole_way(at / "request", rows, registry, at))
    return [*missed, *([f"{rows:,} {kind}: {peak:,.0f} MB, the bar is {MOST_MB:,}"] if peak > MOST_MB else [])]


def main() -> int:
    ask = argparse.ArgumentParser()
    ask.add_argument("--rows", type=int, nargs="+", default=[70_000, 700_000, 7_000_000])
    ask.add_argument("--format", nargs="+", choices=["csv", "parquet"], default=["csv", "parquet"])
    ask.add_argument("--accounts", type=int, default=0, help="people in the registry; none: screening alone")
    ask.add_argument("--folder", type=Path, default=None, help="where the files lie meanwhile")
    asked = ask.parse_args()
    print(f"load of the machine before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory(prefix="counterseal-scale-", dir=asked.folder) as name:
        missed = compared(asked, registry_of(asked.accounts, Path(name)) if asked.accounts else None)
    for bar in missed:
        print("missed:", bar)
    return 1 if missed else 0


def compared(asked: argparse.Namespace, registry: Path | None) -> list[str]:
    """Measure every size in every format; give the bars that were missed."""
    print(
        f"{'rows':>10} {'file':8}{'MB':>8} {'floor s':>9} {'floor MB':>9} {'screen s':>9} {'rows/s':>10} {'peak MB':>9} "
        f"{'spill MB':>9} {'ratio':>9}"
    )
    missed: list[str] = []
    for kind in asked.format:
        for rows in asked.rows:
            with tempfile.TemporaryDirectory(prefix="counterseal-scale-", dir=asked.folder) as name:
                missed += measured(rows, kind, Path(name), registry)
    return missed


if __name__ == "__main__":
    sys.exit(main())
