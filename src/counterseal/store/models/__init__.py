"""The tables of the office. One file a subject; ``0001`` makes the office, ``0002`` the ledger."""

from counterseal.store.models.ledger import (
    LedgerCheckpoint,
    LedgerCosignature,
    LedgerEntry,
    LedgerOpening,
)
from counterseal.store.models.office import Agency, Official, StopOrder
from counterseal.store.models.submission import Case, Submission

__all__ = [
    "Agency",
    "Case",
    "LedgerCheckpoint",
    "LedgerCosignature",
    "LedgerEntry",
    "LedgerOpening",
    "Official",
    "StopOrder",
    "Submission",
]
