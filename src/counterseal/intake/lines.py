"""JSON Lines: one object a line, every value a text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pyarrow as pa

from counterseal.intake.columns import LONGEST_VALUE, check_header, rows_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

BATCH = 20_000
LONGEST_LINE = 1 << 20
"""Bytes. What goes on beyond is read as the same malformed row."""


class _TwiceError(ValueError):
    """A key stands twice in one object."""


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({key for key, _ in pairs}) < len(pairs):
        raise _TwiceError
    return dict(pairs)


def read_lines(path: Path, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the lines of the file in batches, numbered from 1.

    Raises CountersealError ``columns`` that names an unknown key and its line, or a key that the first line
    that is an object does not have. A key that a later line leaves out is an empty value.
    """
    known = frozenset(fields)
    first = True
    pending: list[tuple[int, str | None, dict[str, str]]] = []
    for at, raw in enumerate(_lines(path), start=1):
        fault, values = _row(raw, known)
        if values and (fault == "unknown_key" or (first and fault is None)):
            check_header(list(values), fields, f"{path.name}, line {at}")
            first = False
        pending.append((at, fault, values))
        if len(pending) >= BATCH:
            yield _batch(pending, fields)
            pending = []
    if pending:
        yield _batch(pending, fields)


def _lines(path: Path) -> Iterator[bytes | None]:
    """Give each line; None for one that is too long."""
    mark = b"\xef\xbb\xbf"
    with path.open("rb") as file:
        while line := file.readline(LONGEST_LINE + 1):
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
                line = None
            yield line if line is None else line.removeprefix(mark)
            mark = b""


def _row(raw: bytes | None, known: frozenset[str]) -> tuple[str | None, dict[str, str]]:
    if raw is None:
        return "too_long", {}
    if b"\x00" in raw:
        return "nul_byte", {}
    try:
        held = json.loads(raw.decode("utf-8"), object_pairs_hook=_once)
    except UnicodeDecodeError:
        return "encoding", {}
    except _TwiceError:
        return "duplicate_key", {}
    except (ValueError, RecursionError):
        return "not_json", {}
    if not isinstance(held, dict):
        return "not_json", {}
    return _judged(held, known)


def _judged(held: dict[str, Any], known: frozenset[str]) -> tuple[str | None, dict[str, str]]:
    texts = {key: value for key, value in held.items() if isinstance(value, str)}
    if set(held) - known:
        return "unknown_key", dict.fromkeys(held, "")
    if len(texts) < sum(value is not None for value in held.values()):
        return "not_text", _reference(texts)
    if not all(_encodable(value) for value in texts.values()):
        return "encoding", {}
    if any("\x00" in value for value in texts.values()):
        return "nul_byte", _reference(texts)
    if any(len(value.encode()) > LONGEST_VALUE for value in texts.values()):
        return "too_long", _reference(texts)
    return None, {key: texts.get(key, "") for key in held}


def _encodable(value: str) -> bool:
    return not any(0xD800 <= ord(sign) <= 0xDFFF for sign in value)


def _reference(texts: dict[str, str]) -> dict[str, str]:
    value = texts.get("request_ref")
    if not value or not _encodable(value) or "\x00" in value or len(value.encode()) > LONGEST_VALUE:
        return {}
    return {"request_ref": value}


def _batch(rows: list[tuple[int, str | None, dict[str, str]]], fields: Sequence[str]) -> pa.RecordBatch:
    columns = {
        field: pa.array([values.get(field, None if fault else "") for _, fault, values in rows], pa.string())
        for field in fields
    }
    return rows_batch(
        pa.array([number for number, _, _ in rows], pa.int64()),
        pa.array([fault for _, fault, _ in rows], pa.string()),
        columns,
        fields,
    )
