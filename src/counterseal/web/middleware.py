"""What every answer carries, and what an error may show."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.shortcuts import render

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


class NoStore:
    """Nothing that was shown behind a sign-in is kept by a browser or a proxy."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponse]) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, and forbid keeping the answer."""
        response = self.answer(request)
        if not request.path.startswith("/static/"):
            response["Cache-Control"] = "no-store"
            response["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        return response

    def process_exception(self, request: HttpRequest, failure: Exception) -> HttpResponse | None:
        """Turn what is not there into a page that says so."""
        if isinstance(failure, CountersealError) and failure.code.startswith("no-such"):
            return render(request, "office/not_found.html", {"says": failure.message}, status=404)
        return None
