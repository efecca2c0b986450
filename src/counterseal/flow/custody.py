"""Who holds what that left: since when, under which conditions, what became of it, and what is due from whom.

Everything is read from the ledger, and names from the register. The times that a duty gives are those of the agreement
under which the answer left, as its document has them; where the document sets none, nothing is called overdue.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from counterseal.core.custody import Act, Event, Ground, HolderOrder, Holding, Outcome, life
from counterseal.core.period import read_period
from counterseal.errors import CountersealError
from counterseal.flow.in_force import conditions_in, read_agreement
from counterseal.store.custody import (
    agency_titles,
    custody_entries,
    delivered_cases,
    entries_at,
    officer_names,
)

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.agreements import Agreement
    from counterseal.agreements.model import Duty
    from counterseal.core.workspace import Workspace
    from counterseal.flow.office import Office
    from counterseal.store.custody import Delivered, Told

ELEMENTS = ("mailing_address",)
"""What an answer holds of a person: the sealer seals no other element."""
UNKNOWN = ""
"""The officer of a delivery whose case is not in the database: somebody holds it, and who is not known here."""
STARTS = {Ground.COURT: "order", Ground.CORRECTION: "correction"}
USE_ENDED = "completion of use"
NEAR = timedelta(days=2)
"""How long before its time something due is called to mind."""


@dataclass(frozen=True, slots=True)
class Held:
    """One package in one officer's hands, for a list. ``case`` is None where the database does not know it."""

    holding: Holding
    officer: str
    agency_title: str
    case: int | None
    submission: str
    row: int | None
    package: str
    elements: tuple[str, ...]
    conditions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Due:
    """Something that somebody must do. ``state`` is ``overdue``, ``soon``, ``open`` or ``continuing``.

    ``at`` is None where the document sets no time. ``escalates`` says to whom it goes once it is overdue; ``holder``
    is the digest of the officer's certificate, as the ledger has them.
    """

    duty: str
    what: str
    cites: str
    who: str
    clock: str
    at: datetime | None
    state: str
    agency: str
    officer: str
    delivered: int
    order: int | None
    escalates: str
    holder: str


def held_packages(office: Office) -> list[Held]:
    """Give everything that left, in every hand that received it: what is overdue first, then the newest."""
    names, titles, cases = officer_names(), agency_titles(), delivered_cases()
    now, packages = office.clock.now(), _Packages(office.workspace)
    held = []
    for holding in holdings(cases):
        case = cases.get(holding.delivered)
        held.append(
            Held(
                holding,
                names.get((holding.agency, holding.officer), "not in the register"),
                titles.get(holding.agency, holding.agency),
                case.case if case else None,
                case.submission if case else "",
                case.row if case else None,
                packages.digest(holding.over),
                ELEMENTS,
                conditions_of(office.workspace, holding.agreement, case.agreement_digest if case else ""),
            )
        )
    return sorted(held, key=lambda one: (not one.holding.overdue(now), not one.holding.is_held, -one.holding.delivered))


def holdings(cases: dict[int, Delivered]) -> list[Holding]:
    """Give every holding that the ledger tells, in the order of delivery. ``cases`` says who received each."""
    started: dict[tuple[int, str], Holding] = {}
    of_release: dict[str, list[int]] = {}
    events: dict[tuple[int, str], list[Event]] = {}
    told = custody_entries()
    for one in told:
        if one.kind == "delivered":
            for holding in _delivered(one, cases.get(one.index)):
                started[one.index, holding.officer] = holding
            of_release.setdefault(str(one.body["over"]), []).append(one.index)
    intents = {holding.intent: holding.delivered for holding in started.values()}
    for one in told:
        event = _event(one)
        if event is not None:
            for place in _places(one, intents, of_release):
                for key in [key for key in started if key[0] == place and _is_of(one, key[1])]:
                    events.setdefault(key, []).append(event)
    return [life(holding, events.get(key, ())) for key, holding in started.items()]


def find_holdings(office: Office, delivered: int) -> list[Holding]:
    """Give who holds what one entry delivered. Raises CountersealError ``custody-unknown``."""
    del office  # it is open, so the database is
    found = [one for one in holdings(delivered_cases()) if one.delivered == delivered]
    if not found:
        raise CountersealError(
            "custody-unknown",
            f"Entry {delivered} delivered nothing.",
            next_step="See: counterseal custody list",
        )
    return found


def due(office: Office) -> list[Due]:
    """Give what is due from holders and from the custodian about what left: the overdue first, then by time.

    An order to a holder is due at its own time. A duty of the document that begins with receipt goes on as long as
    the package is held; one that begins when use has ended is due when use has ended.
    """
    now, names = office.clock.now(), officer_names()
    found: list[Due] = []
    cases = delivered_cases()
    for holding in holdings(cases):
        judged = cases[holding.delivered].agreement_digest if holding.delivered in cases else ""
        duties = {one.id: one for one in duties_of(office.workspace, holding.agreement, judged)}
        officer = names.get((holding.agency, holding.officer), "not in the register")
        found += [_of_order(one, holding, officer, duties.get(one.duty), now) for one in holding.orders if open_(one)]
        if holding.is_held:
            found += [_of_duty(one, holding, officer, now) for one in duties.values() if _runs(one, holding)]
    rank = {"overdue": 0, "soon": 1, "open": 2, "continuing": 3}
    return sorted(found, key=lambda one: (rank[one.state], one.at or now, one.delivered, one.officer, one.duty))


def open_(order: HolderOrder) -> bool:
    """Tell whether an order still waits for its certificate."""
    return order.certified_at is None


def duties_of(workspace: Workspace, agreement: str, digest: str = "") -> tuple[Duty, ...]:
    """Give the duties of the version of an agreement with this digest; none where it is not here any more."""
    found = agreement_here(workspace, agreement, digest)
    return () if found is None else found.duties


def agreement_here(workspace: Workspace, agreement: str, digest: str = "") -> Agreement | None:
    """Give the version with this digest, else the newest; None where there is none that can be read."""
    folder = workspace.agreements / agreement
    if not folder.is_dir():
        return None
    try:
        return read_agreement(folder, digest)
    except CountersealError:
        return None


def conditions_of(workspace: Workspace, agreement: str, digest: str) -> tuple[str, ...]:
    """Give the conditions of use that go with every answer under a version of an agreement."""
    found = agreement_here(workspace, agreement, digest)
    return () if found is None else conditions_in(found)


def duty_of(workspace: Workspace, agreement: str, ground: Ground) -> Duty | None:
    """Give the duty of the document under which an order of this ground goes to a holder; None where it has none."""
    for one in duties_of(workspace, agreement):
        if ground is Ground.RECALL and one.what.casefold().startswith("recall"):
            return one
        if ground is not Ground.RECALL and one.starts.casefold() == STARTS[ground]:
            return one
    return None


def package_digest(workspace: Workspace, over: str) -> str:
    """Give the SHA-256 of a release's package as it was sealed, in hexadecimal; empty where it is not here any more."""
    return _Packages(workspace).digest(over)


@dataclass(frozen=True, slots=True)
class _Packages:
    workspace: Workspace

    def digest(self, over: str) -> str:
        path: Path = self.workspace.packages / f"{over}.sealed"
        return sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _delivered(told: Told, case: Delivered | None) -> list[Holding]:
    body = told.body
    officers = case.recipients if case else (UNKNOWN,)
    return [
        Holding(
            told.index, int(body["intent"]), str(body["over"]), str(body["agency"]), str(body["agreement"]), one,
            told.at,
        )
        for one in officers
    ]  # fmt: skip


def _places(told: Told, intents: dict[int, int], of_release: dict[str, list[int]]) -> list[int]:
    """Give the deliveries that an entry is about, by whichever of their marks it names."""
    body = told.body
    if isinstance(body.get("delivered"), int):
        return [body["delivered"]]
    if isinstance(body.get("intent"), int):
        return [intents[body["intent"]]] if body["intent"] in intents else []
    return of_release.get(str(body.get("over", "")), [])


def _is_of(told: Told, officer: str) -> bool:
    """Tell whether an entry is about this officer: one that names nobody is about everybody who received it."""
    named = told.body.get("officer")
    return named is None or named == officer


def _event(told: Told) -> Event | None:
    body = told.body
    if told.kind == "acknowledged":
        return Event(Act.ACKNOWLEDGED, told.at)
    if told.kind == "destroyed":
        return Event(Act.ENDED, told.at, _outcome(body.get("outcome", "destroyed")))
    if told.kind == "custody":
        return Event(Act.USED, told.at) if body.get("act") == "used" else None
    if told.kind != "recall":
        return None
    if body["act"] == "ordered":
        return Event(Act.ORDERED, told.at, ordered=_order(told, body))
    act = Act.ORDER_ACKNOWLEDGED if body["act"] == "acknowledged" else Act.CERTIFIED
    answered = str(body.get("answer", ""))
    return Event(act, told.at, _outcome(body.get("outcome", "")), int(body["order"]), answered=answered)


def _outcome(word: object) -> Outcome | None:
    try:
        return Outcome(str(word))
    except ValueError:
        return None


def _order(told: Told, body: dict[str, Any]) -> HolderOrder:
    return HolderOrder(
        told.index, Ground(body["ground"]), str(body["duty"]), told.at, datetime.fromisoformat(body["due"]),
        str(body["document"]), body.get("stop"),
    )  # fmt: skip


def _of_order(order: HolderOrder, holding: Holding, officer: str, duty: Duty | None, now: datetime) -> Due:
    what = duty.what if duty else f"answer the {order.ground}"
    return Due(
        order.duty, what, duty.cites if duty else "", "requester", duty.clock if duty else "", order.due,
        _state(order.due, now), holding.agency, officer, holding.delivered, order.entry,
        "counsel, and the agency's head" if order.ground is not Ground.COURT else "counsel, who tells the court",
        holding.officer,
    )  # fmt: skip


def _runs(duty: Duty, holding: Holding) -> bool:
    starts = duty.starts.casefold()
    return starts == "receipt of an answer" or (starts == USE_ENDED and holding.used_at is not None)


def _of_duty(duty: Duty, holding: Holding, officer: str, now: datetime) -> Due:
    period, used = read_period(duty.clock), duty.starts.casefold() == USE_ENDED
    at = period.after((holding.used_at if used else None) or holding.since) if period else None
    state = _state(at, now) if at else ("open" if used else "continuing")
    return Due(
        duty.id, duty.what, duty.cites, duty.who, duty.clock, at, state, holding.agency, officer, holding.delivered,
        None, "the custodian's safeguards office", holding.officer,
    )  # fmt: skip


def _state(at: datetime, now: datetime) -> str:
    if now > at:
        return "overdue"
    return "soon" if at - now <= NEAR else "open"


def ordered_entry(order: int) -> Told:
    """Give the entry of an order to a holder. Raises CountersealError ``custody-order``."""
    told = entries_at([order]).get(order)
    if told is None or told.kind != "recall" or told.body.get("act") != "ordered":
        raise CountersealError(
            "custody-order", f"Entry {order} is no order to a holder.", next_step="See: counterseal custody due"
        )
    return told
