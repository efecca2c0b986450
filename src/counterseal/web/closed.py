"""What every response carries beside its content, and what a page says when an act cannot be done."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponseNotAllowed
from django.shortcuts import render

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

METHODS = {"GET", "HEAD", "POST"}
METHODS_OF_PROGRAMS = {"GET", "POST", "PATCH"}


class Closed:
    """Nothing is kept by a browser or a proxy, no other method is taken, and signing out clears what is left."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        methods = METHODS_OF_PROGRAMS if request.path_info.startswith("/api/") else METHODS
        if request.method not in methods:
            response: HttpResponse = HttpResponseNotAllowed(sorted(methods))
        else:
            response = self.get_response(request)
        response["Cache-Control"] = "no-store"
        response["Permissions-Policy"] = "camera=(), geolocation=(), microphone=()"
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if request.method == "POST" and request.path_info.endswith("/logout/"):
            response["Clear-Site-Data"] = '"cache", "storage"'
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Turn an error that a person can act on into a page; anything else becomes a page that says nothing."""
        if isinstance(exception, CountersealError):
            return render(request, "web/error.html", {"error": exception}, status=409)
        return None
