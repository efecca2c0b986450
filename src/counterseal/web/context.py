"""What every page knows: whether this is a demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import wiring

if TYPE_CHECKING:
    from django.http import HttpRequest


def office(request: HttpRequest) -> dict[str, object]:  # noqa: ARG001  # Django's form
    """Give the words of the frame around each page."""
    return {"demonstration": wiring.pages().demonstration}
