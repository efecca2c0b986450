"""Taxpayer identification numbers and dates of birth, read or found wanting; never guessed."""

from __future__ import annotations

import functools
import re
from datetime import date

_ISO = re.compile(r"^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ].*)?$")
_AMERICAN = re.compile(r"^(\d{1,2})[/-](\d{1,2})[/-](\d{4})$")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})$")
_TIN = re.compile(r"^(\d{3})[- ]?(\d{2})[- ]?(\d{4})$")
_EARLIEST_YEAR = 1850
_LATEST_YEAR = 2150


@functools.lru_cache(maxsize=1 << 15)
def date_of_birth(text: str | None) -> int:
    """Read a date as the integer yyyymmdd; 0 where it is missing or no date of the calendar."""
    written = (text or "").strip()
    found = _ISO.match(written) or _COMPACT.match(written)
    if found:
        year, month, day = (int(part) for part in found.groups())
    else:
        found = _AMERICAN.match(written)
        if not found:
            return 0
        month, day, year = (int(part) for part in found.groups())
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        return 0
    try:
        date(year, month, day)
    except ValueError:
        return 0
    return year * 10_000 + month * 100 + day


def tin(text: str | None) -> int:
    """Read a nine-digit taxpayer identification number; 0 where it has not that shape or never was issued.

    Nine equal digits, 123456789, a zero area, group or serial stand in a number's place.
    """
    found = _TIN.match((text or "").strip())
    if not found:
        return 0
    area, group, serial = found.groups()
    digits = area + group + serial
    if area == "000" or group == "00" or serial == "0000" or len(set(digits)) == 1 or digits == "123456789":
        return 0
    return int(digits)
