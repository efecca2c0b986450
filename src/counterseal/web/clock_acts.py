"""The clocks of a case: one page on which either is stopped, runs on, or is extended, with a reason."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from counterseal.errors import CountersealError
from counterseal.flow.clocks import LIVE, Clock, extend_clock, run_clock, stop_clock
from counterseal.store.case_history import case_clocks
from counterseal.web.case import known_case
from counterseal.web.clocks import clock_told
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

WORD = {Clock.LAW: "The law’s clock", Clock.OFFICE: "The office’s clock"}
DONE = {"stop": "The clock stands still.", "run": "The clock runs on.", "extend": "The clock is extended."}


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.CASES)
def clocks(request: HttpRequest, case: int) -> HttpResponse:
    """Give both clocks, and what may be done with each; with POST do it."""
    held = known_case(case)
    if held.assignee != who(request) or held.state not in LIVE:
        raise PermissionDenied
    error: CountersealError | None = None
    given = {name: request.POST.get(name, "") for name in ("clock", "act", "until", "why")}
    if request.method == "POST":
        try:
            _do(case, who(request), given)
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, DONE[given["act"]])
            return HttpResponseRedirect(reverse("case", args=[case]))
    stand, now = case_clocks(case), office().clock.now()
    told = {
        "held": held,
        "given": given,
        "error": error,
        "clocks": [
            (Clock.LAW.value, WORD[Clock.LAW], clock_told(stand.legal_due_at, stand.legal_paused_at, now)),
            (Clock.OFFICE.value, WORD[Clock.OFFICE], clock_told(stand.due_at, stand.paused_at, now)),
        ],
    }
    return render(request, "web/case_clocks.html", told, status=409 if error else 200)


def _do(case: int, official: int, given: dict[str, str]) -> None:
    """Do what was asked. Raises CountersealError in the words of the field that is wrong."""
    if given["clock"] not in set(Clock) or given["act"] not in DONE:
        raise CountersealError("clock", "Choose a clock, and what is done with it.")
    clock, why = Clock(given["clock"]), given["why"]
    if given["act"] == "extend":
        extend_clock(office(), case, official, clock, _day(given["until"]), why)
    else:
        (stop_clock if given["act"] == "stop" else run_clock)(office(), case, official, clock, why)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise CountersealError("date", "Give the new day, such as 2026-12-24.") from None
