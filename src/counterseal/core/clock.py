"""Time is an argument. A clock is handed in; nobody reads the wall."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


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
