"""The letter that tells a person who asked about them, why, when, and what became of it.

Every letter says in the same words that an item may be withheld for a time, whether or not one is
(5 U.S.C. 552a(c)(3); 45 C.F.R. 164.528(a)(2)): a sentence that stood only where something is withheld would tell it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import typst

from counterseal.errors import CountersealError
from counterseal.release.notice import STYLE, STYLE_SOURCE

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

ANSWERS = {
    "refused": "Refused. No record was opened and nothing was disclosed.",
    "returned to be mended": "Returned to the agency as incomplete. No record was opened and nothing was disclosed.",
    "stopped by an order": "Stopped by an order in force. Nothing was disclosed.",
    "no disclosure": "Nothing was disclosed.",
    "not yet answered": "Not yet answered. Nothing has been disclosed.",
}
CONFIRMED = "The request was found to mean you and nobody else."
NOT_CONFIRMED = (
    "The request states your taxpayer number. It was not established that you are the person meant, "
    "so no more is said of it here."
)
NOTHING = "No request that names you, and no disclosure of your information, is listed."
FOLLOWS = (
    (
        "The law lets an agency keep a disclosure to law enforcement out of this accounting (5 U.S.C. 552a(c)(3)), "
        "or suspend it for a stated time. This letter does not say whether there is such an item. An item that an "
        "official withholds is listed again from the day on which the withholding ends; you may ask at any time."
    ),
    (
        "Agreements under which the law asks for no accounting are not listed. A submission that was turned away as a "
        "whole before anybody's row was read is not listed either."
    ),
    (
        "The file accounting.json proves that this list leaves out nothing but what the paragraphs above say, against "
        "the public ledger. Anyone with that file can check it: counterseal-verify accounting accounting.json "
        "--ledger FOLDER --policy FILE. It holds your taxpayer number; keep it as you keep this letter."
    ),
)


@dataclass(frozen=True, slots=True)
class AccountingLine:
    """One request about the person. ``reasons`` are rule, title and citation; ``disclosed`` names elements only."""

    submission: str
    agency: str
    agreement: str
    asked_on: date
    received_on: date
    purpose: str
    confirmed: bool
    answer: str
    reasons: Sequence[tuple[str, str, str]]
    disclosed_on: date | None
    disclosed: Sequence[str]


@dataclass(frozen=True, slots=True)
class AccountingLetter:
    """What the letter says; ``entry`` is the index entry in the ledger ``origin`` that it stands under."""

    custodian: str
    name: str
    address: Sequence[str]
    written_on: date
    entry: int
    origin: str
    lines: Sequence[AccountingLine]
    demonstration: bool


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"


def _answer(line: AccountingLine) -> str:
    if line.disclosed_on is None:
        return ANSWERS[line.answer]
    return f"Disclosed on {_day(line.disclosed_on)}: {', '.join(line.disclosed)}."


def _facts(line: AccountingLine) -> list[tuple[str, str]]:
    """Give one request as terms and what is said to each; a term without anything to say is left out."""
    why = "; ".join(" ".join(part for part in (rule, title, f"({cites})" if cites else "") if part)
                    for rule, title, cites in line.reasons)  # fmt: skip
    told = [
        ("Asked by", line.agency),
        ("Signed", _day(line.asked_on)),
        ("Received", _day(line.received_on)),
        ("Under", line.agreement),
        ("Purpose", line.purpose),
        ("Who was meant", CONFIRMED if line.confirmed else NOT_CONFIRMED),
        ("Answer", _answer(line)),
        ("What was not met", why),
    ]
    return [(term, said) for term, said in told if said]


def _opening(letter: AccountingLetter) -> str:
    if not letter.lines:
        return NOTHING
    given = sum(line.disclosed_on is not None for line in letter.lines)
    requests = "One request is" if len(letter.lines) == 1 else f"{len(letter.lines)} requests are"
    made = {0: "No disclosure was made.", 1: "One disclosure was made."}.get(given, f"{given} disclosures were made.")
    return f"{requests} listed below. {made}"


def _under(letter: AccountingLetter) -> str:
    return f"Entry {letter.entry} of {letter.origin}"


def accounting_html(letter: AccountingLetter) -> str:
    """Give the letter as one page of HTML without script or anything from outside; fit for print."""
    banner = (
        "<p class=demonstration><strong>Demonstration.</strong> The people are made up and no agency asked.</p>"
        if letter.demonstration
        else ""
    )
    parts = "".join(
        f"<h2>Request {number} of {len(letter.lines)}: {escape(line.submission)}</h2><dl>"
        + "".join(f"<dt>{term}</dt><dd>{escape(said)}</dd>" for term, said in _facts(line))
        + "</dl>"
        for number, line in enumerate(letter.lines, 1)
    )
    address = "<br>".join(escape(one) for one in (letter.name, *letter.address))
    follows = "".join(f"<p>{paragraph}</p>" for paragraph in FOLLOWS)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Accounting of disclosures</title><style>{STYLE}</style></head>
<body><main><header><p class=office>{escape(letter.custodian)}</p><p>Disclosure Office</p></header>{banner}
<p>{_day(letter.written_on)}</p>
<p>{address}</p>
<dl><dt>In reply refer to</dt><dd><strong>{escape(_under(letter))}</strong></dd></dl>
<h1>Accounting of requests and disclosures</h1>
<p>You asked who has requested information about you, and what was disclosed (26 U.S.C. 6103(p)(3)(A);
5 U.S.C. 552a(c)). {_opening(letter)}</p>
{parts}
<h2>What this letter does not list, and how to check it</h2>{follows}
</main></body></html>
"""


def accounting_pdf(letter: AccountingLetter) -> bytes:
    """Give the letter as tagged PDF (PDF/UA-1). Its words enter as data, never as markup.

    Raises CountersealError ``letter-font`` for a sign that no font here has: PDF/UA shows every sign or is none.
    """
    held = {
        "custodian": letter.custodian,
        "person": [letter.name, *letter.address],
        "written": _day(letter.written_on),
        "under": _under(letter),
        "opening": _opening(letter),
        "lines": [{"submission": line.submission, "facts": _facts(line)} for line in letter.lines],
        "follows": FOLLOWS,
        "demonstration": letter.demonstration,
    }
    try:
        pdf = typst.compile(
            files("counterseal.release").joinpath("accounting.typ").read_bytes(),
            format="pdf",
            sys_inputs={"letter": json.dumps(held, ensure_ascii=False)},
            pdf_standards=["ua-1"],
        )
    except typst.TypstError as error:  # its message may hold the sign, so it is not shown
        raise CountersealError(
            "letter-font",
            "A sign in this letter is in none of the fonts that the PDF is set in.",
            next_step="Print letter.html, which says the same.",
        ) from error
    if not isinstance(pdf, bytes):
        raise TypeError(type(pdf).__name__)
    return pdf
