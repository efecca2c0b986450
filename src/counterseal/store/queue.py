"""The queue: cases as a list, filtered, a page at a time, in a number of queries that does not grow.

A page begins after a case, not at a count of cases, so that the last page costs what the first does.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Q

from counterseal.core.case import CaseState
from counterseal.errors import CountersealError
from counterseal.store.models import Agency, Case, SavedFilter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from django.db.models import QuerySet

COUNTED = 10_000
"""Cases are counted so far and no further: a larger number helps nobody and costs everybody."""
SOON = timedelta(days=3)
LARGEST = 2**63 - 1
LIVE = (
    CaseState.OPEN, CaseState.IN_REVIEW, CaseState.SIGNED_ONCE, CaseState.SIGNED_TWICE, CaseState.INTENDED,
    CaseState.HELD, CaseState.STOPPED,
)  # fmt: skip
"""A case that still needs somebody."""
SAVED = 20
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class Sought:
    """What is looked for. Empty means anything; ``state`` empty means every case that still needs somebody."""

    state: str = ""
    agency: str = ""
    agreement: str = ""
    assignee: str = ""
    due: str = ""


@dataclass(frozen=True, slots=True)
class CaseListed:
    """A case in the queue, with its two clocks. Nothing of the person."""

    id: int
    submission: str
    agency: str
    agreement: str
    row: int
    state: CaseState
    assignee: str
    offered: bool
    opened_at: datetime
    due_at: datetime | None
    legal_due_at: datetime | None
    paused_at: datetime | None
    legal_paused_at: datetime | None


@dataclass(frozen=True, slots=True)
class QueuePage:
    """One page. ``total`` is exact up to ``COUNTED``, and ``more`` says when there are more than that."""

    cases: tuple[CaseListed, ...]
    total: int
    more: bool
    before: int | None
    after: int | None


def queue_page(
    sought: Sought, official: int, *, now: datetime, after: int | None, before: int | None, size: int
) -> QueuePage:
    """Give a page of the queue, the longest waiting first, after or before a case."""
    found = _sought(Case.objects.all(), sought, official, now)
    total = found.order_by()[: COUNTED + 1].count()
    told = found.select_related("submission__agency", "assignee")
    if before is not None:
        rows = list(told.filter(pk__lt=min(before, LARGEST)).order_by("-pk")[: size + 1])
        earlier, later = len(rows) > size, True
        rows = rows[:size][::-1]
    else:
        begun = told if after is None else told.filter(pk__gt=min(after, LARGEST))
        rows = list(begun.order_by("pk")[: size + 1])
        earlier, later = after is not None, len(rows) > size
        rows = rows[:size]
    return QueuePage(
        tuple(_listed(one, official) for one in rows),
        min(total, COUNTED),
        total > COUNTED,
        rows[0].pk if rows and earlier else None,
        rows[-1].pk if rows and later else None,
    )


def _sought(cases: QuerySet[Case], sought: Sought, official: int, now: datetime) -> QuerySet[Case]:
    where = Q(state__in=LIVE) if not sought.state else Q(state=sought.state)
    if sought.agency:
        where &= Q(submission__agency_id=sought.agency)
    if sought.agreement:
        where &= Q(submission__agreement=sought.agreement)
    if sought.assignee:
        people = {"me": Q(assignee_id=official), "nobody": Q(assignee=None), "offered": Q(offered_to_id=official)}
        where &= people[sought.assignee]
    if sought.due:
        limit = now if sought.due == "overdue" else now + SOON
        where &= Q(paused_at=None, due_at__lt=limit) | Q(legal_paused_at=None, legal_due_at__lt=limit)
    return cases.filter(where)


def _listed(one: Case, official: int) -> CaseListed:
    return CaseListed(
        one.pk, one.submission_id, one.submission.agency.title, one.submission.agreement, one.row,
        CaseState(one.state), one.assignee.username if one.assignee else "", one.offered_to_id == official,
        one.opened_at, one.due_at, one.legal_due_at, one.paused_at, one.legal_paused_at,
    )  # fmt: skip


def agencies_listed() -> list[tuple[str, str]]:
    """Give id and title of every agency on file."""
    return list(Agency.objects.order_by("title").values_list("pk", "title"))


def saved_filters(official: int) -> list[tuple[int, str, str]]:
    """Give number, name and query of what an official saved."""
    return list(SavedFilter.objects.filter(official_id=official).order_by("name").values_list("pk", "name", "query"))


def save_filter(official: int, name: str, query: str) -> None:
    """Keep a set of filters under a name; the same name again replaces it.

    Raises CountersealError ``saved-filter`` for an empty or long name, or too many.
    """
    if not 0 < len(name.strip()) <= LONGEST_NAME:
        raise CountersealError("saved-filter", "Give the set of filters a name of at most 40 letters.")
    mine: Sequence[str] = [one for _, one, _ in saved_filters(official)]
    if len(mine) >= SAVED and name.strip() not in mine:
        raise CountersealError("saved-filter", f"At most {SAVED} sets are kept.", next_step="Remove one first.")
    SavedFilter.objects.update_or_create(official_id=official, name=name.strip(), defaults={"query": query})


def remove_filter(official: int, saved: int) -> None:
    """Remove one of an official's own sets of filters."""
    SavedFilter.objects.filter(official_id=official, pk=saved).delete()
