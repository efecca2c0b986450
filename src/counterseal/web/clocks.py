"""A clock in words: how many days are left, or by how many it is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

NEAR = 3


@dataclass(frozen=True, slots=True)
class ClockTold:
    """What a clock says. ``tone`` is ``over``, ``near``, ``far`` or ``still``."""

    words: str
    tone: str
    day: datetime | None


def clock_told(due: datetime | None, paused: datetime | None, now: datetime) -> ClockTold | None:
    """Tell a clock in whole days; None where none runs."""
    if paused is not None:
        return ClockTold("stands still", "still", due)
    if due is None:
        return None
    days = (due.date() - now.date()).days
    if due < now:
        return ClockTold("over today" if days == 0 else f"over by {-days} day{'s' * (days != -1)}", "over", due)
    words = "today" if days == 0 else f"{days} day{'s' * (days != 1)} left"
    return ClockTold(words, "near" if days <= NEAR else "far", due)
