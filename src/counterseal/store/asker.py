"""What an agency may know of its own submissions, and their withdrawal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.case import TRANSITIONS, CaseAct, CaseState
from counterseal.store.models import Case, CaseEvent, Submission, Upload, Withdrawal

if TYPE_CHECKING:
    from datetime import datetime

WITHDRAWABLE = tuple(state.value for state, act in TRANSITIONS if act is CaseAct.WITHDRAW)

PORTION = 5_000


@dataclass(frozen=True, slots=True)
class OwnSubmission:
    """A submission as its agency may see it. ``status`` is the custodian's word, ``desired_status`` the agency's.

    Nothing in it depends on a record that was opened.
    """

    submission: str
    status: str
    desired_status: str
    upload: str
    rows: int
    cures: str
    refused: str
    opened_at: datetime | None
    received_at: datetime | None


STATUS = {
    Upload.State.OPEN: "uploading",
    Upload.State.COMPLETE: "waiting",
    Upload.State.HELD: "held",
    Upload.State.TAKEN: "received",
    Upload.State.REFUSED: "refused",
    Upload.State.WITHDRAWN: "withdrawn",
}


def own_submissions(agency: str) -> list[OwnSubmission]:
    """Give everything an agency has sent, newest first."""
    known = {one.pk: one for one in Submission.objects.filter(agency_id=agency)}
    gone = set(Withdrawal.objects.filter(agency_id=agency).values_list("submission", flat=True))
    newest: dict[str, Upload] = {}
    for upload in Upload.objects.filter(agency_id=agency).order_by("opened_at", "pk"):
        newest[upload.submission] = upload
    found = [_seen(name, known.get(name), newest.get(name), withdrawn=name in gone) for name in {*known, *newest}]
    return sorted(found, key=lambda one: (str(one.opened_at or one.received_at), one.submission), reverse=True)


def _seen(name: str, known: Submission | None, upload: Upload | None, *, withdrawn: bool) -> OwnSubmission:
    if withdrawn:
        status = "withdrawn"
    elif known is not None:
        status = "answered" if known.answered_at else known.state
    else:
        status = STATUS[Upload.State(upload.state)] if upload is not None else "refused"
    return OwnSubmission(
        name,
        status,
        "withdrawn" if withdrawn else "answered",
        "" if upload is None else upload.pk,
        0 if known is None else known.row_count,
        "" if upload is None else upload.cures,
        "" if upload is None or known is not None else upload.refused,
        None if upload is None else upload.opened_at,
        None if known is None else known.received_at,
    )


def enter_withdrawal(agency: str, submission: str, at: datetime, entry: int) -> None:
    """End what of a submission has not been released; its uploads take nothing more."""
    Withdrawal.objects.create(agency_id=agency, submission=submission, at=at, entry=entry)
    open_states = (Upload.State.OPEN, Upload.State.COMPLETE, Upload.State.HELD)
    Upload.objects.filter(agency_id=agency, submission=submission, state__in=open_states).update(
        state=Upload.State.WITHDRAWN
    )
    withdraw_cases(submission)


def withdraw_cases(submission: str) -> None:
    """Withdraw the cases of a submission that its agency has withdrawn; of any other, none."""
    own = Submission.objects.filter(pk=submission).values("agency_id")
    wanted = (
        Withdrawal.objects.filter(submission=submission, agency_id__in=own)
        .values_list("agency_id", "at", "entry")
        .first()
    )
    if wanted is None:
        return
    agency, at, entry = wanted
    open_cases = Case.objects.filter(submission_id=submission, submission__agency_id=agency, state__in=WITHDRAWABLE)
    moved = list(open_cases.values_list("pk", flat=True))
    for first in range(0, len(moved), PORTION):
        portion = moved[first : first + PORTION]
        Case.objects.filter(pk__in=portion).update(state=CaseState.WITHDRAWN)
        CaseEvent.objects.bulk_create(
            CaseEvent(case_id=case, act=CaseAct.WITHDRAW.value, at=at, entry=entry) for case in portion
        )


def is_withdrawn(agency: str, submission: str) -> bool:
    """Tell whether the agency has withdrawn a submission."""
    return Withdrawal.objects.filter(agency_id=agency, submission=submission).exists()
