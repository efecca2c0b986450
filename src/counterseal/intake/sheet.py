"""A spreadsheet: the first sheet, text cells as received; a formula or a number is nobody's statement.

The archive is measured before it is opened, so that a small file cannot unfold into a large one.
"""

from __future__ import annotations

import re
import zipfile
from typing import TYPE_CHECKING

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from counterseal.errors import CountersealError
from counterseal.intake.columns import LONGEST_VALUE, check_header, rows_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

LARGEST_UNPACKED = 400 << 20
LARGEST_RATIO = 200
MOST_PARTS = 2_000
MOST_ROWS = 1_048_575
BATCH = 20_000


def read_sheet(path: Path, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows of the one sheet in batches, numbered from 1.

    Raises CountersealError ``xlsx`` when it is no spreadsheet, unfolds too far, or holds more than one sheet;
    ``columns`` as everywhere.
    """
    formulas = _measured(path)
    try:
        book = CalamineWorkbook.from_path(str(path))
        if len(book.sheet_names) != 1:
            raise _wrong(path, "The workbook must hold exactly one sheet.")
        sheet = book.get_sheet_by_index(0)
        rows = iter(sheet.to_python(skip_empty_area=False))
    except (CalamineError, ValueError, KeyError) as fault:
        raise _wrong(path, "The file cannot be read as a spreadsheet.") from fault
    header = [str(cell) for cell in next(rows, [])]
    check_header(header, fields, path.name)
    pending: list[tuple[int, str | None, dict[str, str]]] = []
    for number, cells in enumerate(rows, start=1):
        pending.append((number, *_row(header, cells, number + 1 in formulas)))
        if len(pending) >= BATCH:
            yield _batch(pending, fields)
            pending = []
    if pending:
        yield _batch(pending, fields)


def _wrong(path: Path, message: str) -> CountersealError:
    return CountersealError(
        "xlsx",
        message,
        where=path.name,
        next_step="Send CSV, or one sheet of text cells, at most 1,048,575 rows.",
    )


def _measured(path: Path) -> frozenset[int]:
    """Check the archive and give the sheet rows that hold a formula."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            unpacked = sum(part.file_size for part in parts)
            if len(parts) > MOST_PARTS or unpacked > LARGEST_UNPACKED:
                raise _wrong(path, "The spreadsheet unfolds to more than can be taken in.")
            if any(part.file_size > LARGEST_RATIO * max(part.compress_size, 1_000) for part in parts):
                raise _wrong(path, "A part of the spreadsheet unfolds suspiciously far.")
            if any("externalLink" in part.filename for part in parts):
                raise _wrong(path, "The spreadsheet links to other files.")
            sheets = [part for part in parts if re.fullmatch(r"xl/worksheets/[^/]+\.xml", part.filename)]
            return frozenset(row for sheet in sheets for row in _formula_rows(archive, sheet))
    except zipfile.BadZipFile as fault:
        raise _wrong(path, "The file cannot be read as a spreadsheet.") from fault
    except (RuntimeError, NotImplementedError) as fault:
        raise _wrong(path, "The spreadsheet is encrypted or packed in an unknown way.") from fault


def _formula_rows(archive: zipfile.ZipFile, sheet: zipfile.ZipInfo) -> Iterator[int]:
    """Find rows with an ``f`` element, reading the sheet in pieces."""
    row, tail = 0, b""
    mark = re.compile(rb'<(?:\w+:)?row\b[^>]*?\br="(\d+)"|<(?:\w+:)?(f)\b')
    with archive.open(sheet) as xml:
        while piece := xml.read(1 << 20):
            text = tail + piece
            cut = text.rfind(b"<")
            tail, text = text[cut:], text[:cut]
            for found in mark.finditer(text):
                if found[1]:
                    row = int(found[1])
                else:
                    yield row


def _row(header: Sequence[str], cells: Sequence[object], has_formula: bool) -> tuple[str | None, dict[str, str]]:
    values = dict(zip(header, cells, strict=False))
    texts = {key: value for key, value in values.items() if isinstance(value, str)}
    if has_formula:
        return "formula", {key: texts[key] for key in ("request_ref",) if key in texts}
    if len(texts) < len(header):
        return "not_text", {key: texts[key] for key in ("request_ref",) if key in texts}
    if any("\x00" in value for value in texts.values()):
        return "nul_byte", {}
    if any(len(value) > LONGEST_VALUE for value in texts.values()):
        return "too_long", {}
    return None, texts


def _batch(rows: list[tuple[int, str | None, dict[str, str]]], fields: Sequence[str]) -> pa.RecordBatch:
    return rows_batch(
        pa.array([number for number, _, _ in rows], pa.int64()),
        pa.array([fault for _, fault, _ in rows], pa.string()),
        {field: pa.array([values.get(field) for _, _, values in rows], pa.string()) for field in fields},
        fields,
    )
