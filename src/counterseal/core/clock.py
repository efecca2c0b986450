"""Time is an argument. A clock is handed in; nobody reads the wall."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Protocol

from counterseal.errors import CountersealError

FIRST = datetime.min.replace(tzinfo=UTC)
IDLE = timedelta(days=31)
"""How long an office may enter nothing and still be believed about the day, when it enters again."""
LEAP = timedelta(hours=1)
"""How far a clock may be set forward while a process runs."""


class Clock(Protocol):
    """Tells the time of the office."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        ...


class SystemClock:
    """The machine's clock. Made in ``wiring`` only."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True)
class FixedClock:
    """A clock that stands still: for tests and for runs that must come out the same."""

    at: datetime

    def now(self) -> datetime:
        """The moment given."""
        return self.at


class SteadyClock:
    """The clock by which a ledger's entries and a witness's signatures are made. It refuses to leap forward unnoticed.

    An entry is for good, and none may stand before the last one: under a time of next year it would stop the ledger
    until next year. So a time is given out only when it is within a month of what is known, and, from the first that
    was given out, when it has gone no more than an hour further than ``ran`` says that this machine has.
    """

    def __init__(self, wall: Clock, ran: Callable[[], float], stated: date | None = None) -> None:
        """Begin knowing nothing.

        ``ran`` counts the seconds that the machine has run, and nobody can set it; ``stated`` is a day that a person
        says it was.
        """
        self._wall = wall
        self._ran = ran
        self._stated = stated
        self._known: datetime | None = None
        self._since = 0.0
        self._slack = IDLE
        self._until = FIRST

    def begin(self, known: datetime | None) -> None:
        """Take the time of the ledger's last entry for known, and the clock's from then on where it bears that out."""
        stated = None if self._stated is None else datetime.combine(self._stated, time(), UTC)
        self._known = max((at for at in (known, stated) if at is not None), default=None)
        self._since, self._slack = self._ran(), IDLE
        self._until = FIRST
        if not self._leapt(at := self._wall.now()):
            self._take(at)

    def now(self) -> datetime:
        """The present moment, aware, in UTC. Raises CountersealError ``clock-ahead`` when the clock has leapt."""
        at = self._wall.now()
        if at > self._until:
            if self._leapt(at):
                raise CountersealError(
                    "clock-ahead",
                    f"The clock says {at:%Y-%m-%d %H:%M} UTC, too long after what is known of the time.",
                    next_step="Set it right: an entry under a later time would stop the ledger until then. Where it is"
                    " right, start again; after a quiet month with COUNTERSEAL_TODAY set to the day that it is.",
                )
            self._take(at)
        return at

    def _leapt(self, at: datetime) -> bool:
        return self._known is not None and at > self._latest(self._known)

    def _latest(self, known: datetime) -> datetime:
        return known + self._slack + timedelta(seconds=self._ran() - self._since)

    def _take(self, at: datetime) -> None:
        """Go by the first time that was borne out; a clock that stands before what is known is not.

        Until the time that is the latest now, nothing need be asked again.
        """
        if self._slack == IDLE and (self._known is None or at >= self._known):
            self._known, self._since, self._slack = at, self._ran(), LEAP
        if self._slack == LEAP and self._known is not None:
            self._until = self._latest(self._known)
