"""Submissions and stop orders as lists, for looking only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count

from counterseal.core.case import CaseState
from counterseal.store.models import Case, CaseEvent, StopOrder, Submission

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SubmissionListed:
    """One submission: who asked under which agreement, when, and what became of its rows."""

    id: str
    agency: str
    agreement: str
    agreement_version: str
    agreement_digest: str
    rows: int
    signed_on: date
    received_on: date
    determined: bool
    outcomes: dict[str, int]


@dataclass(frozen=True, slots=True)
class StopOrderListed:
    """One stop order in its own words. ``entry`` is where the ledger has it.

    ``acknowledged_at`` is empty while the order is in force and not yet witnessed.
    """

    id: int
    scope: str
    reaches: str
    authority: str
    issued_by: str
    issued_at: datetime
    entry: int
    acknowledged_at: datetime | None
    lift_asked_by: str
    lift_asked_at: datetime | None
    lift_authority: str
    lifted_by: str
    lifted_at: datetime | None
    lift_entry: int | None


@dataclass(frozen=True, slots=True)
class CaseStopped:
    """A case that an order stopped, and where it stands now."""

    id: int
    submission: str
    row: int
    state: CaseState


def submissions_listed(submission: str | None = None) -> list[SubmissionListed]:
    """Give every submission, or the one of this id: the newest first."""
    found = Submission.objects.select_related("agency").order_by("-received_at", "pk")
    return [
        SubmissionListed(
            one.pk,
            one.agency.title,
            one.agreement,
            one.agreement_version,
            one.agreement_digest,
            one.row_count,
            one.signed_on,
            one.received_on,
            one.state == Submission.State.DETERMINED,
            one.outcomes,
        )
        for one in (found if submission is None else found.filter(pk=submission))
    ]


def stop_orders_listed(order: int | None = None) -> list[StopOrderListed]:
    """Give every stop order, or the one with this number: those in force first, then the newest."""
    found = StopOrder.objects.order_by("-issued_at", "-pk")
    listed = [_order(one) for one in (found if order is None else found.filter(pk=order))]
    return sorted(listed, key=lambda order: order.lifted_at is not None)


def stops_in_force(
    *, submission: str | None = None, agreement: str | None = None, case: int | None = None
) -> tuple[list[StopOrderListed], list[StopOrderListed]]:
    """Give the orders in force, and those of them that touch what a page shows.

    An order on everything touches every page. One on a statute or a person touches a case that it stopped; a case
    that is stopped, and by which order cannot be told, is touched by all of them.
    """
    standing = [_order(one) for one in StopOrder.objects.filter(lifted_at=None).order_by("-issued_at", "-pk")]
    if not standing:
        return [], []
    stopped_at: set[int] = set()
    unclear = False
    if case is not None:
        about = Case.objects.filter(pk=case).values_list("submission_id", "state").first()
        submission = about[0] if about else None
        stopped_at = set(CaseEvent.objects.filter(case_id=case, act="stop").values_list("entry", flat=True))
        unclear = about is not None and about[1] == CaseState.STOPPED
    facts: dict[str, str | None] = {"submission": submission, "agreement": agreement}
    if submission is not None:
        asked = Submission.objects.filter(pk=submission).values_list("agency_id", "agreement").first()
        facts |= {"agency": asked[0], "agreement": asked[1]} if asked else {}
    touching = [
        one
        for one in standing
        if one.scope == "everything" or one.entry in stopped_at or facts.get(one.scope) == one.reaches
    ]
    return standing, standing if unclear and not touching else touching


def cases_stopped(entry: int) -> list[CaseStopped]:
    """Give the cases that the order of this entry stopped."""
    found = Case.objects.filter(events__entry=entry, events__act="stop").order_by("pk")
    return [CaseStopped(one.pk, one.submission_id, one.row, CaseState(one.state)) for one in found]


def counts_stopped(entries: Iterable[int]) -> dict[int, int]:
    """Give, by the entry of an order, how many cases it stopped."""
    found = CaseEvent.objects.filter(entry__in=list(entries), act="stop").values("entry").order_by("entry")
    return {one["entry"]: one["cases"] for one in found.annotate(cases=Count("pk"))}


def _order(one: StopOrder) -> StopOrderListed:
    return StopOrderListed(
        one.pk, one.scope, one.reaches, one.authority, one.issued_by, one.issued_at, one.issue_entry,
        one.acknowledged_at, one.lift_asked_by, one.lift_asked_at, one.lift_authority, one.lifted_by, one.lifted_at,
        one.lift_entry,
    )  # fmt: skip
