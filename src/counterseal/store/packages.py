"""What the database tells of a release that left."""

from __future__ import annotations

import json
from dataclasses import dataclass

from counterseal.core.case import CaseState
from counterseal.errors import CountersealError
from counterseal.ledger.entry import EntryKind
from counterseal.store.models import Case, LedgerEntry


@dataclass(frozen=True, slots=True)
class ReleasedCase:
    """A released case: the entries of its intent and delivery, and the digests of its recipients' certificates."""

    intent: int
    delivered: int
    recipients: tuple[str, ...]


def released_case(submission: str, row: int) -> ReleasedCase:
    """Give the released case of a row. Raises CountersealError ``not-found``."""
    found = Case.objects.filter(submission_id=submission, row=row, state=CaseState.RELEASED).first()
    if found is None or found.intent_entry is None or found.delivered_entry is None:
        raise CountersealError("not-found", "There is no package for this row.", where=f"row {row}")
    return ReleasedCase(found.intent_entry, found.delivered_entry, tuple(found.recipients))


def acknowledged(delivered: int) -> dict[str, int]:
    """Give who acknowledged what an entry delivered: the digest of the certificate and the entry."""
    found = LedgerEntry.objects.filter(kind=EntryKind.ACKNOWLEDGED, index__gt=delivered).values_list("index", "entry")
    told = {index: json.loads(bytes(entry)).get("body", {}) for index, entry in found.iterator()}
    return {str(body["officer"]): index for index, body in told.items() if body.get("delivered") == delivered}


def certificate_entry(act: str, delivered: int, officer: str) -> int | None:
    """Give the entry of an officer's certificate: ``used``, ``returned`` or ``destroyed``; None without one."""
    kind, word = (EntryKind.CUSTODY, "act") if act == "used" else (EntryKind.DESTROYED, "outcome")
    return _entry(kind, {"delivered": delivered, "officer": officer, word: act})


def entered_answer(order: int, document: str) -> int | None:
    """Give the entry of an answer to an order by the digest of its paper, None where it is not entered."""
    return _entry(EntryKind.RECALL, {"order": order, "document": document})


def _entry(kind: EntryKind, facts: dict[str, object]) -> int | None:
    found = LedgerEntry.objects.filter(kind=kind).order_by("index").values_list("index", "entry")
    for index, entry in found.iterator():
        body = json.loads(bytes(entry)).get("body", {})
        if all(body.get(name) == fact for name, fact in facts.items()):
            return int(index)
    return None
