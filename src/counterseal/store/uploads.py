"""Uploads of agencies: read and written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import IntegrityError, transaction

from counterseal.errors import CountersealError
from counterseal.store.models import Upload

if TYPE_CHECKING:
    from datetime import datetime

State = Upload.State


@dataclass(frozen=True, slots=True)
class UploadLine:
    """An upload as it stands. ``offset`` of its ``size`` bytes are durable; ``refused`` is a code."""

    id: str
    agency: str
    submission: str
    rows: str
    size: int
    sha256: str
    offset: int
    cures: str
    state: str
    refused: str
    opened_at: datetime
    completed_at: datetime | None


def no_upload() -> CountersealError:
    """Make the error for an upload that is not there, or is another agency's: the same for both."""
    return CountersealError("not-found", "There is no such thing here.")


def _line(found: Upload) -> UploadLine:
    return UploadLine(
        found.pk,
        found.agency_id,
        found.submission,
        found.rows,
        found.size,
        found.sha256,
        found.offset,
        found.cures,
        found.state,
        found.refused,
        found.opened_at,
        found.completed_at,
    )


def enter_upload(upload: UploadLine, key: int | None) -> None:
    """Open an upload. Raises CountersealError ``upload-open`` when this submission is on its way already."""
    try:
        with transaction.atomic():
            Upload.objects.create(
                id=upload.id,
                agency_id=upload.agency,
                key_id=key,
                submission=upload.submission,
                rows=upload.rows,
                size=upload.size,
                sha256=upload.sha256,
                cures=upload.cures,
                opened_at=upload.opened_at,
            )
    except IntegrityError:
        raise CountersealError(
            "upload-open",
            "This submission is on its way already, or was taken.",
            next_step="Go on with that upload, withdraw it, or give this one an id of its own.",
        ) from None


def find_upload(agency: str, upload: str) -> UploadLine:
    """Give an agency's own upload. Raises CountersealError ``not-found``, for another's too."""
    found = Upload.objects.filter(pk=upload, agency_id=agency).first()
    if found is None:
        raise no_upload()
    return _line(found)


def uploads_of(agency: str) -> list[UploadLine]:
    """Give an agency's uploads, newest first."""
    return [_line(found) for found in Upload.objects.filter(agency_id=agency).order_by("-opened_at", "-pk")]


def upload_of(agency: str, submission: str) -> UploadLine | None:
    """Give the newest upload of a submission, or None."""
    found = Upload.objects.filter(agency_id=agency, submission=submission).order_by("-opened_at", "-pk").first()
    return None if found is None else _line(found)


def set_offset(upload: UploadLine, offset: int) -> None:
    """Say how many bytes are durable now. Raises CountersealError ``upload-moved`` when another did."""
    if not Upload.objects.filter(pk=upload.id, offset=upload.offset, state=State.OPEN).update(offset=offset):
        raise CountersealError("upload-moved", "The upload moved on in the meantime.", next_step="Ask for its offset.")


def set_state(
    upload: str, before: tuple[str, ...], after: str, *, refused: str = "", completed_at: datetime | None = None
) -> bool:
    """Move an upload from one of some states to another; False when it was in none of them."""
    changed: dict[str, object] = {"state": after, "refused": refused}
    if completed_at is not None:
        changed["completed_at"] = completed_at
    return bool(Upload.objects.filter(pk=upload, state__in=before).update(**changed))


def waiting_uploads() -> list[UploadLine]:
    """Give the whole submissions that wait to be run, those held for a person among them, oldest first."""
    found = Upload.objects.filter(state__in=(State.COMPLETE, State.HELD)).order_by("completed_at", "pk")
    return [_line(one) for one in found]
