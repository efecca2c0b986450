"""What each facial rule of irs-ice-2025 costs in screening, alone, in one run on the same rows.

    python bench/rules.py [ROWS] [RUNS]

The document is reduced to one rule and the measures that it needs, and screened by the product's own steps, from
rows as received to the answers as Parquet. The floor is the same with no rule; a rule's cost is what it takes
beyond it. Rules that read the same measures each pay for them here, and share them in the whole document: so the
costs add up to more than the whole. Times are medians over the runs, each run asking all of them in turn; a cost
below a few hundred nanoseconds a row is lost in their spread.
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from counterseal.agreements import load_agreement
from counterseal.agreements.compile import Compiler
from counterseal.agreements.model import Phase
from counterseal.engine.duck import DuckEngine

if TYPE_CHECKING:
    from collections.abc import Collection

    from counterseal.agreements import Agreement

AGREEMENT = Path(__file__).parents[1] / "agreements" / "irs-ice-2025" / "agreement.md"
SIGNED = {
    "submission": "COST-1",
    "requesting_agency": "ICE",
    "signer_name": "A. Signer",
    "signer_office": "Secretary of Homeland Security",
    "signed_on": "2026-11-02",
    "received_on": "2026-11-03",
    "requested_elements": ["mailing_address"],
    "attestation": "sole-use",
}


def reduced(whole: Agreement, ids: Collection[str]) -> Agreement:
    """Give the agreement with these rules alone, and the measures that they need."""
    rules = tuple(rule for rule in whole.rules if rule.id in ids)
    known = whole.types()
    waiting = {w for rule in rules for w in re.findall(r"[a-z_0-9]+", rule.sql + rule.says) if w in known}
    measures = {m.name: m for m in whole.measures}
    needed: set[str] = set()
    compiler = Compiler(whole, {})
    while waiting:
        name = waiting.pop()
        if name in measures and name not in needed:
            needed.add(name)
            waiting |= compiler.needs(measures[name])
    return replace(whole, rules=rules, measures=tuple(m for m in whole.measures if m.name in needed))


def screened_in(law: Agreement, rows: Path, count: int, scratch: Path) -> float:
    """Screen the rows by the law and write the answers; give the seconds."""
    from counterseal.flow.screen import screen_rows

    facts = {**SIGNED, "row_count": count, "rows_received": count}
    began = time.perf_counter()
    with DuckEngine(memory_limit="2GB", threads=2, spill=scratch) as engine:
        screen_rows(engine, rows, law, facts, register_known=False)
        engine.write_parquet("SELECT row, outcome, rules, reasons FROM screened", scratch / "answers.parquet")
    return time.perf_counter() - began


def main(rows: int, runs: int) -> int:
    from screening import ROWS

    whole = load_agreement(AGREEMENT)
    asked = {"no rule": reduced(whole, ())}
    asked |= {rule.id: reduced(whole, {rule.id}) for rule in whole.screened_rules if rule.phase is not Phase.REGISTER}
    asked["the whole"] = whole
    took: dict[str, list[float]] = {name: [] for name in asked}
    with tempfile.TemporaryDirectory() as scratch:
        source = Path(scratch) / "rows.parquet"
        duckdb.sql(ROWS.format(rows=rows, path=source))
        screened_in(whole, source, rows, Path(scratch))  # the reference tables are read once a process
        for _ in range(runs):
            for name, law in asked.items():
                took[name].append(screened_in(law, source, rows, Path(scratch)))
    seconds = {name: statistics.median(found) for name, found in took.items()}
    floor, every = seconds.pop("no rule"), seconds.pop("the whole")
    print(f"{rows:,} rows, median of {runs} runs: {floor:.3f} s with no rule, {every:.3f} s with all that are facial")
    print(f"{'rule':10}{'seconds':>10}{'ns a row':>10}{'of the whole':>14}  reads")
    titles = {rule.id: rule.title for rule in whole.rules}
    for name, found in sorted(seconds.items(), key=lambda told: -told[1]):
        beyond = found - floor
        share = beyond / (every - floor)
        print(f"{name:10}{beyond:>10.3f}{beyond / rows * 1e9:>10,.0f}{share:>13.1%}  {titles[name]}")
    return 0


if __name__ == "__main__":
    sys.exit(main(*(int(argument) for argument in (sys.argv[1:] + ["300000", "3"][len(sys.argv) - 1 :])[:2])))
