"""Parquet in row groups: text columns only, as received."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from counterseal.errors import CountersealError
from counterseal.intake.columns import LONGEST_VALUE, ahead, as_text, check_header, rows_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BATCH = 50_000
MOST_COLUMNS = 1_000
LEAST_IN_A_GROUP = 1_000
"""Rows that a file's groups hold on average, beyond the first few: each group costs its opening."""

FEW_GROUPS = 100
LARGEST_GROUP = 1 << 29
"""Bytes of one row group, unpacked. While it is read, the values of its columns lie in memory several times."""

MOST_UNFOLDED = 1 << 30
"""Bytes to which the values of one column may unfold in a batch."""


def read_parquet(path: Path, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows of the file in batches, numbered from 1.

    Raises CountersealError ``parquet`` or ``columns``.
    """
    try:
        file = _opened(path, fields)
        last = 0
        batches = _batches(file, fields)
        for batch in ahead(lambda: next(batches, None)):
            if batch is None:
                break
            fault = pa.nulls(batch.num_rows, pa.string())
            columns = {}
            for field in fields:
                text, fault = as_text(_values(batch.column(field), path.name), fault)
                if text.null_count:
                    text = pc.if_else(pc.and_(pc.is_null(text), pc.is_null(fault)), "", text)
                columns[field] = text
            numbers = pa.array(range(last + 1, last + batch.num_rows + 1), pa.int64())
            yield rows_batch(numbers, fault, columns, fields)
            last += batch.num_rows
    except (pa.ArrowException, ValueError, OverflowError, OSError, MemoryError) as fault:  # a name may be no UTF-8
        raise _wrong(path.name, "The file cannot be read as Parquet.") from fault


def _wrong(where: str, message: str) -> CountersealError:
    return CountersealError("parquet", message, where=where, next_step="Write it anew, in row groups of 100,000 rows.")


def _opened(path: Path, fields: Sequence[str]) -> pq.ParquetFile:
    """Open the file after its own account of its size has been held against the limits."""
    file = pq.ParquetFile(path, memory_map=False)
    if file.metadata.num_columns > MOST_COLUMNS:
        raise _wrong(path.name, "The file has more columns than any agreement has fields.")
    if file.metadata.num_row_groups > FEW_GROUPS + file.metadata.num_rows // LEAST_IN_A_GROUP:
        raise _wrong(path.name, "The file is cut into too many row groups.")
    _check_types(file.schema_arrow, fields, path.name)
    for group in range(file.metadata.num_row_groups):
        if file.metadata.row_group(group).total_byte_size > LARGEST_GROUP:
            raise _wrong(path.name, "A row group of the file unfolds to more than can be taken in.")
    file.close()
    return pq.ParquetFile(path, memory_map=False, read_dictionary=list(fields), page_checksum_verification=True)


def _batches(file: pq.ParquetFile, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows, one row group after the other: a reader of several keeps all their values until its end."""
    for group in range(file.num_row_groups):
        yield from file.iter_batches(BATCH, row_groups=[group], columns=list(fields), use_threads=False)


def _values(column: pa.Array, where: str) -> pa.Array:
    """Give the values themselves. One long value repeated would unfold without limit, so it is looked at first."""
    if not pa.types.is_dictionary(column.type):
        return column
    longest = pc.max(pc.binary_length(column.dictionary)).as_py() or 0
    if longest > LONGEST_VALUE and longest * len(column) > MOST_UNFOLDED:
        raise _wrong(where, "A column of the file unfolds to more than can be taken in.")
    return column.dictionary_decode()


def _check_types(schema: pa.Schema, fields: Sequence[str], where: str) -> None:
    check_header(schema.names, fields, where)
    for column in schema:
        held = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
        if not (pa.types.is_string(held) or pa.types.is_large_string(held)):
            raise CountersealError(
                "columns",
                f"The column {column.name} is not text.",
                where=where,
                next_step="Write every column as text, as in the agreement's fields.",
            )
