"""A drawing of what is in other hands: one line a holder, from delivery to its end, with orders and what is overdue."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from counterseal.web.charts import GRID, INK, svg

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from counterseal.flow.custody import Held

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

    The upper bar is the package's own life, the lower one each order to its holder. Times are in UTC.
    """
    lines = tuple(line for one in held[:MOST] for line in _lines(one, now))
    return _drawn(lines, width)


@lru_cache(maxsize=64)
def _drawn(lines: tuple[tuple[str, str, str, str, int], ...], width: int) -> str:
    return svg(specification(lines, width))


def _lines(one: Held, now: datetime) -> list[tuple[str, str, str, str, int]]:
    holding = one.holding
    label = f"{one.officer}|entry {holding.delivered}"
    state = ENDED if not holding.is_held else HELD if holding.acknowledged_at else SENT
    found = [(label, state, holding.since.isoformat(), (holding.ended_at or now).isoformat(), 0)]
    for order in holding.orders:
        word = ANSWERED if order.certified_at else OVERDUE if order.overdue(now) else ORDERED
        until = order.certified_at or max(now, order.due)
        found.append((label, word, order.at.isoformat(), until.isoformat(), 1))
    return found


def specification(lines: tuple[tuple[str, str, str, str, int], ...], width: int) -> dict[str, Any]:
    """Give the Vega-Lite specification: ``lines`` are label, word, beginning and end (ISO 8601), upper or lower."""
    narrow = width < 400
    values = [
        {"who": label, "word": word, "from": begin, "to": end, "lane": lane} for label, word, begin, end, lane in lines
    ]
    used = [word for word in COLOURS if any(value["word"] == word for value in values)]
    axis = {
        "title": None, "domain": False, "ticks": False, "labelExpr": "split(datum.label, '|')", "labelLimit": 0,
        "labelPadding": 0 if narrow else 12, "labelAlign": "left" if narrow else "right",
        "labelOffset": -14 if narrow else 0, **({"labelBaseline": "middle", "zindex": 1} if narrow else {}),
    }  # fmt: skip
    bars = [
        {
            "transform": [{"filter": f"datum.lane === {lane}"}],
            "mark": {"type": "bar", "height": height, "yOffset": offset + (16 if narrow else 0), "minBandSize": 3},
        }
        for lane, height, offset in ((0, 12, -7), (1, 8, 6))
    ]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "transparent",
        "width": width,
        "height": {"step": 74 if narrow else 44},
        "padding": 4,
        "data": {"values": values},
        "layer": bars,
        "encoding": {
            "y": {"field": "who", "type": "nominal", "sort": None, "axis": axis},
            "x": {
                "field": "from", "type": "temporal", "scale": {"type": "utc"},
                "axis": {"title": None, "format": "%b %d", "tickCount": 4 if narrow else 8, "gridColor": GRID,
                         "domain": False, "ticks": False, "labelPadding": 8},
            },
            "x2": {"field": "to"},
            "color": {
                "field": "word", "type": "nominal", "scale": {"domain": used, "range": [COLOURS[one] for one in used]},
                "legend": {"title": None, "orient": "bottom", "columns": 1 if narrow else 0, "symbolType": "square",
                           "columnPadding": 24, "rowPadding": 6, "offset": 14},
            },
        },
        "config": {
            "font": "Public Sans Web, Source Sans Pro Web, sans-serif",
            "view": {"stroke": None},
            "axis": {"labelFontSize": 13, "labelColor": INK, "labelLineHeight": 16},
            "legend": {"labelFontSize": 14, "labelColor": INK, "symbolSize": 140, "labelLimit": 0},
        },
    }  # fmt: skip
