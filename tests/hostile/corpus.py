"""Rows files that were made to hurt, generated: each with how many rows its manifest owns to.

``ROWS`` names each by what it does; a call gives the bytes and the number of rows. Sizes stand just beyond a
limit, or unfold far beyond one: what a gigabyte does, these do in a second.
"""

from __future__ import annotations

import io
import json
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter

from counterseal.agreements import load_agreement

AGREEMENT = Path(__file__).parents[2] / "agreements" / "irs-ice-2025"
FIELDS = [field.name for field in load_agreement(AGREEMENT).fields]
HEADER = ",".join(FIELDS).encode() + b"\n"
SHEET = "xl/worksheets/sheet1.xml"
Made: TypeAlias = tuple[bytes, int]

ROWS: dict[str, Callable[[], Made]] = {}


def hostile(name: str) -> Callable[[Callable[[], Made]], Callable[[], Made]]:
    """Put a file into the corpus."""

    def keep(make: Callable[[], Made]) -> Callable[[], Made]:
        ROWS[name] = make
        return make

    return keep


def csv(*rows: bytes) -> Made:
    return HEADER + b"".join(row + b"\n" for row in rows), len(rows)


def cells(value: bytes) -> bytes:
    return b",".join([value] * len(FIELDS))


def line(**changed: object) -> bytes:
    return json.dumps({**dict.fromkeys(FIELDS, "x"), **changed}).encode()


def _simple() -> None:
    """Files of one line or two."""
    whole = csv(cells(b"x"))[0]
    simple: dict[str, Made] = {
        "nothing.csv": (b"", 1),
        "header-alone.csv": (HEADER, 1),
        "nul.csv": csv(cells(b"a\x00b")),
        "nul-alone.csv": (b"\x00" * 100_000, 1),
        "bom.csv": (b"\xef\xbb\xbf" + whole, 1),
        "two-boms.csv": (b"\xef\xbb\xbf" * 2 + whole, 1),
        "utf-16.csv": (whole.decode().encode("utf-16"), 1),
        "utf-16-without-bom.csv": (whole.decode().encode("utf-16-le"), 1),
        "utf-32.csv": (whole.decode().encode("utf-32"), 1),
        "latin-1.csv": csv(cells(b"Mu\xf1oz")),
        "lone-surrogate.csv": csv(cells(b"\xed\xa0\x80")),
        "overlong-utf-8.csv": csv(cells(b"\xc0\x80\xe0\x80\xaf")),
        "noncharacter.csv": csv(cells("\U0010fffe\ufdd0".encode())),
        "over-long-field.csv": csv(cells(b"x" * 20_001)),
        "quote-never-closed.csv": csv(b'"' + cells(b"x"), *[cells(b"x")] * 50),
        "quotes-alone.csv": (HEADER + b'"' * 1_000_001, 1),
        "quote-in-the-middle.csv": csv(cells(b'x"y"z')),
        "carriage-returns.csv": (whole.replace(b"\n", b"\r"), 1),
        "empty-lines.csv": (HEADER + b"\n" * 200_000, 200_000),
        "ragged.csv": csv(b"x" + b"," * 1_000_000, b"x"),
        "double-header.csv": (HEADER + HEADER, 1),
        "two-header-names.csv": (HEADER.strip() + b",tin\nx\n", 1),
        "escape-in-header.csv": (b"\x1b[2Jrequest_ref,\xe2\x80\xaetin\n" + cells(b"x") + b"\n", 1),
        "a-program.csv": (b"\x7fELF" + random.Random(1).randbytes(100_000), 1),  # noqa: S311  # the same each time
        "more-rows-than-said.csv": (whole + (cells(b"x") + b"\n") * 300_000, 1),
        "deep.jsonl": (b"[" * 500_000, 1),
        "deep-value.jsonl": (line()[:-1] + b',"reason":' + b'{"a":' * 100_000 + b"}", 1),
        "duplicate-key.jsonl": (line()[:-1] + b',"tin":"1"}\n', 1),
        "nan.jsonl": (line(reason=float("nan")) + b"\n", 1),
        "infinity.jsonl": (line()[:-1] + b',"stage2":1e999}\n', 1),
        "1e999.jsonl": (line().replace(b'"reason": "x"', b'"reason": 1e999') + b"\n", 1),
        "digits.jsonl": (line().replace(b'"reason": "x"', b'"reason": ' + b"9" * 100_000) + b"\n", 1),
        "long-line.jsonl": (b'{"request_ref":"' + b"x" * (64 << 20) + b'"}\n' + line() + b"\n", 2),
        "lone-surrogate.jsonl": (line(reason="\ud800", request_ref="\udfff") + b"\n", 1),
        "surrogate-key.jsonl": (line()[:-1] + b',"\\ud800":"x"}\n', 1),
        "nul.jsonl": (line(reason="a\x00b") + b"\n", 1),
        "escape-in-key.jsonl": (line()[:-1] + b',"\\u001b[2J\\n":"x"}\n', 1),
        "many-keys.jsonl": (json.dumps({f"k{n}": "x" for n in range(60_000)}).encode(), 1),
        "over-long-field.jsonl": (line(reason="x" * 30_000) + b"\n", 1),
        "utf-16.jsonl": ((line() + b"\n").decode().encode("utf-16"), 1),
        "no-object.jsonl": (b'null\n"x"\n1\n[]\n\n', 5),
        "nothing.jsonl": (b"", 1),
        "nothing.xlsx": (b"", 1),
        "no-archive.xlsx": (b"PK\x03\x04" + b"\x00" * 10_000, 1),
        "nothing.parquet": (b"", 1),
        "magic-alone.parquet": (b"PAR1PAR1", 1),
        "footer-length.parquet": (b"PAR1" + b"\x00" * 64 + (0x7FFFFFFF).to_bytes(4, "little") + b"PAR1", 1),
        "zeros.parquet": (b"PAR1" + b"\x00" * 100_000 + (90_000).to_bytes(4, "little") + b"PAR1", 1),
    }
    for name, made in simple.items():
        ROWS[name] = lambda made=made: made


_simple()


@hostile("columns-without-end.csv")
def _columns() -> Made:
    return b",".join(b"c%d" % n for n in range(2_000_000)) + b"\nx\n", 1


@hostile("line-without-end.csv")
def _line() -> Made:
    return HEADER + b"x" * (40 << 20) + b"\n", 1


@hostile("field-without-end.csv")
def _field() -> Made:
    return HEADER + b'"' + b"x\n" * (10 << 20) + b'"' + b"," * (len(FIELDS) - 1) + b"\n", 1


def book(change: Callable[[str, bytes], bytes | None] = lambda _, held: held, **more: bytes) -> bytes:
    """Make a workbook of one row; ``change`` says what each part becomes, None for gone; ``more`` is added."""
    plain, out = io.BytesIO(), io.BytesIO()
    written = xlsxwriter.Workbook(plain, {"in_memory": True})
    page = written.add_worksheet()
    for column, name in enumerate(FIELDS):
        page.write_string(0, column, name)
        page.write_string(1, column, "x")
    written.close()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            if (held := change(info.filename, old.read(info))) is not None:
                new.writestr(info.filename, held)
        for name, content in more.items():
            new.writestr(name, content)
    return out.getvalue()


def sheet_changed(old: bytes, new: bytes) -> bytes:
    return book(lambda name, held: held.replace(old, new, 1) if name == SHEET else held)


@hostile("zip-bomb.xlsx")
def _bomb() -> Made:
    return sheet_changed(b"<sheetData>", b"<sheetData>" + b" " * (200 << 20)), 1


@hostile("strings-repeated.xlsx")
def _strings() -> Made:
    """One long text, named by every cell of thousands of rows: the reader copies it for each."""
    long = random.Random(2).randbytes(1 << 20).hex().encode()  # noqa: S311  # the same each time; hardly packs
    rows = b"".join(
        b'<row r="%d"><c r="A%d" t="s"><v>0</v></c></row>' % (number, number) for number in range(2, 20_000)
    )
    return book(
        lambda name, held: {
            "xl/sharedStrings.xml": re.sub(rb"<t>x</t>", b"<t>" + long + b"</t>", held),
            SHEET: held.replace(b"</sheetData>", rows.replace(b"<v>0</v>", b"<v>1</v>") + b"</sheetData>"),
        }.get(name, held)
    ), 19_998


@hostile("entity-bomb.xlsx")
def _entities() -> Made:
    told = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
    return sheet_changed(b"<worksheet", f'<!DOCTYPE x [<!ENTITY e0 "ha">{told}]><worksheet'.encode()), 1


@hostile("outside-entity.xlsx")
def _outside() -> Made:
    return sheet_changed(b"<worksheet", b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><worksheet'), 1


@hostile("deep.xlsx")
def _deep_sheet() -> Made:
    return sheet_changed(b"<sheetData>", b"<a>" * 200_000 + b"<sheetData>"), 1


@hostile("attributes-without-end.xlsx")
def _attributes() -> Made:
    told = b" ".join(b'a%d="x"' % n for n in range(300_000))
    return sheet_changed(b"<sheetData>", b"<sheetData " + told + b">"), 1


@hostile("paths.xlsx")
def _paths() -> Made:
    return book(**{"../../escaped.xml": b"x", "/etc/escaped": b"x", "xl/worksheets/../../up.xml": b"<a/>"}), 1


@hostile("no-sheet.xlsx")
def _no_sheet() -> Made:
    return book(lambda name, held: None if name == SHEET else held), 1


@hostile("cut.xlsx")
def _cut() -> Made:
    whole = book()
    return whole[: len(whole) // 2], 1


@hostile("encrypted-flag.xlsx")
def _encrypted() -> Made:
    whole = bytearray(book())
    for at in (found.start() for found in re.finditer(rb"PK\x01\x02", bytes(whole))):
        whole[at + 8] |= 1
    return bytes(whole), 1


def parquet(columns: dict[str, pa.Array | pa.ChunkedArray], **how: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.table(columns), out, **how)
    return out.getvalue()


def texts(rows: int, value: str = "x") -> dict[str, pa.Array]:
    return dict.fromkeys(FIELDS, pa.array([value] * rows))


@hostile("cut.parquet")
def _cut_parquet() -> Made:
    return parquet(texts(100))[:-500], 100


@hostile("footer-turned.parquet")
def _footer() -> Made:
    whole = bytearray(parquet(texts(100)))
    chance = random.Random(3)  # noqa: S311  # the same each time
    for _ in range(60):
        whole[-chance.randrange(9, 3_000)] = chance.randrange(256)
    return bytes(whole), 100


@hostile("row-groups.parquet")
def _groups() -> Made:
    return parquet({name: pa.array(["x"] * 3_000) for name in FIELDS}, row_group_size=1), 3_000


@hostile("nested.parquet")
def _nested() -> Made:
    value: object = "x"
    kind: pa.DataType = pa.string()
    for _ in range(60):
        value, kind = [value], pa.list_(kind)
    return parquet({**texts(1), "reason": pa.array([value], kind)}), 1


@hostile("structs.parquet")
def _structs() -> Made:
    return parquet({**texts(1), "reason": pa.array([{"a": {"b": "x"}}])}), 1


@hostile("numbers.parquet")
def _numbers() -> Made:
    return parquet({**texts(1), "tin": pa.array([123456789])}), 1


@hostile("dictionary-bomb.parquet")
def _dictionary() -> Made:
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 100_000, pa.int32()), pa.array(["x" * 2_000_000]))
    return parquet({**texts(100_000, ""), "reason": long}), 100_000


@hostile("page-bomb.parquet")
def _pages() -> Made:
    """A few kilobytes that unpack to half a gigabyte of one letter."""
    many = pa.array(["x" * 1_000_000] * 500)
    return parquet({**texts(500, ""), "reason": many}, compression="zstd", use_dictionary=False), 500


@hostile("rows-without-end.parquet")
def _rows() -> Made:
    """A few kilobytes that own to one row and hold twenty million."""
    one = pa.DictionaryArray.from_arrays(pa.array(bytes(1_000_000), pa.int8()), pa.array(["x"]))
    out = io.BytesIO()
    table = pa.table(dict.fromkeys(FIELDS, one))
    with pq.ParquetWriter(out, table.schema, compression="zstd") as writer:
        for _ in range(20):
            writer.write_table(table)
    return out.getvalue(), 1


@hostile("column-names.parquet")
def _names() -> Made:
    return parquet({**texts(1), "a\x00\x1b[2J\n<script>": pa.array(["x"])}), 1


@hostile("many-columns.parquet")
def _columns_parquet() -> Made:
    return parquet({f"c{n}": pa.array(["x"]) for n in range(5_000)}), 1


@hostile("not-utf-8.parquet")
def _not_utf8() -> Made:
    column = pa.array([b"\xff\xfe\x00", b"\xed\xa0\x80"], pa.binary()).view(pa.string())
    return parquet({**texts(2), "reason": column}), 2


@hostile("name-not-utf-8.parquet")
def _name_not_utf8() -> Made:
    return parquet({**texts(1), "QQQQ": pa.array(["x"])}).replace(b"QQQQ", b"\xa6\xff\xfeQ"), 1
