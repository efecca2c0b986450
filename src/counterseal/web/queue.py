"""The queue: the first page of those who work on cases. Filters stand in the address, and name no person."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_POST

from counterseal.core.case import CaseState
from counterseal.store.queue import (
    COUNTED,
    Sought,
    agencies_listed,
    queue_page,
    remove_filter,
    save_filter,
    saved_filters,
)
from counterseal.web.clocks import clock_told
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import look, office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

PAGE = 50
STATE_WORD = {
    CaseState.OPEN: "Open",
    CaseState.IN_REVIEW: "In review",
    CaseState.SIGNED_ONCE: "Signed once",
    CaseState.SIGNED_TWICE: "Signed twice",
    CaseState.INTENDED: "Being released",
    CaseState.RELEASED: "Released",
    CaseState.REFUSED: "Refused",
    CaseState.RETURNED: "Returned for cure",
    CaseState.HELD: "On hold",
    CaseState.STOPPED: "Stopped",
    CaseState.WITHDRAWN: "Withdrawn",
}
ASSIGNEES = {"me": "Me", "nobody": "Nobody", "offered": "Offered to me"}
DUE = {"overdue": "Overdue", "soon": "Within three days"}
FIRST = {"specialist": (("Mine", "assignee=me"), ("To take", "state=open")),
         "releasing": (("To countersign", "state=signed_once"), ("To release", "state=signed_twice"))}  # fmt: skip
"""What each part of the work looks at first."""


def queue(request: HttpRequest) -> HttpResponse:
    """Give a page of the queue."""
    agencies, agreements = agencies_listed(), [one.id for one in look().agreements()]
    sought = _sought(request.GET, {one for one, _ in agencies}, set(agreements))
    now = office().clock.now()
    page = queue_page(
        sought,
        who(request),
        now=now,
        after=_number(request, "after"),
        before=_number(request, "before"),
        size=PAGE,
    )
    chosen = {name: value for name, value in asdict(sought).items() if value}
    query = urlencode(chosen)
    told = {
        "cases": [
            {"case": one, "word": STATE_WORD[one.state], "own": clock_told(one.due_at, one.paused_at, now),
             "legal": clock_told(one.legal_due_at, one.legal_paused_at, now)}
            for one in page.cases
        ],
        "page": page,
        "counted": COUNTED,
        "sought": sought,
        "query": query,
        "chosen": bool(chosen),
        "agencies": agencies,
        "agreements": agreements,
        "states": [(state.value, word) for state, word in STATE_WORD.items()],
        "assignees": ASSIGNEES.items(),
        "dues": DUE.items(),
        "first": FIRST.get(request.user.role, ()),  # type: ignore[union-attr]  # nobody else has the right
        "saved": saved_filters(who(request)),
        "specialist": request.user.role == "specialist",  # type: ignore[union-attr]
    }  # fmt: skip
    return render(request, "web/queue.html", told)


@asks(Right.CASES)
@require_POST
def save(request: HttpRequest) -> HttpResponse:
    """Keep the filters that are shown under a name."""
    given = QueryDict(request.POST.get("query", ""))
    sought = _sought(given, {one for one, _ in agencies_listed()}, {one.id for one in look().agreements()})
    query = urlencode({name: value for name, value in asdict(sought).items() if value})
    save_filter(who(request), request.POST.get("name", ""), query)
    messages.success(request, "The set of filters is kept.")
    return HttpResponseRedirect(f"{reverse('home')}?{query}")


@asks(Right.CASES)
@require_POST
def remove(request: HttpRequest, saved: int) -> HttpResponse:
    """Remove one's own set of filters."""
    remove_filter(who(request), saved)
    messages.success(request, "The set of filters is removed.")
    return HttpResponseRedirect(reverse("home"))


def _sought(given: QueryDict, agencies: set[str], agreements: set[str]) -> Sought:
    """Read filters. Raises Http404 for a value that none of them has."""
    allowed = {
        "state": {state.value for state in CaseState},
        "agency": agencies,
        "agreement": agreements,
        "assignee": set(ASSIGNEES),
        "due": set(DUE),
    }
    read = {name: given.get(name, "") for name in allowed}
    if any(value and value not in allowed[name] for name, value in read.items()):
        raise Http404
    return Sought(**read)


def _number(request: HttpRequest, name: str) -> int | None:
    given = request.GET.get(name, "")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 19 else None
