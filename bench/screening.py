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
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

if TYPE_CHECKING:
    from collections.abc import Callable

AGREEMENT = Path(__file__).parents[1] / "agreements" / "irs-ice-2025" / "agreement.md"
RULES = ("R-10a", "R-02a", "R-14", "R-16", "R-20", "R-21", "R-22", "R-23a", "R-23b", "R-24", "R-24b", "R-25")
TOOLS = ("counterseal", "polars", "pydantic")
SLOW_TOOLS = {"cedar": "cedarpy", "cel": "cel", "rego": "regopy"}
"""Those that decide a row at a time, with the module each needs; they get a part of the rows."""
SLOW_ROWS = 20_000
ROWS = """
    COPY (SELECT i AS row, CAST(NULL AS VARCHAR) AS malformed, CAST(NULL AS BOOLEAN) AS plain,
      CASE WHEN i % 997 = 0 THEN 'REF-7' WHEN i % 1499 = 0 THEN '' ELSE 'REF-' || i END AS request_ref,
      'MARIA' AS given_name, '' AS middle_name, 'LOPEZ' AS family_name, '' AS suffix, '1985-02-28' AS date_of_birth,
      '' AS tin,
      CASE WHEN i % 50 = 0 THEN '' WHEN i % 71 = 0 THEN '12345' WHEN i % 103 = 0 THEN 'Denver, Co 80203'
        WHEN i % 107 = 0 THEN 'c/o Díaz, ' || h % 90 || ' Peña St Apt4' WHEN i % 109 = 0 THEN 'APT 7' WHEN i % 113 = 0 THEN 'St.Denver'
        ELSE (h % 9000 + 1) || ' MAPLE ST' END AS address_line_1,
      '' AS address_line_2, 'DENVER' AS city, CASE WHEN i % 83 = 0 THEN ' ' WHEN i % 7 = 0 THEN 'Colorado' ELSE ' CO ' END AS state,
      CASE WHEN i % 61 = 0 THEN '00000' WHEN i % 67 = 0 THEN '8020' WHEN i % 127 = 0 THEN '80203 1234' ELSE '80203-' || lpad((h % 10000)::VARCHAR, 4, '0')
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
      CASE WHEN i % 3 = 0 THEN 'Needed for the investigation.' WHEN i % 131 = 0 THEN 'Maria Lopez' WHEN i % 137 = 0 THEN '1325'
        WHEN i % 11 = 0 THEN 'Maria ' || 'Lopez is asked about, by name, in the matter of ' || h
        ELSE 'The subject ' || translate(md5(i::VARCHAR), '0123456789', 'ghijklmnop')
          || ' failed to depart after the order, and the letter of notice must reach the last address.' END AS reason,
      CASE WHEN i % 139 = 0 THEN '' WHEN i % 13 = 0 THEN ' o-' || i % ({rows} // 20 + 1) || '. ;' WHEN i % 97 = 0 THEN 'BUSY;O-' || i % ({rows} // 20 + 1) ELSE 'O-' || i % ({rows} // 20 + 1) END AS officers
    FROM (SELECT i, hash(i) AS h FROM range(1, {rows} + 1) r(i))) TO '{path}' (FORMAT parquet)
"""


def counterseal(rows: Path, out: Path) -> None:
    import twelve
    from counterseal.agreements import load_agreement
    from counterseal.engine.duck import DuckEngine
    from counterseal.flow.screen import screen_rows
    from rules import reduced

    law = reduced(load_agreement(AGREEMENT), RULES)
    with DuckEngine(memory_limit="2GB", threads=2, spill=out.parent) as engine:
        facts = {"signed_on": twelve.SIGNED_ON.isoformat()}
        screen_rows(engine, rows, law, facts, register_known=False, found=False)
        engine.write_parquet("SELECT row, outcome, rules, reasons FROM screened", out)


def polars(rows: Path, out: Path) -> None:
    import polars as pl

    import twelve

    def whole(column: pl.Expr, pattern: str) -> pl.Expr:
        return column.str.contains(f"^(?:{pattern})$")

    def code(name: str) -> pl.Expr:
        return pl.col(name).str.to_uppercase().str.replace_all(r"[ .§]", "").str.replace_all(twelve.CODES, "USC")

    def day(name: str) -> pl.Expr:
        written = whole(pl.col(name), twelve.DAY)
        return pl.when(written).then(pl.col(name).str.to_date("%Y-%m-%d", strict=False))

    def without(column: pl.Expr, *parts: pl.Expr) -> pl.Expr:
        words = pl.concat_str(pl.lit(" "), *(one for part in parts for one in (part, pl.lit(" "))))
        return pl.coalesce(column.str.split(words).list.join(" "), column)  # no pattern of its own a row in replace

    text = pl.scan_parquet(rows).drop("malformed", "plain")
    names = [name for name in text.collect_schema().names() if name != "row"]
    text = text.with_columns(pl.col(n).str.strip_chars(twelve.SPACE) for n in names)
    text = text.with_columns(pl.when(pl.col(n) != "").then(pl.col(n)).alias(n) for n in names)
    made = _streets(text, without)
    words = pl.col("reason").str.to_uppercase().str.replace_all("[^A-Z]+", " ").str.strip_chars(" ")
    named = [pl.col(name).str.to_uppercase() for name in ("family_name", "given_name")]
    basis = code("order_basis")
    made = made.with_columns(
        pl.when(whole(pl.col("taxable_periods"), twelve.YEARS)).then(
            pl.col("taxable_periods").str.replace_all(" ", "").str.split(";").cast(pl.List(pl.Int64), strict=False)
        ).alias("years"),
        day("final_order_date").alias("ordered"),
        day("judicial_review_date").alias("reviewed"),
        pl.when(pl.col("reason").str.contains("[A-Za-z]")).then(
            without(without(pl.concat_str(pl.lit(" "), words, pl.lit(" ")), named[0]), named[1]).str.strip_chars(" ")
        ).alias("words"),
        pl.when(whole(basis, twelve.BASIS)).then(basis.str.extract(f"({twelve.CLASS})", 1)).alias("removal_class"),
    )  # fmt: skip
    squeezed = pl.col("officers").str.to_uppercase().str.replace_all(twelve.ODD_OFFICER, "")
    named_in = text.select("row", squeezed.str.replace_all(twelve.EDGES, "").str.split(";")).explode("officers")
    named_in = named_in.filter(pl.col("officers").is_not_null()).unique()
    load = named_in.group_by("officers").agg(pl.len().alias("load"))
    busiest = named_in.join(load, on="officers").group_by("row").agg(pl.col("load").max().alias("busiest"))
    reasons = made.group_by("words").agg(pl.len().alias("sharing")).filter(pl.col("words").is_not_null())
    firsts = made.group_by("request_ref").agg(pl.col("row").min().alias("first"))
    made = made.join(busiest, on="row", how="left").join(reasons, on="words", how="left")
    made = made.join(firsts.filter(pl.col("request_ref").is_not_null()), on="request_ref", how="left")
    signed = pl.lit(twelve.SIGNED_ON)
    since = (signed - pl.col("ordered")).dt.total_days()
    reviewed = (signed - pl.col("reviewed")).dt.total_days()
    since_either = pl.when(pl.col("judicial_review_date").is_null()).then(since).otherwise(reviewed)
    address = [pl.col(n).is_not_null() for n in ("address_line_1", "city", "state", "zip")]
    stated, this_year = pl.col("zip"), twelve.SIGNED_ON.year
    holds = {
        "R-10a": pl.col("busiest") <= 25,
        "R-02a": pl.col("first") == pl.col("row"),
        "R-14": pl.all_horizontal(address),
        "R-16": ~pl.col("only_a_place") & whole(stated, twelve.ZIP) & ~whole(stated, twelve.NO_ZIP),
        "R-20": (pl.col("years").list.len() > 0) & (pl.col("years").list.max() <= this_year)
        & (pl.col("years").list.min() >= this_year - 7),
        "R-21": code("statute").is_in(twelve.STATUTES),
        "R-22": pl.col("stage").is_in(twelve.STAGES),
        "R-23a": pl.col("sharing") <= 5,
        "R-23b": pl.col("words").str.split(" ").list.len() >= 5,
        "R-24": pl.col("final_order_case").is_not_null() & (since > 90) & (since_either > 90),
        "R-24b": pl.col("stay_in_force").str.to_lowercase() == "no",
        "R-25": pl.col("removal_class").is_in(twelve.CLASSES),
    }  # fmt: skip
    failing = [pl.when(~holds[rule].fill_null(value=False)).then(pl.lit(rule)) for rule in RULES]
    made.select("row", pl.concat_list(failing).list.drop_nulls().alias("rules")).sink_parquet(out, engine="streaming")


def _streets(text: Any, without: Callable[..., Any]) -> Any:
    """Add whether the street line says no more than the city, the state or the ZIP code does."""
    import polars as pl

    import twelve

    def plain(column: pl.Expr) -> pl.Expr:
        held = column.str.replace_many(list(twelve.ACCENTS), list(twelve.ACCENTS.values()))
        return held.str.replace_all(twelve.MARKS, "").str.replace_all("#", " # ", literal=True)

    lines = pl.concat_str("address_line_1", "address_line_2", separator=" ", ignore_nulls=True).str.to_uppercase()
    street = plain(lines.str.replace_all(twelve.ABBREVIATED, "$1 $2")).str.replace_all(twelve.NOT_STREET, " ")
    street = pl.concat_str(pl.lit(" "), street.str.strip_chars(" "), pl.lit(" "))
    city = plain(pl.col("city").str.to_uppercase()).str.replace_all(twelve.NOT_CITY, " ").str.strip_chars(" ")
    state = pl.col("state").str.to_uppercase().str.replace_all("[^A-Z]+", " ").str.strip_chars(" ")
    zip5 = pl.when(pl.col("zip").str.contains(f"^(?:{twelve.ZIP})$")).then(pl.col("zip").str.slice(0, 5))
    made = text.with_columns(
        pl.when(pl.col("address_line_1").is_not_null())
        .then(street.str.replace_all(twelve.CLOSED_UP, " $1 $2 "))
        .alias("street"),
        city.alias("city_text"),
        state.alias("state_text"),
        state.replace_strict(twelve.STATES, default=None, return_dtype=pl.String).alias("state_code"),
        zip5.alias("zip5"),
    )
    city, state, code, zip5 = (pl.col(name) for name in ("city_text", "state_text", "state_code", "zip5"))
    core = without(pl.col("street"), city, code, zip5).str.replace_all(twelve.CARE_OF, " ")
    core = without(core, code, zip5).str.replace_all(twelve.UNIT, "").str.replace_all(twelve.NUMBERED, "$1")
    made = made.with_columns(core.str.strip_chars(" ").alias("core"))
    said = [city, code, zip5, state, *(pl.concat_str(city, pl.lit(" "), part) for part in (code, state, zip5))]
    place = pl.any_horizontal((pl.col("core") == one).fill_null(value=False) for one in said)
    return made.with_columns(
        (~pl.col("street").str.contains("[A-Z]") | place | (pl.col("core") == "")).alias("only_a_place")
    )


def pydantic(rows: Path, out: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from pydantic import BaseModel, ConfigDict, field_validator

    import twelve

    class Row(BaseModel):
        model_config = ConfigDict(extra="ignore")
        request_ref: str
        given_name: str
        family_name: str
        address_line_1: str
        address_line_2: str
        city: str
        state: str
        zip: str
        taxable_periods: str
        statute: str
        stage: str
        final_order_date: str
        final_order_case: str
        order_basis: str
        judicial_review_date: str
        stay_in_force: str
        reason: str
        officers: str

        @field_validator("*", mode="before")
        @classmethod
        def canonical(cls, text: str | None) -> str:
            return twelve.canonical(text)

        def failing(self, row: int, counts: twelve.Counts) -> list[str]:
            told = twelve.facts(row, self.__dict__, counts)
            holds = (
                0 < told["load"] <= 25,
                told["first"] == row,
                told["missing"] == 0,
                told["placed"] and told["zip_formed"],
                told["earliest"] >= 2019 and told["latest"] <= 2026,
                told["statute"] in twelve.STATUTES,
                told["stage"] in twelve.STAGES,
                0 < told["sharing"] <= 5,
                told["words"] >= 5,
                told["numbered"] and told["since"] > 90,
                told["stay"] == "no",
                told["removal_class"] in twelve.CLASSES,
            )
            return [rule for rule, held in zip(RULES, holds, strict=True) if not held]

    counts = twelve.Counts()
    with pq.ParquetFile(rows) as held:
        for batch in held.iter_batches(20_000, columns=["row", *Row.model_fields]):
            for line in batch.to_pylist():
                counts.add(line["row"], Row(**line).__dict__)
        counts.end()
        schema = pa.schema([("row", pa.int64()), ("rules", pa.list_(pa.string()))])
        with pq.ParquetWriter(out, schema) as writer:
            for batch in held.iter_batches(20_000, columns=["row", *Row.model_fields]):
                answers = [
                    {"row": line["row"], "rules": Row(**line).failing(line["row"], counts)}
                    for line in batch.to_pylist()
                ]
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
