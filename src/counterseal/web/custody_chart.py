"""A drawing of what is in other hands: one line a holder, from delivery to its end, with orders and what is overdue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.core.custody import Ground
from counterseal.web.charts import GRID, INK, svg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from counterseal.flow.custody import Held

WORD = {Ground.RECALL: "Recall", Ground.COURT: "Court's stop", Ground.CORRECTION: "Correction"}
MOST = 15
"""Holders in the drawing; the table has all of the page."""
SENT, HELD, ENDED = "not acknowledged", "held", "returned or destroyed"
ORDERED, OVERDUE, ANSWERED = "ordered, time running", "ordered, overdue", "order answered"
COLOURS = {
    SENT: "#71767a",
    HELD: "#1a4480",
    ENDED: "#4d8055",
    ORDERED: "#d99a2b",
    OVERDUE: "#b5443a",
    ANSWERED: "#7a6bb0",
}


def timeline(held: Sequence[Held], now: datetime, *, width: int) -> str:
    """Draw the holders' lines, in the order given, ``width`` pixels wide. The same holders give the same bytes.

    A holder has a line from delivery to its end, and one for each order: its time running, and from then on overdue.
    Times are in UTC, to the minute.
    """
    now = now.replace(second=0, microsecond=0)
    return svg(specification([part for one in held[:MOST] for part in holder_bars(one, now)], now, width))


def holder_bars(one: Held, now: datetime) -> list[dict[str, str]]:
    """Give a holder's line, and one for each order to them."""
    holding = one.holding
    state = ENDED if not holding.is_held else HELD if holding.acknowledged_at else SENT
    found = [bar(f"{one.officer}, delivery {holding.delivered}", state, holding.since, holding.ended_at or now)]
    for order in holding.orders:
        line = f"{WORD[order.ground]}, entry {order.entry}"
        if order.certified_at is not None:
            found.append(bar(line, ANSWERED, order.at, order.certified_at))
            continue
        found.append(bar(line, ORDERED, min(order.at, order.due), order.due))
        if order.overdue(now):
            found.append(bar(line, OVERDUE, order.due, now))
    return found


def bar(line: str, word: str, begin: datetime, end: datetime) -> dict[str, str]:
    """Give one bar: its line, its word, its beginning and its end."""
    return {"line": line, "word": word, "from": begin.isoformat(), "to": max(begin, end).isoformat()}


def specification(bars: list[dict[str, str]], now: datetime, width: int) -> dict[str, Any]:
    """Give the Vega-Lite specification: each bar has its line, its word, and its beginning and end (ISO 8601)."""
    narrow = width < 400
    used = [word for word in COLOURS if any(one["word"] == word for one in bars)]
    drop = 12 if narrow else 0
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "transparent",
        "width": width,
        "height": {"step": 46 if narrow else 30},
        "padding": 4,
        "data": {"values": bars},
        "layer": [
            {
                "mark": {"type": "bar", "height": 14, "yOffset": drop, "strokeWidth": 2, "strokeJoin": "round"},
                "encoding": {
                    "x": {
                        "field": "from", "type": "temporal", "scale": {"type": "utc"},
                        "axis": {"title": None, "tickCount": 3 if narrow else 7, "gridColor": GRID, "domain": False,
                                 "ticks": False, "labelPadding": 8, "labelOverlap": True},
                    },
                    "x2": {"field": "to"},
                    "color": {
                        "field": "word", "type": "nominal",
                        "scale": {"domain": used, "range": [COLOURS[one] for one in used]},
                        "legend": {"title": None, "orient": "bottom", "columns": 1 if narrow else 0,
                                   "symbolType": "square", "columnPadding": 24, "rowPadding": 6, "offset": 14},
                    },
                    "stroke": {
                        "field": "word", "type": "nominal", "legend": None,
                        "scale": {"domain": used, "range": [COLOURS[one] for one in used]},
                    },
                },
            },
            {
                "data": {"values": [{"now": now.isoformat()}]},
                "mark": {"type": "rule", "color": INK, "strokeDash": [3, 3]},
                "encoding": {"x": {"field": "now", "type": "temporal"}, "y": {"value": 0}, "y2": {"value": "height"}},
            },
        ],
        "encoding": {
            "y": {
                "field": "line", "type": "nominal", "sort": None,
                "axis": {"title": None, "domain": False, "ticks": False, "labelLimit": 0,
                         "labelPadding": 0 if narrow else 12, "labelAlign": "left" if narrow else "right",
                         "labelOffset": -8 if narrow else 0, "zindex": 1},
            },
        },
        "config": {
            "font": "Public Sans Web, Source Sans Pro Web, sans-serif",
            "view": {"stroke": None},
            "axis": {"labelFontSize": 14, "labelColor": INK},
            "legend": {"labelFontSize": 14, "labelColor": INK, "symbolSize": 140, "labelLimit": 0},
        },
    }  # fmt: skip
