"""Who may open which page. A page without a list of roles is closed to everybody."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied

from counterseal.core.official import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest
    from django.http.response import HttpResponseBase

CASEWORK = frozenset({Role.SPECIALIST, Role.RELEASING, Role.COUNSEL, Role.OVERSIGHT})
"""Those who may see what became of rows after a look-up. Never the requester, never the administrator."""

EVERYBODY = frozenset(Role)


def open_to(roles: frozenset[Role]) -> Callable[[Callable[..., HttpResponseBase]], Callable[..., HttpResponseBase]]:
    """Open a view to officials with one of the roles; refuse everybody else with 403."""

    def closed(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
        @functools.wraps(view)
        def guarded(request: HttpRequest, *given: Any, **named: Any) -> HttpResponseBase:
            if getattr(request.user, "role", None) not in roles:
                raise PermissionDenied
            return view(request, *given, **named)

        guarded.roles = roles  # type: ignore[attr-defined]  # read by the matrix of roles and routes
        return guarded

    return closed
