"""Questions for counsel: rows that the same rules put to a person are settled once, with an opinion that is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from counterseal.errors import CountersealError
from counterseal.flow.judge import groups, judge
from counterseal.store.judgements import waiting_submissions
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import look, office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@require_safe
@asks(Right.QUESTIONS)
def questions(request: HttpRequest) -> HttpResponse:
    """Give the groups that wait for counsel, by submission."""
    waiting = []
    for submission, rows in waiting_submissions():
        batch = look().batch(submission)
        titles = {one.id: one.title for one in batch.agreement.rules} if batch and batch.agreement else {}
        told = [(one, [(rule, titles.get(rule, "")) for rule in one.rules]) for one in groups(office(), submission)]
        waiting.append((submission, rows, told))
    return render(request, "web/questions.html", {"waiting": waiting})


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.QUESTIONS)
def question(request: HttpRequest, submission: str, group: str) -> HttpResponse:
    """Give one group with a sample of its rows; with POST settle it."""
    batch = look().batch(submission)
    if batch is None:
        raise Http404
    asked = next((one for one in groups(office(), submission) if one.id == group), None)
    if asked is None:
        raise Http404
    error: CountersealError | None = None
    decision, opinion = request.POST.get("decision", ""), request.POST.get("opinion", "")
    if request.method == "POST":
        try:
            done = judge(office(), submission, " ".join(asked.rules), decision, opinion, who(request))
        except CountersealError as refused:
            error = refused
        else:
            word = f"{done.opened} became cases" if decision == "admit" else "all are refused"
            messages.success(request, f"Settled for {done.rows} rows: {word}. Entry {done.entry} of the ledger.")
            return HttpResponseRedirect(reverse("questions"))
    sample = [seen for row in asked.sample if (seen := look().row(batch, row)) is not None]
    rules = [rule for rule in sample[0].failing if rule.rule in asked.rules] if sample else []
    told = {"batch": batch, "group": asked, "sample": sample, "rules": rules, "error": error, "decision": decision,
            "opinion": opinion}  # fmt: skip
    return render(request, "web/question.html", told, status=409 if error else 200)
