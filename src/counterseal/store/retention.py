"""What a retention run reads of submissions: which are closed, since when, and what is still open about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Min

from counterseal.core.case import CaseState
from counterseal.core.outcome import Outcome
from counterseal.store.models import Case, Hold, Submission, Upload, Withdrawal

if TYPE_CHECKING:
    from datetime import date

ENDED = (CaseState.RELEASED, CaseState.REFUSED, CaseState.RETURNED, CaseState.WITHDRAWN)
"""States in which nothing more is done to a case."""


@dataclass(frozen=True, slots=True)
class SubmissionClosed:
    """A determined submission that was answered as a whole, or withdrawn.

    ``deliveries`` are the indices of delivery entries, ``answers`` the digests of answers, ``uploads`` the folders in
    which it came. ``open_cases`` and ``open_questions`` count what nobody has ended yet; ``held`` says a hold on a
    submission of its name was never let go.
    """

    id: str
    agency: str
    agreement: str
    rows: int
    closed_on: date
    open_cases: int
    open_questions: int
    held: bool
    deliveries: frozenset[int]
    answers: frozenset[str]
    uploads: tuple[str, ...]


def submissions_closed(before: date) -> list[SubmissionClosed]:
    """Give every submission that was closed before a day (UTC), the oldest first."""
    withdrawn = {
        (one["agency_id"], one["submission"]): one["first"]
        for one in Withdrawal.objects.values("agency_id", "submission").annotate(first=Min("at"))
    }
    found = []
    for one in Submission.objects.filter(state=Submission.State.DETERMINED):
        ends = [at for at in (one.answered_at, withdrawn.get((one.agency_id, one.pk))) if at is not None]
        if ends and min(ends).date() < before:
            found.append(_closed(one, min(ends).date()))
    return sorted(found, key=lambda one: (one.closed_on, one.id))


def _closed(one: Submission, closed_on: date) -> SubmissionClosed:
    came = Upload.objects.filter(agency=one.agency_id, submission=one.pk).order_by("pk")
    cases = list(Case.objects.filter(submission=one).values_list("state", "delivered_entry", "answer_sha256"))
    return SubmissionClosed(
        one.pk, one.agency_id, one.agreement, one.row_count, closed_on,
        sum(state not in {end.value for end in ENDED} for state, _, _ in cases),
        int(one.outcomes.get(Outcome.JUDGEMENT.value, 0)) if one.answered_at is None else 0,
        Hold.objects.filter(agency=one.agency_id, submission=one.pk, released_at=None).exists(),
        frozenset(entry for _, entry, _ in cases if entry is not None),
        frozenset(answer for _, _, answer in cases if answer),
        tuple(came.values_list("pk", flat=True)),
    )  # fmt: skip
