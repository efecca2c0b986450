"""Explaining one row of a submission on its face: the batch is screened again, and nothing is kept."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.agreements.versions import law_on
from counterseal.engine.duck import DuckEngine
from counterseal.errors import CountersealError
from counterseal.flow.screen import request_facts, screen_rows
from counterseal.intake import read_manifest, take_in
from counterseal.screening.explain import Explanation, explain_row

if TYPE_CHECKING:
    from datetime import date

    from counterseal.flow.office import Progress


def explain_submission_row(
    submission: Path, row: int, *, agreement: Path, received_on: date, progress: Progress | None = None
) -> tuple[Explanation, ...]:
    """Explain ``row`` of the submission under ``agreement``; the register is not asked, no registry is opened.

    Raises CountersealError ``row-unknown`` for a row that no rule was held against.
    """
    manifest = read_manifest(submission)
    law = law_on(agreement, manifest.signed_on)
    with tempfile.TemporaryDirectory() as folder, DuckEngine(memory_limit="1GB", spill=Path(folder)) as engine:
        rows = Path(folder) / "rows.parquet"
        receipt = take_in(submission, manifest, [field.name for field in law.fields], rows, progress=progress)
        facts = request_facts(manifest, receipt, received_on, None)
        screen_rows(engine, rows, law, facts, register_known=False, explained=True, progress=progress)
        found = explain_row(law, facts, row, engine, register_known=False)
    if not found:
        raise CountersealError(
            "row-unknown",
            "No rule was held against this row: it does not exist, or it is malformed (R-00).",
            where=f"row {row}",
            next_step=f"Rows go from 1 to {receipt.rows_received}.",
        )
    return found
