"""Retention runs: the batches whose time is up are destroyed, on the word of two people, and an accounting stays.

No document that we know sets a period for these rows, so the day comes from the two who answer for it. A batch is
destroyed by its key (cryptographic erase, NIST SP 800-88 Rev. 1, 2.6): every copy of its files that lies anywhere
without that key is then noise. Before that, what an accounting needs of each row is kept (``flow/retained.py``).

A cut leaves either nothing entered, and nothing destroyed, or the entries, and the next run destroys what they name.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.official import Role
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.accounting import BATCH, destroyed_batches, retain_batches
from counterseal.flow.custody import holdings
from counterseal.flow.incident import incidents
from counterseal.flow.orders import acting_name, covers_rows, door_of
from counterseal.flow.register import same_person
from counterseal.ledger.canonical import canonical
from counterseal.store.custody import delivered_cases, entries_of
from counterseal.store.retention import submissions_closed
from counterseal.store.submissions import one_act
from counterseal.vault.durable import synchronise_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from counterseal.flow.office import Office
    from counterseal.flow.orders import By
    from counterseal.store.retention import SubmissionClosed

MAY_DESTROY = frozenset({Role.COUNSEL, Role.OVERSIGHT})
METHOD = "cryptographic erase: the batch's AES-256 key overwritten and removed, then its files"


@dataclass(frozen=True, slots=True)
class Disposable:
    """A closed batch from before the day. ``bars`` say what keeps it; without one it may be destroyed."""

    closed: SubmissionClosed
    bars: tuple[str, ...]


def disposable(office: Office, before: date) -> list[Disposable]:
    """Give every batch that was closed before a day and is not destroyed yet, the oldest first.

    Raises CountersealError ``retention-day`` for a day that is not past.
    """
    if before > office.clock.now().date():
        raise CountersealError("retention-day", "A period that ends in the future has not run out.", where="--before")
    gone = _destroyed(office)
    ordered = {
        holding.delivered
        for holding in holdings(delivered_cases())
        if any(one.certified_at is None for one in holding.orders)
    }
    questioned = {entry for one in incidents(office) if one.state != "closed" for entry in one.delivered}
    return [
        Disposable(one, _bars(office, one, ordered, questioned))
        for one in submissions_closed(before)
        if one.id not in gone
    ]


def _bars(office: Office, one: SubmissionClosed, ordered: set[int], questioned: set[int]) -> tuple[str, ...]:
    bars = []
    if one.open_cases:
        bars.append(f"{one.open_cases} of its cases are not ended")
    if one.open_questions:
        bars.append(f"{one.open_questions} of its rows wait for counsel's opinion")
    if one.held:
        bars.append("a hold was not let go")
    if covers_rows(office, one.agency, one.agreement, one.id, range(1, one.rows + 1)):
        bars.append("a stop order in force reaches it")
    if ordered & one.deliveries:
        bars.append("a recall or order to a holder of its answers is not certified")
    if questioned & one.deliveries:
        bars.append("an incident over its answers is not closed")
    return tuple(bars)


def propose(office: Office, before: date, by: By, why: str) -> int:
    """Enter the proposal to destroy the batches closed before a day, all that have no bar; give its entry.

    Raises CountersealError ``retention-reason``, ``retention-none`` when there is none, or as ``disposable``.
    """
    if not why.strip():
        raise CountersealError("retention-reason", "Say which schedule or law the period comes from.", where="--why")
    _finish(office)
    with one_act():
        office.ledger.lock()
        name, due = acting_name(by, MAY_DESTROY), _free(office, before)
        entry = office.ledger.append(
            "retention",
            {"before": before.isoformat(), "batches": len(due), "door": door_of(by)},
            {"by": name, "why": why.strip(), "list": _digest(due)},
        )
    office.ledger.publish()
    return entry


def confirm(office: Office, proposal: int, by: By, accounting_key: Callable[[], bytes]) -> list[str]:
    """Destroy what somebody else proposed, if it is the same today; give the submissions.

    Raises CountersealError ``retention-proposal`` when there is no such proposal or it was carried out,
    ``retention-by-two``, ``retention-moved`` when the batches are others than those proposed, and as an accounting
    does when a batch is not whole: what cannot be accounted for is not destroyed.
    """
    _finish(office)
    before = _proposed(proposal)
    name = acting_name(by, MAY_DESTROY)
    if same_person(str(office.ledger.opening(proposal, "by").value), name):
        raise CountersealError("retention-by-two", "The one who proposed cannot also confirm; another must.")
    due = _same(office, proposal, before)
    office.ledger.publish()
    retain_batches(office, accounting_key(), {one.id for one in due})
    with one_act():
        office.ledger.lock()
        _proposed(proposal)
        acting_name(by, MAY_DESTROY)
        for one in _same(office, proposal, before):
            office.ledger.append(
                "destroyed",
                {"what": BATCH, "agency": one.agency, "agreement": one.agreement, "method": METHOD,
                 "proposal": proposal, "door": door_of(by)},
                {"submission": one.id, "by": name},
            )  # fmt: skip
    office.ledger.publish()
    _finish(office)
    office.engine().close()  # any engine takes away what one that was killed had spilled
    return [one.id for one in due]


def _free(office: Office, before: date) -> list[SubmissionClosed]:
    due = [one.closed for one in disposable(office, before) if not one.bars]
    if not due:
        raise CountersealError(
            "retention-none", "No batch closed before this day may be destroyed.",
            next_step="See what keeps them: counterseal retention list",
        )  # fmt: skip
    return due


def _proposed(proposal: int) -> date:
    """Give the day of a proposal that was not carried out."""
    told = {one.index: one for one in entries_of(["retention"])}.get(proposal)
    if told is None or any(one.body.get("proposal") == proposal for one in entries_of(["destroyed"])):
        raise CountersealError(
            "retention-proposal", "There is no such proposal, or it was carried out.", where=f"entry {proposal}",
            next_step="Propose it: counterseal retention propose",
        )  # fmt: skip
    return date.fromisoformat(str(told.body["before"]))


def _same(office: Office, proposal: int, before: date) -> list[SubmissionClosed]:
    due = _free(office, before)
    if str(office.ledger.opening(proposal, "list").value) != _digest(due):
        raise CountersealError(
            "retention-moved", "The batches that may be destroyed are others than those proposed.",
            next_step="Propose it anew.",
        )  # fmt: skip
    return due


def _digest(due: Sequence[SubmissionClosed]) -> str:
    return sha256(canonical([one.id for one in due])).hexdigest()


def _destroyed(office: Office) -> set[str]:
    told = entries_of(["destroyed"])
    return destroyed_batches(office, {one.index: {"kind": one.kind, "body": one.body} for one in told})


def _finish(office: Office) -> None:
    """Destroy what the ledger says was destroyed: keys first, then files. Nothing where it is done."""
    closed = {one.id: one for one in submissions_closed(date.max)}
    for submission in sorted(_destroyed(office)):
        office.files.destroy_key(submission)
        one, workspace = closed[submission], office.workspace
        places = [workspace.batch(SubmissionId(submission)), *(workspace.inbox(upload) for upload in one.uploads)]
        for place in places:
            if place.exists():
                shutil.rmtree(place)
                synchronise_folder(place.parent)
        for answer in one.answers:
            (workspace.answers / answer).unlink(missing_ok=True)
