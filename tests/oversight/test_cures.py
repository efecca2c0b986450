"""A row returned for cure that is said to have come back otherwise than it did."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from tests.batch import table_of
from tests.flow.casework import SUBMISSION, AtWork

from counterseal.cli import status
from counterseal.errors import CountersealError
from counterseal.flow.cures import cures

if TYPE_CHECKING:
    from pathlib import Path


def _came(at_work: AtWork, name: str, days: int, screened: list[tuple[str, str | None]], **other: str) -> None:
    """Lay down a batch that was screened so many days after the first."""
    from counterseal.store.models import Submission

    one = Submission.objects.get(pk=SUBMISSION)
    at = one.received_at + timedelta(days=days)
    facts = {"pk": name, "manifest_sha256": name.rjust(64, "0"), "received_at": at, "row_count": len(screened), **other}
    for field, value in facts.items():
        setattr(one, field, value)
    one.save(force_insert=True)
    folder = at_work.folder / "batches" / name
    folder.mkdir()
    at_work.office.files.make_key(name)
    columns = {"row": pa.array(range(1, len(screened) + 1), pa.int64())}
    columns["request_ref"] = pa.array([ref for ref, _ in screened], pa.string())
    columns["outcome"] = pa.array([outcome for _, outcome in screened], pa.string())
    with at_work.office.engine() as engine:
        engine.table("laid_down", pa.table(columns))
        engine.write_parquet("SELECT * FROM laid_down", folder / "screened.parquet")


def _quarter(at_work: AtWork, name: str = SUBMISSION) -> str:
    from counterseal.store.models import Submission

    at = Submission.objects.get(pk=name).received_at
    return f"{at.year}Q{(at.month + 2) // 3}"


def test_what_became_of_rows_returned_for_cure(at_work: AtWork, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    first = table_of(at_work.folder / "batches" / SUBMISSION / "screened.parquet").to_pylist()
    refs = sorted({one["request_ref"] for one in first if one["outcome"] == "cure" and one["request_ref"]})
    back: list[tuple[str, str | None]] = [
        *((ref, None) for ref in refs[:20]),
        *((ref, "refused") for ref in refs[20:30]),
    ]
    _came(at_work, "SYN-2026-0101", 1, [*back, *((ref, "cure") for ref in refs[30:36]), ("new", "cure")])
    _came(at_work, "SYN-2026-0102", 2, [(ref, None) for ref in refs[30:36]])
    _came(at_work, "SYN-2026-0103", 2, [(ref, None) for ref in refs[40:50]], agreement="irs-6103-m-2")
    found = cures(at_work.office, _quarter(at_work))
    later = _quarter(at_work, "SYN-2026-0101") == _quarter(at_work)
    told = found["ice", "irs-ice-2025"]
    again = 6 if later else 0
    assert (told["admitted"], told["refused"], told["cure"], told["judgement"]) == (20 + again, 10, 6, 0)
    assert told["not back"] == len(refs) - 36 + (1 if later else 0)
    assert found.get(("ice", "irs-6103-m-2"), {"cure": 0})["cure"] == 0

    call = ["report", "quality", str(at_work.folder), "--quarter", _quarter(at_work), "--out", str(tmp_path / "q")]
    assert status([*call, "--workspace", str(at_work.folder)]) == 0
    page, held = (tmp_path / "q" / "quality.html").read_text(), (tmp_path / "q" / "quality.json").read_text()
    assert "the custodian&#x27;s own figure" in page
    assert {one[1]: one[2]["refused"] for one in json.loads(held)["cures"]}["irs-ice-2025"] == 10
    assert status(call) == 0
    assert json.loads((tmp_path / "q" / "quality.json").read_text())["cures"] is None
    assert "is not counted here" in (tmp_path / "q" / "quality.html").read_text()


def test_a_batch_that_is_gone_counted_as_not_back(at_work: AtWork):
    _came(at_work, "SYN-2026-0101", 1, [("new", "cure")])
    at_work.office.files.destroy_key("SYN-2026-0101")
    with pytest.raises(CountersealError) as told:
        cures(at_work.office, _quarter(at_work))
    assert told.value.code == "batch-gone"
