"""A quarter's quality report as a page, a PDF and a table: the same figures, each chart with its table beside it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from counterseal.oversight.page import MOST_BARS, WITHHELD, Part, parts_csv, report_html, report_pdf
from counterseal.oversight.quality import ANSWERS, CURED
from counterseal.oversight.suppress import SMALLEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.oversight.quality import Count, Quality

NOTE = (
    f"Withheld: counts from 1 to {SMALLEST - 1}, those from which they would follow, and times of fewer than "
    f"{SMALLEST} releases."
)
BEYOND = (
    "Not told: the time from receipt to determination. The ledger commits to the names that would join these entries "
    "and shows them to nobody."
)
UNCOUNTED = "What became of rows returned for cure is not counted here: the ledger does not link them."
OWN = (
    "What became of rows returned for cure is the custodian's own figure, linked by the requester's references; it "
    "cannot be counted again from the ledger. All other figures can. Of requests received in the quarter, as of now."
)
_HEADS = {
    "stopped": "Stopped",
    "refused": "Refused",
    "cure": "For cure",
    "judgement": "For judgement",
    "looked_up": "Looked up",
}
_CURED = ("Every rule held", "For judgement", "Refused", "For cure again", "Not back", "References returned")


def parts(found: Quality) -> tuple[Part, ...]:
    """Lay a quarter's figures out as tables, withheld counts in words."""
    answers = tuple(
        (agency, agreement, *(_said(counts[name]) for name in (*ANSWERS, "rows")))
        for agency, agreement, counts in found.agencies
    )
    spans = tuple((s.step, _said(s.seen), _lasted(s.median), _lasted(s.ninetieth)) for s in found.spans)
    mended = tuple(
        (agency, agreement, *(_said(counts[name]) for name in (*CURED, "returned")))
        for agency, agreement, counts in found.cures or ()
    )
    cured = Part("cures", "Returned for cure, and what became of it", ("Agency", "Agreement", *_CURED), mended, 2)
    return (
        Part("answers", "Answers by agency", ("Agency", "Agreement", *_HEADS.values(), "Rows"), answers, 2),
        _counts("reasons", "Reasons by rule", ("Rule", "Rows in which it does not hold"), found.reasons),
        Part("times", "Times of releases", ("Step", "Seen", "Median", "90th percentile"), spans),
        _counts("reversals", "Reversals", ("What", "Count"), found.reversals),
        _counts("re-reviews", "Decisions drawn and reviewed again", ("What", "Count"), found.re_reviews),
        _counts("load", "Signatures by official", ("Official's key", "Signatures"), _shortened(found.officials)),
        *([] if found.cures is None else [cured]),
    )


def quality_csv(found: Quality) -> str:
    """Give every table as lines of section, line, measure and value; a withheld value is empty."""
    return parts_csv(parts(found))


def quality_json(found: Quality, origin: str, size: int) -> str:
    """Give the figures for a program; a withheld count is null."""
    return json.dumps({"origin": origin, "size": size, "withheld_below": SMALLEST, **asdict(found)}, indent=2) + "\n"


def quality_html(found: Quality, origin: str, size: int) -> str:
    """Give the report as one page of HTML, without script or anything from outside; fit for print."""
    return report_html(*_report(found, origin, size))


def quality_pdf(found: Quality, origin: str, size: int) -> bytes:
    """Give the report as tagged PDF (PDF/UA-1)."""
    return report_pdf(*_report(found, origin, size))


def _report(found: Quality, origin: str, size: int) -> tuple[str, str, tuple[Part, ...], tuple[str, ...]]:
    under = f"Counted from {size:,} entries of {origin}."
    return f"Quality of disclosure, {found.quarter}", under, parts(found), notes(found)


def notes(found: Quality) -> tuple[str, ...]:
    """Say what is withheld, and what the ledger does not tell."""
    old = f"{found.unreasoned} screenings of the quarter tell no reasons by rule." if found.unreasoned else ""
    return tuple(line for line in (NOTE, UNCOUNTED if found.cures is None else OWN, BEYOND, old) if line)


def _counts(name: str, title: str, heads: tuple[str, str], counts: Sequence[tuple[str, Count]]) -> Part:
    rows = tuple((word, _said(n)) for word, n in counts)
    return Part(name, title, heads, rows, bars=tuple((word, n) for word, n in counts if n)[:MOST_BARS])


def _shortened(officials: Sequence[tuple[str, Count]]) -> tuple[tuple[str, Count], ...]:
    return tuple((key[:12], n) for key, n in officials)


def _said(count: Count) -> str:
    return WITHHELD if count is None else f"{count:,}"


def _lasted(seconds: float | None) -> str:
    if seconds is None:
        return "–"
    for unit, size in (("days", 86_400), ("hours", 3_600), ("minutes", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds:.1f} seconds"
