"""Entries of the ledger in words."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from counterseal.ledger.entry import read_entry
from counterseal.ledger.tree import leaf_hash

WORDS = {
    "start-up": "The ledger began",
    "received": "A submission was received",
    "screened": "Its rows were held against the law",
    "identified": "Rows that held were looked up",
    "determined": "Every row was determined",
    "judged": "Counsel settled a question",
    "case": "An official acted on a case",
    "signed": "An official signed",
    "refused": "A case was refused",
    "intent": "A release was intended",
    "delivered": "An answer was delivered",
    "acknowledged": "The recipient acknowledged",
    "destroyed": "Return or destruction was certified, or a batch destroyed",
    "custody": "A holder told of a package",
    "recall": "An order went to a holder, or was answered",
    "retention": "Destroying old batches was proposed",
    "safeguards": "An agency's safeguards were set",
    "stop": "A stop order was issued",
    "lift": "A stop order was lifted",
    "role": "A role was given or taken",
    "agreement": "An agreement was put in force",
    "incident": "An incident was recorded",
    "inspected": "A record was looked at",
    "accounted": "The index by person was entered",
    "withheld": "An official withheld an item from an accounting",
    "sample": "A sample of decisions was announced or drawn",
    "re-reviewed": "Oversight reviewed a drawn decision again",
}


@dataclass(frozen=True, slots=True)
class EntryTold:
    """One entry: facts in the open, and how many values are only committed to."""

    index: int
    kind: str
    words: str
    at: str
    facts: tuple[tuple[str, str], ...]
    commitments: tuple[tuple[str, str], ...]
    leaf: str
    sha256: str
    raw: str


def entry_told(index: int, raw: bytes) -> EntryTold:
    """Tell one entry. Raises CountersealError when its bytes are no entry."""
    entry = read_entry(raw)
    kind = str(entry["kind"])
    facts, commitments = (part if isinstance(part := entry.get(name), dict) else {} for name in ("body", "commitments"))
    return EntryTold(
        index,
        kind,
        WORDS.get(kind, kind),
        str(entry.get("at", "")),
        tuple((name, value if isinstance(value, str) else json.dumps(value)) for name, value in sorted(facts.items())),
        tuple((name, str(value)) for name, value in sorted(commitments.items())),
        leaf_hash(raw).hex(),
        hashlib.sha256(raw).hexdigest(),
        json.dumps(entry, indent=2, ensure_ascii=False),
    )
