"""The letter that tells a person that their information may have been disclosed wrongly, and what they may do.

26 U.S.C. 7431(e) asks for it, with the date of the disclosure and the rights under that section, as soon as
practicable once somebody is charged or discipline is proposed. In other cases counsel decides; the words are the same.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import typst

from counterseal.errors import CountersealError
from counterseal.release.notice import STYLE, STYLE_SOURCE

if TYPE_CHECKING:
    from datetime import date

TITLE = "Notice of a disclosure of your information"
RIGHTS = (
    (
        "You may bring a civil action for damages in a district court of the United States against whoever disclosed "
        "or inspected return information knowingly or by negligence and against the law (26 U.S.C. 7431(a)). It must "
        "be brought within two years after you discover the disclosure (26 U.S.C. 7431(d))."
    ),
    (
        "The court may give the greater of $1,000 for each act of unauthorized disclosure and the damage that you "
        "suffered, and the costs of the action (26 U.S.C. 7431(c)). This letter is not a finding that a disclosure "
        "was unauthorized."
    ),
    (
        "You may ask who has requested information about you and what was disclosed: ask this office for the "
        "accounting of disclosures (26 U.S.C. 6103(p)(3)(A); 5 U.S.C. 552a(c))."
    ),
)


@dataclass(frozen=True, slots=True)
class IncidentLetter:
    """What the letter says; ``lines`` are name and address, ``elements`` names of what was told and no value."""

    custodian: str
    lines: tuple[str, ...]
    written_on: date
    under: str
    disclosed_on: date
    agency: str
    elements: tuple[str, ...]
    ground: str
    recalled: bool
    demonstration: bool

    @property
    def paragraphs(self) -> tuple[str, ...]:
        """What happened and what was done, in words."""
        told = ", ".join(one.replace("_", " ") for one in self.elements)
        done = (
            "We have ordered everybody who received it to stop using it, to return or destroy it, and to certify that."
            if self.recalled
            else "What is being done about it stands in the public ledger of this office."
        )
        happened = (
            f"On {_day(self.disclosed_on)} this office disclosed information about you to {self.agency}: your {told}. "
            f"We have reason to examine whether that was lawful. You are told because of: {self.ground}."
        )
        return happened, done


def letter_html(letter: IncidentLetter) -> str:
    """Give the letter as one page of HTML without script or anything from outside; fit for print."""
    banner = (
        "<p class=demonstration><strong>Demonstration.</strong> The people are made up and no agency asked.</p>"
        if letter.demonstration
        else ""
    )
    said, rights = ("".join(f"<p>{escape(one)}</p>" for one in part) for part in (letter.paragraphs, RIGHTS))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{TITLE}</title><style>{STYLE}</style></head>
<body><main><header><p class=office>{escape(letter.custodian)}</p><p>Disclosure Office</p></header>{banner}
<p>{_day(letter.written_on)}</p>
<p>{"<br>".join(escape(one) for one in letter.lines)}</p>
<dl><dt>In reply refer to</dt><dd><strong>{escape(letter.under)}</strong></dd></dl>
<h1>{TITLE}</h1>{said}
<h2>Your rights</h2>{rights}
</main></body></html>
"""


def letter_pdf(letter: IncidentLetter) -> bytes:
    """Give the letter as tagged PDF (PDF/UA-1). Its words enter as data, never as markup.

    Raises CountersealError ``letter-font`` for a sign that no font here has: PDF/UA shows every sign or is none.
    """
    held = asdict(letter) | {
        "written_on": _day(letter.written_on), "disclosed_on": "", "title": TITLE, "paragraphs": letter.paragraphs,
        "rights": RIGHTS,
    }  # fmt: skip
    try:
        pdf = typst.compile(
            files("counterseal.release").joinpath("incident_letter.typ").read_bytes(),
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


def _day(day: date) -> str:
    return f"{day:%B} {day.day}, {day.year}"
