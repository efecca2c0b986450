"""A spreadsheet: the one sheet, text cells as received; a formula or a number is nobody's statement.

The archive is not believed about itself: the few parts that are needed are unpacked under a limit, read once
by a strict XML reader that notes formulas, the extent of the cells and how long their texts are together, and
packed anew. The spreadsheet
reader sees only that copy, so it cannot find anything that was not measured. It lays out the whole rectangle
of cells at once and ends the process when that is too large; two cells in far corners would be enough.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import TYPE_CHECKING
from xml.parsers import expat

import pyarrow as pa
from python_calamine import CalamineError, CalamineWorkbook

from counterseal.errors import CountersealError
from counterseal.intake.columns import LONGEST_VALUE, check_header, rows_batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from python_calamine import CalamineSheet

LARGEST_UNPACKED = 1 << 30
LARGEST_RATIO = 200
MOST_PARTS = 2_000
MOST_ROWS = 1_048_575
MOST_CELLS = 28_000_000
BATCH = 20_000
PIECE = 1 << 20

SHARED = "xl/sharedStrings.xml"
WANTED = re.compile(
    r"\[Content_Types\]\.xml|_rels/\.rels|xl/workbook\.xml|xl/_rels/workbook\.xml\.rels|xl/sharedStrings\.xml"
    r"|xl/styles\.xml|xl/worksheets/[A-Za-z0-9_.-]+\.xml"
)
CELL = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")


def read_sheet(path: Path, fields: Sequence[str]) -> Iterator[pa.RecordBatch]:
    """Give the rows of the one sheet in batches, numbered from 1.

    Raises CountersealError ``xlsx`` when it is no spreadsheet, unfolds too far, or holds more than one sheet;
    ``columns`` as everywhere.
    """
    copy, faults = _measured(path)
    rows = _sheet(path, copy).iter_rows()
    header = [str(cell) for cell in next(rows, [])]
    while header and not header[-1]:
        header.pop()
    check_header(header, fields, path.name)
    pending: list[tuple[int, str | None, dict[str, str]]] = []
    for number, cells in enumerate(rows, start=1):
        pending.append((number, *_row(header, cells, faults.get(number + 1))))
        if len(pending) >= BATCH:
            yield _batch(pending, fields)
            pending = []
    if pending:
        yield _batch(pending, fields)


def _sheet(path: Path, copy: io.BytesIO) -> CalamineSheet:
    try:
        book = CalamineWorkbook.from_filelike(copy)
        if len(book.sheet_names) != 1:
            raise _wrong(path, "The workbook must hold exactly one sheet.")
        sheet = book.get_sheet_by_index(0)
    except (CalamineError, ValueError, KeyError, OSError) as fault:
        raise _wrong(path, "The file cannot be read as a spreadsheet.") from fault
    if sheet.start != (0, 0):
        raise _wrong(path, "The header does not stand in the first row, from the first column on.")
    return sheet


def _wrong(path: Path, message: str) -> CountersealError:
    return CountersealError(
        "xlsx",
        message,
        where=path.name,
        next_step="Send CSV, or one sheet of text cells, at most 1,048,575 rows.",
    )


class _Extent:
    """What one part of the workbook holds: the furthest filled cell, and rows that hold no plain value.

    ``shared`` are the lengths of the texts that cells name by number: the reader copies one for each cell.
    """

    def __init__(self, path: Path, part: str, shared: list[int]) -> None:
        self._path = path
        self._is_shared, self._shared = part == SHARED, shared
        self._names_text = self._reads_number = False
        self._number = ""
        self._unfolded = 0
        self._row = self._column = 0
        self._cell = False
        self.rows = self.columns = 0
        self.faults: dict[int, str] = {}
        self._parser = expat.ParserCreate()
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.StartDoctypeDeclHandler = self._doctype
        self._parser.CharacterDataHandler = self._text
        self._parser.buffer_text = True

    def read(self, piece: bytes, *, last: bool = False) -> None:
        """Read the next piece of the part."""
        try:
            self._parser.Parse(piece, last)
        except (expat.ExpatError, UnicodeError, LookupError) as fault:
            raise _wrong(self._path, "A part of the spreadsheet is not well-formed XML.") from fault

    def _doctype(self, *_: object) -> None:
        raise _wrong(self._path, "A part of the spreadsheet declares its own XML entities.")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        element = name.rpartition(":")[2]
        if element == "v" and self._names_text:
            self._reads_number, self._number = True, ""
        if element == "c":
            self._open_cell(attributes)
        elif element == "si" and self._is_shared:
            self._shared.append(0)
        elif self._cell and element in {"v", "is", "f"}:
            self.rows, self.columns = max(self.rows, self._row), max(self.columns, self._column)
            if self.rows * self.columns > MOST_CELLS:
                raise _wrong(self._path, "The cells of the sheet lie too far apart.")
            if element == "f":
                self.faults[self._row] = "formula"
        elif element == "f":
            raise _wrong(self._path, "A formula stands outside any cell.")

    def _open_cell(self, attributes: dict[str, str]) -> None:
        place = CELL.fullmatch(attributes.get("r", ""))
        if place is None:
            raise _wrong(self._path, "A cell of the sheet does not say where it stands.")
        self._cell, self._row, self._column = True, int(place[2]), 0
        for letter in place[1]:
            self._column = self._column * 26 + ord(letter) - 64
        self._names_text = attributes.get("t") == "s"
        if attributes.get("t") == "e":
            self.faults.setdefault(self._row, "not_text")

    def _text(self, told: str) -> None:
        if self._is_shared and self._shared:
            self._shared[-1] += len(told)
        elif self._reads_number:
            self._number += told[:20]

    def _end(self, name: str) -> None:
        element = name.rpartition(":")[2]
        if element == "c":
            self._cell = False
        elif element == "v" and self._reads_number:
            self._reads_number = False
            try:
                self._unfolded += self._shared[int(self._number)]
            except (ValueError, IndexError):
                raise _wrong(self._path, "A cell of the sheet names a text that is not there.") from None
            if self._unfolded > LARGEST_UNPACKED:
                raise _wrong(self._path, "The texts of the sheet unfold to more than can be taken in.")


def _measured(path: Path) -> tuple[io.BytesIO, dict[int, str]]:
    """Give an archive of the wanted parts, packed anew, and the faults by row of the sheet."""
    copy = io.BytesIO()
    faults: dict[int, str] = {}
    shared: list[int] = []
    try:
        with zipfile.ZipFile(path) as archive, zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as own:
            for part in _parts(path, archive):
                extent = _Extent(path, part.filename, shared)
                with archive.open(part) as packed, own.open(part.filename, "w", force_zip64=True) as to:
                    while piece := packed.read(PIECE):
                        extent.read(piece)
                        to.write(piece)
                extent.read(b"", last=True)
                faults |= extent.faults
    except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as fault:
        raise _wrong(path, "The file cannot be read as a spreadsheet.") from fault
    except (RuntimeError, NotImplementedError) as fault:
        raise _wrong(path, "The spreadsheet is encrypted or packed in an unknown way.") from fault
    copy.seek(0)
    return copy, faults


def _parts(path: Path, archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise _wrong(path, "The spreadsheet unfolds to more than can be taken in.")
    if any(part.file_size > LARGEST_RATIO * max(part.compress_size, 5_000) for part in parts):
        raise _wrong(path, "A part of the spreadsheet unfolds suspiciously far.")
    if any("externalLink" in part.filename for part in parts):
        raise _wrong(path, "The spreadsheet links to other files.")
    wanted = [part for part in parts if WANTED.fullmatch(part.filename)]
    if len({part.filename for part in wanted}) < len(wanted):
        raise _wrong(path, "A part of the spreadsheet stands twice.")
    return sorted(wanted, key=lambda part: part.filename != SHARED)


def _row(header: Sequence[str], cells: Sequence[object], fault: str | None) -> tuple[str | None, dict[str, str]]:
    values = dict(zip(header, cells, strict=False))
    texts = {key: value for key, value in values.items() if isinstance(value, str)}
    reference = texts.get("request_ref", "")
    kept = {"request_ref": reference} if "\x00" not in reference and len(reference.encode()) <= LONGEST_VALUE else {}
    if fault:
        return fault, kept
    if any(cell != "" for cell in cells[len(header) :]):
        return "ragged", kept
    if len(texts) < len(header):
        return "not_text", kept
    if any("\x00" in value for value in texts.values()):
        return "nul_byte", kept
    if any(len(value.encode()) > LONGEST_VALUE for value in texts.values()):
        return "too_long", kept
    return None, texts


def _batch(rows: list[tuple[int, str | None, dict[str, str]]], fields: Sequence[str]) -> pa.RecordBatch:
    return rows_batch(
        pa.array([number for number, _, _ in rows], pa.int64()),
        pa.array([fault for _, fault, _ in rows], pa.string()),
        {field: pa.array([values.get(field) for _, _, values in rows], pa.string()) for field in fields},
        fields,
    )
