"""Stop orders in the database: entered, acknowledged, lifted by two people, never deleted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.store.models import StopOrder

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class OrderHeld:
    """A stop order as it stands in this transaction. ``person`` is sealed; ``reaches`` commits to it."""

    id: int
    scope: str
    reaches: str
    person: bytes
    entry: int
    lift_asked_by: str
    lifted: bool


def enter_order(scope: str, reaches: str, person: bytes, authority: str, by: str, *, at: datetime, entry: int) -> int:
    """Keep a stop order; give its number."""
    made = StopOrder.objects.create(
        scope=scope, reaches=reaches, person=person, authority=authority, issued_by=by, issued_at=at, issue_entry=entry
    )
    return int(made.pk)


def held_order(order: int) -> OrderHeld:
    """Give a stop order. Raises CountersealError ``stop-order-unknown``."""
    found = StopOrder.objects.filter(pk=order).first()
    if found is None:
        raise CountersealError(
            "stop-order-unknown", "There is no such stop order.", next_step="See: counterseal stop-order list"
        )
    return _order(found)


def orders_in_force() -> list[OrderHeld]:
    """Give every stop order that has not been lifted."""
    return [_order(one) for one in StopOrder.objects.filter(lifted_at=None).order_by("pk")]


def _order(found: StopOrder) -> OrderHeld:
    return OrderHeld(
        found.pk, found.scope, found.reaches, bytes(found.person), found.issue_entry, found.lift_asked_by,
        found.lifted_at is not None,
    )  # fmt: skip


def acknowledge_orders(size: int, *, at: datetime) -> None:
    """Set down that the orders among the ledger's first ``size`` entries are durable and witnessed."""
    StopOrder.objects.filter(acknowledged_at=None, issue_entry__lt=size).update(acknowledged_at=at)


def ask_to_lift(order: int, by: str, authority: str, *, at: datetime) -> None:
    """Set down who asked that an order be lifted, and on what authority."""
    StopOrder.objects.filter(pk=order).update(lift_asked_by=by, lift_asked_at=at, lift_authority=authority)


def lift_order(order: int, by: str, *, at: datetime, entry: int) -> None:
    """Lift an order. The database refuses the one who asked."""
    StopOrder.objects.filter(pk=order, lifted_at=None).update(lifted_by=by, lifted_at=at, lift_entry=entry)
