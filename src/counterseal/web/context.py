"""What every page knows: whether this is a demonstration, what is stopped, and what this person may see."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.store.listing import stops_in_force
from counterseal.web.rights import Right, rights_of
from counterseal.wiring import look

if TYPE_CHECKING:
    from django.http import HttpRequest


def office(request: HttpRequest) -> dict[str, Any]:
    """Give the facts of the office. A page for nobody in particular tells nothing but the demonstration."""
    looked = look()
    rights = rights_of(request.user) if hasattr(request, "user") else frozenset()
    known = {"demonstration": looked.workspace.demonstration, "rights": {right.name for right in rights}}
    if Right.STOP_ORDERS not in rights:
        return known
    standing, touching = stops_in_force(**_shown(request))
    return {**known, "stops": standing, "touching": touching}


def _shown(request: HttpRequest) -> dict[str, Any]:
    """Give what a page shows, by the words of its address: a submission, an agreement, a case."""
    named = request.resolver_match.kwargs if request.resolver_match else {}
    case = named.get("case")
    return {
        "submission": named.get("submission"),
        "agreement": named.get("agreement"),
        "case": case if isinstance(case, int) and case < 2**63 else None,
    }
