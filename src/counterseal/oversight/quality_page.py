"""A quarter's quality report as a page, a PDF and a table: the same figures, each chart with its table beside it."""

from __future__ import annotations

import csv
import io
import json
from base64 import b64encode
from dataclasses import asdict, dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import typst
import vl_convert

from counterseal.oversight.quality import ANSWERS
from counterseal.oversight.suppress import SMALLEST

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.oversight.quality import Count, Quality

STYLE = files("counterseal.oversight").joinpath("report.css").read_text(encoding="utf-8")
STYLE_SOURCE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
WITHHELD = "withheld"
MOST_BARS = 20
NOTE = (
    f"Withheld: counts from 1 to {SMALLEST - 1}, those from which they would follow, and times of fewer than "
    f"{SMALLEST} releases."
)
BEYOND = (
    "Not told: the time from receipt to determination, and the rows mended after a cure. The ledger commits to the "
    "names that would join these entries and shows them to nobody."
)
_HEADS = {
    "stopped": "Stopped",
    "refused": "Refused",
    "cure": "For cure",
    "judgement": "For judgement",
    "looked_up": "Looked up",
}


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the report: its id, title, column heads, and rows of words. ``left`` columns are words."""

    id: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    bars: tuple[tuple[str, int], ...] = ()


def parts(found: Quality) -> tuple[Part, ...]:
    """Lay a quarter's figures out as tables, withheld counts in words."""
    answers = tuple(
        (agency, agreement, *(_said(counts[name]) for name in (*ANSWERS, "rows")))
        for agency, agreement, counts in found.agencies
    )
    spans = tuple((s.step, _said(s.seen), _lasted(s.median), _lasted(s.ninetieth)) for s in found.spans)
    return (
        Part("answers", "Answers by agency", ("Agency", "Agreement", *_HEADS.values(), "Rows"), answers, 2),
        _counts("reasons", "Reasons by rule", ("Rule", "Rows in which it does not hold"), found.reasons),
        Part("times", "Times of releases", ("Step", "Seen", "Median", "90th percentile"), spans),
        _counts("reversals", "Reversals", ("What", "Count"), found.reversals),
        _counts("load", "Signatures by official", ("Official's key", "Signatures"), _shortened(found.officials)),
    )


def quality_csv(found: Quality) -> str:
    """Give every table as lines of section, line, measure and value; a withheld value is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("section", "line", "measure", "value"))
    for part in parts(found):
        for row in part.rows:
            for head, value in zip(part.heads[part.left :], row[part.left :], strict=True):
                plain = "" if value == WITHHELD else value.replace(",", "")
                writer.writerow((part.id, _safe(" / ".join(row[: part.left])), head, plain))
    return out.getvalue()


def quality_json(found: Quality, origin: str, size: int) -> str:
    """Give the figures for a program; a withheld count is null."""
    return json.dumps({"origin": origin, "size": size, "withheld_below": SMALLEST, **asdict(found)}, indent=2) + "\n"


def quality_html(found: Quality, origin: str, size: int) -> str:
    """Give the report as one page of HTML, without script or anything from outside; fit for print."""
    body = "".join(_section(part) for part in parts(found))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Quality of disclosure, {escape(found.quarter)}</title><style>{STYLE}</style></head>
<body><main><header><h1>Quality of disclosure, {escape(found.quarter)}</h1>
<p>Counted from {size:,} entries of {escape(origin)}.</p></header>
{body}<footer>{"".join(f"<p>{line}</p>" for line in notes(found))}</footer></main></body></html>
"""


def quality_pdf(found: Quality, origin: str, size: int) -> bytes:
    """Give the report as tagged PDF (PDF/UA-1). Its words enter as data, never as markup."""
    held = {
        "title": f"Quality of disclosure, {found.quarter}",
        "from": f"Counted from {size:,} entries of {origin}.",
        "parts": [asdict(part) for part in parts(found)],
        "notes": notes(found),
    }
    pdf = typst.compile(
        files("counterseal.oversight").joinpath("report.typ").read_bytes(),
        format="pdf",
        sys_inputs={"report": json.dumps(held, ensure_ascii=False)},
        pdf_standards=["ua-1"],
    )
    if not isinstance(pdf, bytes):
        raise TypeError(type(pdf).__name__)
    return pdf


def notes(found: Quality) -> tuple[str, ...]:
    """Say what is withheld, and what the ledger does not tell."""
    old = f"{found.unreasoned} screenings of the quarter tell no reasons by rule." if found.unreasoned else ""
    return tuple(line for line in (NOTE, BEYOND, old) if line)


def chart(title: str, bars: Sequence[tuple[str, int]]) -> str:
    """Draw bars of one colour, named by their axis, as SVG without style attribute or script."""
    axis = {"title": None, "domain": False, "ticks": False, "labelLimit": 260, "labelPadding": 8}
    svg: str = vl_convert.vegalite_to_svg(
        {
            "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
            "description": title,
            "background": "transparent",
            "width": 300,
            "height": {"step": 30},
            "padding": 4,
            "data": {"values": [{"name": name, "n": n, "said": f"{n:,}"} for name, n in bars]},
            "encoding": {
                "y": {"field": "name", "type": "nominal", "sort": None, "axis": axis},
                "x": {"field": "n", "type": "quantitative", "axis": None, "scale": {"nice": False}},
            },
            "layer": [
                {"mark": {"type": "bar", "height": 18, "color": "#1a4480"}},
                {
                    "mark": {"type": "text", "align": "left", "dx": 5, "fontSize": 13, "color": "#1b1b1b"},
                    "encoding": {"text": {"field": "said"}},
                },
            ],
            "config": {
                "font": "Public Sans Web, Source Sans Pro Web, sans-serif",
                "view": {"stroke": None},
                "axis": {"labelFontSize": 13, "labelColor": "#1b1b1b"},
            },
        },
        vl_version="5.20",
    )
    said = f'role="img" aria-label="{escape(title)}. The table holds the same numbers."><title>{escape(title)}</title>'
    head, _, inside = svg.partition(">")
    return f"{head} {said}{inside}"


def _section(part: Part) -> str:
    def cell(at: int, value: str) -> str:
        if at == 0:
            return f"<th scope=row>{escape(value)}</th>"
        return f"<td{'' if at < part.left else ' class=n'}>{escape(value)}</td>"

    heads = "".join(
        f"<th scope=col{'' if at < part.left else ' class=n'}>{escape(head)}</th>" for at, head in enumerate(part.heads)
    )
    rows = "".join(f"<tr>{''.join(cell(at, value) for at, value in enumerate(row))}</tr>" for row in part.rows)
    none = f"<tr><td colspan={len(part.heads)}>Nothing in this quarter.</td></tr>"
    first = f"<figcaption>The first {MOST_BARS}.</figcaption>" if len(part.rows) > MOST_BARS else ""
    drawn = f"<figure>{first}{chart(part.title, part.bars)}</figure>" if part.bars else ""
    return (
        f"<section><h2>{part.title}</h2><div class={'pair' if drawn else 'alone'}>{drawn}"
        f'<div class=wide role=region tabindex=0 aria-label="{part.title}"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows or none}</tbody></table></div></div></section>\n"
    )


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


def _safe(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
