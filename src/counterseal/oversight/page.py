"""A report as a page, a PDF and a table: the same figures, each chart with its table beside it."""

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

if TYPE_CHECKING:
    from collections.abc import Sequence

STYLE = files("counterseal.oversight").joinpath("report.css").read_text(encoding="utf-8")
STYLE_SOURCE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
WITHHELD = "withheld"
MOST_BARS = 20


@dataclass(frozen=True, slots=True)
class Part:
    """One table of the report: its id, title, column heads, and rows of words. ``left`` columns are words."""

    id: str
    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    left: int = 1
    bars: tuple[tuple[str, int], ...] = ()
    none: str = "Nothing in this time."


def parts_csv(parts: Sequence[Part]) -> str:
    """Give tables as lines of section, line, measure and value; a withheld value is empty."""
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(("section", "line", "measure", "value"))
    for part in parts:
        for row in part.rows:
            for head, value in zip(part.heads[part.left :], row[part.left :], strict=True):
                plain = "" if value == WITHHELD else value.replace(",", "")
                writer.writerow((part.id, _safe(" / ".join(row[: part.left])), head, plain))
    return out.getvalue()


def report_html(title: str, under: str, parts: Sequence[Part], notes: Sequence[str]) -> str:
    """Give a report as one page of HTML, without script or anything from outside; fit for print."""
    body = "".join(_section(part) for part in parts)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{STYLE}</style></head>
<body><main><header><h1>{escape(title)}</h1>
<p>{escape(under)}</p></header>
{body}<footer>{"".join(f"<p>{escape(line)}</p>" for line in notes)}</footer></main></body></html>
"""


def report_pdf(title: str, under: str, parts: Sequence[Part], notes: Sequence[str]) -> bytes:
    """Give a report as tagged PDF (PDF/UA-1). Its words enter as data, never as markup."""
    held = {"title": title, "from": under, "parts": [asdict(part) for part in parts], "notes": list(notes)}
    pdf = typst.compile(
        files("counterseal.oversight").joinpath("report.typ").read_bytes(),
        format="pdf",
        sys_inputs={"report": json.dumps(held, ensure_ascii=False)},
        pdf_standards=["ua-1"],
    )
    if not isinstance(pdf, bytes):
        raise TypeError(type(pdf).__name__)
    return pdf


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
    none = f"<tr><td colspan={len(part.heads)}>{escape(part.none)}</td></tr>"
    first = f"<figcaption>The first {MOST_BARS}.</figcaption>" if len(part.rows) > MOST_BARS else ""
    drawn = f"<figure>{first}{chart(part.title, part.bars)}</figure>" if part.bars else ""
    return (
        f"<section><h2>{part.title}</h2><div class={'pair' if drawn else 'alone'}>{drawn}"
        f'<div class=wide role=region tabindex=0 aria-label="{part.title}"><table><thead><tr>{heads}</tr></thead>'
        f"<tbody>{rows or none}</tbody></table></div></div></section>\n"
    )


def _safe(text: str) -> str:
    return f"'{text}" if text[:1] in {"=", "+", "-", "@", "\t", "\r"} else text
