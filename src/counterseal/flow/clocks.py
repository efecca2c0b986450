"""The two clocks of a case: the office's own, and the one that the law or an order of a court sets.

Either stops, runs on and is extended by the specialist who has the case, with a reason, and each is an entry. A clock
is never set back, and no clock moves a case: what is overdue is said, and nothing else follows from it.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from enum import StrEnum
from typing import TYPE_CHECKING

from counterseal.core.case import CaseState
from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.store.case_history import case_clocks
from counterseal.store.casework import acting, add_event, held_case, move_case
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from datetime import date

    from counterseal.flow.office import Office
    from counterseal.store.case_history import CaseClocks
    from counterseal.store.casework import CaseHeld

LIVE = frozenset({CaseState.IN_REVIEW, CaseState.SIGNED_ONCE})


class Clock(StrEnum):
    """Which of the two."""

    OFFICE = "office"
    LAW = "law"


def stop_clock(office: Office, case: int, official: int, clock: Clock, why: str) -> None:
    """Let a clock stand still. Raises CountersealError ``clock`` for one that stands or was never set."""
    with one_act():
        office.ledger.lock()
        held, clocks = _own(office, case, official, why)
        due, paused = _hands(clocks, clock)
        if due is None or paused is not None:
            raise CountersealError("clock", "This clock does not run, so it cannot be stopped.")
        _entered(office, held, official, f"stop {clock} clock", {}, why)
        move_case(held, held.state, **{_PAUSED[clock]: office.clock.now()})
    office.ledger.publish()


def run_clock(office: Office, case: int, official: int, clock: Clock, why: str) -> None:
    """Let a clock that was stopped run on: it is due later by as long as it stood."""
    with one_act():
        office.ledger.lock()
        held, clocks = _own(office, case, official, why)
        due, paused = _hands(clocks, clock)
        if due is None or paused is None:
            raise CountersealError("clock", "This clock was not stopped.")
        until = due + (office.clock.now() - paused)
        _entered(office, held, official, f"run {clock} clock", {"until": until.date().isoformat()}, why)
        move_case(held, held.state, **{_PAUSED[clock]: None, _DUE[clock]: until})
    office.ledger.publish()


def extend_clock(office: Office, case: int, official: int, clock: Clock, until: date, why: str) -> None:
    """Extend a clock to the end of a day, or set the law's for the first time. It is never set back."""
    with one_act():
        office.ledger.lock()
        held, clocks = _own(office, case, official, why)
        due, paused = _hands(clocks, clock)
        end = datetime.combine(until, time(23, 59, 59), UTC)
        if paused is not None:
            raise CountersealError("clock", "This clock stands still. Let it run on first.")
        if end <= max(office.clock.now(), due or office.clock.now()):
            raise CountersealError("clock", "A clock is only set later than it stands, and later than today.")
        _entered(office, held, official, f"extend {clock} clock", {"until": until.isoformat()}, why)
        move_case(held, held.state, **{_DUE[clock]: end})
    office.ledger.publish()


_DUE = {Clock.OFFICE: "due_at", Clock.LAW: "legal_due_at"}
_PAUSED = {Clock.OFFICE: "paused_at", Clock.LAW: "legal_paused_at"}


def _hands(clocks: CaseClocks, clock: Clock) -> tuple[datetime | None, datetime | None]:
    if clock is Clock.OFFICE:
        return clocks.due_at, clocks.paused_at
    return clocks.legal_due_at, clocks.legal_paused_at


def _own(office: Office, case: int, official: int, why: str) -> tuple[CaseHeld, CaseClocks]:
    del office  # its ledger is locked, so what is read here stands
    held, who = held_case(case), acting(official, frozenset({Role.SPECIALIST}))
    if held.assignee != who.id or held.state not in LIVE:
        raise CountersealError("not-assigned", "This case is not this official's.", next_step="Take it first.")
    if not why.strip():
        raise CountersealError("reason", "Say why; it stands in the history of the case.")
    return held, case_clocks(case)


def _entered(office: Office, held: CaseHeld, official: int, act: str, body: dict[str, str], why: str) -> None:
    named: dict[str, str | int] = {"case": held.id, "official": official, "note": why.strip()}
    entry = office.ledger.append("case", {"act": act, **body}, named)
    add_event(held.id, act, official, at=office.clock.now(), entry=entry, note=why.strip())
