"""What leaves: nothing injected, nothing told of a pending row, nothing about a person."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.release import Letter, Reason, notice_html, notice_pdf, response_sql

HOSTILE = '<script>alert(1)</script>&"\'#sys.inputs #read("/etc/passwd") $x$ *b* _i_ @ref =HYPERLINK("x") \\ `'
DAY = date(2026, 11, 23)


def letter(**changes: object) -> Letter:
    facts: dict[str, object] = {
        "submission": "S-1", "agreement": "irs-ice-2025", "version": "1.0.0", "custodian": "The Custodian",
        "agency": "The Agency", "received_on": DAY, "written_on": DAY, "rows": 1_234, "refused": 1_000, "cure": 200,
        "pending": 34, "reasons": [Reason("R-14", "An address", "26 U.S.C. 6103", "refuse", 1_000)],
        "demonstration": False,
    }  # fmt: skip
    return Letter(**{**facts, **changes})  # type: ignore[arg-type]


def hostile() -> Letter:
    reason = Reason(HOSTILE, HOSTILE, HOSTILE, "cure", 1)
    return letter(
        agency=HOSTILE, custodian=HOSTILE, submission=HOSTILE, agreement=HOSTILE, version=HOSTILE, reasons=[reason]
    )


def answered(rows: list[dict[str, object]]) -> list[str]:
    reason = pa.list_(pa.struct([("rule", pa.string()), ("cite", pa.string()), ("says", pa.string())]))
    schema = pa.schema(
        [("row", pa.int64()), ("request_ref", pa.string()), ("outcome", pa.string()), ("reasons", reason)]
    )
    connection = duckdb.connect()
    connection.register("answered", pa.Table.from_pylist(rows, schema=schema))
    return [line for (line,) in connection.execute(response_sql(), [1, len(rows)]).fetchall()]


def told(says: str) -> list[dict[str, str]]:
    return [{"rule": "R-1", "cite": "26 U.S.C. 6103", "says": says}]


def test_a_pending_line_tells_why():
    """Judgement and every look-up's end read alike, reasons or none."""
    rows = [
        {"row": 2, "request_ref": "b", "outcome": "judgement", "reasons": told("waits for a person")},
        {"row": 1, "request_ref": "a", "outcome": None, "reasons": []},
        {"row": 3, "request_ref": "c", "outcome": "not_disclosed", "reasons": told("no such person")},
        {"row": 4, "request_ref": None, "outcome": "reviewable", "reasons": None},
    ]
    lines = [json.loads(line) for line in answered(rows)]

    assert [line.pop("request_ref") for line in lines] == ["a", "b", "c", ""]
    assert all(line == {"answer": "pending", "reasons": []} for line in lines)


def test_a_stop_order_makes_an_answer_of_its_own():
    rows = [{"row": 1, "request_ref": "a", "outcome": "stopped", "reasons": told("An order forbids it")}]

    assert json.loads(answered(rows)[0]) == {
        "request_ref": "a",
        "answer": "refused",
        "reasons": told("An order forbids it"),
    }


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
            st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
        ),
        max_size=5,
    )
)
def test_a_value_breaks_out_of_its_line(values: list[tuple[str, str]]):
    rows = [
        {"row": n, "request_ref": ref, "outcome": "cure", "reasons": told(says)}
        for n, (ref, says) in enumerate(values, 1)
    ]
    lines = answered(rows)

    assert all("\n" not in line and "\r" not in line for line in lines)
    assert [(json.loads(x)["request_ref"], json.loads(x)["reasons"][0]["says"]) for x in lines] == values


def test_words_become_markup_of_the_page():
    page = notice_html(hostile())

    assert "<script" not in page
    assert page.count("&lt;script&gt;") == 10  # every place that takes a word


def test_the_page_fetches_something_or_runs_something():
    page = notice_html(letter())

    assert "default-src 'none'" in page
    assert not re.search(r"(src|href|url)\s*[=(]|<script|\sstyle=|\son\w+=", page)


@pytest.mark.skipif(shutil.which("pdftotext") is None, reason="poppler is not installed")
def test_words_become_markup_of_the_pdf(tmp_path: Path):
    """Read back by another program, the words are the words, and no file was read."""
    (tmp_path / "n.pdf").write_bytes(notice_pdf(hostile()))
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "n.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout

    assert '#read("/etc/passwd")' in text.replace("”", '"').replace("“", '"')
    assert "root:" not in text


def test_the_pdf_cannot_be_read_aloud():
    pdf = notice_pdf(letter())

    assert pdf.startswith(b"%PDF-")
    assert b"pdfuaid:part" in pdf


def test_two_letters_from_the_same_facts_differ():
    assert notice_pdf(letter()) == notice_pdf(letter())
    assert notice_html(letter()) == notice_html(letter())


def test_a_reason_of_a_pending_row_stands_in_the_letter():
    page = notice_html(letter(reasons=[Reason("R-99", "Waits for counsel", "none", "judge", 34)]))

    assert "R-99" not in page
    assert "No row was refused or returned." in page


def test_a_demonstration_passes_for_an_answer():
    assert "Demonstration." in notice_html(letter(demonstration=True))
    assert "Demonstration." not in notice_html(letter())
    assert notice_pdf(letter(demonstration=True)) != notice_pdf(letter())
