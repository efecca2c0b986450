"""Stop orders: listed, issued, acknowledged, lifted. Issuing and lifting each have a page that asks first.

Before either is done the official signs in once more. A person's number stands in no page that asks, in no
address and in no session: it is sealed as soon as it has been written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from counterseal.custody_wiring import end_of_day, moment
from counterseal.errors import CountersealError
from counterseal.flow import orders
from counterseal.flow.look import masked
from counterseal.flow.stop_report import stop_report
from counterseal.store.listing import cases_stopped, counts_stopped, stop_orders_listed
from counterseal.store.queue import agencies_listed
from counterseal.web.custody import served_by
from counterseal.web.queue import STATE_WORD
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import look, office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from counterseal.store.listing import StopOrderListed

SHOWN = 25
"""Cases on a page; their number is always told whole."""
SCOPE_WORD = {
    "everything": "Everything",
    "agency": "An agency",
    "agreement": "An agreement",
    "statute": "A statute",
    "submission": "A submission",
    "person": "A person",
}


@dataclass(frozen=True, slots=True)
class Draft:
    """An order as it was written. ``sealed`` holds a person's number between the two pages.

    ``court`` and what follows are empty where no court made it; ``ordered_at`` is a time, ``confirm_by`` a day, in UTC.
    """

    scope: str = ""
    reaches: str = ""
    authority: str = ""
    sealed: str = ""
    court: str = ""
    docket: str = ""
    ordered_at: str = ""
    confirm_by: str = ""

    def made_by_court(self) -> orders.CourtOrder | None:
        """Give what makes it a court's. Raises CountersealError ``stop-order-court`` or ``date``."""
        if not any((self.court, self.docket, self.ordered_at, self.confirm_by)):
            return None
        if not self.ordered_at:
            raise CountersealError("stop-order-court", "Say when the court made the order.")
        by_when = end_of_day(self.confirm_by, "Holders confirm by") if self.confirm_by else None
        made = orders.CourtOrder(self.court, self.docket, moment(self.ordered_at, "Made by the court at"), by_when)
        made.facts(self.authority)
        return made


@require_safe
@asks(Right.STOP_ORDERS)
def stop_orders(request: HttpRequest) -> HttpResponse:
    """Give the stop orders, those in force first."""
    listed = look().stop_orders()
    stopped = counts_stopped(one.entry for one in listed)
    told = {
        "orders": [(one, SCOPE_WORD[one.scope], stopped.get(one.entry, 0)) for one in listed],
        "in_force": sum(one.lifted_at is None for one in listed),
        "waiting": [one for one in listed if one.acknowledged_at is None],
    }
    return render(request, "web/stop_orders.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.ISSUE_STOPS)
def issue(request: HttpRequest) -> HttpResponse:
    """Give the form of an order; with POST the page that asks whether to issue it, and then issue it."""
    if request.method != "POST":
        return _form(request, Draft())
    draft = _draft(request)
    step = request.POST.get("step", "")
    if step == "change":
        return _form(request, draft)
    try:
        reaches = _reach(draft)
        orders.check_order(draft.scope, reaches, draft.authority)
        court = draft.made_by_court()
        if step == "issue":
            done: HttpResponse = _issue(request, draft)
            return done
        stops = orders.reach_now(office(), draft.scope, reaches)
    except CountersealError as error:
        return _form(request, draft, error=error)
    person = draft.scope == "person"
    told = {
        "draft": draft,
        "word": SCOPE_WORD[draft.scope],
        "shown": masked(reaches) if person else reaches,
        "sealed": orders.sealed_person(office(), reaches) if person else "",
        "cases": stops,
        "court": court,
    }
    return render(request, "web/stop_order_confirm.html", told)


@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def _issue(request: HttpRequest, draft: Draft) -> HttpResponse:
    """Issue it. Where it is asked for again after signing in once more, the same words come back here."""
    court = draft.made_by_court()
    entered = orders.enter(office(), draft.scope, _reach(draft), draft.authority, who(request), court)
    messages.success(request, f"Stop order {entered.order} is in force. Cases stopped: {entered.stopped}.")
    if court is not None:
        served_by(request, entered.order)
    return _acknowledged(request, entered.order)


@require_safe
@asks(Right.STOP_ORDERS)
def stop_order(request: HttpRequest, order: int) -> HttpResponse:
    """Give one order: its words, what it stopped, what had left before it, how it is lifted."""
    held = _known(order)
    stopped = cases_stopped(held.entry)
    left = orders.left_before(office(), order)
    report, now = stop_report(office(), order), office().clock.now()
    told = {
        "order": held,
        "word": SCOPE_WORD[held.scope],
        "stopped": [(one, STATE_WORD[one.state]) for one in stopped[:SHOWN]],
        "stopped_in_all": len(stopped),
        "left": left[:SHOWN],
        "left_in_all": len(left),
        "report": report,
        "holders": [(one, one.standing(now)) for one in report.holders[:SHOWN]],
        "unserved": sum(one.standing(now) == "not served" for one in report.holders),
        "asks": held.lifted_at is None and not held.lift_asked_by,
        "own": held.lift_asked_by == request.user.get_username(),
        "official": who(request),
    }
    return render(request, "web/stop_order.html", told)


@asks(Right.ISSUE_STOPS)
@require_POST
def acknowledge(request: HttpRequest, order: int) -> HttpResponse:
    """Ask the witnesses again for an order that is in force and not yet witnessed."""
    _known(order)
    return _acknowledged(request, order)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.LIFT_STOPS)
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def lift(request: HttpRequest, order: int) -> HttpResponse:
    """Give the page that asks that an order be lifted, or that lifts it; with POST do it."""
    held = _known(order)
    if held.lifted_at is not None:
        return HttpResponseRedirect(reverse("stop-order", args=[order]))
    if held.lift_asked_by == request.user.get_username():
        raise PermissionDenied
    error, authority = None, request.POST.get("authority", "")
    if request.method == "POST":
        try:
            _lift(request, held, authority)
            return HttpResponseRedirect(reverse("stop-order", args=[order]))
        except CountersealError as refused:
            error, held = refused, _known(order)
    told = {"order": held, "word": SCOPE_WORD[held.scope], "error": error, "authority": authority,
            "stopped": len(cases_stopped(held.entry))}  # fmt: skip
    return render(request, "web/stop_order_lift.html", told, status=409 if error else 200)


def _lift(request: HttpRequest, held: StopOrderListed, authority: str) -> None:
    if not held.lift_asked_by:
        orders.ask_lift(office(), held.id, who(request), authority)
        messages.success(request, "Asked. The order stays in force until another counsel lifts it.")
    else:
        opened = orders.lift(office(), held.id, who(request))
        messages.success(request, f"The order is lifted. Cases that are open again: {opened}.")


def _acknowledged(request: HttpRequest, order: int) -> HttpResponse:
    try:
        orders.acknowledge(office())
    except CountersealError as error:
        messages.warning(request, f"The order is in force, and is not yet witnessed. {error.message}")
    else:
        messages.success(request, "The witnesses have cosigned: the order is acknowledged.")
    return HttpResponseRedirect(reverse("stop-order", args=[order]))


def _form(request: HttpRequest, draft: Draft, *, error: CountersealError | None = None) -> HttpResponse:
    told = {
        "draft": draft,
        "scopes": SCOPE_WORD.items(),
        "agencies": agencies_listed(),
        "agreements": [(one.id, one.title) for one in look().agreements()],
        "error": error,
    }
    return render(request, "web/stop_order_issue.html", told, status=409 if error else 200)


def _draft(request: HttpRequest) -> Draft:
    scope = request.POST.get("scope", "")
    field = f"reaches-{scope}" if scope in SCOPE_WORD else "reaches"
    return Draft(
        scope,
        request.POST.get(field, "").strip(),
        request.POST.get("authority", "").strip(),
        request.POST.get("sealed", ""),
        *(request.POST.get(name, "").strip() for name in ("court", "docket", "ordered_at", "confirm_by")),
    )


def _reach(draft: Draft) -> str:
    return orders.opened_person(office(), draft.sealed) if draft.sealed else draft.reaches


def _known(order: int) -> StopOrderListed:
    found = stop_orders_listed(order) if order < 2**63 else []
    if not found:
        raise Http404
    return found[0]
