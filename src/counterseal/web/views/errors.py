"""Pages for what cannot be shown. They tell nothing of why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render

if TYPE_CHECKING:
    from django.http import HttpRequest


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django's form
    """Say that this role may not open the page."""
    return render(request, "office/forbidden.html", status=403)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:  # noqa: ARG001  # Django's form
    """Say that there is no such page."""
    return render(request, "office/not_found.html", {"says": "There is no such page here."}, status=404)


def failed(request: HttpRequest) -> HttpResponse:
    """Say that something failed and nothing was disclosed."""
    return render(request, "office/failed.html", status=500)
