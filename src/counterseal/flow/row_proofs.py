"""The proof of one row of a batch, out of the batch's folder and the published ledger; no database is opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

from counterseal.errors import CountersealError
from counterseal.ledger.batch import batch_tree, prove_row
from counterseal.ledger.folder import LedgerFolder
from counterseal.ledger.row_receipt import prove_row_in_ledger

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal.core.workspace import Workspace
    from counterseal.ledger.row_receipt import RowReceipt
    from counterseal.vault.batch_files import BatchFiles

ROW_OPENINGS = "rows.secret"
DETERMINATIONS = "determinations.parquet"


def determinations(batch: Path) -> Iterator[dict[str, str | int | list[str]]]:
    """Give a batch's determinations in file order, as they stand under its root."""
    for part in pq.ParquetFile(batch / DETERMINATIONS).iter_batches(50_000):
        for row in part.to_pylist():
            yield {**row, "request_ref": row["request_ref"] or ""}


def prove_row_of_batch(workspace: Workspace, files: BatchFiles, submission: str, row: int) -> RowReceipt:
    """Prove one row of a determined submission; rows count from 1.

    Raises CountersealError ``no-such-submission``, ``no-such-row`` or ``row-secret`` (destroyed, so that no row can be
    opened any more), and CheckFailedError ``no-such-batch`` when the rows are not those of the ledger.
    """
    batches = workspace.root / "batches"
    if not batches.is_dir() or submission not in {path.name for path in batches.iterdir()}:
        raise CountersealError("no-such-submission", "No submission of this id was determined here.", where="--batch")
    batch = batches / submission
    try:
        secret = files.read(batch / ROW_OPENINGS)
    except (OSError, CountersealError):
        raise CountersealError("row-secret", "What opens this batch's rows was destroyed, or is not here.") from None
    rows = list(determinations(batch))
    if not 1 <= row <= len(rows):
        raise CountersealError("no-such-row", f"The submission has the rows 1 to {len(rows)}.", where="--row")
    tree = batch_tree(secret, rows)
    proof = prove_row(tree, secret, row - 1, rows[row - 1])
    return prove_row_in_ledger(LedgerFolder(workspace.ledger), proof, tree.root().hex())
