"""From pieces of a file to the columns of ``rows.parquet``, with the fault of each row that has one."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from counterseal.core.request import ODD_CHARACTER
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

FAULTS = {
    "ragged": "the row has more or fewer values than the header",
    "encoding": "a value is not UTF-8 text",
    "nul_byte": "a value holds a NUL byte",
    "quoting": "a quote stands neither around a value nor doubled within one",
    "too_long": "a value is longer than any value can be",
    "not_json": "the line is not one JSON object",
    "duplicate_key": "the line holds a key twice",
    "not_text": "a value is not text",
    "formula": "a cell holds a formula, not a value",
}
"""Why a row is malformed: public codes and their meaning."""

NOT_TEXT = "\U0010fffe"
"""A noncharacter that stands for bytes that are no text; itself never a text."""

STRAY_QUOTE = "\U0010ffff"
"""A noncharacter that stands behind a quote of CSV which neither begins nor ends a value."""

BLANK, TILDE = 0x20, 0x7E
"""Between them stands what ASCII prints."""

_Read = TypeVar("_Read")
LONGEST_VALUE = 20_000
"""Bytes of UTF-8. A reason of this length is an attack, not a reason."""


def ahead(read: Callable[[], _Read]) -> Iterator[_Read]:
    """Give what ``read`` gives, one ahead of the reader: the next piece is parsed while this one is looked through."""
    with ThreadPoolExecutor(max_workers=1) as beside:
        coming = beside.submit(read)
        while True:
            came = coming.result()
            coming = beside.submit(read)
            yield came


def schema(fields: Sequence[str]) -> pa.Schema:
    """Give the columns of ``rows.parquet``: row number, fault, whether it is plain, then every field as text."""
    return pa.schema(
        [
            ("row", pa.int64()),
            ("malformed", pa.string()),
            ("plain", pa.bool_()),
            *((field, pa.string()) for field in fields),
        ]
    )


def check_header(header: Sequence[str], fields: Sequence[str], where: str) -> None:
    """Refuse a file whose columns are not the agreement's fields, each once.

    Raises CountersealError ``columns`` that names the first column that is unknown, double or missing.
    """
    for number, column in enumerate(header, start=1):
        shown = column if column.isascii() and column.isprintable() and len(column) <= 60 else "(unprintable)"
        if column not in fields:
            raise CountersealError(
                "columns",
                f"The column {shown} is not a field of the agreement.",
                where=f"{where}, column {number}",
                next_step="Leave it out: nothing may be handed over that no rule asked for.",
            )
        if column in header[: number - 1]:
            raise CountersealError("columns", f"The column {shown} stands twice.", where=f"{where}, column {number}")
    for field in fields:
        if field not in header:
            raise CountersealError(
                "columns",
                f"The column {field} is missing.",
                where=where,
                next_step="Add it; its cells may be empty.",
            )


def rows_batch(
    numbers: pa.Array, faults: pa.Array, columns: dict[str, pa.Array], fields: Sequence[str]
) -> pa.RecordBatch:
    """Put a batch together; a malformed row keeps its reference and nothing else.

    A row is ``plain`` when none of its values holds an odd character or has a blank at an end: each is the
    canonical text already, and what reads the row need not look for either.
    """
    kept = [columns[field] for field in fields]
    if faults.null_count < len(faults):
        sound = pc.is_null(faults)
        nothing = pa.scalar(None, pa.string())
        kept = [
            column if field == "request_ref" else pc.if_else(sound, column, nothing)
            for field, column in zip(fields, kept, strict=True)
        ]
    plain = np.ones(len(numbers), dtype=bool)
    for column in kept:
        _note_plain(column, plain)
    return pa.RecordBatch.from_arrays([numbers, faults, pa.array(plain), *kept], schema=schema(fields))


def _note_plain(column: pa.Array, plain: np.ndarray) -> None:
    """Clear ``plain`` where a value of ``column`` holds an odd character, or has a blank at an end."""
    ends, held = _bytes_of(column)
    used = held[ends[0] : ends[-1]]
    if (other := (used - np.uint8(BLANK)) > TILDE - BLANK).any():
        seen = np.unique(np.searchsorted(ends, np.flatnonzero(other) + ends[0], side="right") - 1)
        odd = pc.match_substring_regex(column.take(pa.array(seen)), ODD_CHARACTER)
        plain[seen[np.asarray(pc.fill_null(odd, fill_value=True))]] = False
    if (used == BLANK).any():
        filled = np.flatnonzero(ends[1:] > ends[:-1])
        padded = (held[ends[filled]] == BLANK) | (held[ends[filled + 1] - 1] == BLANK)
        plain[filled[padded]] = False


def as_text(column: pa.Array, fault: pa.Array, *, odd: bool = True) -> tuple[pa.Array, pa.Array]:
    """Read a column of bytes as UTF-8, noting for each value that cannot be one the reason why.

    ``odd`` false promises that there is no NOT_TEXT, no STRAY_QUOTE and no NUL byte, and spares looking for them.
    """
    held = column.cast(pa.binary())
    try:
        text = held.cast(pa.string())
    except pa.ArrowInvalid:
        bad = pa.array([not _is_utf8(value) for value in held.to_pylist()])
        fault = _first(fault, bad, "encoding")
        text = pc.if_else(bad, pa.scalar(None, pa.binary()), held).cast(pa.string())
    if odd:
        text, fault = _without_odd(text, fault)
    if (pc.max(pc.binary_length(text)).as_py() or 0) > LONGEST_VALUE:
        long = pc.fill_null(pc.greater(pc.binary_length(text), LONGEST_VALUE), fill_value=False)
        fault = _first(fault, long, "too_long")
        text = pc.if_else(long, pa.scalar(None, pa.string()), text)
    return text, fault


def _bytes_of(text: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """Give where each value of a column of text begins and ends, and the bytes that those places are in."""
    _, places, held = text.buffers()
    if held is None or not len(text):
        return np.zeros(len(text) + 1, np.int32), np.zeros(0, np.uint8)
    ends = np.frombuffer(places, np.int32)[text.offset : text.offset + len(text) + 1]
    return ends, np.frombuffer(held, np.uint8)


def _without_odd(text: pa.Array, fault: pa.Array) -> tuple[pa.Array, pa.Array]:
    ends, held = _bytes_of(text)
    used = held[ends[0] : ends[-1]]
    if not ((used == 0) | (used >= NOT_TEXT.encode()[0])).any():
        return text, fault
    for mark, word in ((NOT_TEXT, "encoding"), ("\x00", "nul_byte"), (STRAY_QUOTE, "quoting")):
        marked = pc.fill_null(pc.match_substring(text, mark), fill_value=False)
        if pc.any(marked).as_py():
            fault = _first(fault, marked, word)
            text = pc.if_else(marked, pa.scalar(None, pa.string()), text)
    return text, fault


def _first(fault: pa.Array, here: pa.Array, code: str) -> pa.Array:
    return pc.if_else(pc.and_(pc.is_null(fault), here), pa.scalar(code), fault)


def _is_utf8(value: bytes | None) -> bool:
    try:
        return value is None or value.decode("utf-8") is not None
    except UnicodeDecodeError:
        return False
