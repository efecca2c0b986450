"""The life of an incident: a suspected wrong disclosure, from the moment it is noticed to the day it is closed.

The report comes first: it is due 24 hours after a possible issue is identified, holds nothing of a person and does
not wait for certainty (Publication 1075, section 10). Safeguards is told before individuals or media, so no notice
goes before the report. An incident is closed by two people, when nothing of it waits or what waits is explained.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterable


class Source(StrEnum):
    """Who noticed."""

    HOLDER = "holder"
    OFFICE = "office"
    OVERSIGHT = "oversight"
    COURT = "court"
    PERSON = "person"


class NoticeGround(StrEnum):
    """Why a taxpayer is told. The first two are 26 U.S.C. 7431(e); for the rest no duty was found."""

    CHARGE = "criminal charge"
    DISCIPLINE = "proposed discipline"
    COURT = "order of a court"
    DECISION = "decision of counsel"


class Act(StrEnum):
    """What was done about it."""

    OPENED = "opened"
    CONTAINED = "contained"
    REPORTED = "reported"
    CHARGED = "charged"
    NOTIFIED = "notified"
    PROPOSED = "close proposed"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Event:
    """One act about an incident, with the entry that holds it. ``delivered`` is set where it is about one delivery."""

    act: Act
    entry: int
    at: datetime
    delivered: int | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident. ``number`` is the entry that opened it; ``delivered`` are the deliveries in question.

    ``identified`` is when a possible issue was identified, and the clock of the report runs from it to ``due``.
    """

    number: int
    source: Source
    identified: datetime
    due: datetime
    delivered: tuple[int, ...]
    events: tuple[Event, ...]

    def first(self, act: Act) -> Event | None:
        """Give the first act of its kind, None where there is none."""
        return next((event for event in self.events if event.act is act), None)

    @property
    def owed(self) -> tuple[int, ...]:
        """Give the deliveries whose taxpayer must be told and is not yet: 26 U.S.C. 7431(e)."""
        charged, told = (
            [event.delivered for event in self.events if event.act is act] for act in (Act.CHARGED, Act.NOTIFIED)
        )
        return tuple(one for one in self.delivered if one in charged and one not in told)

    @property
    def state(self) -> str:
        """How it stands, in a word."""
        if self.first(Act.CLOSED):
            return "closed"
        if not self.first(Act.REPORTED):
            return "to be reported"
        return "contained" if self.first(Act.CONTAINED) else "to be contained"

    def overdue(self, now: datetime) -> bool:
        """Tell whether the report is late: given after its time, or not given when it ran out."""
        reported = self.first(Act.REPORTED)
        return (reported.at if reported else now) > self.due


def after(incident: Incident, event: Event) -> Incident:
    """Add an act. Raises CountersealError ``incident-closed``, ``incident-order`` or ``incident-proposal``."""
    if incident.first(Act.CLOSED):
        raise CountersealError("incident-closed", "This incident is closed. Open another.", where=str(incident.number))
    if event.act in {Act.NOTIFIED, Act.PROPOSED} and not incident.first(Act.REPORTED):
        raise CountersealError(
            "incident-order",
            "The report comes before any notice to an individual, and before an incident is closed.",
            where=str(incident.number),
            next_step="counterseal incident report",
        )
    if event.act is Act.CLOSED and (not incident.events or incident.events[-1].act is not Act.PROPOSED):
        raise CountersealError(
            "incident-proposal", "Nobody has proposed to close it as it now stands.", where=str(incident.number)
        )
    return replace(incident, events=(*incident.events, event))


def replay(incident: Incident, events: Iterable[Event]) -> Incident:
    """Add acts that are already in the ledger, in its order."""
    for event in events:
        incident = after(incident, event)
    return incident
