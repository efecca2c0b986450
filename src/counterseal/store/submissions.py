"""Submissions, cases and stop orders: what acts read and write in the database."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Max

from counterseal.core.case import CaseState
from counterseal.errors import CountersealError
from counterseal.store.act import Act
from counterseal.store.models import Agency, Case, Submission
from counterseal.store.register import safeguards_in_force

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime
    from pathlib import Path

    from counterseal.core.request import Manifest


RECEIVED, DETERMINED = Submission.State.RECEIVED, Submission.State.DETERMINED


def one_act() -> Act:
    """One transaction: everything in it is durable together, or none of it is."""
    return Act()


def folded(name: str) -> str:
    """Give a name as letters and digits alone, so that writing it differently changes nothing."""
    return "".join(sign for sign in name.casefold() if sign.isalnum())


def registered_agency(named: str, *, today: date) -> tuple[str, Mapping[str, bool]] | None:
    """Give the id of the agency that a manifest names and what is on file about it today, or None."""
    for agency in Agency.objects.order_by("pk"):
        if folded(named) in {folded(name) for name in (agency.pk, agency.title, *agency.names)}:
            return agency.pk, {"safeguards_in_force": safeguards_in_force(agency.pk, today=today)}
    return None


def agencies_registered() -> list[str]:
    """Give the id of every agency in the register."""
    return [agency.pk for agency in Agency.objects.order_by("pk")]


def agreements_known(folder: Path) -> list[str]:
    """Give the id of every agreement that stands in the workspace, or under which a request was received."""
    here = {path.name for path in folder.iterdir() if path.is_dir()}
    return sorted(here | set(Submission.objects.values_list("agreement", flat=True)))


def register_agency(
    agency: str, title: str, names: Iterable[str], *, at: datetime, safeguards_until: date | None = None
) -> bool:
    """Enter an agency in the register, once, with every name that it signs under; False when it stands there.

    Its safeguards are in force to the end of ``safeguards_until``; without a day they are not.
    """
    _, new = Agency.objects.get_or_create(
        pk=agency,
        defaults={
            "title": title,
            "names": list(names),
            "registered_at": at,
            "safeguards_in_force": safeguards_until is not None,
            "safeguards_until": safeguards_until,
        },
    )
    return new


def refuse_if_received(manifest: Manifest, *, digest: str, received_on: date) -> Submission | None:
    """Give the unfinished submission that this one continues, or None when it is new.

    Raises CountersealError ``already-received`` when it was determined before, or when another file, another
    agreement or another day came under the same id.
    """
    known = Submission.objects.filter(pk=manifest.submission).first()
    if known is None:
        return None
    same = (known.rows_sha256, known.agreement_digest, known.received_on) == (
        manifest.sha256,
        digest,
        received_on,
    )
    if known.state == Submission.State.RECEIVED and same:
        return known
    if known.state == Submission.State.RECEIVED and known.rows_sha256 == manifest.sha256:
        raise CountersealError(
            "already-received",
            f"Submission {manifest.submission} was received on {known.received_on} and its run was cut off.",
            next_step=f"Continue it under the same agreement with --received-on {known.received_on}.",
        )
    raise CountersealError(
        "already-received",
        f"Submission {manifest.submission} was already received on {known.received_on}.",
        next_step="Nothing was changed. A corrected file is a new submission with an id of its own.",
    )


def enter_submission(
    manifest: Manifest,
    agency: str,
    *,
    manifest_sha256: str,
    version: str,
    digest: str,
    received_on: date,
    at: datetime,
) -> bool:
    """Enter a submission as received; False when it continues one that was never determined."""
    if refuse_if_received(manifest, digest=digest, received_on=received_on):
        return False
    Submission.objects.create(
        id=manifest.submission,
        agency_id=agency,
        agreement=manifest.agreement,
        agreement_version=version,
        agreement_digest=digest,
        manifest_sha256=manifest_sha256,
        rows_sha256=manifest.sha256,
        row_count=manifest.row_count,
        signed_on=manifest.signed_on,
        received_on=received_on,
        received_at=at,
    )
    return True


def last_signed(agreement: str) -> date | None:
    """Give the latest day on which a request under an agreement was signed; None where none was taken in."""
    last: date | None = Submission.objects.filter(agreement=agreement).aggregate(last=Max("signed_on"))["last"]
    return last


def submission_agency(submission: str) -> str | None:
    """Give the agency whose submission this is, or None when none of this id was received."""
    return Submission.objects.filter(pk=submission).values_list("agency_id", flat=True).first()


def state_of(submission: str, manifest_sha256: str) -> str:
    """Give how far the submission with exactly this manifest has come; empty when it was not received."""
    known = Submission.objects.filter(pk=submission, manifest_sha256=manifest_sha256)
    return known.values_list("state", flat=True).first() or ""


def determine_submission(submission: str, outcomes: Mapping[str, int], *, registry: str) -> None:
    """Close the run of a submission with its counts, and remember which registry was looked into.

    Raises CountersealError ``already-received`` when another run closed it first; the transaction is then undone.
    """
    closed = Submission.objects.filter(pk=submission, state=Submission.State.RECEIVED).update(
        state=Submission.State.DETERMINED, outcomes=dict(outcomes), registry=registry
    )
    if closed != 1:
        raise CountersealError(
            "already-received",
            f"Submission {submission} was determined by another run meanwhile.",
            next_step="Nothing was changed.",
        )


def answered_at(submission: str) -> datetime | None:
    """Give when a batch was answered, None before. Raises CountersealError ``submission-unknown``."""
    found = Submission.objects.filter(pk=submission).values_list("answered_at", flat=True)
    if not found:
        raise CountersealError("submission-unknown", "There is no such submission.")
    return found[0]


def mark_answered(submission: str, *, at: datetime) -> None:
    """Remember that a batch was answered, once. Raises CountersealError ``not-determined`` before its run is done."""
    whole = Submission.objects.filter(pk=submission, state=Submission.State.DETERMINED, answered_at=None)
    if whole.update(answered_at=at) != 1:
        raise CountersealError("not-determined", "This batch is not determined yet, or is answered.")


def states_of_cases(submission: str) -> dict[int, CaseState]:
    """Give the state of each case of a batch, by row."""
    found = Case.objects.filter(submission_id=submission).values_list("row", "state")
    return {row: CaseState(state) for row, state in found}


def releases_of(submission: str) -> dict[int, tuple[str, str, tuple[str, ...]]]:
    """Give what each released case of a batch released, by row: case, answer and recipients, as digests."""
    found = Case.objects.filter(submission_id=submission, state=CaseState.RELEASED)
    told = found.values_list("row", "case_sha256", "answer_sha256", "recipients")
    return {row: (case, answer, tuple(recipients)) for row, case, answer, recipients in told}


def open_cases(submission: str, rows: Iterable[int], *, at: datetime) -> None:
    """Open a case for each row that is reviewable."""
    Case.objects.bulk_create(
        (Case(submission_id=submission, row=row, state=CaseState.OPEN, opened_at=at) for row in rows),
        batch_size=5_000,
    )
    with connection.cursor() as cursor:  # SQLite sorts the whole queue for a page of it unless it knows its shape
        cursor.execute("ANALYZE store_case")
