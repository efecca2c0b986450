"""Batches: the list, one at a glance, its rows, one row with the law beside it, its letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csp.decorators import csp_update
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from counterseal import wiring
from counterseal.web.charts import funnel
from counterseal.web.roles import CASEWORK, open_to

if TYPE_CHECKING:
    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

MEANING = {
    "stopped": "A stop order covers it. No record was opened.",
    "refused": "The law forbids it on its face. No record was opened.",
    "cure": "Something is missing or malformed; returned to the requester. No record was opened.",
    "judgement": "A rule needs a person before any look-up. No record was opened.",
    "not_disclosed": "The look-up did not confirm exactly one person at the stated address.",
    "reviewable": "Exactly one person, address confirmed: a case for two people.",
}
LETTERS = {
    "notice.html": "text/html; charset=utf-8",
    "notice.pdf": "application/pdf",
    "response.jsonl": "application/jsonl",
}


@require_safe
@open_to(CASEWORK)
def index(request: HttpRequest) -> HttpResponse:
    """List the batches, the newest first."""
    return render(request, "office/batches.html", {"batches": wiring.pages().batches()})


@require_safe
@open_to(CASEWORK)
def batch(request: HttpRequest, submission: str) -> HttpResponse:
    """Show a batch at a glance."""
    view = wiring.pages().batch(submission)
    steps = [
        ("Rows received", view.facts.rows),
        ("Held on their face", view.held),
        ("One person, address confirmed", view.outcomes.get("reviewable", 0)),
    ]
    outcomes = [
        {"word": word, "rows": view.outcomes[word], "share": view.outcomes[word] / view.facts.rows, "meaning": meaning}
        for word, meaning in MEANING.items()
        if word in view.outcomes
    ]
    shown = {"view": view, "steps": steps, "chart": funnel(steps), "outcomes": outcomes}
    return render(request, "office/batch.html", shown)


@require_safe
@open_to(CASEWORK)
def rows(request: HttpRequest, submission: str) -> HttpResponse:
    """List the rows of a batch by outcome or reason. No value of a row stands in the address."""
    outcome, rule = request.GET.get("outcome", ""), request.GET.get("rule", "")
    number = request.GET.get("page", "1")
    page = int(number) if number.isascii() and number.isdigit() and 0 < len(number) < 8 else 1
    page = max(page, 1)
    view = wiring.pages().batch(submission)
    lines, total = wiring.pages().rows(submission, outcome, rule, page)
    pages = max(1, -(-total // wiring.pages().rows_a_page))
    shown = {
        "view": view, "lines": lines, "total": total, "page": page, "pages": pages, "outcome": outcome, "rule": rule,
        "outcomes": list(MEANING), "before": page - 1, "after": page + 1 if page < pages else 0,
    }  # fmt: skip
    return render(request, "office/rows.html", shown)


@require_safe
@open_to(CASEWORK)
def row(request: HttpRequest, submission: str, row: int) -> HttpResponse:
    """Show a row: what was asked on the left, the law on the right."""
    view = wiring.pages().determination(submission, row)
    return render(request, "office/row.html", {"view": view, "meaning": MEANING[view.line.outcome]})


@csp_update({"style-src": [wiring.notice_style_hash()]})
@require_safe
@open_to(CASEWORK)
def letter(_request: HttpRequest, submission: str, name: str) -> HttpResponseBase:
    """Give a letter of the batch as it went to the requester."""
    if name not in LETTERS:
        raise Http404
    path = wiring.pages().letter(submission, name)
    return FileResponse(path.open("rb"), content_type=LETTERS[name], as_attachment=name == "response.jsonl")
