"""Incidents: a suspected wrong disclosure opened, contained, reported, told to the person, and closed by two.

Each act is an entry, and an incident is what its entries tell. The ledger holds which deliveries are in question,
when the issue was identified and what was done by when; who acted and in which words is committed to. Nothing of a
person is in an entry, a report or a log: a taxpayer's name and address are in the one letter that goes to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.custody import Ground
from counterseal.core.incident import Act, Event, Incident, NoticeGround, Source, after, replay
from counterseal.core.official import Role
from counterseal.core.period import read_period
from counterseal.errors import CountersealError
from counterseal.flow.custody import ELEMENTS, duties_of, held_packages
from counterseal.flow.orders import acting_name, door_of
from counterseal.flow.recall import order_holders
from counterseal.flow.register import same_person
from counterseal.oversight.incident import Figures
from counterseal.store.custody import delivered_cases, entries_of
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from counterseal.flow.custody import Held
    from counterseal.flow.office import Office
    from counterseal.flow.orders import By
    from counterseal.flow.recall import Sent
    from counterseal.ledger.entry import Fact
    from counterseal.store.custody import Told

MAY_ACT = frozenset({Role.COUNSEL, Role.OVERSIGHT})
REPORT = "identification of a possible issue"
"""What starts the duty to report, as the agreement's document says it."""
STRICT = timedelta(hours=24)
"""The longest time of the report (Publication 1075, section 10). A document may give a shorter one."""


@dataclass(frozen=True, slots=True)
class Seen:
    """An incident with what left, in whose hands it is, and the figures that a report tells."""

    incident: Incident
    held: tuple[Held, ...]
    figures: Figures


def open_incident(
    office: Office, delivered: Iterable[int], source: Source, identified: datetime, words: str, *, by: By
) -> Incident:
    """Open an incident over deliveries. ``identified`` is when a possible issue was noticed, not when it is entered.

    Raises CountersealError ``incident-delivered`` for what delivered nothing, ``incident-words`` without words,
    ``incident-time`` for a time that is yet to come, ``role``.
    """
    wanted = sorted(set(delivered))
    if not words.strip():
        raise CountersealError("incident-words", "Say what was noticed; it is committed to in the ledger.")
    with one_act():
        office.ledger.lock()
        name, now = acting_name(by, MAY_ACT), office.clock.now()
        if identified > now:
            raise CountersealError("incident-time", "Nothing is identified before it happens.", where="--identified")
        known = {one.holding.delivered: one.holding.agreement for one in held_packages(office)}
        unknown = [one for one in wanted if one not in known]
        if unknown or not wanted:
            raise CountersealError(
                "incident-delivered", "Name entries that delivered something.", where=", ".join(map(str, unknown)),
                next_step="counterseal custody list",
            )  # fmt: skip
        due = min(_reported_by(office, known[one], identified) for one in wanted)
        body: dict[str, Fact] = {
            "act": str(Act.OPENED), "source": str(source), "identified": identified.astimezone(UTC).isoformat(),
            "due": due.astimezone(UTC).isoformat(), "delivered": [*wanted], "door": door_of(by),
        }  # fmt: skip
        entry = office.ledger.append("incident", body, {"by": name, "words": words.strip()})
    office.ledger.publish()
    return incident(office, entry)


def contain(office: Office, number: int, reason: str, due: datetime | None, *, by: By) -> Sent:
    """Recall what left from everybody who holds it, and enter that it was done.

    Raises as ``order_holders`` does, ``incident-unknown`` and ``incident-closed``.
    """
    found = incident(office, number)
    _check(found, Act.CONTAINED, office)
    sent = order_holders(office, found.delivered, Ground.RECALL, by=by, reason=reason, due=due)
    body: dict[str, Fact] = {"orders": [*sent.entries], "passed_over": sent.passed_over}
    _enter(office, number, Act.CONTAINED, body, {}, by)
    return sent


def report(office: Office, number: int, write: Callable[[Seen], bytes], *, by: By) -> tuple[Seen, int]:
    """Make the report, hand it to ``write`` and enter its digest. Give what it tells, and the entry.

    What is refused is not written. Raises CountersealError ``incident-unknown``, ``incident-closed`` or ``role``.
    """
    acting_name(by, MAY_ACT)
    told = seen(office, number)
    _check(told.incident, Act.REPORTED, office)
    document = sha256(write(told)).hexdigest()
    return told, _enter(office, number, Act.REPORTED, {"document": document}, {}, by)


def notify(
    office: Office, number: int, delivered: int, ground: NoticeGround, letter: bytes, reason: str, *, by: By
) -> int:
    """Enter that the taxpayer behind a delivery is told, by this letter. Give the entry.

    Raises CountersealError ``incident-order`` before the report, ``incident-delivered`` for a delivery that is not in
    question, ``incident-words`` where counsel decides and does not say why, ``incident-unknown``,
    ``incident-closed`` or ``role``.
    """
    if delivered not in incident(office, number).delivered:
        raise CountersealError("incident-delivered", "This delivery is not in question here.", where=str(delivered))
    if ground is NoticeGround.DECISION and not reason.strip():
        raise CountersealError(
            "incident-words", "No duty to tell was found outside 7431(e); say why the person is told.", where="--reason"
        )
    body: dict[str, Fact] = {
        "delivered": delivered, "ground": str(ground), "document": sha256(letter).hexdigest(),
    }  # fmt: skip
    committed = {"reason": reason.strip()} if reason.strip() else {}
    return _enter(office, number, Act.NOTIFIED, body, committed, by)


def propose_close(office: Office, number: int, words: str, *, by: By) -> int:
    """Propose to close an incident. What still waits, or came late, must be explained in ``words``.

    Raises CountersealError ``incident-waits`` where something waits and no word is said of it, ``incident-order``,
    ``incident-unknown``, ``incident-closed`` or ``role``.
    """
    waits = waiting(office, seen(office, number))
    if waits and not words.strip():
        raise CountersealError(
            "incident-waits", f"Not everything is done: {'; '.join(waits)}.", where=str(number),
            next_step="Finish it, or say why it is closed with that.",
        )  # fmt: skip
    committed = {"words": words.strip()} if words.strip() else {}
    return _enter(office, number, Act.PROPOSED, {"waits": [*waits]}, committed, by)


def close(office: Office, number: int, *, by: By) -> int:
    """Close what another proposed to close, if nothing was done about it since.

    Raises CountersealError ``incident-same-person``, ``incident-proposal``, ``incident-unknown``,
    ``incident-closed`` or ``role``.
    """
    found, name = incident(office, number), acting_name(by, MAY_ACT)
    proposed = found.events[-1] if found.events else None
    if proposed is not None and proposed.act is Act.PROPOSED:
        other = str(office.ledger.opening(proposed.entry, "by").value)
        if same_person(other, name):
            raise CountersealError("incident-same-person", "Whoever proposed to close it cannot close it.")
    return _enter(office, number, Act.CLOSED, {}, {}, by)


def incidents(office: Office) -> list[Incident]:
    """Give every incident: those that are open first, the newest first among them."""
    del office  # the ledger of the office that is open
    found = _read(entries_of(["incident"]))
    return sorted(found.values(), key=lambda one: (one.state == "closed", -one.number))


def incident(office: Office, number: int) -> Incident:
    """Give one incident. Raises CountersealError ``incident-unknown``."""
    for one in incidents(office):
        if one.number == number:
            return one
    raise CountersealError(
        "incident-unknown", f"Entry {number} opens no incident.", next_step="counterseal incident list"
    )


def seen(office: Office, number: int) -> Seen:
    """Give an incident with what left and its figures. Raises CountersealError ``incident-unknown``."""
    found = incident(office, number)
    held = tuple(one for one in held_packages(office) if one.holding.delivered in found.delivered)
    now, cases = office.clock.now(), delivered_cases()
    orders = [order for one in held for order in one.holding.orders if order.ground is not Ground.CORRECTION]
    people = {(cases[one].submission, cases[one].row) if one in cases else one for one in found.delivered}
    figures = Figures(
        deliveries=len(found.delivered),
        people=len(people),
        recipients=len(held),
        acts=len(held) * len(ELEMENTS),
        elements=ELEMENTS,
        agencies=tuple(sorted({one.agency_title for one in held})),
        agreements=tuple(sorted({one.holding.agreement for one in held})),
        still_held=sum(one.holding.is_held for one in held),
        ordered=len(orders),
        certified=sum(order.certified_at is not None for order in orders),
        overdue=sum(order.overdue(now) for order in orders),
        notices=sum(event.act is Act.NOTIFIED for event in found.events),
    )
    return Seen(found, held, figures)


def waiting(office: Office, told: Seen) -> tuple[str, ...]:
    """Say what is not done, or was done late, in words that name nobody."""
    found, figures = told.incident, told.figures
    said = []
    if found.overdue(office.clock.now()):
        said.append("the report is late, or was")
    if not found.first(Act.CONTAINED):
        said.append("nothing was recalled")
    if figures.still_held:
        said.append(f"{figures.still_held} of {figures.recipients} holders have certified no end")
    return tuple(said)


def _reported_by(office: Office, agreement: str, identified: datetime) -> datetime:
    clocks = [one.clock for one in duties_of(office.workspace, agreement) if one.starts.casefold() == REPORT]
    periods = [period for period in map(read_period, clocks) if period is not None]
    return min([identified + STRICT, *(period.after(identified) for period in periods)])


def _enter(office: Office, number: int, act: Act, body: dict[str, Fact], committed: dict[str, str], by: By) -> int:
    with one_act():
        office.ledger.lock()
        name = acting_name(by, MAY_ACT)
        _check(incident(office, number), act, office)
        entry = office.ledger.append(
            "incident", {"act": str(act), "incident": number, "door": door_of(by), **body}, {"by": name, **committed}
        )
    office.ledger.publish()
    return entry


def _check(found: Incident, act: Act, office: Office) -> None:
    after(found, Event(act, -1, office.clock.now()))


def _read(entries: Sequence[Told]) -> dict[int, Incident]:
    found: dict[int, Incident] = {}
    for told in entries:
        body = told.body
        if body["act"] == Act.OPENED:
            found[told.index] = Incident(
                told.index, Source(body["source"]), datetime.fromisoformat(body["identified"]),
                datetime.fromisoformat(body["due"]), tuple(body["delivered"]), (),
            )  # fmt: skip
        else:
            number = int(body["incident"])
            found[number] = replay(found[number], [Event(Act(body["act"]), told.index, told.at)])
    return found
