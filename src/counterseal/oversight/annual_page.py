"""The annual report as a page, a PDF and tables: one for the public, one for the Joint Committee on Taxation."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from counterseal.oversight.annual import TAXPAYERS
from counterseal.oversight.page import WITHHELD, Part, report_html, report_pdf
from counterseal.oversight.suppress import SMALLEST

if TYPE_CHECKING:
    from counterseal.oversight.annual import Annual

FORMAT = "counterseal-annual/v1"
_WHAT = {
    "people": "People asked for",
    "stopped": "Stopped by an order",
    "refused": "Refused on the request's face",
    "cure": "Returned for cure",
    "judgement": "For judgement",
    "looked_up": "Looked up",
}


def files_of(report: Annual, *, public: bool) -> dict[str, bytes]:
    """Give the report's four files, by the ending of their names."""
    return {
        "html": report_html(*_laid_out(report, public=public)).encode(),
        "pdf": report_pdf(*_laid_out(report, public=public)),
        "csv": annual_csv(report, public=public).encode(),
        "json": annual_json(report, public=public).encode(),
    }


def annual_csv(report: Annual, *, public: bool) -> str:
    """Give the table for a spreadsheet; a withheld count is empty."""
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, ["year", "table", "agency", "agreement", *report.columns])
    writer.writeheader()
    head = {"year": report.year, "table": _name(public=public)}
    writer.writerows({**head, **line} for line in report.lines(public=public))
    return out.getvalue()


def annual_json(report: Annual, *, public: bool) -> str:
    """Give the table for a program, as `counterseal-verify annual` reads it; a withheld count is null."""
    told = {
        "format": FORMAT,
        "year": report.year,
        "table": _name(public=public),
        "due": report.due.isoformat(),
        "origin": report.origin,
        "size": report.size,
        "newest": report.newest,
        "withheld_below": SMALLEST if public else 0,
        "purposes": [asdict(one) for one in report.purposes],
        "lines": report.lines(public=public),
    }
    return json.dumps(told, indent=2) + "\n"


def _name(*, public: bool) -> str:
    return "public" if public else "committee"


def _laid_out(report: Annual, *, public: bool) -> tuple[str, str, tuple[Part, ...], tuple[str, ...]]:
    lines = report.lines(public=public)
    cite = "26 U.S.C. 6103(p)(3)(C)" if public else "26 U.S.C. 6103(p)(3)(B)"
    title = f"Disclosures of return information, {report.year}"
    if not public:
        title += ": to the Joint Committee on Taxation"
    under = (
        f"{cite}. Due by {report.due.isoformat()}, 90 days after the close of the year. Counted from {report.size:,} "
        f"entries of {report.origin}, the newest of {report.newest[:10]}."
    )
    counted = tuple(name for name in ("requests", "disclosures", TAXPAYERS) if name in report.columns)
    heads = {"requests": "Requests", "disclosures": "Instances of disclosure", TAXPAYERS: "Taxpayers"}

    def rows(names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        return tuple(
            (str(one["agency"]), str(one["agreement"]), *(_said(one[name]) for name in names)) for one in lines
        )

    bars = tuple(
        (f"{one['agency']}, {one['agreement']}", value)
        for one in lines[:-1]
        if isinstance(value := one["disclosures"], int) and value
    )
    words = ("Agreement", "Version", "Purpose", "Authority", "Document")
    purposes = tuple(
        (one.agreement, one.version, one.purpose, one.authority, one.sha256[:16]) for one in report.purposes
    )
    none = "Nothing in this year."
    parts = (
        Part(
            "table", "Requests and disclosures by agency",
            ("Agency", "Agreement", *(heads[name] for name in counted)), rows(counted), 2, bars, none,
        ),
        Part("answers", "What became of the people asked for", ("Agency", "Agreement", *_WHAT.values()),
             rows(tuple(_WHAT)), 2, none=none),
        Part("purposes", "General purposes", words, purposes, len(words), none="No agreement's document was given."),
    )  # fmt: skip
    return title, under, parts, _notes(report, public=public)


def _said(value: str | int | None) -> str:
    return WITHHELD if value is None else f"{value:,}"


def _notes(report: Annual, *, public: bool) -> tuple[str, ...]:
    kept = (
        f"Withheld: counts from 1 to {SMALLEST - 1}, and those from which they would follow."
        if public
        else "Nothing is withheld in this table. It is not for the public."
    )
    people = (
        "A taxpayer counts once for each agency and agreement, so the last line may count one person more than once."
        if TAXPAYERS in report.columns
        else "Taxpayers are not counted here: no index was given."
    )
    over = "" if report.newest[:4] > str(report.year) else "No entry is of a later year: the year may not be over."
    checked = (
        "Every count can be made again from the exported ledger and index with counterseal-verify annual. Of the "
        "purposes, the verifier checks that the ledger has the document's digest; the words stand in the document."
    )
    return tuple(line for line in (kept, people, over, checked) if line)
