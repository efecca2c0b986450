"""Who may see which pages. One role a person; what is not listed is not allowed."""

from __future__ import annotations

from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

from django.core.exceptions import PermissionDenied

from counterseal.core.official import Role

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponseBase

View = TypeVar("View", bound="Callable[..., HttpResponseBase]")


class Right(StrEnum):
    """What a page shows."""

    COUNTS = "counts"
    ROWS = "rows"
    LAW = "law"
    LEDGER = "ledger"
    STOP_ORDERS = "stop orders"
    CUSTODY = "custody"
    CASES = "cases"
    QUESTIONS = "questions"
    ISSUE_STOPS = "issue stop orders"
    LIFT_STOPS = "lift stop orders"
    PEOPLE = "people"
    AUDIT = "audit"
    REQUESTS = "requests"


EVERYBODY = frozenset({Right.LAW, Right.LEDGER})
OFFICE = EVERYBODY | {Right.COUNTS, Right.STOP_ORDERS, Right.CUSTODY}
RIGHTS: dict[str, frozenset[Right]] = {
    Role.REQUESTER: EVERYBODY | {Right.REQUESTS},
    Role.SPECIALIST: OFFICE | {Right.ROWS, Right.CASES},
    Role.RELEASING: OFFICE | {Right.ROWS, Right.CASES},
    Role.COUNSEL: OFFICE | {Right.ROWS, Right.QUESTIONS, Right.ISSUE_STOPS, Right.LIFT_STOPS},
    Role.OVERSIGHT: OFFICE | {Right.ISSUE_STOPS, Right.AUDIT},
    Role.ADMINISTRATOR: EVERYBODY | {Right.PEOPLE},
    Role.CLERK: EVERYBODY,
}
"""Oversight reads counts, and rows only by a logged act; an administrator never reads a case."""


def rights_of(user: object) -> frozenset[Right]:
    """Give what this person may see; nothing for a role that is not known or an account that has ended."""
    if not getattr(user, "is_active", False):
        return frozenset()
    return RIGHTS.get(str(getattr(user, "role", "")), frozenset())


def who(request: HttpRequest) -> int:
    """Give the number of the account that asks; it is signed in."""
    return cast("int", request.user.pk)


def asks(right: Right) -> Callable[[View], View]:
    """Let a page be seen only with this right; anybody else is told that it is not theirs."""

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *arguments: Any, **named: Any) -> HttpResponseBase:
            if right not in rights_of(request.user):
                raise PermissionDenied
            return view(request, *arguments, **named)

        return cast("View", guarded)

    return guard
