"""August 2025, replayed on made-up people: the matching of the record and the gate, on one file, as one page.

    .venv/bin/python bench/august.py [--rows 1280000] [--again 100000] [--people 50000] [--out var/august]

Three things in one run: the file in the shape in which it was filed, held against the agreement; the same
people asked for again with sound paper; and on that second file both sides: "name and number agree, and
the address field holds something like a ZIP" (as declarations describe it), and ``counterseal run``.
Writes ``august-2025.html`` and prints the counts.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from dataclasses import asdict
from datetime import date
from pathlib import Path

import duckdb

from counterseal import wiring
from counterseal.oversight.record import read_record
from counterseal.oversight.replay_page import SameFile, replay_page

BIN = Path(sys.executable).parent
ROOT = Path(__file__).resolve().parent.parent
RECEIVED_ON = date(2025, 6, 30)
MATCHING = """
SELECT r.request_ref FROM read_csv(?, all_varchar = true) r
JOIN accounts a ON a.tin = r.tin AND upper(a.given_name) = upper(r.given_name)
 AND upper(a.family_name) = upper(r.family_name)
WHERE regexp_matches(concat_ws(' ', r.address_line_1, r.zip), '(^|\\D)(\\d{5}|\\d{9})($|\\D)')
"""


def told(*command: str) -> str:
    """Run one of our commands; stop with its own line when it fails."""
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command[:3])}: {done.stderr.strip()}")
    return done.stdout


def both(folder: Path, rows: int) -> SameFile:
    """Make the file with sound paper and put it through both sides."""
    reg, asked, at = folder / "people", folder / "again", folder / "office"
    synth = (sys.executable, "-m", "counterseal.synth")
    told(*synth, "august-2025", "--registry", str(reg), "--rows", str(rows), "--out", str(asked), "--mended")
    told(str(BIN / "counterseal"), "registry", "build", str(reg), "--out", str(folder / "index"))
    told(str(BIN / "counterseal"), "init", str(at), "--demo")
    submission = asked / "AUGUST-2025-MENDED"
    run = json.loads(
        told(
            str(BIN / "counterseal"), "run", str(submission), "--registry", str(folder / "index"),
            "--workspace", str(at), "--received-on", RECEIVED_ON.isoformat(), "--json",
        )
    )  # fmt: skip
    found = duckdb.connect()
    found.execute(f"CREATE VIEW accounts AS SELECT * FROM '{reg / 'accounts.parquet'}'")
    found.execute(f"CREATE VIEW truth AS SELECT * FROM '{asked / 'truth.parquet'}'")
    found.execute(
        "CREATE TABLE matched AS SELECT DISTINCT request_ref FROM (" + MATCHING + ")", [str(submission / "rows.csv")]
    )
    judged = at / "batches" / submission.name / "determinations.parquet"

    def count(query: str) -> int:
        return int(found.execute(query).fetchall()[0][0])

    unheld = "JOIN truth t USING (request_ref) WHERE NOT t.address_held"
    return SameFile(
        asked=rows,
        matched=count("SELECT count(*) FROM matched"),
        unconfirmed=count(f"SELECT count(*) FROM matched {unheld}"),
        opened=run["outcomes"].get("not_disclosed", 0) + run["outcomes"].get("reviewable", 0),
        cases=run["outcomes"].get("reviewable", 0),
        wrong=count(f"SELECT count(*) FROM '{judged}' {unheld} AND outcome = 'reviewable'"),
    )


def main() -> None:
    """Replay, count, write the page."""
    asks = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asks.add_argument("--rows", type=int, default=1_280_000)
    asks.add_argument("--again", type=int, default=100_000)
    asks.add_argument("--people", type=int, default=50_000)
    asks.add_argument("--out", type=Path, default=ROOT / "var" / "august")
    given = asks.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=given.out) as made:
        folder = Path(made)
        synth = (sys.executable, "-m", "counterseal.synth")
        told(*synth, "registry", "--people", str(given.people), "--out", str(folder / "people"))
        filed = folder / "filed"
        told(
            *synth, "august-2025", "--registry", str(folder / "people"), "--rows", str(given.rows), "--out", str(filed)
        )
        answers, _ = wiring.replay(filed / "AUGUST-2025", ["irs-ice-2025"], progress=None)
        same = both(folder, given.again)
    record = read_record(ROOT / "law" / "record" / "august-2025.toml")
    page = given.out / "august-2025.html"
    page.write_text(replay_page("AUGUST-2025", answers, record, same), encoding="utf-8")
    sys.stdout.write(json.dumps({"filed": answers[0].outcomes, "again": asdict(same)}, indent=2) + f"\n{page}\n")


if __name__ == "__main__":
    main()
