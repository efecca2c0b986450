"""The return letter: counts, the reasons with their law, what to mend. No fact about a person is in it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

NEXT_STEP = {
    "refuse": "Refused. No record was opened.",
    "cure": "Mend the row and send it again.",
    "judge": "A person decides this before any record is opened.",
}


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason, with its law and the number of rows that it concerns."""

    rule: str
    title: str
    cite: str
    answer: str
    rows: int


@dataclass(frozen=True, slots=True)
class Letter:
    """What the return letter says. ``pending`` counts every row that is neither refused nor to be mended."""

    submission: str
    agreement: str
    version: str
    custodian: str
    agency: str
    received_on: date
    written_on: date
    rows: int
    refused: int
    cure: int
    pending: int
    reasons: Sequence[Reason]
    demonstration: bool


def _count(rows: int) -> str:
    return f"{rows:,}"


NOTICE_STYLE = """
body { font: 1.05rem/1.55 Georgia, serif; color: #1b1b1b; max-width: 42rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; } table { border-collapse: collapse; } caption { text-align: left; }
th, td { text-align: left; padding: .25rem 1.5rem .25rem 0; border-bottom: 1px solid #dfe1e2; }
td { text-align: right; }
dt { font-weight: bold; margin-top: .8rem; } dd { margin: 0; overflow-wrap: anywhere; }
[role=note] { border: 1px solid; padding: .5rem .8rem; }
"""
"""The letter's own style. A page that serves the letter allows it by its hash."""


def notice_html(letter: Letter) -> str:
    """Give the letter as one page of HTML, without script and without anything from outside."""
    reasons = "".join(
        f"<dt>{escape(r.rule)} {escape(r.title)}</dt><dd>{_count(r.rows)} rows. {escape(NEXT_STEP[r.answer])} "
        f"<em>{escape(r.cite)}</em></dd>"
        for r in letter.reasons
    )
    banner = (
        "<p role=note><strong>Demonstration.</strong> The people are made up and no agency asked.</p>"
        if letter.demonstration
        else ""
    )
    told = f"<dl>{reasons}</dl>" if reasons else "<p>Every rule held for every row.</p>"
    return f"""<!doctype html>
<html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
<title>Notice on submission {escape(letter.submission)}</title><style>{NOTICE_STYLE}</style></head>
<body><main>{banner}
<p>{escape(letter.custodian)}<br>Disclosure Office</p>
<p>{letter.written_on.isoformat()}</p>
<p>To {escape(letter.agency)}</p>
<h1>Notice on submission {escape(letter.submission)}</h1>
<p>We received your request on {letter.received_on.isoformat()} and held each of its
{_count(letter.rows)} rows against the agreement {escape(letter.agreement)}, version {escape(letter.version)}.</p>
<table><caption>What became of the rows</caption>
<thead><tr><th scope=col>Answer</th><th scope=col>Rows</th></tr></thead><tbody>
<tr><th scope=row>Refused</th><td>{_count(letter.refused)}</td></tr>
<tr><th scope=row>Returned for cure</th><td>{_count(letter.cure)}</td></tr>
<tr><th scope=row>Pending</th><td>{_count(letter.pending)}</td></tr></tbody></table>
<p>The reasons for each row stand in response.jsonl under your own reference. A row may have several.</p>
<h2>The reasons, with their law</h2>
{told}
<h2>What follows</h2>
<p>Rows that are refused or returned were not looked up. Mended rows may be sent in a new submission with an
id of its own. Pending rows are answered together, at one time for the whole submission; until then nothing
is said about any of them.</p>
</main></body></html>
"""


def notice_pdf(letter: Letter) -> bytes:
    """Give the letter as tagged PDF (PDF/UA-1). Its words enter as data, never as markup."""
    held = asdict(letter)
    held["reasons"] = [{**asdict(r), "do": NEXT_STEP[r.answer], "rows": _count(r.rows)} for r in letter.reasons]
    held |= {key: _count(held[key]) for key in ("rows", "refused", "cure", "pending")}
    held |= {key: held[key].isoformat() for key in ("received_on", "written_on")}
    template = files("counterseal.release").joinpath("notice.typ").read_bytes()
    pdf = typst.compile(
        template,
        format="pdf",
        sys_inputs={"letter": json.dumps(held, ensure_ascii=False)},
        pdf_standards=["ua-1"],
    )
    if not isinstance(pdf, bytes):
        raise TypeError(type(pdf).__name__)
    return pdf
