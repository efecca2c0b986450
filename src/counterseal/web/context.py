"""What every page knows: whether this is a demonstration, what is stopped, and what this person may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.web.rights import rights_of
from counterseal.wiring import look

if TYPE_CHECKING:
    from django.http import HttpRequest


def office(request: HttpRequest) -> dict[str, Any]:
    """Give the facts of the office. A page for nobody in particular tells nothing but the demonstration."""
    looked = look()
    rights = rights_of(request.user) if hasattr(request, "user") else frozenset()
    known = {"demonstration": looked.workspace.demonstration, "rights": {right.name for right in rights}}
    if not rights:
        return known
    return {**known, "stops": [order for order in looked.stop_orders() if order.lifted_at is None]}
