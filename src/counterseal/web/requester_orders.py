"""Orders to an agency's officers, for an agency without a program: which are open, their documents, and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.http import Http404, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from counterseal.errors import CountersealError
from counterseal.flow import holder
from counterseal.vault.acknowledgement import LARGEST
from counterseal.web.requester import agency_of, sent_file
from counterseal.web.rights import Right, asks
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
@asks(Right.REQUESTS)
def document(request: HttpRequest, order: int) -> HttpResponse:
    """Give the document of an order to one of the agency's officers, who verifies and answers it."""
    try:
        written = holder.own_order_document(office(), agency_of(request), order)
    except CountersealError as error:
        if error.code == "not-found":
            raise Http404 from None
        messages.warning(request, error.message)
        return HttpResponseRedirect(reverse("requests"))
    answer = HttpResponse(written, content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="order-{order}.json"'
    return answer


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.REQUESTS)
def answer(request: HttpRequest, order: int) -> HttpResponse:
    """Take in what the officer who is ordered has signed. Only what is open is here to be answered."""
    agency = agency_of(request)
    asked = next((one for one in holder.own_orders(office(), agency) if one.order == order), None)
    if asked is None:
        raise Http404
    error = None
    if request.method == "POST":
        try:
            signed = sent_file(request, "answer", "the answer").read(LARGEST + 1)
            done = holder.answer_order(office(), agency, order, signed, door="pages")
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, f"The answer is entry {done.entry} of the ledger.")
            return HttpResponseRedirect(reverse("requests"))
    return render(request, "web/requester_order.html", {"one": asked, "error": error}, status=409 if error else 200)
