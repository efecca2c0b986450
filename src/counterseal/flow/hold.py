"""What is unusual is held for a person before anything of it is judged or looked up.

A key that was stolen asks for much, and asks at night. So a submission is held when it is far larger than any that
the agency sent before, when the agency's rows of one day are, or when it arrives outside the hours in which
officials work. Counsel looks, asks the agency over another line, and lets it go on; both are entries. A hold says
nothing about anybody in the file.
"""

from __future__ import annotations

from datetime import time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from counterseal.errors import CountersealError
from counterseal.store.holds import enter_hold, enter_release, hold_of, largest_before, rows_since
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.core.request import Manifest
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact

TIMES_LARGER = 10
"""How many times the largest submission so far a new one, or the rows of a day, may be."""

WITHOUT_PAST = 1_000
"""Rows that an agency may send while the office has no past of it to compare with."""

OPEN_FROM, OPEN_TO = time(6), time(20)
WORKING_DAYS = range(5)
PLACE = ZoneInfo("America/New_York")

MEANING = {
    "volume": "it is far larger than any submission of this agency before",
    "volume-of-a-day": "this agency's rows of one day are far more than it ever sent in one submission",
    "hour": "it came outside the hours in which officials work",
}


def unusual(rows: int, largest: int, rows_today: int, came: datetime | None) -> list[str]:
    """Give the reasons, as codes, for which a submission is held; none lets it go on.

    ``largest`` is the largest submission determined before (0: none), ``rows_today`` what came within a day
    without this one, ``came`` the moment at which a program sent it, or None where a person of the office brings it.
    """
    most = TIMES_LARGER * largest if largest else WITHOUT_PAST
    reasons = []
    if rows > most:
        reasons.append("volume")
    elif rows + rows_today > most:
        reasons.append("volume-of-a-day")
    if came is not None:
        there = came.astimezone(PLACE)
        if there.weekday() not in WORKING_DAYS or not OPEN_FROM <= there.time() < OPEN_TO:
            reasons.append("hour")
    return reasons


def hold_if_unusual(office: Office, manifest: Manifest, agency: str, came: datetime | None) -> None:
    """Let a usual submission pass, and one that counsel let go on; hold any other.

    A demonstration holds nothing: its agency sends at any hour. Raises CountersealError ``held``.
    """
    if office.workspace.demonstration:
        return
    hold = hold_of(manifest.digest)
    if hold is not None and hold.released_at is not None:
        return
    reasons = list(hold.reasons) if hold else []
    if hold is None:
        now = office.clock.now()
        day = rows_since(agency, now - timedelta(days=1))
        reasons = unusual(manifest.row_count, largest_before(agency), day, came)
        if not reasons:
            return
        with one_act():
            facts: dict[str, Fact] = {
                "act": "held",
                "agency": agency,
                "reasons": [*reasons],
                "rows": manifest.row_count,
            }
            facts["rows"] = manifest.row_count
            named = {"submission": manifest.submission, "manifest_sha256": manifest.digest}
            entry = office.ledger.append("held", facts, named)
            enter_hold(agency, manifest.submission, manifest.digest, reasons, now, entry)
        office.ledger.publish()
    raise CountersealError(
        "held",
        f"The submission is held for a person: {'; '.join(MEANING[one] for one in reasons)}.",
        next_step="Counsel asks the agency over another line, then lets it go on: counterseal hold release.",
    )


def release_hold(office: Office, submission: str, *, by: str, why: str) -> None:
    """Let a held submission go on, by counsel's word; nothing of it is judged thereby.

    Raises CountersealError ``not-held``, or ``reason`` when no reason is given.
    """
    if not why.strip() or not by.strip():
        raise CountersealError("reason", "Who lets it go on and why is entered; neither may be empty.")
    with one_act():
        entry = office.ledger.append("held", {"act": "released"}, {"submission": submission, "by": by, "why": why})
        enter_release(submission, by, office.clock.now(), entry)
    office.ledger.publish()
