"""Running what agencies have sent, one submission at a time, oldest first.

A worker that dies leaves the submission in the inbox; the next begins it again from the bytes as received, on the
same day of receipt, and comes out the same. What was refused or held is told to the agency by its code.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.run import run_submission
from counterseal.intake import read_manifest
from counterseal.store.submissions import DETERMINED, RECEIVED, one_act, state_of
from counterseal.store.uploads import State, UploadLine, set_state, waiting_uploads
from counterseal.vault.durable import worked_on_alone

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.flow.office import Office, Progress

OFFICE_FAULTS = frozenset(
    {"clock-ahead", "clock-back", "salt-repeated", "log-rolled-back", "log-forked", "being-worked-on"}
)
"""Faults of the office that may show before a submission is received: it waits until they are mended."""


@dataclass(frozen=True, slots=True)
class Worked:
    """What came of one submission: ``taken``, ``held``, ``refused`` or, by a fault of the office, ``waiting``."""

    submission: str
    state: str
    code: str


def work_inbox(office: Office, registry: Path, progress: Progress | None = None) -> list[Worked]:
    """Run everything that waits; give what came of each.

    Raises CountersealError ``being-worked-on`` when another worker is at it.
    """
    with worked_on_alone(office.workspace.root / "inbox"):
        return [worked for line in waiting_uploads() if (worked := _work(office, line, registry, progress))]


def _work(office: Office, line: UploadLine, registry: Path, progress: Progress | None) -> Worked | None:
    folder, came = office.workspace.inbox(line.id), line.completed_at
    if came is None:  # an upload that waits has a moment at which it was whole
        raise AssertionError(line.id)
    try:
        run_submission(office, folder, registry, received_on=came.date(), came=came, progress=progress)
    except CountersealError as fault:
        stands = state_of(line.submission, read_manifest(folder).digest)
        if fault.code == "held":
            return None if line.state == State.HELD else _settle(line, State.HELD, "")
        if stands == RECEIVED or fault.code in OFFICE_FAULTS:
            return Worked(line.submission, "waiting", fault.code)
        if stands != DETERMINED:
            return _settle(line, State.REFUSED, fault.code)
    (folder / line.rows).unlink(missing_ok=True)  # the batch keeps every row as it came
    return _settle(line, State.TAKEN, "")


def _settle(line: UploadLine, state: str, code: str) -> Worked:
    with one_act():
        set_state(line.id, (State.COMPLETE, State.HELD), state, refused=code)
    return Worked(line.submission, state, code)
