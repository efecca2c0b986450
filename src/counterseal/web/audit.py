"""Audit, for oversight: what was done and looked at, by case and by official. It changes nothing.

The list tells acts, names of officials and numbers of cases, and nothing of a person. A case itself opens only with
a reason, which is entered in the ledger before anything of the case is shown.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from counterseal.errors import CountersealError
from counterseal.flow.audit import LARGEST, export_audit
from counterseal.flow.case_look import enter_look
from counterseal.store.audit import audit_page, looks_without_entry, officials_named
from counterseal.web.case import case_told, known_case
from counterseal.web.queue import STATE_WORD
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest, QueryDict

PAGE = 50


@require_safe
@asks(Right.AUDIT)
def audit(request: HttpRequest) -> HttpResponse:
    """Give a page of the audit."""
    case, official = _sought(request.GET)
    number = max(1, min(_number(request.GET, "page") or 1, 10_000))
    page = audit_page(case=case, official=official, number=number, size=PAGE)
    kept = {name: value for name, value in (("case", case), ("official", official)) if value is not None}
    found, entered = looks_without_entry()
    told = {
        "page": page,
        "case": case,
        "official": official,
        "officials": officials_named(),
        "query": urlencode(kept),
        "number": number,
        "newer": number - 1 if number > 1 else None,
        "older": number + 1 if number * PAGE < page.total else None,
        "largest": LARGEST,
        "found": found,
        "entered": entered,
    }
    return render(request, "web/audit.html", told)


@asks(Right.AUDIT)
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Give the audit as a table with the receipt of every entry. Taking it is itself an entry."""
    case, official = _sought(request.POST)
    packed = HttpResponse(
        export_audit(office(), who(request), case=case, official=official), content_type="application/zip"
    )
    packed["Content-Disposition"] = 'attachment; filename="audit.zip"'
    return packed


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.AUDIT)
def audit_case(request: HttpRequest, case: int) -> HttpResponse:
    """Ask why a case is looked at; with POST enter it, and show the case to be read."""
    held, reason = known_case(case), request.POST.get("reason", "")
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            entry = enter_look(office(), case, who(request), "case", reason)
        except CountersealError as refused:
            error = refused
        else:
            return render(request, "web/case.html", {**case_told(request, held), "audited": entry})
    told = {"held": held, "state": STATE_WORD[held.state], "reason": reason, "error": error}
    return render(request, "web/audit_case.html", told, status=409 if error else 200)


def _sought(given: QueryDict) -> tuple[int | None, int | None]:
    """Read the filters. Raises Http404 for one that is no number."""
    for name in ("case", "official"):
        if given.get(name, "") and _number(given, name) is None:
            raise Http404
    return _number(given, "case"), _number(given, "official")


def _number(given: QueryDict, name: str) -> int | None:
    text = given.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
