"""Charts: a Vega-Lite specification drawn to SVG that a strict content security policy allows inline."""

from __future__ import annotations

import re
import textwrap
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import vl_convert

if TYPE_CHECKING:
    from counterseal.flow.look import Stage

KEPT = "still in the running"
WORDS = {
    "stopped": "stopped",
    "refused": "refused",
    "cure": "returned for cure",
    "judgement": "waits for a person",
    "not_disclosed": "not disclosed",
    KEPT: KEPT,
}
COLOURS = {
    KEPT: "#1a4480",
    "stopped": "#3d4551",
    "refused": "#b5443a",
    "cure": "#d99a2b",
    "judgement": "#7a6bb0",
    "not_disclosed": "#71767a",
}
INK, GRID = "#1b1b1b", "#dfe1e2"
VEGA_LITE = "5.20"


def funnel(stages: tuple[Stage, ...], *, width: int) -> str:
    """Draw the stages as bars: what is left, and beside it what dropped out here, by outcome.

    ``width`` is of the bars, in pixels; with less than 400 the labels stand above one another. The SVG has no
    size of its own, no style attribute and no script. The same stages give the same bytes.
    """
    return _drawn(stages, width)


def draw_nothing() -> None:
    """Start the drawing engine."""
    _drawn((), 100)


@lru_cache(maxsize=64)
def _drawn(stages: tuple[Stage, ...], width: int) -> str:
    return svg(specification(stages, width))


def svg(chart: dict[str, Any]) -> str:
    """Draw a Vega-Lite specification. The SVG has no size of its own, no style attribute and no script."""
    drawing: str = vl_convert.vegalite_to_svg(chart, vl_version=VEGA_LITE)
    return re.sub(r'^<svg ([^>]*?) width="[\d.]+" height="[\d.]+"', r"<svg \1", drawing, count=1)


def specification(stages: tuple[Stage, ...], width: int) -> dict[str, Any]:
    """Give the Vega-Lite specification of the funnel."""
    narrow = width < 400
    values, order = [], [KEPT, *(word for word in COLOURS if word != KEPT)]
    for stage in stages:
        lines = textwrap.wrap(stage.name, 34 if narrow else 30, max_lines=2 if narrow else 3, placeholder="…")
        label = "|".join([*lines, f"{stage.left:,}"])
        for word, rows in ((KEPT, stage.left), *stage.dropped):
            values.append({"stage": label, "part": WORDS[word], "rows": rows, "place": order.index(word)})
    used = [word for word in order if any(value["part"] == WORDS[word] and value["rows"] for value in values)]
    return {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "background": "transparent",
        "width": width,
        "height": {"step": 84 if narrow else 64},
        "padding": 4,
        "data": {"values": values},
        "mark": {"type": "bar", "height": 20 if narrow else 26, "yOffset": 26 if narrow else 0},
        "encoding": {
            "y": {
                "field": "stage",
                "type": "nominal",
                "sort": None,
                "axis": {
                    "title": None,
                    "domain": False,
                    "ticks": False,
                    "labelExpr": "split(datum.label, '|')",
                    "labelAlign": "left" if narrow else "right",
                    "labelPadding": 0 if narrow else 12,
                    "labelOffset": -12 if narrow else 0,
                    "labelLimit": 0,
                    "orient": "left",
                    **({"labelBaseline": "middle", "zindex": 1} if narrow else {}),
                },
            },
            "x": {"field": "rows", "type": "quantitative", "stack": "zero", "axis": None, "scale": {"nice": False}},
            "order": {"field": "place"},
            "color": {
                "field": "part",
                "type": "nominal",
                "scale": {"domain": [WORDS[w] for w in used], "range": [COLOURS[w] for w in used]},
                "legend": {
                    "title": None,
                    "orient": "bottom",
                    "columns": 1 if narrow else 0,
                    "symbolType": "square",
                    "columnPadding": 24,
                    "rowPadding": 6,
                    "offset": 14 if narrow else 26,
                },
            },
        },
        "config": {
            "font": "Public Sans Web, Source Sans Pro Web, sans-serif",
            "view": {"stroke": None},
            "axis": {"labelFontSize": 14, "labelColor": INK, "labelLineHeight": 18},
            "legend": {"labelFontSize": 14, "labelColor": INK, "symbolSize": 140, "labelLimit": 0},
        },
    }
