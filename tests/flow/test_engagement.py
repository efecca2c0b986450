"""How many people an officer stands for has to be told as it is, however the name is written."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa

from counterseal.core.files import PlainFiles
from counterseal.engine.duck import DuckEngine
from counterseal.flow.engagement import ROWS_NAMING, engagements_path, rows_naming


def counted(folder: Path, rows: list[tuple[str | None, str | None]]) -> dict[str, int]:
    """Count the officers of rows, each with its fault and its officers; give what the batch tells of them."""
    names = [officers for _, officers in rows]
    with DuckEngine() as engine:
        engine.table(
            "rows",
            pa.table({
                "row": pa.array(range(1, len(rows) + 1), pa.int64()),
                "malformed": pa.array([fault for fault, _ in rows], pa.string()),
                "officers": pa.array(names, pa.string()),
            }),
        )  # fmt: skip
        engine.write_parquet(ROWS_NAMING, engagements_path(folder))
    written = {one for name in names for one in (name or "").split(";")}
    return dict(rows_naming(PlainFiles(), folder, sorted(written)))


def test_one_officer_under_several_spellings(tmp_path: Path):
    told = counted(tmp_path, [(None, "O-17"), (None, "o 17;O-18"), (None, " O-17 ;O.17"), (None, "O-19")])
    assert told == {"O-17": 3, "o 17": 3, " O-17 ": 3, "O.17": 3, "O-18": 1, "O-19": 1}


def test_rows_that_cannot_be_read_or_name_nobody(tmp_path: Path):
    told = counted(tmp_path, [("ragged", None), (None, ""), (None, ";;"), (None, None), (None, "O-1;O-1;")])
    assert told == {"O-1": 1}


def test_names_without_a_latin_letter_that_are_taken_for_one(tmp_path: Path):
    assert counted(tmp_path, [(None, "Жанна"), (None, "Ольга; Жанна"), (None, "--"), (None, ";")]) == {
        "Жанна": 2, " Жанна": 2, "Ольга": 1, "--": 1,
    }  # fmt: skip


def test_a_batch_that_does_not_tell(tmp_path: Path):
    assert rows_naming(PlainFiles(), tmp_path, ["O-1"]) == {}
