"""CSV in streams: strict UTF-8, one header, quoted line ends allowed, a ragged row kept in its place."""

from __future__ import annotations

import codecs
import csv as written
import io
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as pacsv

from counterseal.errors import CountersealError
from counterseal.intake.columns import (
    LONGEST_VALUE,
    NOT_TEXT,
    STRAY_QUOTE,
    ahead,
    as_text,
    check_header,
    rows_batch,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

LONGEST_HEADER = 20_000
BLOCK = 8 << 20
"""Bytes read at a time. One row may not be longer."""
ODD = {"\x00", NOT_TEXT, STRAY_QUOTE}
QUOTE, NEWLINE, BOM = b'"', 0x0A, codecs.BOM_UTF8
PART = 1 << 18
"""Bytes that are looked through at once: they stay in the processor's own memory."""
_EDGE = np.zeros(256, bool)
_EDGE[list(b",\r\n")] = True
"""What stands before a value or behind it. A run of quotes with none beside it is even, or its last one strays."""


def _mark(fault: UnicodeError) -> tuple[str, int]:
    if not isinstance(fault, UnicodeDecodeError):
        raise fault
    return NOT_TEXT, fault.end


codecs.register_error("counterseal-mark", _mark)


class Marked(io.RawIOBase):
    """The file as UTF-8, with a last line of its own.

    Each run of bytes that is no UTF-8 reads as the mark of columns.NOT_TEXT: the reader below drops, without a
    word, a ragged row that it cannot decode. It also passes over a quote that neither begins nor ends a value
    (RFC 4180, 2), and would give ``"The" end`` as ``The end``: STRAY_QUOTE stands behind such a one. The last line is
    ragged by intent: where it does not arrive as a row, a quote before it was never closed. ``odd`` tells that a mark
    or a NUL byte has been read so far.
    """

    def __init__(self, path: Path, last_line: bytes) -> None:
        super().__init__()
        self._file = path.open("rb")
        self._decoder = codecs.getincrementaldecoder("utf-8")("counterseal-mark")
        self._ready = memoryview(b"")
        self._last_line: bytes | None = last_line
        self._line_is_open = False
        self._before, self._held, self._passed = b"\n", b"", 0
        self._marked = self._file.peek(len(BOM)).startswith(BOM)
        self.odd = False

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed asks for less
        """Fill ``buffer`` with the next bytes; 0 at the end."""
        while not self._ready:
            if self._last_line is None:
                return 0
            self._ready = memoryview(self._quoted(self._next()))
        size = min(len(buffer), len(self._ready))
        buffer[:size] = self._ready[:size]
        self._ready = self._ready[size:]
        return size

    def _next(self) -> bytes:
        piece = self._file.read(BLOCK)
        if piece and piece.isascii() and not self._decoder.getstate()[0]:  # as it is, which is nearly always
            self.odd = self.odd or b"\x00" in piece
            self._line_is_open = piece[-1:] not in {b"\r", b"\n"}
            return piece
        text = self._decoder.decode(piece, final=not piece)
        self.odd = self.odd or "\x00" in text or NOT_TEXT in text
        if text:
            self._line_is_open = text[-1] not in "\r\n"
        if piece:
            return text.encode()
        end = b"\n" if self._line_is_open else b""
        last_line, self._last_line = self._last_line or b"", None
        return text.encode() + end + last_line

    def _quoted(self, piece: bytes) -> bytes:
        """Mark the quotes that stray. What a piece's last quotes are is known with the next piece."""
        if self._held:
            piece, self._held = self._held + piece, b""
        if self._last_line is not None and piece.endswith(QUOTE):
            kept = piece.rstrip(QUOTE)
            piece, self._held = kept, piece[len(kept) :]
        if not piece:
            return piece
        stray = _stray(piece, self._before) if QUOTE in piece else []
        if self._marked:  # the file begins with a byte order mark, and its first name may be quoted
            stray = [end for end in stray if self._passed + end != len(BOM) + 1]
        self._before, self._passed = piece[-1:], self._passed + len(piece)
        if not stray:
            return piece
        self.odd, mark = True, STRAY_QUOTE.encode()
        return mark.join(piece[begin:end] for begin, end in pairwise([0, *stray, len(piece)]))

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        super().close()


def _stray(piece: bytes, before: bytes) -> list[int]:
    """Give the places behind each run of quotes that is odd and has no edge of a value on either side."""
    held, found = np.frombuffer(piece, np.uint8), np.empty(PART, bool)
    quotes = np.concatenate(
        [
            np.flatnonzero(np.equal(part, QUOTE[0], out=found[: len(part)])) + at
            for at, part in ((at, held[at : at + PART]) for at in range(0, len(held), PART))
        ]
    )
    earlier, later = held[quotes - 1], held[np.minimum(quotes + 1, len(held) - 1)]
    if not quotes[0]:
        earlier[0] = before[0]
    if quotes[-1] == len(held) - 1:
        later[-1] = NEWLINE
    inner = ~(_EDGE[earlier] | _EDGE[later])
    quotes, earlier, later = quotes[inner], earlier[inner], later[inner]
    begins = np.flatnonzero(np.diff(quotes, prepend=-2) > 1)
    ends = np.flatnonzero(np.diff(quotes, append=len(held) + 1) > 1)
    lone = (earlier[begins] != QUOTE[0]) & (later[ends] != QUOTE[0]) & ((ends - begins) % 2 == 0)
    return (quotes[ends[lone]] + 1).tolist()  # type: ignore[no-any-return]  # numpy gives Any


def read_csv(path: Path, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows of the file in batches, each physical row once, numbered from 1.

    Raises CountersealError ``columns`` or ``csv``.
    """
    header = _header(path)
    check_header(header, fields, path.name)
    ragged: list[tuple[int, str]] = []
    last_line = "," * len(header)

    def note(row: pacsv.InvalidRow) -> str:
        ragged.append((row.number - 1, row.text))
        return "skip"

    try:
        file = Marked(path, last_line.encode())
        stream = pacsv.open_csv(
            file,
            read_options=pacsv.ReadOptions(use_threads=False, block_size=BLOCK),
            parse_options=pacsv.ParseOptions(
                newlines_in_values=True, ignore_empty_lines=False, invalid_row_handler=note
            ),
            convert_options=pacsv.ConvertOptions(
                column_types=dict.fromkeys(header, pa.binary()), strings_can_be_null=False, check_utf8=False
            ),
        )
        remaining = yield from _numbered(stream, file, header, fields, ragged)
    except pa.ArrowInvalid as fault:
        raise _wrong(path) from fault
    if remaining != last_line:
        raise _wrong(path)


def _wrong(path: Path) -> CountersealError:
    return CountersealError(
        "csv",
        "The file cannot be read as CSV: a row is longer than a row can be, or a quote is never closed.",
        where=path.name,
        next_step="Check the quoting; write one row a line.",
    )


def _numbered(
    stream: pacsv.CSVStreamingReader,
    file: Marked,
    header: Sequence[str],
    fields: Sequence[str],
    ragged: list[tuple[int, str]],
) -> Generator[pa.RecordBatch, None, str]:
    """Give the rows with their numbers, all but the very last ragged one; return the text of that, or nothing.

    The last ragged row is the file's last line only where no row stands after it.
    """
    last, skipped = 0, np.array([], dtype=np.int64)
    held: list[tuple[int, str]] = []
    place = header.index("request_ref") if "request_ref" in header else None

    def read() -> tuple[pa.RecordBatch | None, list[tuple[int, str]], bool]:
        batch = next(stream, None)
        noted, ragged[:] = list(ragged), []
        return batch, noted, file.odd

    for batch, noted, odd in ahead(read):
        held += noted
        if batch is None:
            break
        yield from _ragged(held[:-1], place, fields)
        held = held[-1:]
        skipped = np.concatenate([skipped, np.array([number for number, _ in noted], dtype=np.int64)])
        reach = np.arange(last + 1, last + batch.num_rows + len(skipped) + 1)
        numbers = np.setdiff1d(reach, skipped)[: batch.num_rows]
        yield from _sound(batch, numbers, fields, odd=odd)
        if len(numbers):
            last = int(numbers[-1])
            skipped = skipped[skipped > last]
    yield from _ragged(held[:-1], place, fields)
    return held[-1][1] if held and held[-1][0] > last else ""


def _sound(batch: pa.RecordBatch, numbers: np.ndarray, fields: Sequence[str], *, odd: bool) -> Iterator[pa.RecordBatch]:
    if not batch.num_rows:
        return
    fault = pa.nulls(batch.num_rows, pa.string())
    columns = {}
    for field in fields:
        columns[field], fault = as_text(batch.column(field), fault, odd=odd)
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
    if (
        place >= len(values)
        or len(values[place]) > LONGEST_VALUE
        or {"\x00", NOT_TEXT, STRAY_QUOTE} & set(values[place])
    ):
        return None
    return values[place]


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
