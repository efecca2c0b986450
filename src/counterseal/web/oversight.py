"""Oversight's door: samples of decisions, their blind re-review, and what is worth a look.

A drawn case opens only here without its decision, and each time it is shown is an entry of the ledger.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_http_methods, require_safe

from counterseal.errors import CountersealError
from counterseal.flow.re_review import CANNOT_TELL, FINDINGS, case_of_decision, open_blind, record
from counterseal.flow.sample import SampleTold, announce_sample, draw_sample, sample_at, samples
from counterseal.flow.worth_a_look import worth_a_look
from counterseal.oversight.anomalies import NOT_ACCUSED
from counterseal.oversight.sample import CONFIDENCE, LARGEST, SHARE, STRATA, interval
from counterseal.web.oversight_chart import MOST, against_thresholds, said, shown
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import look, office

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

    from counterseal.oversight.anomalies import Measured

DAYS = 90
"""Days that the measures look back."""
LINKS = 5
"""Entries that a line of the table links to; their number is told whole."""
FINDING_WORDS = {
    "approved": "I would have approved it",
    "refused": "I would have refused it",
    "returned": "I would have returned it to be mended",
    CANNOT_TELL: "I cannot tell from what is here",
}


@dataclass(frozen=True, slots=True)
class Rate:
    """How many second looks came to the first decision, of how many, with the interval for all there were."""

    alike: int
    reviewed: int
    population: int
    share: float
    low: float
    high: float


@require_safe
@asks(Right.AUDIT)
def dashboard(request: HttpRequest) -> HttpResponse:
    """Give the samples with their rates, and what is worth a look, drawn and with its table."""
    now = office().clock.now()
    measured = worth_a_look(office(), now - timedelta(days=DAYS))
    drawn = any(one.lines for one in measured)
    told = {
        "samples": [(one, _rate(one)) for one in reversed(samples())],
        "measured": [(one, _lines(one)) for one in measured if one.lines],
        "unmeasured": [one for one in measured if not one.lines],
        "beyond": sum(len(one.beyond) for one in measured),
        "not_accused": NOT_ACCUSED,
        "since": now - timedelta(days=DAYS),
        "days": DAYS,
        "most": MOST,
        "confidence": f"{CONFIDENCE:.0%}",
        "wide": mark_safe(against_thresholds(measured, width=520)) if drawn else "",  # noqa: S308  # drawn here
        "narrow": mark_safe(against_thresholds(measured, width=230)) if drawn else "",  # noqa: S308
    }
    return render(request, "web/oversight.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.AUDIT)
def announce(request: HttpRequest) -> HttpResponse:
    """Ask what is drawn from; with POST enter it and have the witnesses sign it."""
    today = office().clock.now().date()
    draft = {
        "from": (today - timedelta(days=30)).isoformat(), "to": today.isoformat(), "stratum": "all", "size": "30",
        "commitment": "",
    }  # fmt: skip
    error: CountersealError | None = None
    if request.method == "POST":
        draft = {name: request.POST.get(name, "") for name in draft}
        try:
            entry, _ = announce_sample(
                office(), who(request), _day(request.POST, "from"), _day(request.POST, "to"), draft["stratum"],
                int(draft["size"]) if draft["size"].isascii() and draft["size"].isdigit() else 0,
                draft["commitment"].strip(),
            )  # fmt: skip
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, "The sample is announced and witnessed. Now it can be drawn.")
            return HttpResponseRedirect(reverse("sample", args=[entry]))
    told = {"draft": draft, "error": error, "strata": STRATA, "largest": LARGEST, "today": today.isoformat()}
    return render(request, "web/sample_announce.html", told, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.AUDIT)
def sample(request: HttpRequest, announced: int) -> HttpResponse:
    """Give a sample; with POST open the share and draw it."""
    _known(announced)
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            draw_sample(office(), who(request), announced, _share(request.POST.get("share", "")))
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, "The sample is drawn. Anybody can draw it again from the published ledger.")
            return HttpResponseRedirect(reverse("sample", args=[announced]))
    one = _known(announced)
    told = {
        "sample": one,
        "rate": _rate(one),
        "places": [(place, at, one.findings.get(at), one.decisions[at]) for place, at in enumerate(one.drawn, 1)],
        "confidence": f"{CONFIDENCE:.0%}",
        "error": error,
    }
    return render(request, "web/sample.html", told, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.AUDIT)
def re_review(request: HttpRequest, announced: int, place: int) -> HttpResponse:
    """Ask to open a drawn case; with POST show it without its decision, or enter what is found; then show both."""
    one = _known(announced)
    if not 1 <= place <= len(one.drawn):
        raise Http404
    decision = one.drawn[place - 1]
    told: dict[str, Any] = {"sample": one, "place": place, "of": len(one.drawn)}
    if decision in one.findings and request.method != "POST":
        done = {"finding": one.findings[decision], "decided": one.decisions[decision], "decision": decision}
        return render(request, "web/re_review_done.html", {**told, **done, "case": _case_of(decision)})
    error: CountersealError | None = None
    draft = {name: request.POST.get(name, "") for name in ("finding", "rule", "reason")}
    if request.POST.get("step") == "find":
        try:
            record(office(), look(), announced, place, who(request), **draft)
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, "Your finding is entered. The first decision stands beside it.")
            return HttpResponseRedirect(reverse("re-review", args=[announced, place]))
    if request.method == "POST":
        try:
            told["seen"] = open_blind(office(), look(), announced, place, who(request))
        except CountersealError as refused:
            error = refused
    words = [(word, FINDING_WORDS[word]) for word in FINDINGS]
    return render(
        request,
        "web/re_review.html",
        {**told, "error": error, "draft": draft, "findings": words},
        status=409 if error else 200,
    )


def _known(announced: int) -> SampleTold:
    try:
        return sample_at(announced)
    except CountersealError:
        raise Http404 from None


def _case_of(decision: int) -> int | None:
    """Give the case that an entry decided; None once what opens the entry was destroyed."""
    try:
        return case_of_decision(office(), decision)
    except CountersealError:
        return None


def _rate(one: SampleTold) -> Rate | None:
    reviewed = len(one.findings)
    if not reviewed:
        return None
    low, high = interval(one.alike, reviewed, one.population)
    return Rate(one.alike, reviewed, one.population, one.alike / reviewed, low, high)


def _lines(one: Measured) -> list[dict[str, Any]]:
    return [
        {
            "who": line.who,
            "said": said(one, line.value),
            "beyond": line.beyond,
            "entries": line.entries[:LINKS],
            "more": max(0, len(line.entries) - LINKS),
        }
        for line in shown(one)
    ]


def _day(given: QueryDict, name: str) -> date:
    try:
        return date.fromisoformat(given.get(name, ""))
    except ValueError:
        raise CountersealError("sample-days", "A day is written as 2026-10-31.") from None


def _share(text: str) -> bytes:
    try:
        share = bytes.fromhex(text.strip())
    except ValueError:
        share = b""
    if len(share) != SHARE:
        raise CountersealError("share", f"The share is {2 * SHARE} hexadecimal digits, as the file has it.")
    return share
