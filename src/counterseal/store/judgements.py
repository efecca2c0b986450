"""A submission as counsel's answers change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.store.models import Submission

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class SubmissionHeld:
    """A determined submission as it stands in this transaction."""

    id: str
    agency: str
    agreement: str
    agreement_digest: str
    registry: str
    rows: int


def determined_submission(submission: str) -> SubmissionHeld:
    """Give a submission. Raises CountersealError ``submission-unknown`` unless it was determined."""
    found = Submission.objects.filter(pk=submission, state=Submission.State.DETERMINED).first()
    if found is None:
        raise CountersealError("submission-unknown", "There is no determined submission of this id.")
    return SubmissionHeld(
        found.pk, found.agency_id, found.agreement, found.agreement_digest, found.registry, found.row_count
    )


def count_outcomes_anew(submission: str, outcomes: Mapping[str, int]) -> None:
    """Set down the counts after rows were judged."""
    Submission.objects.filter(pk=submission).update(outcomes=dict(outcomes))


def waiting_submissions() -> list[tuple[str, int]]:
    """Give id and number of rows that wait for counsel, of every submission that has such rows, oldest first."""
    found = Submission.objects.filter(state=Submission.State.DETERMINED).order_by("received_at", "pk")
    return [(one.pk, one.outcomes["judgement"]) for one in found if one.outcomes.get("judgement")]
