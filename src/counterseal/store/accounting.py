"""What the accounting reads of submissions and their deliveries."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.store.models import Case, Submission

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class SubmissionAccounted:
    """A determined submission. ``deliveries`` are the indices of delivery entries, by row."""

    id: str
    agency_title: str
    agreement: str
    agreement_version: str
    agreement_digest: str
    signed_on: date
    received_on: date
    answered_at: datetime | None
    rows: int
    deliveries: dict[int, int]


def submissions_accounted() -> dict[str, SubmissionAccounted]:
    """Give every determined submission, by id."""
    delivered: dict[str, dict[int, int]] = {}
    found = Case.objects.exclude(delivered_entry=None).values_list("submission_id", "row", "delivered_entry")
    for submission, row, entry in found:
        delivered.setdefault(submission, {})[row] = int(entry or 0)
    return {
        one.pk: SubmissionAccounted(
            one.pk, one.agency.title, one.agreement, one.agreement_version, one.agreement_digest, one.signed_on,
            one.received_on, one.answered_at, one.row_count, delivered.get(one.pk, {}),
        )
        for one in Submission.objects.filter(state=Submission.State.DETERMINED).select_related("agency")
    }  # fmt: skip
