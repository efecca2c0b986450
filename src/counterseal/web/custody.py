"""Custody: who holds what left, what is due, one package in its hands, and the document of an order."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_POST, require_safe

from counterseal.errors import CountersealError
from counterseal.flow import recall
from counterseal.flow.custody import due, held_packages
from counterseal.flow.safeguards import statuses
from counterseal.web.custody_chart import MOST, timeline
from counterseal.web.rights import Right, asks, rights_of, who
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest

SHOWN = 100
"""Lines of a table; their number is always told whole."""


@require_safe
@asks(Right.CUSTODY)
def custody(request: HttpRequest) -> HttpResponse:
    """Give everything that left: what is overdue first, drawn, with its table and what is due."""
    at_work = office()
    now, held, waits = at_work.clock.now(), held_packages(at_work), due(at_work)
    pressing = [one for one in waits if one.state != "continuing"]
    told = {
        "held": [(one, one.holding.overdue(now), one.holding.orders[-1:]) for one in held[:SHOWN]],
        "in_all": len(held),
        "in_hand": sum(one.holding.is_held for one in held),
        "overdue": [one for one in waits if one.state == "overdue"],
        "due": pressing[:SHOWN],
        "due_in_all": len(pressing),
        "continuing": sorted({(one.duty, one.what, one.cites, one.who) for one in waits if one.state == "continuing"}),
        "safeguards": statuses(at_work),
        "now": now,
        "most": MOST,
        "wide": mark_safe(timeline(held, now, width=640)) if held else "",  # noqa: S308  # drawn here
        "narrow": mark_safe(timeline(held, now, width=270)) if held else "",  # noqa: S308
    }
    return render(request, "web/custody.html", told)


@require_safe
@asks(Right.CUSTODY)
def package(request: HttpRequest, delivered: int) -> HttpResponse:
    """Give one delivery: each holder's life and orders, and the conditions that went with it."""
    at_work = office()
    found = [one for one in held_packages(at_work) if one.holding.delivered == delivered]
    if not found:
        raise Http404
    now = at_work.clock.now()
    told = {
        "delivered": delivered,
        "orders_from_here": Right.ISSUE_STOPS in rights_of(request.user) and any(one.holding.is_held for one in found),
        "first": found[0],
        "holders": [(one, [(order, order.overdue(now)) for order in one.holding.orders]) for one in found],
        "conditions": found[0].conditions,
    }
    return render(request, "web/custody_package.html", told)


@require_safe
@asks(Right.CUSTODY)
def document(request: HttpRequest, order: int) -> HttpResponse:
    """Give the document of an order, to be sent to its holder."""
    try:
        written = recall.document(office(), order)
    except CountersealError as error:
        if error.code == "custody-order":
            raise Http404 from None
        messages.warning(request, f"The order stands; its document waits. {error.message}")
        return HttpResponseRedirect(reverse("custody"))
    answer = HttpResponse(written, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="order-{order}.json"'
    return answer


@asks(Right.ISSUE_STOPS)
@require_POST
def serve(request: HttpRequest, order: int) -> HttpResponse:
    """Serve a court's stop order on everybody who holds what had left before it, and was not served."""
    served_by(request, order)
    return HttpResponseRedirect(reverse("stop-order", args=[order]))


def served_by(request: HttpRequest, order: int) -> None:
    """Serve an order and tell what came of it. Raises Http404 for one that is not there."""
    try:
        sent = recall.serve(office(), order, who(request))
    except CountersealError as error:
        if error.code == "stop-order-unknown":
            raise Http404 from None
        messages.warning(request, error.message)
    else:
        messages.success(request, f"Served. Orders to holders: {len(sent.entries)}.")
