"""A requesting agency's key and the official whose it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key that the custodian's register holds.

    ``key`` is a verifier key (C2SP signed-note). ``signer`` and ``office`` say whose signature it makes; a key
    without an office is a client's: it opens the interface for programs and signs no request. Both days of
    validity are within it. ``memo_sha256`` is the digest of the memorandum by which somebody acts in the office.
    A key counts only after a second person of the custodian has confirmed it.
    """

    id: int
    agency: str
    key: str
    signer: str
    office: str
    valid_from: date
    valid_to: date
    memo_sha256: str
    confirmed: bool
    ended_at: datetime | None

    @property
    def opens_the_interface(self) -> bool:
        """Whether this is a program's key rather than an official's."""
        return not self.office

    @property
    def acting(self) -> bool:
        """Whether the office is held by somebody who acts in it."""
        return is_acting(self.office)


def is_acting(office: str) -> bool:
    """Tell whether an office as written is that of an acting official, who needs a memorandum (P-04)."""
    return any(word.strip("().,") in {"acting", "performing"} for word in office.casefold().split())
