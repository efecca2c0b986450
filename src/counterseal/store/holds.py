"""What is held for a person: read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Max

from counterseal.errors import CountersealError
from counterseal.store.models import Hold, Submission

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Held:
    """A submission that waits for counsel, or that counsel let go on. ``reasons`` are codes."""

    submission: str
    agency: str
    reasons: tuple[str, ...]
    held_at: datetime
    released_at: datetime | None


def largest_before(agency: str) -> int:
    """Give the rows of the largest submission of an agency that was determined; 0 when there is none."""
    found = Submission.objects.filter(agency_id=agency, state=Submission.State.DETERMINED).aggregate(n=Max("row_count"))
    return int(found["n"] or 0)


def rows_since(agency: str, since: datetime) -> int:
    """Give how many rows of an agency were received since a moment."""
    return sum(Submission.objects.filter(agency_id=agency, received_at__gte=since).values_list("row_count", flat=True))


def hold_of(manifest_sha256: str) -> Held | None:
    """Give the hold of the submission with this manifest, or None."""
    found = Hold.objects.filter(manifest_sha256=manifest_sha256).first()
    return None if found is None else _held(found)


def holds() -> list[Held]:
    """Give every hold, newest first."""
    return [_held(one) for one in Hold.objects.order_by("-pk")]


def _held(found: Hold) -> Held:
    return Held(found.submission, found.agency_id, tuple(found.reasons), found.held_at, found.released_at)


def enter_hold(
    agency: str, submission: str, manifest_sha256: str, reasons: list[str], at: datetime, entry: int
) -> None:
    """Hold a submission."""
    Hold.objects.create(
        agency_id=agency,
        submission=submission,
        manifest_sha256=manifest_sha256,
        reasons=reasons,
        held_at=at,
        hold_entry=entry,
    )


def enter_release(submission: str, by: str, at: datetime, entry: int) -> None:
    """Let every held manifest of a submission's id go on. Raises CountersealError ``not-held``."""
    waiting = Hold.objects.filter(submission=submission, released_at=None)
    if not waiting.update(released_at=at, released_by=by, release_entry=entry):
        raise CountersealError("not-held", "No submission of this id is held.", next_step="See: counterseal hold list")
