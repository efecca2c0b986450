"""The engine keeps its limits and says what failed without saying whose row."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from counterseal.core.steps import Step
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import bring, folded, zip_codes, zip_places
from counterseal.errors import CountersealError


def test_a_failing_step_that_tells_a_value():
    with DuckEngine() as engine, pytest.raises(CountersealError) as failure:
        engine.run([Step("bad", "SELECT CAST('123-45-6789' AS INTEGER) AS x")])

    assert "123-45-6789" not in str(failure.value)
    assert failure.value.code == "engine-step"


def test_an_extension_is_loaded_from_the_network():
    with DuckEngine() as engine, pytest.raises(CountersealError):
        engine.run([Step("remote", "SELECT * FROM read_parquet('https://127.0.0.1:9/x.parquet')")])


def test_an_engine_that_draws_on_standard_output():
    """A bar comes after two seconds, where Python was started without a file; what is piped would be broken."""
    asked = "with DuckEngine() as engine: print(engine.rows(\"SELECT current_setting('enable_progress_bar')\"))"
    told = subprocess.run(
        [sys.executable, "-c", f"from counterseal.engine.duck import DuckEngine\n{asked}"],
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == "[(False,)]\n"


def test_rows_lost_between_table_and_file(tmp_path: Path):
    with DuckEngine() as engine:
        engine.table("rows", pa.table({"row": list(range(250_000))}))
        engine.write_parquet("SELECT * FROM rows ORDER BY row", tmp_path / "rows.parquet")
        engine.table("back", tmp_path / "rows.parquet")

        assert engine.rows("SELECT count(*), count(DISTINCT row) FROM back") == [(250_000, 250_000)]


@pytest.mark.parametrize("rows", [0, 1, 6, 7, 8])
def test_a_line_lost_between_two_parts(rows: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("counterseal.engine.duck.ROWS_AT_ONCE", 3)
    lines = "SELECT 'line ' || row || chr(8364) FROM told WHERE row BETWEEN ? AND ? ORDER BY row"
    with DuckEngine() as engine:
        engine.table("told", pa.table({"row": pa.array(reversed(range(1, rows + 1)), pa.int64())}))
        engine.write_lines(lines, tmp_path / "lines", rows)
        assert (tmp_path / "lines").read_text().splitlines() == [f"line {row}€" for row in range(1, rows + 1)]
        with pytest.raises(CountersealError, match="lines"):
            engine.write_lines(lines, tmp_path / "lines", rows + 1)


def test_a_memory_limit_that_nobody_can_read():
    with pytest.raises(CountersealError, match="engine-settings"):
        DuckEngine(memory_limit="lots")


def test_a_zip_with_a_place_of_another_state():
    with DuckEngine() as engine:
        bring(engine, ["zip_places", "zip_codes", "zip_prefixes"])
        wrong = engine.rows("SELECT count(*) FROM zip_places p JOIN zip_codes c USING (zip) WHERE p.state <> c.state")

    assert wrong == [(0,)]
    assert zip_places().num_rows > zip_codes().num_rows


@pytest.mark.parametrize(("written", "read"), [("Coeur d'Alene", "COEUR DALENE"), ("San José", "SAN JOSE")])
def test_a_place_written_with_marks(written: str, read: str):
    assert folded(written) == read


def test_a_table_that_is_larger_than_the_memory():
    with DuckEngine(memory_limit="1MB") as engine, pytest.raises(CountersealError, match="engine-memory"):
        engine.table("wide", pa.table({"a": pa.array([f"{number:0>400}" for number in range(20_000)])}))
