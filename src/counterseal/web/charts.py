"""Charts as specifications, drawn to SVG without a style attribute: legal inline under the strict policy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import vl_convert
from django.utils.safestring import SafeString, mark_safe

if TYPE_CHECKING:
    from collections.abc import Sequence

COLOURS = {"goes on": "#005ea2", "stays": "#c3c5c9"}


def drawn(specification: dict[str, Any]) -> SafeString:
    """Draw a Vega-Lite specification. What is in it comes from our own counts and words."""
    whole = {
        "$schema": "https://vega.github.io/schema/vega-lite/v5.json",
        "config": {"font": "Source Sans Pro Web, sans-serif", "view": {"stroke": None}, "axis": {"labelFontSize": 13}},
        **specification,
    }
    svg: str = vl_convert.vegalite_to_svg(whole)
    return mark_safe(svg)  # noqa: S308  # drawn from counts and from words of the product, none of a request


def funnel(steps: Sequence[tuple[str, int]]) -> SafeString:
    """Draw how many rows go on from step to step, and how many stay behind."""
    whole = steps[0][1]
    values = [
        {"step": name, "part": part, "rows": rows}
        for name, count in steps
        for part, rows in (("goes on", count), ("stays", whole - count))
    ]
    order = [name for name, _ in steps]
    bars = {
        "mark": {"type": "bar", "cornerRadius": 2},
        "encoding": {
            "y": {"field": "step", "type": "nominal", "sort": order, "title": None,
                  "axis": {"labelLimit": 320, "ticks": False, "domain": False, "labelPadding": 10}},
            "x": {"field": "rows", "type": "quantitative", "stack": True, "axis": None},
            "color": {"field": "part", "type": "nominal", "legend": None,
                      "scale": {"domain": list(COLOURS), "range": list(COLOURS.values())}},
        },
    }  # fmt: skip
    labels = {
        "transform": [{"filter": "datum.part == 'goes on'"}],
        "mark": {"type": "text", "align": "left", "dx": 6, "fontSize": 13, "fontWeight": "bold"},
        "encoding": {
            "y": {"field": "step", "type": "nominal", "sort": order},
            "x": {"datum": whole},
            "text": {"field": "rows", "type": "quantitative", "format": ","},
        },
    }
    return drawn(
        {
            "description": "; ".join(f"{name}: {count:,} rows" for name, count in steps),
            "width": 620,
            "background": "transparent",
            "height": {"step": 38},
            "data": {"values": values},
            "layer": [bars, labels],
        }
    )
