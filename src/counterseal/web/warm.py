"""What a process of the server does before its first page, so that nobody waits for it."""

from __future__ import annotations

from counterseal.errors import CountersealError
from counterseal.web.charts import draw_nothing
from counterseal.wiring import look, office


def warm() -> None:
    """Start the drawing engine and read the agreements: most of a second each.

    A workspace that is not sound says so on its pages, not by a server that does not start.
    """
    draw_nothing()
    try:
        office()
        look().agreements()
    except CountersealError:
        return
