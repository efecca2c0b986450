"""Incidents as pages: which are open and how long each has, and one of them drawn. They are acted on by command."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from counterseal.core.incident import Act
from counterseal.errors import CountersealError
from counterseal.flow import incident as acts
from counterseal.web.charts import svg
from counterseal.web.custody_chart import ANSWERED, MOST, ORDERED, OVERDUE, bar, holder_bars, specification
from counterseal.web.rights import Right, asks
from counterseal.wiring import office

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from counterseal.flow.incident import Seen


@require_safe
@asks(Right.CUSTODY)
def incidents(request: HttpRequest) -> HttpResponse:
    """Give every incident: the open ones first, with what their reports still have."""
    at_work = office()
    now = at_work.clock.now()
    found = [(one, one.overdue(now), one.first(Act.REPORTED)) for one in acts.incidents(at_work)]
    late = [one for one, overdue, reported in found if overdue and not reported]
    return render(request, "web/incidents.html", {"found": found, "late": late, "now": now})


@require_safe
@asks(Right.CUSTODY)
def incident(request: HttpRequest, number: int) -> HttpResponse:
    """Give one incident: drawn, with its acts, its figures and what waits."""
    at_work = office()
    try:
        seen = acts.seen(at_work, number)
    except CountersealError:
        raise Http404 from None
    now = at_work.clock.now()
    told = {
        "one": seen.incident,
        "late": seen.incident.overdue(now),
        "figures": seen.figures,
        "held": seen.held,
        "waits": acts.waiting(at_work, seen),
        "most": MOST,
        "now": now,
        "wide": mark_safe(timeline(seen, now, width=640)),  # noqa: S308  # drawn here
        "narrow": mark_safe(timeline(seen, now, width=270)),  # noqa: S308
    }
    return render(request, "web/incident.html", told)


def timeline(seen: Seen, now: datetime, *, width: int) -> str:
    """Draw the time of the report, then each holder's line with the orders to them. Times are in UTC."""
    now = now.replace(second=0, microsecond=0)
    found, reported = seen.incident, seen.incident.first(Act.REPORTED)
    line = f"Report on incident {found.number}"
    bars = (
        [bar(line, ANSWERED, found.identified, reported.at)]
        if reported
        else [bar(line, ORDERED, found.identified, found.due)]
    )
    if found.overdue(now):
        bars.append(bar(line, OVERDUE, found.due, reported.at if reported else now))
    holders = [one for held in seen.held[:MOST] for one in holder_bars(held, now)]
    return svg(specification([*bars, *holders], now, width))
