"""The report of an incident: counts, kinds of element, times and what was done. Nothing of a person stands in it.

Publication 1075, section 10: the report goes within 24 hours of identifying a possible issue, and holds no federal
tax information. 26 U.S.C. 7431(c)(1)(A) gives damages for each act of unauthorized inspection or disclosure; what is
counted here is arithmetic and settles nothing.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import typst

from counterseal.oversight.page import STYLE, STYLE_SOURCE, Part

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.core.incident import Incident

LEAST_FOR_AN_ACT = 1_000
"""Dollars for each act of unauthorized disclosure, where actual damages are not more: 26 U.S.C. 7431(c)(1)(A)(i)."""


NAMES_NOBODY = (
    "Nothing of a person stands in this report (Publication 1075, section 10). Safeguards reads it before any "
    "individual or the media is told."
)


@dataclass(frozen=True, slots=True)
class Figures:
    """What left and what became of it. ``acts`` counts each element of each person told to each recipient once."""

    deliveries: int
    people: int
    recipients: int
    acts: int
    elements: tuple[str, ...]
    agencies: tuple[str, ...]
    agreements: tuple[str, ...]
    still_held: int
    ordered: int
    certified: int
    overdue: int
    notices: int

    @property
    def least_damages(self) -> int:
        """The statute's least sum in dollars, were every act wrongful and nobody's damage more."""
        return self.acts * LEAST_FOR_AN_ACT


def incident_parts(incident: Incident, figures: Figures, now: datetime) -> tuple[Part, ...]:
    """Lay an incident out as tables. Times are in UTC."""
    standing = "late" if incident.overdue(now) else "in time"
    times = (
        ("A possible issue was identified", _at(incident.identified)),
        ("Entered in the ledger", f"entry {incident.number}"),
        ("The report is due", f"{_at(incident.due)}: {standing}"),
        *((_ACTS[event.act], f"{_at(event.at)}, entry {event.entry}") for event in incident.events),
    )
    what = (
        ("Noticed by", str(incident.source)),
        ("Deliveries in question", f"{figures.deliveries:,}"),
        ("People", f"{figures.people:,}"),
        ("Officers who received something", f"{figures.recipients:,}"),
        ("Kinds of element", ", ".join(figures.elements).replace("_", " ")),
        ("Agencies", ", ".join(figures.agencies)),
        ("Agreements", ", ".join(figures.agreements)),
    )
    done = (
        ("Orders to holders", f"{figures.ordered:,}"),
        ("Certified", f"{figures.certified:,}"),
        ("Overdue", f"{figures.overdue:,}"),
        ("Still held", f"{figures.still_held:,}"),
        ("People told", f"{figures.notices:,}"),
    )
    return (
        Part("what", "What left", ("What", "Told"), what, 2),
        Part("times", "When", ("Step", "Time in UTC"), times, 2),
        Part("done", "What was done", ("What", "Count"), done),
    )


_ACTS = {
    "contained": "Holders ordered to stop and to return or destroy",
    "reported": "Reported",
    "charged": "Somebody charged, or discipline proposed: a notice is owed",
    "notified": "A person told",
    "close proposed": "Proposed to be closed",
    "closed": "Closed",
}


def notes(figures: Figures) -> tuple[str, ...]:
    """Say what the report does not hold, and what its count means."""
    counted = (
        f"Counted for 26 U.S.C. 7431(c)(1)(A): {figures.acts:,} acts, each element of each person told to each "
        f"officer once; at least ${figures.least_damages:,} were every one wrongful. This is arithmetic, not a finding "
        "and not advice."
    )
    return (NAMES_NOBODY, counted)


def incident_json(incident: Incident, figures: Figures, origin: str) -> str:
    """Give the report for a program."""
    events = [{"act": str(one.act), "entry": one.entry, "at": one.at.isoformat()} for one in incident.events]
    told = {
        "origin": origin, "incident": incident.number, "source": str(incident.source), "state": incident.state,
        "identified": incident.identified.isoformat(), "due": incident.due.isoformat(),
        "delivered": list(incident.delivered), "events": events, **asdict(figures),
        "least_damages_usd": figures.least_damages,
    }  # fmt: skip
    return json.dumps(told, indent=2) + "\n"


def incident_html(incident: Incident, figures: Figures, origin: str, now: datetime) -> str:
    """Give the report as one page of HTML, without script or anything from outside; fit for print."""
    title, under = _heads(incident, origin, now)
    body = "".join(_table(part) for part in incident_parts(incident, figures, now))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title><style>{STYLE}</style></head>
<body><main><header><h1>{title}</h1><p>{escape(under)}</p></header>
{body}<footer>{"".join(f"<p>{line}</p>" for line in notes(figures))}</footer></main></body></html>
"""


def incident_pdf(incident: Incident, figures: Figures, origin: str, now: datetime) -> bytes:
    """Give the report as tagged PDF (PDF/UA-1). Its words enter as data, never as markup."""
    title, under = _heads(incident, origin, now)
    held = {
        "title": title, "from": under, "notes": notes(figures),
        "parts": [asdict(part) for part in incident_parts(incident, figures, now)],
    }  # fmt: skip
    pdf = typst.compile(
        files("counterseal.oversight").joinpath("report.typ").read_bytes(),
        format="pdf",
        sys_inputs={"report": json.dumps(held, ensure_ascii=False)},
        pdf_standards=["ua-1"],
    )
    if not isinstance(pdf, bytes):
        raise TypeError(type(pdf).__name__)
    return pdf


def _heads(incident: Incident, origin: str, now: datetime) -> tuple[str, str]:
    return f"Report on incident {incident.number}", f"As it stands on {_at(now)} UTC, from {origin}."


def _table(part: Part) -> str:
    heads = "".join(f"<th scope=col>{escape(head)}</th>" for head in part.heads)
    rows = "".join(
        f"<tr><th scope=row>{escape(first)}</th>" + "".join(f"<td>{escape(one)}</td>" for one in rest) + "</tr>"
        for first, *rest in part.rows
    )
    table = f"<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>"
    return f"<section><h2>{escape(part.title)}</h2>{table}</section>"


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
