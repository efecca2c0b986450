"""Files that were made to hurt: each is a clear word or a malformed row, never an abort and never a silence."""

from __future__ import annotations

import io
import json
import re
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from tests.intake.test_take_in import FIELDS, HEADER, sheet, submit, taken

from counterseal.errors import CountersealError
from counterseal.intake import read_manifest, take_in

CANARY = "CANARY-7f3a"


def book_of(cells: dict[tuple[int, int], str]) -> bytes:
    content = io.BytesIO()
    book = xlsxwriter.Workbook(content, {"in_memory": True})
    page = book.add_worksheet()
    for place, cell in cells.items():
        page.write_string(*place, cell)
    book.close()
    return content.getvalue()


def changed(content: bytes, part: str, change) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for info in old.infolist():
            held = old.read(info)
            new.writestr(info.filename, change(held) if info.filename == part else held)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def refused(folder: Path) -> CountersealError:
    with pytest.raises(CountersealError) as fault:
        taken(folder)
    assert CANARY not in str(fault.value)
    return fault.value


def test_two_cells_in_far_corners_end_the_process(tmp_path: Path):
    """The spreadsheet reader allocates the whole rectangle; a file of 5 KB would abort the gateway."""
    content = book_of({(0, 0): "request_ref", (1_048_575, 16_383): CANARY})

    assert refused(submit(tmp_path, "r.xlsx", content, 1)).code == "xlsx"


def test_a_formula_in_a_row_that_does_not_say_its_number(tmp_path: Path):
    content = changed(
        sheet(tmp_path / "b.xlsx", [FIELDS, ["a", "B", "c"]], formula=True),
        SHEET,
        lambda xml: re.sub(rb'<row r="\d+"', b"<row", xml),
    )
    _, out = taken(submit(tmp_path / "s", "r.xlsx", content, 1))

    assert [row["malformed"] for row in out] == ["formula"]


@pytest.mark.parametrize(
    "change",
    [
        lambda xml: re.sub(rb'<c r="A2"', b"<c", xml),
        lambda xml: xml.replace(b"<worksheet", b'<!DOCTYPE x [<!ENTITY e "z">]><worksheet', 1),
        lambda xml: xml[:-20],
        lambda xml: xml.replace(b"<sheetData>", b"<f>1</f><sheetData>"),
    ],
    ids=["a cell without a place", "own entities", "cut short", "a formula outside any cell"],
)
def test_a_sheet_that_two_readers_may_read_in_two_ways(tmp_path: Path, change):
    content = changed(sheet(tmp_path / "b.xlsx", [FIELDS, ["a", "B", "c"]]), SHEET, change)

    assert refused(submit(tmp_path / "s", "r.xlsx", content, 1)).code == "xlsx"


def test_a_sheet_that_hides_under_another_name(tmp_path: Path):
    """A part that was not measured is not in the copy that is read."""
    content = sheet(tmp_path / "b.xlsx", [FIELDS, ["a", "B", "c"]])
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
        for info in old.infolist():
            held = old.read(info).replace(b"worksheets/sheet1.xml", b"hidden/sheet1.bin")
            new.writestr(info.filename.replace("worksheets/sheet1.xml", "hidden/sheet1.bin"), held)

    assert refused(submit(tmp_path / "s", "r.xlsx", out.getvalue(), 1)).code == "xlsx"


def test_a_cell_beyond_the_last_column(tmp_path: Path):
    content = sheet(tmp_path / "b.xlsx", [FIELDS, ["a", "B", "c", "extra"], ["b", "C", "d"]])
    _, out = taken(submit(tmp_path / "s", "r.xlsx", content, 2))

    assert [(row["request_ref"], row["malformed"]) for row in out] == [("a", "ragged"), ("b", None)]


@pytest.mark.parametrize("rows", [b'a,b,"c', b'a,b,"c\n', b',,,\na,b,"c\n', b'a,"b\nc,d,e\n'])
def test_a_quote_that_is_never_closed_swallows_the_rows_after_it(tmp_path: Path, rows: bytes):
    for count in (1, 2, 3):
        assert refused(submit(tmp_path, "r.csv", HEADER + rows, count)).code in {"csv", "rows-count"}


def test_a_row_that_looks_like_the_readers_own_last_line(tmp_path: Path):
    _, out = taken(submit(tmp_path, "r.csv", HEADER + b"a,b,c\n,,,\n", 2))

    assert [row["malformed"] for row in out] == [None, "ragged"]


def test_a_reference_of_a_ragged_row_that_is_itself_an_attack(tmp_path: Path):
    _, out = taken(submit(tmp_path, "r.csv", HEADER + b"q" * 30_000 + b",b\n", 1))

    assert (out[0]["request_ref"], out[0]["malformed"]) == (None, "ragged")


@pytest.mark.parametrize("start", [b"\xef\xbb\xbf", b""])
@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_line_ends_and_a_mark_at_the_start_change_the_rows(tmp_path: Path, start: bytes, end: bytes):
    content = start + HEADER.strip() + b"\n" + b"a,b,c" + end + b"d,e,f"
    _, out = taken(submit(tmp_path, "r.csv", content, 2))

    assert [(row["request_ref"], row["reason"], row["malformed"]) for row in out] == [
        ("a", "c", None),
        ("d", "f", None),
    ]


def test_a_key_that_no_rule_asked_for_in_a_late_line(tmp_path: Path):
    good = json.dumps(dict.fromkeys(FIELDS, "x"))
    bad = json.dumps({**dict.fromkeys(FIELDS, CANARY), "phone": CANARY})
    fault = refused(submit(tmp_path, "r.jsonl", f"{good}\n{bad}\n".encode(), 2))

    assert "phone" in str(fault)
    assert "line 2" in fault.where


def test_a_value_repeated_in_a_parquet_dictionary_unfolds_without_limit(tmp_path: Path):
    long = pa.DictionaryArray.from_arrays(pa.array([0] * 40_000, pa.int32()), pa.array(["x" * 2_000_000]))
    plain = pa.array([""] * 40_000)
    pq.write_table(pa.table({"request_ref": plain, "given_name": plain, "reason": long}), tmp_path / "t.parquet")
    content = (tmp_path / "t.parquet").read_bytes()

    assert refused(submit(tmp_path / "s", "r.parquet", content, 40_000)).code == "parquet"


@pytest.mark.parametrize("column", [pa.array([1]), pa.array([[CANARY]]), pa.array([CANARY.encode()])])
def test_a_parquet_column_that_is_no_text(tmp_path: Path, column: pa.Array):
    pq.write_table(pa.table({"request_ref": ["a"], "given_name": ["b"], "reason": column}), tmp_path / "t.parquet")

    fault = refused(submit(tmp_path / "s", "r.parquet", (tmp_path / "t.parquet").read_bytes(), 1))
    assert fault.code == "columns"


def test_a_rows_file_that_is_a_way_out_of_the_folder(tmp_path: Path):
    outside = tmp_path / "outside.csv"
    outside.write_bytes(HEADER + b"a,b,c\n")
    folder = submit(tmp_path / "s", "r.csv", outside.read_bytes(), 1)
    (folder / "r.csv").unlink()
    (folder / "r.csv").symlink_to(outside)

    assert refused(folder).code == "rows-file"


@pytest.mark.parametrize("other", [b"a,b,c\n", b"x,y,z\n"])
def test_a_rows_file_that_is_changed_while_it_is_read(tmp_path: Path, other: bytes):
    """Written anew it is refused, even when what was hashed and what was read are the bytes that were signed."""
    folder = submit(tmp_path, "r.csv", HEADER + b"a,b,c\n", 1)

    def swap(*_: object) -> None:
        (folder / "r.csv").write_bytes(HEADER + other)

    with pytest.raises(CountersealError) as refusal:
        take_in(folder, read_manifest(folder), FIELDS, folder / "out.parquet", progress=swap)

    assert refusal.value.code == "rows-hash"
    assert other != b"a,b,c\n" or "changed while" in str(refusal.value)


@pytest.mark.parametrize(
    "header", [f"{CANARY}\n", "request_ref,given_name,reason,a\x1b[31m\n", "request_ref,given_name,reason,<b>é\n"]
)
def test_a_column_name_that_speaks_to_the_terminal(tmp_path: Path, header: str):
    with pytest.raises(CountersealError) as fault:
        taken(submit(tmp_path, "r.csv", header.encode() + b"a\n", 1))

    assert str(fault.value).isprintable()
