"""The life of one package in one officer's hands, from delivery to its end, and what was ordered about it.

A holding is told by events in the ledger's order. It ends once, by return or destruction; an order to its holder is
acknowledged and certified, and an end that the holder certifies answers every order that asks for one. Nothing here
reads a clock: whoever asks what is overdue says what time it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


class Ground(StrEnum):
    """Why an order goes to a holder."""

    RECALL = "recall"
    COURT = "court"
    CORRECTION = "correction"


class Outcome(StrEnum):
    """What a holder certifies."""

    RETURNED = "returned"
    DESTROYED = "destroyed"
    KEPT = "kept"
    """Use has stopped and it is kept apart under the safeguards, because a court or the law has it kept."""
    CORRECTED = "corrected"


ENDS = frozenset({Outcome.RETURNED, Outcome.DESTROYED})
ANSWERS = {
    Ground.RECALL: ENDS,
    Ground.COURT: ENDS | {Outcome.KEPT},
    Ground.CORRECTION: ENDS | {Outcome.CORRECTED},
}
"""What answers an order, by its ground."""
CEASED, CANNOT = "ceased", "cannot"
"""What a holder may answer before they certify: that use has ceased, or that what is asked cannot be done and why."""


class Act(StrEnum):
    """What an event tells of a holding."""

    ACKNOWLEDGED = "acknowledged"
    USED = "used"
    ENDED = "ended"
    ORDERED = "ordered"
    ORDER_ACKNOWLEDGED = "order acknowledged"
    CERTIFIED = "certified"


class State(StrEnum):
    """How a holding stands."""

    SENT = "sent"
    HELD = "held"
    USED = "used"
    RETURNED = "returned"
    DESTROYED = "destroyed"


@dataclass(frozen=True, slots=True)
class HolderOrder:
    """An order to one holder about one package. ``entry`` is its place in the ledger; ``due`` is its last moment.

    ``stop`` is the entry of the stop order that it serves, None where it serves none. ``answered`` is the holder's last
    word before a certificate, ``ceased`` or ``cannot``; it leaves the order open.
    """

    entry: int
    ground: Ground
    duty: str
    at: datetime
    due: datetime
    document: str
    stop: int | None = None
    acknowledged_at: datetime | None = None
    certified_at: datetime | None = None
    outcome: Outcome | None = None
    answered: str = ""

    def overdue(self, now: datetime) -> bool:
        """Tell whether it was to be certified before now, and was not."""
        return self.certified_at is None and now > self.due

    @property
    def word(self) -> str:
        """How it stands, but for its clock."""
        if self.outcome is not None:
            return str(self.outcome)
        return self.answered or ("ordered" if self.acknowledged_at is None else "acknowledged")


@dataclass(frozen=True, slots=True)
class Holding:
    """A package in an officer's hands. ``officer`` is the digest of their certificate.

    ``delivered`` and ``intent`` are entries of the ledger, ``over`` is the release's digest.
    """

    delivered: int
    intent: int
    over: str
    agency: str
    agreement: str
    officer: str
    since: datetime
    acknowledged_at: datetime | None = None
    used_at: datetime | None = None
    ended_at: datetime | None = None
    ended_as: Outcome | None = None
    orders: tuple[HolderOrder, ...] = ()

    @property
    def state(self) -> State:
        """How it stands."""
        if self.ended_as is not None:
            return State(self.ended_as.value)
        if self.used_at is not None:
            return State.USED
        return State.SENT if self.acknowledged_at is None else State.HELD

    @property
    def is_held(self) -> bool:
        """Tell whether somebody still holds it, as far as anybody has certified."""
        return self.ended_at is None

    def overdue(self, now: datetime) -> bool:
        """Tell whether any order to its holder is overdue."""
        return any(one.overdue(now) for one in self.orders)

    def order(self, entry: int) -> HolderOrder:
        """Give the order of an entry. Raises CountersealError ``custody-order``."""
        for one in self.orders:
            if one.entry == entry:
                return one
        raise CountersealError("custody-order", f"Entry {entry} is no order to this holder.")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to a holding.

    ``outcome`` belongs to an end and a certificate, ``order`` to both answers of an order, ``ordered`` to an order,
    ``answered`` to an acknowledgement that says more.
    """

    act: Act
    at: datetime
    outcome: Outcome | None = None
    order: int | None = None
    ordered: HolderOrder | None = None
    answered: str = ""


def after(holding: Holding, event: Event) -> Holding:
    """Give the holding after an event.

    Raises CountersealError ``custody-ended`` for what was returned or destroyed, ``custody-order`` for an order that is
    not this holder's, ``custody-certified`` for one that was certified before, and ``custody-outcome`` for an outcome
    that does not answer it.
    """
    if event.act in {Act.ACKNOWLEDGED, Act.USED, Act.ENDED} and not holding.is_held:
        raise CountersealError("custody-ended", "This was returned or destroyed before; nothing more happens to it.")
    if event.act is Act.ACKNOWLEDGED:
        return replace(holding, acknowledged_at=holding.acknowledged_at or event.at)
    if event.act is Act.USED:
        return replace(holding, used_at=holding.used_at or event.at)
    if event.act is Act.ENDED:
        return _ended(holding, event.at, event.outcome)
    if event.act is Act.ORDERED:
        return _ordered(holding, event.ordered)
    if event.order is None:
        raise CountersealError("custody-order", "Say which order is answered.")
    held = holding.order(event.order)
    if held.certified_at is not None:
        raise CountersealError("custody-certified", "This order was certified before.")
    if event.act is Act.ORDER_ACKNOWLEDGED:
        first, word = held.acknowledged_at or event.at, event.answered or held.answered
        return _with(holding, replace(held, acknowledged_at=first, answered=word))
    if event.outcome not in ANSWERS[held.ground]:
        words = ", ".join(sorted(ANSWERS[held.ground]))
        raise CountersealError("custody-outcome", f"An order of this ground is answered by: {words}.")
    answered = replace(held, certified_at=event.at, outcome=event.outcome)
    holding = _with(holding, answered)
    return _ended(holding, event.at, event.outcome) if event.outcome in ENDS and holding.is_held else holding


def life(holding: Holding, events: Iterable[Event]) -> Holding:
    """Give a holding after all that happened to it.

    An event that its life refuses changes nothing: the ledger has it, and what is told stays what could be true.
    """
    for event in events:
        try:
            holding = after(holding, event)
        except CountersealError:
            continue
    return holding


def _ordered(holding: Holding, order: HolderOrder | None) -> Holding:
    if order is None or any(one.entry == order.entry for one in holding.orders):
        raise CountersealError("custody-order", "An order is given once, and whole.")
    if not holding.is_held:
        raise CountersealError("custody-ended", "Nobody holds this any more; there is nobody to order.")
    return replace(holding, orders=(*holding.orders, order))


def _with(holding: Holding, order: HolderOrder) -> Holding:
    return replace(holding, orders=tuple(order if one.entry == order.entry else one for one in holding.orders))


def _ended(holding: Holding, at: datetime, outcome: Outcome | None) -> Holding:
    if outcome not in ENDS:
        raise CountersealError("custody-outcome", "What is held ends by return or destruction.")
    orders = tuple(
        one if one.certified_at is not None else replace(one, certified_at=at, outcome=outcome)
        for one in holding.orders
    )
    return replace(holding, ended_at=at, ended_as=outcome, orders=orders)
