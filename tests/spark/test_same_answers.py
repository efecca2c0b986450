"""Spark and DuckDB must find the same of every row: outcome, rules, every word of every reason."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from bench.screening import ROWS

from counterseal.agreements import load_agreement, own_tables, reference_tables
from counterseal.core.steps import Step
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import bring
from counterseal.engine.spark import SparkEngine
from counterseal.engine.spark_dialect import java_pattern
from counterseal.errors import CountersealError
from counterseal.intake.columns import rows_batch
from counterseal.screening import screening_steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.engine.step_engine import StepEngine

pytestmark = pytest.mark.spark
AGREEMENTS = Path(__file__).parents[2] / "agreements"
SHIPPED = sorted(folder.name for folder in AGREEMENTS.iterdir() if (folder / "agreement.md").is_file())
HOSTILE = (
    "\u2003", "\u00a0x\u2003", "10001-1234\n", "Straße", "ŉǰΐ", "ÁÉ í ñ", "İstanbul ı", "DŽ ǅ ǆ", "\U0001f600 12 MAPLE", "a\\b$1",
    "$0", "{x}", "12 MAPLE ST.", "P. O. BOX 5", "\x0b", "\x85", "0000-01-01", "9999-12-31", "2026-02-30", "2026-02-29",
    "2024-02-29", "0001-01-01", ";;", " ; ", "2022;2022", "2022 ; 2023", "２０２２", "x'); DROP TABLE rows; --", "[a&&b]", "''", "",
    " ", "yes", "YES", "No", "8 USC 1253(a)(1)(A)", "8 U.S.C. § 1227(a)(2)(A)(iii)", "NA", "?", "ÿ", "ſt", "K", "é́ ̈",
)  # fmt: skip
"""Values at which two engines, two regular expression languages or two alphabets have differed."""

NARROW = (("city", "state", "zip"), ("statute", "taxable_periods"), ("final_order_date",))
"""Groups of fields that are worked out by value, where an agreement has them."""


@pytest.fixture(scope="module")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkEngine]:
    with SparkEngine(spill=tmp_path_factory.mktemp("spill")) as engine:
        yield engine


def _screened(engine: StepEngine, agreement: str, rows: Path, out: Path) -> Path:
    law = load_agreement(AGREEMENTS / agreement)
    engine.table("rows", rows)
    bring(engine, reference_tables(law))
    for name, table in own_tables(law).items():
        engine.table(name, table)
    fields = {field.name for field in law.fields}
    narrow = tuple(group for group in NARROW if fields.issuperset(group))
    facts = {"signed_on": "2026-11-02", "rows_received": 9}
    engine.run(screening_steps(law, facts, register_known=True, narrow=narrow))
    engine.write_parquet("SELECT * FROM screened ORDER BY row", out)
    return out


def _compare(spark: SparkEngine, agreement: str, rows: Path, folder: Path) -> int:
    with DuckEngine(spill=folder) as duck:
        one = _screened(duck, agreement, rows, folder / "duckdb.parquet")
    other = _screened(spark, agreement, rows, folder / "spark.parquet")
    orders = [pq.read_table(path, columns=["row"]).column("row").to_pylist() for path in (one, other)]
    assert orders[0] == orders[1]
    differing = duckdb.sql(
        f"SELECT a, b FROM '{one}' a FULL JOIN '{other}' b ON a.row = b.row WHERE a IS DISTINCT FROM b LIMIT 5"
    ).fetchall()
    assert differing == []
    return pq.read_metadata(one).num_rows


@pytest.mark.parametrize("rows", [20_000, pytest.param(1_000_000, marks=pytest.mark.long)])
def test_a_row_that_spark_answers_otherwise(spark: SparkEngine, tmp_path: Path, rows: int):
    source = tmp_path / "rows.parquet"
    duckdb.sql(ROWS.format(rows=rows, path=source))

    assert _compare(spark, "irs-ice-2025", source, tmp_path) == rows


@pytest.mark.parametrize("agreement", SHIPPED)
def test_a_hostile_value_that_spark_reads_otherwise(spark: SparkEngine, tmp_path: Path, agreement: str):
    """Every hostile value in every field, one at a time, in rows that are otherwise sound or empty."""
    fields = [field.name for field in load_agreement(AGREEMENTS / agreement).fields]
    rows: list[dict[str, Any]] = [
        {field: ("MARIA" if at % 2 else "")} | dict.fromkeys(fields, "yes" if at % 3 else "") | {field: value}
        for field in fields
        for at, value in enumerate(HOSTILE)
    ] + [dict.fromkeys(fields, value) for value in HOSTILE]
    numbers = pa.array(range(1, len(rows) + 2), pa.int64())
    faults = pa.array([None] * len(rows) + ["ragged"], pa.string())
    columns = {field: pa.array([*(row[field] for row in rows), None], pa.string()) for field in fields}
    pq.write_table(pa.Table.from_batches([rows_batch(numbers, faults, columns, fields)]), tmp_path / "rows.parquet")

    assert _compare(spark, agreement, tmp_path / "rows.parquet", tmp_path) == len(rows) + 1


@pytest.mark.parametrize(
    "expression",
    ["upper(t)", "lower(t)", "trim(t)", "length(t)", "regexp_matches(t, 'a$')", "regexp_replace(t, '(.)', '<\\1$>', 'g')",
     "regexp_extract(t, '([A-Z])?x', 1)", r"regexp_matches(t, '\bst\b')", r"regexp_matches(t, '[\s&&[]')",
     "substr(t, 2, 3)", "concat(t, NULL, 'x')", "concat_ws('-', t, NULL)", "len(string_split(t, ';'))",
     "list_contains(string_split(t, ';'), '')", "len(list_intersect(string_split(t, ';'), CAST(NULL AS VARCHAR[])))",
     "year(try_cast(t AS DATE))", "DATE '2026-11-02' - try_cast(t AS DATE)", "starts_with(t, '1')"],
)  # fmt: skip
def test_a_function_that_means_something_else(spark: SparkEngine, expression: str):
    table = pa.table({"n": list(range(len(HOSTILE) + 1)), "t": [*HOSTILE, None]})
    with DuckEngine() as duck:
        answers = []
        for engine in (duck, spark):
            engine.table("given", table)
            engine.run([Step("found", f"SELECT n, {expression} AS x FROM given")])
            answers.append(engine.rows("SELECT n, x FROM found ORDER BY n"))

    assert answers[0] == answers[1]


@pytest.mark.parametrize("pattern", ["(?i)a", "a(?=b)", r"\Qa\E", r"\pL", r"\p{L}", r"\B"])
def test_a_pattern_without_a_translation_is_taken(pattern: str):
    with pytest.raises(CountersealError, match="spark-pattern"):
        java_pattern(pattern)


def test_a_failing_job_that_tells_a_value(spark: SparkEngine):
    with pytest.raises(CountersealError) as failure:
        spark.run([Step("bad", "SELECT CAST('123-45-6789' AS INTEGER) AS x")])

    assert "123-45-6789" not in str(failure.value)
    assert failure.value.code == "spark-failed"


def test_the_command_answers_otherwise(tmp_path: Path, made_up: Path):
    from counterseal import wiring
    from counterseal.core.steps import Engine

    for kind in Engine:
        shutil.rmtree(tmp_path / kind, ignore_errors=True)
    counts = [
        wiring.screen(made_up / "request" / "SYN-2026-0001", tmp_path / kind, agreement=None, kind=kind,
                      memory_limit="2GB", progress=None)[0]
        for kind in Engine
    ]  # fmt: skip
    tables = [pq.read_table(tmp_path / kind / "determinations.parquet") for kind in Engine]

    assert counts[0] == counts[1]
    assert tables[0].to_pylist() == tables[1].to_pylist()
