"""The return letter: counts, the reasons with their law, what to mend. No fact about a person is in it."""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import asdict, dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

NEXT_STEP = {
    "refuse": "Refused. No record was opened.",
    "cure": "Mend the row and send it again in a new submission.",
}
"""What the requester may do about a reason. A rule that waits for a person is not told: a pending line has no
reason in the response, so the letter gives none for it either."""

FOLLOWS = (
    (
        "Rows that are refused or returned were not looked up. Mended rows may be sent in a new submission with an id "
        "of its own."
    ),
    (
        "Pending rows are answered together, at one time for the whole submission. Until then nothing is said of any "
        "of them."
    ),
)
DISCLOSED = (
    "Rows that read “disclosed” have a sealed package each. It opens with the key of an officer whom the row names, "
    "and its conditions of use are accepted before it shows anything."
)
NO_DISCLOSURE = (
    "Rows that read “no disclosure” have no reason, and every one of them reads the same, at the same time, whatever "
    "its cause (26 U.S.C. 6103(b)(8)). Such a row may be mended and sent in a new submission with an id of its own. "
    "Nothing is said here that a look-up would have told."
)
"""What is told of every row that was not disclosed, and shown to an official before they make it one."""
ANSWERED = (FOLLOWS[0], DISCLOSED, NO_DISCLOSURE)
STYLE = files("counterseal.release").joinpath("notice.css").read_text(encoding="utf-8")
STYLE_SOURCE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
"""The one style that the letter's content security policy lets in."""


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
    """What a letter says. ``pending`` counts every row that is neither refused nor to be mended.

    ``disclosed`` tells how many of those were disclosed; None while the batch is not answered, and the letter is
    the notice after screening.
    """

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
    disclosed: int | None = None

    @property
    def title(self) -> str:
        """Which letter it is."""
        return f"{'Notice on' if self.disclosed is None else 'Answer to'} submission {self.submission}"

    @property
    def follows(self) -> tuple[str, ...]:
        """What follows, in paragraphs."""
        return FOLLOWS if self.disclosed is None else ANSWERED


def _count(rows: int) -> str:
    return f"{rows:,}"


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def _told(letter: Letter) -> list[Reason]:
    return [reason for reason in letter.reasons if reason.answer in NEXT_STEP]


def _answers(letter: Letter) -> list[tuple[str, str]]:
    counts = {"Refused": letter.refused, "Returned for cure": letter.cure}
    if letter.disclosed is None:
        counts["Pending"] = letter.pending
    else:
        counts |= {"Disclosed": letter.disclosed, "No disclosure": letter.pending - letter.disclosed}
    return [(answer, _count(rows)) for answer, rows in counts.items()]


def notice_html(letter: Letter) -> str:
    """Give the letter as one page of HTML without script or anything from outside; fit for print."""
    answers = "".join(f"<tr><th scope=row>{name}</th><td class=n>{rows}</td></tr>" for name, rows in _answers(letter))
    reasons = "".join(
        f"<tr><th scope=row>{escape(r.rule)}</th><td>{escape(r.title)}</td><td>{escape(r.cite)}</td>"
        f"<td>{escape(NEXT_STEP[r.answer])}</td><td class=n>{_count(r.rows)}</td></tr>"
        for r in _told(letter)
    )
    banner = (
        "<p class=demonstration><strong>Demonstration.</strong> The people are made up and no agency asked.</p>"
        if letter.demonstration
        else ""
    )
    none = "<tr><td colspan=5>No row was refused or returned.</td></tr>"
    follows = "".join(f"<p>{paragraph}</p>" for paragraph in letter.follows)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(letter.title)}</title><style>{STYLE}</style></head>
<body><main><header><p class=office>{escape(letter.custodian)}</p><p>Disclosure Office</p></header>{banner}
<p>{_day(letter.written_on)}</p>
<p>{escape(letter.agency)}</p>
<dl><dt>In reply refer to</dt><dd><strong>{escape(letter.submission)}</strong></dd>
<dt>Received</dt><dd>{_day(letter.received_on)}</dd>
<dt>Agreement</dt><dd>{escape(letter.agreement)}, version {escape(letter.version)}</dd></dl>
<h1>{escape(letter.title)}</h1>
<p>We held each of the {_count(letter.rows)} rows of your request against the agreement. This letter tells what
became of them and the law for each reason. It names nobody.</p>
<table><caption>What became of the rows</caption>
<thead><tr><th scope=col>Answer</th><th scope=col class=n>Rows</th></tr></thead><tbody>{answers}</tbody></table>
<p>The reasons for each row stand in response.jsonl under your own reference. A row may have several reasons, so
the counts below may add up to more than the rows.</p>
<div class=wide role=region tabindex=0 aria-label="The reasons"><table><caption>The reasons, with their law</caption>
<thead><tr><th scope=col>Rule</th><th scope=col>What it asks</th><th scope=col>Law</th>
<th scope=col>What to do</th><th scope=col class=n>Rows</th></tr></thead><tbody>{reasons or none}</tbody></table></div>
<h2>What follows</h2>{follows}
</main></body></html>
"""


def notice_pdf(letter: Letter) -> bytes:
    """Give the letter as tagged PDF (PDF/UA-1). Its words enter as data, never as markup."""
    held = {
        "submission": letter.submission,
        "agreement": letter.agreement,
        "version": letter.version,
        "custodian": letter.custodian,
        "agency": letter.agency,
        "received": _day(letter.received_on),
        "written": _day(letter.written_on),
        "rows": _count(letter.rows),
        "answers": _answers(letter),
        "reasons": [{**asdict(r), "do": NEXT_STEP[r.answer], "rows": _count(r.rows)} for r in _told(letter)],
        "follows": letter.follows,
        "title": letter.title,
        "demonstration": letter.demonstration,
    }
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
