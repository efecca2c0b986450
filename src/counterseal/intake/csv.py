"""CSV in streams: strict UTF-8, one header, quoted line ends allowed, a ragged row kept in its place."""

from __future__ import annotations

import codecs
import csv as written
import io
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from counterseal.errors import CountersealError
from counterseal.intake.columns import NOT_TEXT, as_text, check_header, rows_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LONGEST_HEADER = 20_000
BLOCK = 8 << 20
"""Bytes read at a time. One row may not be longer."""


def _mark(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return NOT_TEXT, fault.end


codecs.register_error("counterseal-mark", _mark)


class Marked(io.RawIOBase):
    """A file in which each run of bytes that is no UTF-8 reads as the mark of columns.NOT_TEXT.

    The reader below drops, without a word, a ragged row that it cannot decode; after marking there is none.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._decoder = codecs.getincrementaldecoder("utf-8")("counterseal-mark")
        self._ready = b""

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed asks for less
        """Fill ``buffer`` with the next bytes; 0 at the end."""
        while not self._ready:
            piece = self._file.read(BLOCK)
            self._ready = self._decoder.decode(piece, final=not piece).encode()
            if not piece and not self._ready:
                return 0
        size = min(len(buffer), len(self._ready))
        buffer[:size], self._ready = self._ready[:size], self._ready[size:]
        return size

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        with path.open("rb") as file:
            while piece := file.read(BLOCK):
                decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def read_csv(path: Path, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows of the file in batches, each physical row once, numbered from 1.

    Raises CountersealError ``columns`` or ``csv``.
    """
    header = _header(path)
    check_header(header, fields, path.name)
    ragged: list[tuple[int, str]] = []

    def note(row: pacsv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.text))
        return "skip"

    try:
        stream = pacsv.open_csv(
            path if _is_utf8(path) else Marked(path),
            read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=pacsv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.binary()), strings_can_be_null=False, check_utf8=False
            ),
        )
        yield from _numbered(stream, header, fields, ragged)
    except pa.ArrowInvalid as fault:
        raise CountersealError(
            "csv",
            "The file cannot be read as CSV: a row is longer than a row can be, or a quote is never closed.",
            where=path.name,
            next_step="Check the quoting; write one row a line.",
        ) from fault


def _numbered(
    stream: pacsv.CSVStreamingReader,
    header: Sequence[str],
    fields: Sequence[str],
    ragged: list[tuple[int, str]],
) -> Iterator[pa.RecordBatch]:
    last, skipped = 0, np.array([], dtype=np.int64)
    place = header.index("request_ref") if "request_ref" in header else None
    for batch in stream:
        noted, ragged[:] = list(ragged), []
        yield from _ragged(noted, place, fields)
        skipped = np.concatenate([skipped, np.array([number for number, _ in noted], dtype=np.int64)])
        reach = np.arange(last + 1, last + batch.num_rows + len(skipped) + 1)
        numbers = np.setdiff1d(reach, skipped)[: batch.num_rows]
        yield from _sound(batch, numbers, fields)
        if len(numbers):
            last = int(numbers[-1])
            skipped = skipped[skipped > last]
    yield from _ragged(ragged, place, fields)


def _sound(batch: pa.RecordBatch, numbers: np.ndarray, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    if not batch.num_rows:
        return
    fault = pa.nulls(batch.num_rows, pa.string())
    columns = {}
    for field in fields:
        columns[field], fault = as_text(batch.column(field), fault)
    yield rows_batch(pa.array(numbers, pa.int64()), fault, columns, fields)


def _ragged(rows: list[tuple[int, str]], place: int | None, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    if not rows:
        return
    size = len(rows)
    columns: dict[str, pa.Array] = {field: pa.nulls(size, pa.string()) for field in fields}
    if place is not None:
        columns["request_ref"] = pa.array([_value(text, place) for _, text in rows], pa.string())
    numbers = pa.array([number for number, _ in rows], pa.int64())
    yield rows_batch(numbers, pa.array(["ragged"] * size), columns, fields)


def _value(text: str, place: int) -> str | None:
    try:
        values = next(written.reader([text]), [])
    except written.Error:
        return None
    return values[place] if place < len(values) and not {"\x00", NOT_TEXT} & set(values[place]) else None


def _header(path: Path) -> list[str]:
    with path.open("rb") as file:
        first = file.readline(LONGEST_HEADER + 1)
    if len(first) > LONGEST_HEADER:
        raise CountersealError("csv", "The header line is too long.", where=path.name)
    try:
        text = first.decode("utf-8-sig").rstrip("\r\n")
        header = next(written.reader([text], strict=True), [])
    except (UnicodeDecodeError, written.Error):
        raise CountersealError("csv", "The header is not a line of UTF-8 CSV.", where=f"{path.name}, line 1") from None
    if not header:
        raise CountersealError("csv", "The file has no header line.", where=path.name)
    return header
