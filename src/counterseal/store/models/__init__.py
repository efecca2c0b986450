"""The tables of the office. One file a subject: the office, the ledger, casework, the interface for agencies."""

from counterseal.store.models.casework import Approval, CaseEvent, OfficialKey, Opinion
from counterseal.store.models.interface import CallCount, Hold, IdempotentCall, SpentToken, Upload, Withdrawal
from counterseal.store.models.ledger import (
    LedgerCheckpoint,
    LedgerCosignature,
    LedgerEntry,
    LedgerOpening,
)
from counterseal.store.models.office import Agency, Official, StopOrder
from counterseal.store.models.people import AccountProposal, Inspection, Invitation
from counterseal.store.models.queue import SavedFilter
from counterseal.store.models.register import AgencyKey, AgencyRoot, Officer
from counterseal.store.models.submission import Case, Submission

__all__ = [
    "AccountProposal",
    "Agency",
    "AgencyKey",
    "AgencyRoot",
    "Approval",
    "CallCount",
    "Case",
    "CaseEvent",
    "Hold",
    "IdempotentCall",
    "Inspection",
    "Invitation",
    "LedgerCheckpoint",
    "LedgerCosignature",
    "LedgerEntry",
    "LedgerOpening",
    "Officer",
    "Official",
    "OfficialKey",
    "Opinion",
    "SavedFilter",
    "SpentToken",
    "StopOrder",
    "Submission",
    "Upload",
    "Withdrawal",
]
