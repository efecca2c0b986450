"""What a stop order met: what was on its way, what had left before it, who holds that, and what they answered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.flow.custody import held_packages
from counterseal.flow.recall import reached
from counterseal.store.custody import entries_at
from counterseal.store.listing import cases_stopped
from counterseal.store.stop_orders import held_order

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.core.custody import HolderOrder
    from counterseal.flow.custody import Held
    from counterseal.flow.office import Office
    from counterseal.store.listing import CaseStopped


@dataclass(frozen=True, slots=True)
class HolderReached:
    """A holder in the order's reach. ``served`` is the order that this stop sent them, None where none went."""

    held: Held
    served: HolderOrder | None

    def standing(self, now: datetime) -> str:
        """Give how this holder stands: ``not served``, ``overdue``, ``served``, ``acknowledged`` or the outcome."""
        if self.served is None:
            return "not served" if self.held.holding.is_held else str(self.held.holding.ended_as)
        if self.served.overdue(now):
            return "overdue"
        return "served" if self.served.word == "ordered" else self.served.word


@dataclass(frozen=True, slots=True)
class StopReport:
    """The report of one order. ``court`` and ``docket`` are empty where no court made it; times are in UTC."""

    order: int
    entry: int
    court: str
    docket: str
    ordered_at: str
    confirm_by: str
    words_sha256: str
    stopped: tuple[CaseStopped, ...]
    holders: tuple[HolderReached, ...]


def stop_report(office: Office, order: int) -> StopReport:
    """Make the report of an order. Raises CountersealError ``stop-order-unknown``."""
    held = held_order(order)
    facts = {name: str(value) for name, value in entries_at([held.entry])[held.entry].body.items()}
    within = {(one.delivered, one.officer) for one in reached(office, held)}
    holders = [
        HolderReached(one, next((sent for sent in one.holding.orders if sent.stop == held.entry), None))
        for one in held_packages(office)
        if (one.holding.delivered, one.holding.officer) in within
    ]
    now = office.clock.now()
    first = {"overdue": 0, "not served": 1, "served": 2, "acknowledged": 3}
    holders.sort(key=lambda one: (first.get(one.standing(now), 4), one.held.holding.delivered))
    return StopReport(
        held.id, held.entry, facts.get("court", ""), facts.get("docket", ""), facts.get("ordered_at", ""),
        facts.get("confirm_by", ""), facts.get("words_sha256", ""), tuple(cases_stopped(held.entry)), tuple(holders),
    )  # fmt: skip
