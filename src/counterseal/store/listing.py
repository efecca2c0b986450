"""Submissions and stop orders as lists, for looking only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.store.models import StopOrder, Submission

if TYPE_CHECKING:
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
    """One stop order in its own words. ``entry`` is where the ledger has it."""

    id: int
    scope: str
    reaches: str
    authority: str
    issued_at: datetime
    entry: int
    lifted_at: datetime | None
    lift_authority: str


def submissions_listed() -> list[SubmissionListed]:
    """Give every submission, the newest first."""
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
        for one in Submission.objects.select_related("agency").order_by("-received_at", "pk")
    ]


def stop_orders_listed() -> list[StopOrderListed]:
    """Give every stop order, those in force first, then the newest."""
    listed = [
        StopOrderListed(
            one.pk,
            one.get_scope_display(),
            one.reaches,
            one.authority,
            one.issued_at,
            one.issue_entry,
            one.lifted_at,
            one.lift_authority,
        )
        for one in StopOrder.objects.order_by("-issued_at")
    ]
    return sorted(listed, key=lambda order: order.lifted_at is not None)
