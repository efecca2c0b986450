"""Whether this process can serve: for the proxy in front, which asks every few seconds and signs in nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpResponse
from django.views.decorators.http import require_http_methods

from counterseal.errors import CountersealError
from counterseal.store.ledger_triggers import check_guard

if TYPE_CHECKING:
    from django.http import HttpRequest


@login_not_required
@require_http_methods(["GET", "HEAD"])
def health(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Answer 200 when the database answers and guards its history, else 503. Says no more; `doctor` does."""
    try:
        connection.ensure_connection()
        check_guard(connection)
    except (DatabaseError, CountersealError):
        return HttpResponse("not fit to serve\n", status=503, content_type="text/plain; charset=utf-8")
    return HttpResponse("fit to serve\n", content_type="text/plain; charset=utf-8")
