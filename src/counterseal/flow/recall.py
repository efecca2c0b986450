"""Orders to those who hold what left: a recall, a court's stop, a correction; each an entry, and so each answer.

One order goes to each officer about each package. It is due at the time that the agreement's duty gives, or sooner;
where the document sets no time the one who orders says one. A holder's answer never takes an order back, and no time
that runs out closes one.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.custody import Act, Event, Ground, Outcome, after
from counterseal.core.official import Role
from counterseal.core.period import read_period
from counterseal.errors import CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.flow.custody import duty_of, find_holdings, holdings, ordered_entry, package_digest
from counterseal.flow.orders import acting_name, door_of, left_before
from counterseal.ledger.folder import LedgerFolder, prove_entry
from counterseal.ledger.holder_order import order_body, order_document
from counterseal.store.custody import delivered_cases, entries_at
from counterseal.store.stop_orders import held_order
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from counterseal.core.custody import HolderOrder, Holding
    from counterseal.flow.office import Office
    from counterseal.flow.orders import By
    from counterseal.ledger.entry import Fact
    from counterseal.store.stop_orders import OrderHeld

MAY_ORDER = frozenset({Role.COUNSEL, Role.OVERSIGHT})
LONGEST_WAIT = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Sent:
    """What an order came to: the entries made, and how many holders had it before or hold nothing any more."""

    entries: tuple[int, ...]
    passed_over: int


@dataclass(frozen=True, slots=True)
class _Asked:
    """An order before it has holders. ``since`` is when its duty began, None for now; ``court`` goes into entries."""

    ground: Ground
    due: datetime | None
    since: datetime | None = None
    court: Mapping[str, Fact] = field(default_factory=dict)
    committed: Mapping[str, str] = field(default_factory=dict)

    def is_there(self, order: HolderOrder) -> bool:
        """Tell whether a holder who has this order needs no other."""
        if self.ground is Ground.COURT:
            return order.stop == self.court["stop"]
        return order.ground is self.ground and order.certified_at is None

    def latest(self, clock: str, now: datetime) -> datetime:
        """Give when it is due. What a court says counts as it stands, even where it is past or later than a duty's."""
        if self.due is not None and self.ground is Ground.COURT:
            return self.due
        period = read_period(clock)
        latest = period.after(self.since or now) if period else None
        due = self.due or latest
        if due is None:
            raise CountersealError(
                "custody-due",
                "Neither the order nor the agreement sets a time, so the one who orders must.",
                next_step="Give --due, or for a court's order --confirm-by.",
            )
        if self.due is not None and not now < self.due <= (latest or now + LONGEST_WAIT):
            most = f"{latest:%Y-%m-%d %H:%M} UTC" if latest else "a year from now"
            raise CountersealError("custody-due", f"This time is past, or later than it may be: {most}.")
        return due


def order_holders(
    office: Office, delivered: Iterable[int], ground: Ground, *, by: By, reason: str, due: datetime | None
) -> Sent:
    """Order a recall, or tell a correction, to everybody who holds what these entries delivered.

    ``reason`` is committed to and stands in no document. ``due`` may be sooner than the duty's own time and never
    later. A holder to whom an order of this ground is open is passed over. Raises CountersealError
    ``custody-unknown``, ``custody-reason``, ``custody-due`` or ``role``; then nothing is ordered.
    """
    if ground is Ground.COURT:
        raise CountersealError(
            "custody-court", "A court's stop is served with its stop order.", next_step="counterseal custody serve"
        )
    if not reason.strip():
        raise CountersealError("custody-reason", "Say why; it is committed to in the ledger.")
    wanted = list(dict.fromkeys(delivered))
    asked = _Asked(ground, due, committed={"reason": reason.strip()})
    return _send(office, lambda: [one for number in wanted for one in find_holdings(office, number)], asked, by)


def serve(office: Office, order: int, by: By) -> Sent:
    """Serve a court's stop order on everybody who holds what had left before it and is in its reach.

    Serving again reaches only those who were not served. Raises CountersealError ``custody-court`` for an order that
    no court made, ``custody-due`` where neither court nor document sets a time, ``role``, ``stop-order-unknown`` and
    ``stop-order-lifted``.
    """
    held = held_order(order)
    if held.lifted:
        raise CountersealError("stop-order-lifted", "This order was lifted before.")
    told = entries_at([held.entry])[held.entry].body
    if "court" not in told:
        raise CountersealError(
            "custody-court",
            "No court made this order; holders are asked by a recall.",
            next_step="counterseal custody recall",
        )
    court: dict[str, Fact] = {"stop": held.entry, "court": told["court"], "docket": told["docket"]}
    due = _moment(told["confirm_by"]) if "confirm_by" in told else None
    asked = _Asked(Ground.COURT, due, since=_moment(told["ordered_at"]), court=court)
    return _send(office, lambda: reached(office, held), asked, by)


def reached(office: Office, order: OrderHeld) -> list[Holding]:
    """Give every holding in the reach of a stop order whose answer had left before it.

    A delivery of which the database knows no case is reached unless the order's scope rules it out.
    """
    known = delivered_cases()
    left = {one.id for one in left_before(office, order.id)}
    deliveries = {entry for entry, case in known.items() if case.case in left}
    return [
        one
        for one in holdings(known)
        if one.delivered in deliveries or (one.delivered < order.entry and _may_reach(one, order.scope, order.reaches))
    ]


def acknowledge_order(office: Office, order: int, by: By, document: bytes) -> int:
    """Enter that a holder has acknowledged an order; ``document`` is what they sent. Give the entry."""
    return _answer(office, order, "acknowledged", None, by, document)


def certify_order(office: Office, order: int, outcome: Outcome, by: By, document: bytes) -> int:
    """Enter what a holder has certified in answer to an order; ``document`` is their certificate. Give the entry.

    Raises CountersealError ``custody-outcome`` for what does not answer it, ``custody-certified`` for the second.
    """
    return _answer(office, order, "certified", outcome, by, document)


def record(office: Office, delivered: int, officer: str, outcome: Outcome | None, by: By, document: bytes) -> int:
    """Enter, on a holder's own paper, that use has ended (no outcome), or that it was returned or destroyed.

    ``officer`` is the digest of the certificate. Raises CountersealError ``custody-unknown``, ``custody-outcome``,
    ``custody-ended`` or ``role``.
    """
    with one_act():
        office.ledger.lock()
        name = acting_name(by, MAY_ORDER)
        holding = _holder(office, delivered, officer)
        act = Event(Act.USED if outcome is None else Act.ENDED, office.clock.now(), outcome)
        after(holding, act)
        body: dict[str, Fact] = {
            "delivered": delivered, "officer": officer, "over": holding.over, "document": _digest(document),
            "door": door_of(by), **({"act": "used"} if outcome is None else {"outcome": str(outcome)}),
        }  # fmt: skip
        entry = office.ledger.append("custody" if outcome is None else "destroyed", body, {"by": name})
    office.ledger.publish()
    return entry


def document(office: Office, order: int) -> bytes:
    """Give the document of an order, to be sent to its holder, once it is witnessed. It holds nothing of the person.

    Raises CountersealError ``custody-order`` and ``no-policy``, CheckFailedError ``quorum`` when too few witnesses
    cosign: the order stands, and its document waits.
    """
    told = ordered_entry(order)
    publish_witnessed(office.ledger, office.trust(), office.post)
    receipt = str(prove_entry(LedgerFolder(office.ledger.folder), order))
    return order_document(office.ledger.entry(order), told.body, receipt)


def _send(office: Office, find: Callable[[], Iterable[Holding]], asked: _Asked, by: By) -> Sent:
    entries, passed = [], 0
    with one_act():
        office.ledger.lock()
        name, now = acting_name(by, MAY_ORDER), office.clock.now()
        for one in find():
            if not one.is_held or any(asked.is_there(order) for order in one.orders):
                passed += 1
                continue
            duty = duty_of(office.workspace, one.agreement, asked.ground)
            body = order_body(
                asked.ground, one, duty=duty.id if duty else "", due=asked.latest(duty.clock if duty else "", now),
                package=package_digest(office.workspace, one.over), court=asked.court,
            )  # fmt: skip
            committed = {"by": name, **asked.committed}
            entries.append(office.ledger.append("recall", {**body, "door": door_of(by)}, committed))
    office.ledger.publish()
    return Sent(tuple(entries), passed)


def _answer(office: Office, order: int, act: str, outcome: Outcome | None, by: By, document: bytes) -> int:
    with one_act():
        office.ledger.lock()
        name, told = acting_name(by, MAY_ORDER), ordered_entry(order)
        holding = _holder(office, int(told.body["delivered"]), str(told.body["officer"]))
        kind = Act.CERTIFIED if act == "certified" else Act.ORDER_ACKNOWLEDGED
        after(holding, Event(kind, office.clock.now(), outcome, order))
        body: dict[str, Fact] = {
            "act": act, "order": order, "delivered": holding.delivered, "officer": holding.officer,
            "document": _digest(document), "door": door_of(by), **({"outcome": str(outcome)} if outcome else {}),
        }  # fmt: skip
        entry = office.ledger.append("recall", body, {"by": name})
    office.ledger.publish()
    return entry


def _holder(office: Office, delivered: int, officer: str) -> Holding:
    for one in find_holdings(office, delivered):
        if one.officer == officer:
            return one
    raise CountersealError("custody-unknown", "This officer received nothing by that entry.")


def _may_reach(holding: Holding, scope: str, reaches: str) -> bool:
    if holding.officer:
        return False
    told = {"agency": holding.agency, "agreement": holding.agreement}
    return scope not in told or told[scope] == reaches


def _moment(told: object) -> datetime:
    return datetime.fromisoformat(str(told))


def _digest(document: bytes) -> str:
    if not document.strip():
        raise CountersealError("custody-document", "The holder's own words are empty; nothing is entered on them.")
    return sha256(document).hexdigest()
