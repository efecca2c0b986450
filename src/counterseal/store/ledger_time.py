"""What the ledger knows of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.store.models.ledger import LedgerEntry

if TYPE_CHECKING:
    from datetime import datetime


def last_entered() -> datetime | None:
    """Give the time of the last entry; None where there is none."""
    return LedgerEntry.objects.order_by("-index").values_list("at", flat=True).first()
