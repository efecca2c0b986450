"""An entry: one canonical JSON object (RFC 8785) of strings and integers, without personal values.

A personal value appears only as a commitment: SHA-256 over a context, the field's name, a fresh salt of
32 bytes and the canonical value. The opening (salt and value) is kept apart and can be destroyed; the
entry then says nothing more, and the tree stays whole. The stored bytes are the truth: they are made
once, here, and never written anew.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import UTC
from enum import StrEnum
from hashlib import sha256
from typing import TYPE_CHECKING, TypeAlias

from counterseal.errors import CountersealError
from counterseal.ledger.canonical import canonical, canonical_text, encoded, read_canonical
from counterseal.ledger.tiles import LARGEST_ENTRY

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

SALT = 32
CONTEXT = b"counterseal/commitment/v1\0"
_TWO = tuple(f"{number:02}" for number in range(60))
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,62}")

Fact: TypeAlias = "str | int | list[Fact] | dict[str, Fact]"


class EntryKind(StrEnum):
    """What an entry records."""

    START_UP = "start-up"
    REGISTERED = "registered"
    RECEIVED = "received"
    HELD = "held"
    WITHDRAWN = "withdrawn"
    SCREENED = "screened"
    IDENTIFIED = "identified"
    DETERMINED = "determined"
    JUDGED = "judged"
    CASE = "case"
    SIGNED = "signed"
    REFUSED = "refused"
    INTENT = "intent"
    DELIVERED = "delivered"
    ANSWERED = "answered"
    ACKNOWLEDGED = "acknowledged"
    DESTROYED = "destroyed"
    CUSTODY = "custody"
    RECALL = "recall"
    RETENTION = "retention"
    SAFEGUARDS = "safeguards"
    STOP = "stop"
    LIFT = "lift"
    ROLE = "role"
    AGREEMENT = "agreement"
    INCIDENT = "incident"
    INSPECTED = "inspected"
    ACCOUNTED = "accounted"
    WITHHELD = "withheld"
    SAMPLE = "sample"
    RE_REVIEWED = "re-reviewed"


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one commitment. It is personal: kept apart, sealed, and destroyed when its time is up."""

    field: str
    salt: bytes
    value: str | int

    @property
    def commitment(self) -> str:
        """The commitment that this opens, in hexadecimal."""
        return commit(self.field, self.salt, self.value)


def commit(field: str, salt: bytes, value: str | int) -> str:
    """Commit to a value, in hexadecimal.

    Raises CountersealError ``commitment`` when the field is no plain name, the salt is not 32 bytes or
    the value is neither text nor an integer.
    """
    if not _FIELD.fullmatch(field) or len(salt) != SALT:
        raise CountersealError("commitment", "A commitment takes a plain field name and 32 bytes of salt.")
    if isinstance(value, bool) or not isinstance(value, str | int):
        raise CountersealError("commitment", "A commitment is to a text or an integer.")
    return sha256(CONTEXT + field.encode() + b"\0" + salt + canonical(value)).hexdigest()


def opens(commitment: str, opening: Opening) -> bool:
    """Tell whether the opening is the one that was committed to."""
    return hmac.compare_digest(opening.commitment, commitment)


def stamp(at: datetime) -> str:
    """Write an entry's time: RFC 3339, in UTC, to the microsecond. A later time's text is the greater.

    Raises CountersealError ``entry-value`` for a time that does not say where it stands to UTC.
    """
    if at.tzinfo is not UTC:
        if at.tzinfo is None:
            raise CountersealError("entry-value", "An entry's time is in UTC.")
        at = at.astimezone(UTC)
    year, part = str(10_000 + at.year)[1:], str(1_000_000 + at.microsecond)[1:]  # a format is read anew each time
    return f"{year}-{_TWO[at.month]}-{_TWO[at.day]}T{_TWO[at.hour]}:{_TWO[at.minute]}:{_TWO[at.second]}.{part}Z"


def write_entry(kind: str, at: str, body: Mapping[str, Fact], commitments: Mapping[str, str]) -> bytes:
    """Make an entry's bytes. ``kind`` is a kind's own word and ``at`` a stamp.

    ``body`` holds strings, integers, lists and objects of them.

    Raises CountersealError ``entry-value`` for any other value (a fraction, a truth value, nothing) and
    ``entry-too-large`` beyond 65,535 bytes.
    """
    held = f',"body":{canonical_text(dict(body))}' if body else ""
    if commitments:
        held += f',"commitments":{canonical_text(dict(commitments))}'
    entry = encoded(f'{{"at":"{at}"{held},"kind":"{kind}","v":1}}')  # the members in their order
    if len(entry) > LARGEST_ENTRY:
        raise CountersealError("entry-too-large", f"An entry is at most {LARGEST_ENTRY} bytes long.")
    return entry


def read_entry(entry: bytes) -> dict[str, Fact]:
    """Read an entry's bytes back.

    Raises CountersealError ``entry-form`` when they are not the canonical bytes of an entry.
    """
    try:
        whole = read_canonical(entry)
        if isinstance(whole, dict) and EntryKind(whole.get("kind", "")):
            return whole
    except (ValueError, RecursionError, CountersealError) as error:
        raise CountersealError("entry-form", "These are not the canonical bytes of an entry.") from error
    raise CountersealError("entry-form", "These are not the canonical bytes of an entry.")
