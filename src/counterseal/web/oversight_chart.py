"""A drawing of what is worth a look: each line of a measure against its threshold, a dark tick."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from counterseal.web.charts import INK, svg

if TYPE_CHECKING:
    from counterseal.oversight.anomalies import Line, Measured

MOST = 3
"""Lines of one measure in the drawing; the table has them too, and everybody beyond the threshold."""
LONGEST = 3.0
"""Times the threshold at which a bar is cut off; its number stands beside it."""
BEYOND, WITHIN = "worth a look", "within"
COLOURS = {BEYOND: "#b5651d", WITHIN: "#1a4480"}
"""Amber and not red: nobody is accused."""


def said(one: Measured, value: float) -> str:
    """Write a value of a measure, or its threshold: a share in per cent, a count with its thousands."""
    return f"{value:.0%}" if one.threshold <= 1 else f"{value:,.0f}"


def shown(one: Measured) -> tuple[Line, ...]:
    """Give the lines of a measure that its table shows: all beyond the threshold, and the largest."""
    return one.lines[: max(MOST, len(one.beyond))]


def against_thresholds(measured: tuple[Measured, ...], *, width: int) -> str:
    """Draw the largest lines of each measure, ``width`` pixels wide. The same measures give the same bytes."""
    bars = tuple(
        (one.title, line.who, min(line.value / one.threshold, LONGEST), said(one, line.value), line.beyond)
        for one in measured
        for line in one.lines[:MOST]
    )
    return _drawn(bars, width)


@lru_cache(maxsize=16)
def _drawn(bars: tuple[tuple[str, str, float, str, bool], ...], width: int) -> str:
    near = 0.4 if width < 400 else 0.8  # where a number would meet the tick, it stands past it
    values = [
        {
            "line": f"{place}|{title}|{who}",
            "times": times,
            "beside": 1 if near < times < 1 else times,
            "said": value,
            "word": BEYOND if beyond else WITHIN,
        }
        for place, (title, who, times, value, beyond) in enumerate(bars)
    ]
    return svg(specification(values, width))


def specification(values: list[dict[str, Any]], width: int) -> dict[str, Any]:
    """Give the Vega-Lite specification: each bar has its line, how many times the threshold, its number and a word."""
    narrow = width < 400
    drop = 21 if narrow else 0
    used = [word for word in COLOURS if any(one["word"] == word for one in values)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "transparent",
        "width": width,
        "height": {"step": 76 if narrow else 46},
        "padding": 4,
        "data": {"values": values},
        "layer": [
            {
                "mark": {"type": "bar", "height": 16, "yOffset": drop},
                "encoding": {
                    "color": {
                        "field": "word", "type": "nominal",
                        "scale": {"domain": used, "range": [COLOURS[one] for one in used]},
                        "legend": {"title": None, "orient": "bottom", "symbolType": "square", "offset": 14,
                                   "columnPadding": 24},
                    },
                },
            },
            {
                "mark": {"type": "text", "align": "left", "dx": 6, "yOffset": drop, "fontSize": 14, "color": INK},
                "encoding": {"text": {"field": "said"}, "x": {"field": "beside", "type": "quantitative"}},
            },
            {
                "mark": {"type": "tick", "orient": "vertical", "size": 18 if narrow else 26, "thickness": 3,
                         "yOffset": drop, "color": INK},
                "encoding": {"x": {"datum": 1, "type": "quantitative"}},
            },
        ],
        "encoding": {
            "x": {"field": "times", "type": "quantitative", "axis": None, "stack": None,
                  "scale": {"domain": [0, LONGEST + 0.4], "nice": False}},
            "y": {
                "field": "line", "type": "nominal", "sort": None,
                "axis": {"title": None, "domain": False, "ticks": False, "labelLimit": 0,
                         "labelExpr": "slice(split(datum.label, '|'), 1)", "labelPadding": 0 if narrow else 12,
                         "labelAlign": "left" if narrow else "right", "labelOffset": -16 if narrow else 0,
                         "labelBaseline": "middle", "labelLineHeight": 17, "zindex": 1},
            },
        },
        "config": {
            "font": "Public Sans Web, Source Sans Pro Web, sans-serif",
            "view": {"stroke": None},
            "axis": {"labelFontSize": 14, "labelColor": INK},
            "legend": {"labelFontSize": 14, "labelColor": INK, "symbolSize": 140, "labelLimit": 0},
        },
    }  # fmt: skip
