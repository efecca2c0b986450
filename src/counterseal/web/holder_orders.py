"""Orders to holders as pages: written, read once more and sent; each with who was asked, when, and what was answered.

Asking for something back is one person's act, as stopping is. Before it is sent the official signs in once more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from counterseal.core.custody import Ground
from counterseal.custody_wiring import end_of_day
from counterseal.errors import CountersealError
from counterseal.flow import recall
from counterseal.flow.custody import duty_of, held_packages
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import office

if TYPE_CHECKING:
    from datetime import datetime

    from django.http import HttpRequest, HttpResponse

    from counterseal.flow.custody import Held

GROUND_WORD = {
    Ground.RECALL: ("Recall", "Use ends at once; the holder returns or destroys it, and certifies which."),
    Ground.CORRECTION: ("Correction", "The holder does not rely on it, and tells everybody who has it from them."),
}
"""The grounds that a page orders by; a court's stop is served by its stop order."""


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.ISSUE_STOPS)
def order_holders(request: HttpRequest, delivered: int) -> HttpResponse:
    """Give the form of an order to who holds a delivery; with POST the page that asks, and then send it."""
    held = _held(delivered)
    if request.method != "POST" or request.POST.get("step") == "change":
        return _form(request, delivered, held)
    try:
        ground, reason, at = _written(request)
        if request.POST.get("step") == "send":
            sent: HttpResponse = _send(request, delivered)
            return sent
        duties = {one.holding.agreement: duty_of(office().workspace, one.holding.agreement, ground) for one in held}
    except CountersealError as error:
        return _form(request, delivered, held, error)
    told = {
        "delivered": delivered, "ground": ground, "word": GROUND_WORD[ground], "reason": reason, "at": at,
        "due": request.POST.get("due", ""),
        "held": [one for one in held if one.holding.is_held], "duty": next(iter(duties.values())),
    }  # fmt: skip
    return render(request, "web/custody_order_confirm.html", told)


@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def _send(request: HttpRequest, delivered: int) -> HttpResponse:
    """Send it. Where it is asked for again after signing in once more, the same words come back here."""
    ground, reason, at = _written(request)
    sent = recall.order_holders(office(), [delivered], ground, by=who(request), reason=reason, due=at)
    passed = f" Passed over, ordered before or holding nothing: {sent.passed_over}." if sent.passed_over else ""
    messages.success(request, f"Orders to holders: {len(sent.entries)}.{passed}")
    address = reverse("custody-order", args=[sent.entries[0]]) if len(sent.entries) == 1 else None
    return HttpResponseRedirect(address or reverse("custody-package", args=[delivered]))


@require_safe
@asks(Right.CUSTODY)
def order(request: HttpRequest, order: int) -> HttpResponse:
    """Give one order: who was asked and when, by when, and what they answered."""
    at_work = office()
    now = at_work.clock.now()
    for held in held_packages(at_work):
        for one in held.holding.orders:
            if one.entry == order:
                told = {
                    "held": held, "one": one, "late": one.overdue(now), "now": now,
                    "duty": duty_of(at_work.workspace, held.holding.agreement, one.ground),
                }  # fmt: skip
                return render(request, "web/custody_order.html", told)
    raise Http404


def _form(
    request: HttpRequest, delivered: int, held: list[Held], error: CountersealError | None = None
) -> HttpResponse:
    told = {
        "delivered": delivered, "held": [one for one in held if one.holding.is_held], "error": error,
        "grounds": [(ground.value, *words) for ground, words in GROUND_WORD.items()],
        "ground": request.POST.get("ground", ""), "reason": request.POST.get("reason", ""),
        "due": request.POST.get("due", ""),
    }  # fmt: skip
    return render(request, "web/custody_order_form.html", told, status=409 if error else 200)


def _written(request: HttpRequest) -> tuple[Ground, str, datetime | None]:
    """Give ground, reason and last moment as they were written. Raises CountersealError for what is missing."""
    ground = next((one for one in GROUND_WORD if request.POST.get("ground") == one.value), None)
    if ground is None:
        raise CountersealError("custody-ground", "Choose what is ordered: a recall or a correction.")
    reason, due = request.POST.get("reason", "").strip(), request.POST.get("due", "")
    if not reason:
        raise CountersealError("custody-reason", "Say why; it is committed to in the ledger.")
    return ground, reason, end_of_day(due, "The last day to certify") if due else None


def _held(delivered: int) -> list[Held]:
    found = [one for one in held_packages(office()) if one.holding.delivered == delivered]
    if not found:
        raise Http404
    return found
