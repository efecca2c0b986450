"""The safeguards report of 26 U.S.C. 6103(p)(5): each recipient agency, its safeguards, and what it holds.

For the committees and the custodian, not for the public: nothing is withheld, and it names no person.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from counterseal.oversight.page import Part, parts_csv, report_html, report_pdf

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "counterseal-safeguards/v1"
STATES = ("sent", "held", "used", "returned", "destroyed")
GROUNDS = ("recall", "court", "correction")


@dataclass(frozen=True, slots=True)
class Act:
    """One entry about an agency's safeguards. ``until`` is the last day it sets, ``document`` a digest; else empty."""

    entry: int
    on: str
    act: str
    until: str
    document: str


@dataclass(frozen=True, slots=True)
class Recipient:
    """One agency. ``until`` is the last day of its safeguards; ``refused`` rows of the year failed for want of them.

    ``holdings`` count packages in officers' hands by state, ``orders`` those to holders by ground, all as of today;
    ``overdue`` are orders whose certificate is late. ``incidents`` are those opened in the year about what left to
    the agency, by who raised them.
    """

    agency: str
    title: str
    in_force: bool
    until: str
    borne_out: bool
    acts: tuple[Act, ...]
    refused: int
    delivered: int
    officers: int
    holdings: Mapping[str, int]
    orders: Mapping[str, int]
    certified: int
    overdue: int
    incidents: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SafeguardsReport:
    """A calendar year's report, drawn up on a day from so many entries. ``rules`` are those that ask for safeguards."""

    year: int
    drawn_up: str
    origin: str
    size: int
    unreasoned: int
    rules: tuple[str, ...]
    recipients: tuple[Recipient, ...]


def files_of(report: SafeguardsReport) -> dict[str, bytes]:
    """Give the report's four files, by the ending of their names."""
    laid_out = _laid_out(report)
    told = json.dumps({"format": FORMAT, **asdict(report)}, indent=2)
    return {
        "html": report_html(*laid_out).encode(),
        "pdf": report_pdf(*laid_out),
        "csv": parts_csv(laid_out[2]).encode(),
        "json": f"{told}\n".encode(),
    }


def _laid_out(report: SafeguardsReport) -> tuple[str, str, tuple[Part, ...], tuple[str, ...]]:
    found = report.recipients
    none = "Nothing in this year."
    status = tuple((one.agency, one.title, _stands(one), one.until or "–") for one in found)
    acts = tuple(
        (one.agency, f"entry {act.entry}", act.on, act.act, act.until or "–", act.document[:12] or "–")
        for one in found
        for act in one.acts
    )
    refused = tuple((one.agency, f"{one.refused:,}") for one in found)
    held = tuple(
        (one.agency, *(f"{n:,}" for n in (one.delivered, one.officers, *(one.holdings[word] for word in STATES))))
        for one in found
    )
    raised = tuple((one.agency, source, f"{n:,}") for one in found for source, n in sorted(one.incidents.items()))
    orders = tuple(
        (one.agency, *(f"{n:,}" for n in (*(one.orders[word] for word in GROUNDS), one.certified, one.overdue)))
        for one in found
    )
    parts = (
        Part("status", "Safeguards as they stand", ("Agency", "Name", "Safeguards", "Last day"), status, 4),
        Part(
            "acts", "What was entered about them in the year",
            ("Agency", "Entry", "Day", "Act", "Last day", "Document"), acts, 6, none=none,
        ),
        Part(
            "refused", "Refused because they were not in force", ("Agency", "Rows of the year"), refused,
            bars=tuple((one.agency, one.refused) for one in found if one.refused),
        ),
        Part(
            "holders", "Who holds what left",
            ("Agency", "Deliveries", "Officers who hold", "Sent", "Held", "Use ended", "Returned", "Destroyed"), held,
        ),
        Part(
            "orders", "Orders to holders",
            ("Agency", "Recalls", "Courts' stops", "Corrections", "Certified", "Certificates overdue"), orders,
        ),
        Part("incidents", "Incidents opened in the year", ("Agency", "Raised by", "Incidents"), raised, 2, none=none),
    )  # fmt: skip
    under = (
        f"26 U.S.C. 6103(p)(4), (p)(5). Drawn up on {report.drawn_up} from {report.size:,} entries of {report.origin}. "
        "Holders and orders as of that day; the rest is of the year."
    )
    return f"Safeguards of recipient agencies, {report.year}", under, parts, _notes(report)


def _stands(one: Recipient) -> str:
    if not one.in_force:
        return "not in force"
    return "in force" if one.borne_out else "in force in the register; the ledger does not say so"


def _notes(report: SafeguardsReport) -> tuple[str, ...]:
    old = f"{report.unreasoned} screenings of the year tell no reasons by rule, so they are not among the refusals."
    rules = ", ".join(report.rules) or "no rule of an agreement here"
    again = (
        f"Rows are refused for want of safeguards by {rules}; a row may fail other rules as well. The acts, the "
        "refusals, the deliveries and the incidents can be counted again from the exported ledger."
    )
    own = (
        "Which officers hold a package, and what is overdue, is the custodian's own count: the ledger has the events, "
        "and the case database the recipients of each package."
    )
    none = "The ledger holds no dates of trainings or inspections; none are told here."
    return again, own, none, *([old] if report.unreasoned else [])
