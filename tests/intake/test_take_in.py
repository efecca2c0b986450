"""Whatever is sent, each row comes out once, or the file is refused with a clear word."""

from __future__ import annotations

import hashlib
import io
import json
import re
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import xlsxwriter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.core.request import ODD_CHARACTER
from counterseal.errors import CountersealError
from counterseal.intake import Receipt, read_manifest, take_in
from counterseal.intake.columns import STRAY_QUOTE, rows_batch
from counterseal.intake.csv import Marked
from counterseal.intake.parquet import read_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator

FIELDS = ["request_ref", "given_name", "reason"]
HEADER = b"request_ref,given_name,reason\n"


def submit(folder: Path, name: str, content: bytes, count: int, **changes: object) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    manifest: dict[str, object] = {
        "submission": "S-1",
        "agreement": "irs-ice-2025",
        "requesting_agency": "ice",
        "signer": {"name": "A. Signer", "office": "Secretary of Homeland Security"},
        "signed_on": "2026-11-02",
        "requested_elements": ["mailing_address"],
        "attestation": "sole-use",
        "rows": name,
        "row_count": count,
        "sha256": hashlib.sha256(content).hexdigest(),
        **changes,
    }
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def taken(folder: Path) -> tuple[Receipt, list[dict[str, object]]]:
    out = folder / "out.parquet"
    receipt = take_in(folder, read_manifest(folder), FIELDS, out)
    return receipt, sorted(pq.read_table(out).to_pylist(), key=lambda row: row["row"])


def sheet(path: Path, rows: list[list[str]], formula: bool = False) -> bytes:
    book = xlsxwriter.Workbook(str(path))
    page = book.add_worksheet()
    for r, row in enumerate(rows):
        for c, cell in enumerate(row):
            page.write_string(r, c, cell)
    if formula:
        page.write_formula(1, 2, "=1+1", None, "2")
    book.close()
    return path.read_bytes()


def test_a_ragged_row_shifts_the_numbers_of_the_others(tmp_path: Path):
    rows = b'a,B,c\nb,C\nc,"two\nlines",d\nd,E,f,g\n\nf,G,h\n'
    receipt, out = taken(submit(tmp_path, "r.csv", HEADER + rows, 6))

    assert [row["row"] for row in out] == [1, 2, 3, 4, 5, 6]
    assert [row["malformed"] for row in out] == [None, "ragged", None, "ragged", None, None]
    assert [row["request_ref"] for row in out] == ["a", "b", "c", "d", "", "f"]
    assert receipt.malformed == {"ragged": 2}


def test_bytes_that_are_no_text_take_the_whole_file_down(tmp_path: Path):
    receipt, out = taken(submit(tmp_path, "r.csv", HEADER + b"a,\xff,c\nb,N\x00,c\nc,D,e\n", 3))

    assert [row["malformed"] for row in out] == ["encoding", "nul_byte", None]
    assert [row["given_name"] for row in out] == [None, None, "D"]
    assert receipt.rows_received == 3


def test_a_ragged_row_that_is_no_text_is_dropped_without_a_word(tmp_path: Path):
    _, out = taken(submit(tmp_path, "r.csv", HEADER + b"a,b,c\nd,\x9f\ng,h,i\n", 3))

    assert [(row["row"], row["request_ref"], row["malformed"]) for row in out] == [
        (1, "a", None),
        (2, "d", "ragged"),
        (3, "g", None),
    ]


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b'"The" address', None),
        (b'Jo"hn', None),
        (b' "JO"', None),
        (b'"JO" ', None),
        (b'"JO""" N', None),
        (b'"JO"', "JO"),
        (b'"J""O"', 'J"O'),
        (b'""', ""),
        (b'"""JO"""', '"JO"'),
        (b'"two\r\nlines"', "two\r\nlines"),
        (b'"a,""b"", c"', 'a,"b", c'),
    ],
)
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_stray_quote_that_is_taken_away_without_a_word(tmp_path: Path, written: bytes, read: str | None, end: bytes):
    """Its row is malformed, and no other; what RFC 4180 lets stand is read as it was meant."""
    rows = end.join([b"a,B,c", b"b," + written + b",d", b"c," + written, b'd,"E","f"', b""])
    _, out = taken(submit(tmp_path, "r.csv", HEADER + rows, 4))

    assert [row["request_ref"] for row in out] == ["a", "b", "c", "d"]
    assert [row["malformed"] for row in out] == [None, "quoting" if read is None else None, "ragged", None]
    assert [row["given_name"] for row in out] == ["B", read, None, "E"]


def test_a_quote_at_the_edge_of_a_piece(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Whatever pieces a file is read in, the same quotes stray."""
    from counterseal.intake import csv

    file = tmp_path / "r.csv"
    file.write_bytes(b'\xef\xbb\xbf"a",b\n"x"y,"""z"""\n1"2,"q""\n""r"\n')
    told = set()
    for size in range(1, 40):
        monkeypatch.setattr(csv, "BLOCK", size)
        marked = csv.Marked(file, b",")
        told.add(io.BufferedReader(marked).read())
    mark = csv.STRAY_QUOTE.encode()
    assert told == {
        b'\xef\xbb\xbf"a",b\n"x"' + mark + b'y,"""z"""\n1"' + mark + b'2,"q""\n""r"\n,',
    }  # fmt: skip


def test_a_file_that_begins_with_a_mark_and_a_quote(tmp_path: Path):
    header = b'\xef\xbb\xbf"request_ref","given_name","reason"\n'
    _, out = taken(submit(tmp_path, "r.csv", header + b'a,"B",c\n', 1))

    assert [(row["malformed"], row["given_name"]) for row in out] == [(None, "B")]


def test_ragged_rows_far_into_a_file_of_many_blocks(tmp_path: Path):
    total, bad = 120_000, {7, 60_001, 119_999, 120_000}
    lines = [f"r{n},N" if n in bad else f"r{n},N,{'x' * 200}" for n in range(1, total + 1)]
    receipt, out = taken(submit(tmp_path, "r.csv", HEADER + "\n".join(lines).encode() + b"\n", total))

    assert [row["row"] for row in out] == list(range(1, total + 1))
    assert all(row["request_ref"] == f"r{row['row']}" for row in out)
    assert {row["row"] for row in out if row["malformed"]} == bad
    assert receipt.malformed == {"ragged": 4}


def test_four_formats_tell_four_stories(tmp_path: Path):
    rows = [["a", "José", "=1+1"], ["b", "", "two\nlines"], ["c", "O'NEIL", '"quoted"']]
    quoted = "".join(",".join('"' + v.replace('"', '""') + '"' for v in row) + "\n" for row in rows)
    lines = "".join(json.dumps(dict(zip(FIELDS, row, strict=True))) + "\n" for row in rows)
    table = tmp_path / "t.parquet"
    pq.write_table(pa.table({f: [row[i] for row in rows] for i, f in enumerate(FIELDS)}), table)
    book = sheet(tmp_path / "b.xlsx", [FIELDS, *rows])

    told = [
        taken(submit(tmp_path / "1", "r.csv", HEADER + quoted.encode(), 3))[1],
        taken(submit(tmp_path / "2", "r.jsonl", lines.encode(), 3))[1],
        taken(submit(tmp_path / "3", "r.parquet", table.read_bytes(), 3))[1],
        taken(submit(tmp_path / "4", "r.xlsx", book, 3))[1],
    ]

    assert [[row[f] for f in FIELDS] for row in told[0]] == rows
    assert told[1:] == told[:1] * 3


def test_a_reader_that_keeps_the_values_of_row_groups_that_are_done(tmp_path: Path):
    table = tmp_path / "t.parquet"
    values = pa.array([f"value {number}" for number in range(4_000)])
    pq.write_table(pa.table(dict.fromkeys(FIELDS, values)), table, row_group_size=1_000, use_dictionary=False)
    given: list[pa.RecordBatch] = []

    class Watched(pq.ParquetFile):  # type: ignore[misc]
        def iter_batches(self, *one: object, **other: object) -> Iterator[pa.RecordBatch]:
            for batch in super().iter_batches(*one, **other):
                given.append(batch)
                yield batch

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pq, "ParquetFile", Watched)
        rows = [row for batch in read_parquet(table, FIELDS) for row in batch.to_pylist()]

    assert [row["reason"] for row in rows] == values.to_pylist()
    assert {len(column.dictionary) for batch in given for column in batch.columns} == {1_000}


def test_a_line_of_json_that_is_no_row(tmp_path: Path):
    good = json.dumps({"request_ref": "a", "given_name": "B", "reason": "c"})
    lines = [
        good,
        "[1]",
        "{",
        '{"request_ref":"d","given_name":7,"reason":"x"}',
        '{"request_ref":"e","request_ref":"f","given_name":"","reason":""}',
        "",
        '"\\ud800"',
        good,
    ]
    _, out = taken(submit(tmp_path, "r.jsonl", "\n".join(lines).encode() + b"\n", 8))

    assert [row["malformed"] for row in out] == [
        None,
        "not_json",
        "not_json",
        "not_text",
        "duplicate_key",
        "not_json",
        "not_json",
        None,
    ]
    assert out[3]["request_ref"] == "d"


def test_a_formula_or_a_number_is_taken_for_a_statement(tmp_path: Path):
    book = sheet(tmp_path / "b.xlsx", [FIELDS, ["a", "B", "c"], ["b", "C", "d"]], formula=True)
    _, out = taken(submit(tmp_path / "s", "r.xlsx", book, 2))

    assert [row["malformed"] for row in out] == ["formula", None]
    assert out[0]["request_ref"] == "a"


def test_a_small_spreadsheet_that_unfolds_into_a_large_one(tmp_path: Path):
    bomb = tmp_path / "b.xlsx"
    with zipfile.ZipFile(bomb, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 60_000_000)

    with pytest.raises(CountersealError, match="xlsx"):
        taken(submit(tmp_path / "s", "r.xlsx", bomb.read_bytes(), 1))


@pytest.mark.parametrize(
    ("header", "named"),
    [
        (b"request_ref,given_name\n", "reason"),
        (b"request_ref,given_name,reason,phone\n", "phone"),
        (b"request_ref,given_name,given_name,reason\n", "given_name"),
        (b"\n", "header"),
        (b"", ""),
    ],
)
def test_columns_that_are_not_the_agreements(tmp_path: Path, header: bytes, named: str):
    with pytest.raises(CountersealError) as fault:
        taken(submit(tmp_path, "r.csv", header + b"a,b,c\n", 1))

    assert named in str(fault.value)
    assert fault.value.code in {"columns", "csv"}


def test_a_file_that_is_not_the_one_that_was_signed(tmp_path: Path):
    with pytest.raises(CountersealError, match="rows-hash"):
        taken(submit(tmp_path, "r.csv", HEADER + b"a,b,c\n", 1, sha256="0" * 64))
    with pytest.raises(CountersealError, match="rows-count"):
        taken(submit(tmp_path, "r.csv", HEADER + b"a,b,c\n", 2))


@pytest.mark.parametrize(
    "changes",
    [
        {"rows": "../r.csv"},
        {"rows": "/etc/passwd"},
        {"rows": "r.exe"},
        {"submission": "../../x"},
        {"row_count": True},
        {"row_count": "3"},
        {"signed_on": "02.11.2026"},
        {"signed_on": "2026-13-01"},
        {"signer": "me"},
        {"extra": 1},
        {"sha256": "Z" * 64},
        {"requested_elements": "mailing_address"},
        {"attestation": None},
        {"submission": ""},
    ],
)
def test_a_manifest_that_leaves_something_to_guess(tmp_path: Path, changes: dict[str, object]):
    with pytest.raises(CountersealError) as fault:
        read_manifest(submit(tmp_path, "r.csv", HEADER + b"a,b,c\n", 1, **changes))

    assert next(iter(changes)) in fault.value.where or fault.value.code == "manifest"


@given(st.binary(max_size=400))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=300)
@pytest.mark.parametrize("name", ["r.csv", "r.jsonl", "r.parquet", "r.xlsx"])
def test_any_bytes_crash_the_reader(tmp_path: Path, name: str, content: bytes):
    """A clear error or rows that are numbered one by one; never anything else."""
    content = HEADER + content if name == "r.csv" else content
    folder = submit(tmp_path, name, content, 1)
    try:
        _, out = taken(folder)
    except CountersealError as fault:
        if fault.code == "rows-count":
            numbers = pq.read_table(folder / "out.parquet").column("row").to_pylist()
            assert sorted(numbers) == list(range(1, len(numbers) + 1))
        return
    assert [row["row"] for row in out] == [1]


@given(st.binary(max_size=300))
def test_any_bytes_crash_the_manifest(tmp_path_factory: pytest.TempPathFactory, content: bytes):
    folder = tmp_path_factory.mktemp("m")
    (folder / "manifest.json").write_bytes(content)
    with pytest.raises(CountersealError):
        read_manifest(folder)


@settings(max_examples=200)
@given(
    columns=st.lists(
        st.tuples(*[st.one_of(st.none(), st.text(max_size=6), st.sampled_from([" A", "A ", "A B", "\u00a7 1", "\u00ad", "é"]))] * 3),
        min_size=1, max_size=8,
    ),
    start=st.integers(0, 2),
)  # fmt: skip
def test_a_row_is_called_plain_that_is_not(columns: list[tuple[str | None, ...]], start: int):
    """A row is plain exactly when each of its values is its own canonical text and holds no odd character."""
    kept = [tuple(v.encode("utf-8", "ignore").decode() if v else v for v in row) for row in columns][start:]
    named = {
        field: pa.array(["x "] * start + [row[at] for row in kept], pa.string()).slice(start)
        for at, field in enumerate(FIELDS)
    }
    numbers = pa.array(range(1, len(kept) + 1), pa.int64())

    batch = rows_batch(numbers, pa.nulls(len(kept), pa.string()), named, FIELDS)

    told = batch.column("plain").to_pylist()
    odd = [re.search(python_words(ODD_CHARACTER), "".join(v or "" for v in row)) is not None for row in kept]
    assert told == [
        not one and all((v or "") == (v or "").strip(" ") for v in row) for one, row in zip(odd, kept, strict=True)
    ]


def python_words(pattern: str) -> str:
    return re.sub(r"\\x\{([0-9A-F]+)\}", lambda found: f"\\u{found[1]:0>4}", pattern)


@given(st.lists(st.lists(st.text(st.sampled_from('a",\r\n ;é'), max_size=6), min_size=3, max_size=3), min_size=1))
def test_a_row_that_is_written_by_the_rules_and_is_malformed(rows: list[list[str]]):
    """Whatever a library for CSV writes, no quote of it strays."""
    import csv as written

    text = io.StringIO()
    written.writer(text).writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "r.csv"
        file.write_bytes(text.getvalue().encode())
        assert STRAY_QUOTE.encode() not in io.BufferedReader(Marked(file, b",")).read()
