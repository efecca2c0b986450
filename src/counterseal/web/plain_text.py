"""What a page shows of a row commands nobody: one place for every template, present and to come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.core.shown import COMMANDS, plainly

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase


class PlainText:
    """Writes signs that command a terminal, or turn the direction of a line, as their codes."""

    def __init__(self, answer: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with every such sign of an HTML page made visible."""
        response = self._answer(request)
        if not response.streaming and response.get("Content-Type", "").startswith("text/html"):
            text = response.content.decode(response.charset)  # type: ignore[attr-defined]  # no stream, so it has one
            if COMMANDS.search(text):
                response.content = plainly(text).encode(response.charset)  # type: ignore[attr-defined]  # ditto
        return response
