"""Parquet in row groups: text columns only, as received."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from counterseal.errors import CountersealError
from counterseal.intake.columns import as_text, check_header, rows_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path


def read_parquet(path: Path, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows of the file in batches, numbered from 1.

    Raises CountersealError ``parquet`` or ``columns``.
    """
    try:
        file = pq.ParquetFile(path, memory_map=False)
        _check_types(file.schema_arrow, fields, path.name)
        last = 0
        for batch in file.iter_batches(batch_size=50_000, use_threads=False):
            fault = pa.nulls(batch.num_rows, pa.string())
            columns = {}
            for field in fields:
                text, fault = as_text(batch.column(field), fault)
                absent = pc.and_(pc.is_null(text), pc.is_null(fault))
                columns[field] = pc.if_else(absent, "", text)
            numbers = pa.array(range(last + 1, last + batch.num_rows + 1), pa.int64())
            yield rows_batch(numbers, fault, columns, fields)
            last += batch.num_rows
    except (pa.ArrowException, OSError) as fault:
        raise CountersealError(
            "parquet", "The file cannot be read as Parquet.", where=path.name, next_step="Write it anew."
        ) from fault


def _check_types(schema: pa.Schema, fields: Sequence[str], where: str) -> None:
    check_header(schema.names, fields, where)
    for column in schema:
        if not (pa.types.is_string(column.type) or pa.types.is_large_string(column.type)):
            raise CountersealError(
                "columns",
                f"The column {column.name} is not text.",
                where=where,
                next_step="Write every column as text, as in the agreement's fields.",
            )
