"""How long a duty gives, out of the words of the document: ``24 hours``, ``5 days``, ``3 years``, ``yearly``."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime

_WORDS = re.compile(r"(?P<many>[1-9][0-9]{0,3}) (?P<unit>hour|day|week|month|year)s?\b")
_LONE = {"yearly": ("year", 1), "monthly": ("month", 1), "daily": ("day", 1)}
_FIXED = {"hour": timedelta(hours=1), "day": timedelta(days=1), "week": timedelta(weeks=1)}


@dataclass(frozen=True, slots=True)
class Period:
    """A length of time in the unit in which it was written."""

    many: int
    unit: str

    def after(self, start: datetime) -> datetime:
        """Give the moment at which it has run out. A month that lacks the day ends with its last."""
        if self.unit in _FIXED:
            return start + self.many * _FIXED[self.unit]
        months = self.many * (12 if self.unit == "year" else 1) + start.month - 1
        year, month = start.year + months // 12, months % 12 + 1
        return start.replace(year=year, month=month, day=min(start.day, monthrange(year, month)[1]))


def read_period(clock: str) -> Period | None:
    """Read a duty's clock. None where the document sets no length (``on request``, ``until met``, ``permanent``)."""
    words = clock.strip().casefold()
    if words in _LONE:
        unit, many = _LONE[words]
        return Period(many, unit)
    found = _WORDS.match(words)
    return Period(int(found["many"]), found["unit"]) if found else None
