"""Screening against its opponents: the same twelve rules of a shipped agreement, on the same rows, in one run.

Each tool runs in a process of its own, from a Parquet file of rows as received to a Parquet file that names the
rules that do not hold for each row; time is wall time of that, memory the peak of the process. A tool whose
answer differs from ours in one row is reported as wrong, and its time then says nothing. Ours writes the
message of every reason too; the others write the rules' names alone. polars: ``pip install counterseal[bench]``.

    python bench/screening.py [ROWS] [RUNS]
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb

AGREEMENT = Path(__file__).parents[1] / "agreements" / "irs-ice-2025" / "agreement.md"
RULES = ("R-10a", "R-02a", "R-14", "R-16", "R-20", "R-21", "R-22", "R-23a", "R-23b", "R-24", "R-24b", "R-25")
SIGNED_ON = date(2026, 11, 2)
TOOLS = ("counterseal", "polars", "pydantic")
SLOW_TOOLS = {"cedar": "cedarpy", "cel": "cel", "rego": "regopy"}
"""Those that decide a row at a time, with the module each needs; they get a part of the rows."""
SLOW_ROWS = 20_000
SPACE = " \t\n\x0b\x0c\r"
ZIP = r"[0-9]{5}(-?[0-9]{4})?"
NO_ZIP = r"(00000|11111|99999)(-?[0-9]{4})?"
YEARS = r"[0-9]{4}( ?; ?[0-9]{4})*"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
BASIS = r"8USC1227\(A\)\([1-6]\)(\([A-Z]\))?(\([IVX]+\))?(\([IVX]+\))?"
STAGES = ("preparation", "investigation", "grand_jury")
STATUTES = tuple(f"8USC1253(A)(1)({letter})" for letter in "ABCD")

ROWS = """
    COPY (SELECT i AS row, CAST(NULL AS VARCHAR) AS malformed,
      CASE WHEN i % 997 = 0 THEN 'REF-7' WHEN i % 1499 = 0 THEN '' ELSE 'REF-' || i END AS request_ref,
      'MARIA' AS given_name, '' AS middle_name, 'LOPEZ' AS family_name, '' AS suffix, '1985-02-28' AS date_of_birth,
      '' AS tin,
      CASE WHEN i % 50 = 0 THEN '' WHEN i % 71 = 0 THEN '12345' ELSE (h % 9000 + 1) || ' MAPLE ST' END AS address_line_1,
      '' AS address_line_2, 'DENVER' AS city, CASE WHEN i % 83 = 0 THEN ' ' ELSE ' CO ' END AS state,
      CASE WHEN i % 61 = 0 THEN '00000' WHEN i % 67 = 0 THEN '8020' ELSE '80203-' || lpad((h % 10000)::VARCHAR, 4, '0')
        END AS zip,
      CASE WHEN i % 59 = 0 THEN '2018;2023' WHEN i % 89 = 0 THEN 'all' ELSE '2023; 2024' END AS taxable_periods,
      CASE WHEN i % 43 = 0 THEN '8 USC 1325' ELSE '8 U.S.C. § 1253(a)(1)(A)' END AS statute,
      CASE WHEN i % 41 = 0 THEN 'removal' ELSE 'investigation' END AS stage,
      '25-CR-' || i AS case_number, '2025-03-01' AS case_opened,
      CASE WHEN i % 37 = 0 THEN '2026-08-04' WHEN i % 73 = 0 THEN '2026-02-30'
        ELSE (DATE '2022-01-01' + (h % 1400)::INT)::VARCHAR END AS final_order_date,
      CASE WHEN i % 79 = 0 THEN '' ELSE 'A' || i END AS final_order_case,
      CASE WHEN i % 47 = 0 THEN '8 USC 1182(a)' ELSE '8 USC 1227(a)(2)(A)(iii)' END AS order_basis,
      CASE WHEN i % 5 = 0 THEN '2025-06-01' ELSE '' END AS judicial_review_date,
      CASE WHEN i % 53 = 0 THEN 'yes' WHEN i % 101 = 0 THEN 'maybe' ELSE 'no' END AS stay_in_force,
      CASE WHEN i % 3 = 0 THEN 'Needed for the investigation.'
        ELSE 'The subject ' || translate(md5(i::VARCHAR), '0123456789', 'ghijklmnop')
          || ' failed to depart after the order, and the letter of notice must reach the last address.' END AS reason,
      CASE WHEN i % 97 = 0 THEN 'BUSY;O-' || i % ({rows} // 20 + 1) ELSE 'O-' || i % ({rows} // 20 + 1) END AS officers
    FROM (SELECT i, hash(i) AS h FROM range(1, {rows} + 1) r(i))) TO '{path}' (FORMAT parquet)
"""


def counterseal(rows: Path, out: Path) -> None:
    from counterseal.agreements import Agreement, load_agreement, own_tables
    from counterseal.agreements.compile import Compiler
    from counterseal.engine.duck import DuckEngine
    from counterseal.screening import screening_steps

    whole: Agreement = load_agreement(AGREEMENT)
    rules = tuple(rule for rule in whole.rules if rule.id in RULES)
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
    law = replace(whole, rules=rules, measures=tuple(m for m in whole.measures if m.name in needed))
    with DuckEngine(memory_limit="2GB", threads=2, spill=out.parent) as engine:
        engine.table("rows", rows)
        for name, table in own_tables(law).items():
            engine.table(name, table)
        engine.run(screening_steps(law, {"signed_on": SIGNED_ON.isoformat()}, register_known=False))
        engine.write_parquet("SELECT row, outcome, rules, reasons FROM screened", out)


def polars(rows: Path, out: Path) -> None:
    import polars as pl

    def whole(column: pl.Expr, pattern: str) -> pl.Expr:
        return column.str.contains(f"^(?:{pattern})$")

    def squeezed(name: str) -> pl.Expr:
        kept = pl.col(name).str.to_uppercase().str.replace_all(r"[ .§]", "")
        return kept.str.replace_all("USCODE|USCA|USCS", "USC")

    def day(name: str) -> pl.Expr:
        return pl.when(whole(pl.col(name), DAY)).then(pl.col(name).str.to_date("%Y-%m-%d", strict=False))

    text = pl.scan_parquet(rows).drop("malformed")
    names = [name for name in text.collect_schema().names() if name != "row"]
    text = text.with_columns(pl.col(n).str.strip_chars(SPACE) for n in names)
    text = text.with_columns(pl.when(pl.col(n) != "").then(pl.col(n)).alias(n) for n in names)
    made = text.with_columns(
        pl.when(whole(pl.col("taxable_periods"), YEARS)).then(
            pl.col("taxable_periods").str.replace_all(" ", "").str.split(";").cast(pl.List(pl.Int64), strict=False)
        ).alias("years"),
        day("final_order_date").alias("ordered"),
        day("judicial_review_date").alias("reviewed"),
        pl.when(pl.col("reason").str.contains("[A-Za-z]")).then(
            pl.col("reason").str.to_lowercase().str.replace_all("[^a-z]+", " ").str.strip_chars(" ")
        ).alias("words"),
    )  # fmt: skip
    named = made.select("row", pl.col("officers").str.split(";")).explode("officers")
    named = named.with_columns(pl.col("officers").str.strip_chars(" ")).filter(pl.col("officers") != "").unique()
    load = named.group_by("officers").agg(pl.len().alias("load"))
    busiest = named.join(load, on="officers").group_by("row").agg(pl.col("load").max().alias("busiest"))
    reasons = made.group_by("words").agg(pl.len().alias("sharing")).filter(pl.col("words").is_not_null())
    firsts = made.group_by("request_ref").agg(pl.col("row").min().alias("first"))
    made = made.join(busiest, on="row", how="left").join(reasons, on="words", how="left")
    made = made.join(firsts.filter(pl.col("request_ref").is_not_null()), on="request_ref", how="left")
    signed = pl.lit(SIGNED_ON)
    since = (signed - pl.col("ordered")).dt.total_days()
    reviewed = (signed - pl.col("reviewed")).dt.total_days()
    since_either = pl.when(pl.col("judicial_review_date").is_null()).then(since).otherwise(reviewed)
    address = [pl.col(n).is_not_null() for n in ("address_line_1", "city", "state", "zip")]
    stated = pl.col("zip")
    holds = {
        "R-10a": pl.col("busiest") <= 25,
        "R-02a": pl.col("first") == pl.col("row"),
        "R-14": pl.all_horizontal(address),
        "R-16": pl.col("address_line_1").str.contains("[A-Za-z]") & whole(stated, ZIP) & ~whole(stated, NO_ZIP),
        "R-20": (pl.col("years").list.len() > 0) & (pl.col("years").list.max() <= SIGNED_ON.year)
        & (pl.col("years").list.min() >= SIGNED_ON.year - 7),
        "R-21": squeezed("statute").is_in(STATUTES),
        "R-22": pl.col("stage").is_in(STAGES),
        "R-23a": pl.col("sharing") <= 5,
        "R-23b": pl.col("words").str.len_chars() >= 40,
        "R-24": pl.col("final_order_case").is_not_null() & (since > 90) & (since_either > 90),
        "R-24b": pl.col("stay_in_force").str.to_lowercase() == "no",
        "R-25": whole(squeezed("order_basis"), BASIS),
    }  # fmt: skip
    failing = [pl.when(~holds[rule].fill_null(value=False)).then(pl.lit(rule)) for rule in RULES]
    made.select("row", pl.concat_list(failing).list.drop_nulls().alias("rules")).sink_parquet(out, engine="streaming")


def pydantic(rows: Path, out: Path) -> None:  # noqa: C901  # one opponent, whole, in one place
    from collections import Counter

    import pyarrow as pa
    import pyarrow.parquet as pq
    from pydantic import BaseModel, field_validator

    def read_day(text: str | None) -> date | None:
        try:
            return date.fromisoformat(text) if text and re.fullmatch(DAY, text) else None
        except ValueError:
            return None

    def squeezed(text: str | None) -> str:
        return re.sub("USCODE|USCA|USCS", "USC", re.sub(r"[ .§]", "", (text or "").upper()))

    columns = ("request_ref", "address_line_1", "city", "state", "zip", "taxable_periods", "statute", "stage",
               "final_order_date", "final_order_case", "order_basis", "judicial_review_date", "stay_in_force",
               "reason", "officers")  # fmt: skip

    class Row(BaseModel):
        request_ref: str | None
        address_line_1: str | None
        city: str | None
        state: str | None
        zip: str | None
        taxable_periods: str | None
        statute: str | None
        stage: str | None
        final_order_date: str | None
        final_order_case: str | None
        order_basis: str | None
        judicial_review_date: str | None
        stay_in_force: str | None
        reason: str | None
        officers: str | None

        @field_validator("*")
        @classmethod
        def canonical(cls, text: str | None) -> str | None:
            return (text or "").strip(SPACE) or None

        def words(self) -> str | None:
            if self.reason is None or not re.search("[A-Za-z]", self.reason):
                return None
            return re.sub("[^a-z]+", " ", self.reason.lower()).strip(" ")

        def named(self) -> set[str]:
            return {name.strip(" ") for name in (self.officers or "").split(";")} - {""}

        def failing(self, row: int, words: str | None, load: int, sharing: int, first: int | None) -> list[str]:
            stated, ordered = self.zip or "", read_day(self.final_order_date)
            periods = self.taxable_periods or ""
            years = [int(y) for y in periods.split(";")] if re.fullmatch(YEARS, periods) else []
            either = read_day(self.judicial_review_date) if self.judicial_review_date else ordered
            since = [(SIGNED_ON - d).days if d else 0 for d in (ordered, either)]
            holds = (
                0 < load <= 25,
                first == row,
                None not in (self.address_line_1, self.city, self.state, self.zip),
                bool(re.search("[A-Za-z]", self.address_line_1 or ""))
                and bool(re.fullmatch(ZIP, stated)) and not re.fullmatch(NO_ZIP, stated),
                bool(years) and max(years) <= SIGNED_ON.year and min(years) >= SIGNED_ON.year - 7,
                squeezed(self.statute) in STATUTES,
                self.stage in STAGES,
                0 < sharing <= 5,
                words is not None and len(words) >= 40,
                self.final_order_case is not None and min(since) > 90,
                (self.stay_in_force or "").lower() == "no",
                bool(re.fullmatch(BASIS, squeezed(self.order_basis))),
            )  # fmt: skip
            return [rule for rule, held in zip(RULES, holds, strict=True) if not held]

    loads: Counter[str] = Counter()
    sharing: Counter[str | None] = Counter()
    firsts: dict[str | None, int] = {}
    with pq.ParquetFile(rows) as held:
        for batch in held.iter_batches(20_000, columns=["row", *columns]):
            for line in batch.to_pylist():
                row = Row(**line)
                loads.update(row.named())
                sharing[row.words()] += 1
                firsts.setdefault(row.request_ref, line["row"])
        del sharing[None]
        firsts.pop(None, None)
        schema = pa.schema([("row", pa.int64()), ("rules", pa.list_(pa.string()))])
        with pq.ParquetWriter(out, schema) as writer:
            for batch in held.iter_batches(20_000, columns=["row", *columns]):
                answers = []
                for line in batch.to_pylist():
                    row = Row(**line)
                    words, number = row.words(), line["row"]
                    load = max((loads[name] for name in row.named()), default=0)
                    first = firsts.get(row.request_ref)
                    answers.append({"row": number, "rules": row.failing(number, words, load, sharing[words], first)})
                writer.write_table(pa.Table.from_pylist(answers, schema=schema))


def one(tool: str, rows: Path, out: Path) -> None:
    import deciders

    began = time.perf_counter()
    {"counterseal": counterseal, "polars": polars, "pydantic": pydantic, **vars(deciders)}[tool](rows, out)
    seconds = time.perf_counter() - began
    print(json.dumps({"seconds": seconds, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}))


def differing(ours: Path, theirs: Path) -> int:
    """Give the number of rows for which two answers differ, or which one of them lacks."""
    sql = (
        f"SELECT count(*) FROM '{ours}' a FULL JOIN '{theirs}' b USING (row) "
        "WHERE list_sort(a.rules) IS DISTINCT FROM list_sort(b.rules)"
    )
    return int(duckdb.sql(sql).fetchall()[0][0])


def deciding(answers: Path) -> set[str]:
    """Give the rules that some row fails while another holds."""
    sql = f"SELECT u.r FROM '{answers}', unnest(rules) u(r) GROUP BY 1 HAVING count(*) < (SELECT count(*) FROM '{answers}')"
    return {rule for (rule,) in duckdb.sql(sql).fetchall()}


def slow(folder: Path, base: float, rows: int) -> bool:
    """Measure the tools that decide a row at a time, on fewer rows, ours on the same; say whether one was wrong."""
    few = min(rows, SLOW_ROWS)
    source = folder / "few.parquet"
    duckdb.sql(ROWS.format(rows=few, path=source))
    ours = folder / "few-counterseal.parquet"
    run_tool("counterseal", source, ours)
    wrong = False
    for tool, module in SLOW_TOOLS.items():
        if importlib.util.find_spec(module) is None:
            print(f"{tool:14}not installed here")
            continue
        out = folder / f"few-{tool}.parquet"
        found = run_tool(tool, source, out)
        per_row = found["seconds"] / few
        others = differing(ours, out)
        wrong = wrong or bool(others)
        told = f"{1 / per_row:>12,.0f}{found['seconds']:>10.2f}{found['peak_mb']:>10,.0f}"
        print(f"{tool:14}{told}{per_row / (base / rows):>8.1f} x{others:>18,}  ({few:,} rows)")
    return wrong


def run_tool(tool: str, source: Path, out: Path) -> dict[str, float]:
    call = [sys.executable, __file__, "--tool", tool, str(source), str(out)]
    ran = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True)
    found: dict[str, float] = json.loads(ran.stdout.splitlines()[-1])
    return found


def main(rows: int, runs: int) -> int:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = folder / "rows.parquet"
        duckdb.sql(ROWS.format(rows=rows, path=source))
        took: dict[str, list[dict[str, float]]] = {tool: [] for tool in TOOLS}
        for _ in range(runs):
            for tool in TOOLS:
                out = folder / f"{tool}.parquet"
                took[tool].append(run_tool(tool, source, out))
        silent = set(RULES) - deciding(folder / "counterseal.parquet")
        wrong = {tool: differing(folder / "counterseal.parquet", folder / f"{tool}.parquet") for tool in TOOLS}
    base = statistics.median(run["seconds"] for run in took["counterseal"])
    print(f"{rows:,} rows, twelve rules, median of {runs}; load of the machine {os.getloadavg()[0]:.1f}")
    print(f"{'tool':14}{'rows/s':>12}{'seconds':>10}{'peak MB':>10}{'ours is':>10}{'rows that differ':>18}")
    for tool, found in took.items():
        seconds = statistics.median(run["seconds"] for run in found)
        peak = max(run["peak_mb"] for run in found)
        ratio = f"{seconds / base:.2f} x"
        print(f"{tool:14}{rows / seconds:>12,.0f}{seconds:>10.2f}{peak:>10,.0f}{ratio:>10}{wrong[tool]:>18,}")
    with tempfile.TemporaryDirectory() as scratch:
        wrong["decided"] = slow(Path(scratch), base, rows)
    if silent:
        print(f"No row fails {', '.join(sorted(silent))}: nothing was compared there.")
    return 1 if silent or any(wrong.values()) else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--tool"]:
        one(sys.argv[2], Path(sys.argv[3]), Path(sys.argv[4]))
    else:
        sys.exit(main(*(int(argument) for argument in (sys.argv[1:] + ["1000000", "3"][len(sys.argv) - 1 :])[:2])))
