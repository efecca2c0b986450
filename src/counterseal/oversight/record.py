"""A matter of record: counts of a court, with their sources, that a replay is laid beside."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Fact:
    """One figure of the record, told in our own words, and where it stands."""

    figure: str
    says: str
    source: str


@dataclass(frozen=True, slots=True)
class Record:
    """What was asked, what was disclosed, and for how many of those nobody confirmed the stated address."""

    title: str
    asked: int
    disclosed: int
    unconfirmed: int
    facts: tuple[Fact, ...]


def read_record(path: Path) -> Record:
    """Read a record. Raises CountersealError ``record`` when the file is not one."""
    try:
        held = tomllib.loads(path.read_text(encoding="utf-8"))
        facts = tuple(Fact(str(one["figure"]), str(one["says"]), str(one["source"])) for one in held["fact"])
        found = Record(str(held["title"]), held["asked"], held["disclosed"], held["unconfirmed"], facts)
        sound = found.asked >= found.disclosed >= found.unconfirmed >= 0
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, KeyError, TypeError) as error:
        raise CountersealError(
            "record", "This is not the record of a matter.", where=path.name, next_step="See law/record/ for the form."
        ) from error
    if not sound:
        raise CountersealError(
            "record", "A record's counts do not nest: asked, disclosed, unconfirmed.", where=path.name
        )
    return found
