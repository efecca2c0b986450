"""What the ledger tells about packages in other hands, read by acts; and whose hands those are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from counterseal.ledger.entry import EntryKind
from counterseal.store.models import Agency, Case, LedgerEntry, Officer

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

TOLD = (EntryKind.DELIVERED, EntryKind.ACKNOWLEDGED, EntryKind.DESTROYED, EntryKind.CUSTODY, EntryKind.RECALL)


@dataclass(frozen=True, slots=True)
class Told:
    """One entry of the ledger, as custody reads it. ``at`` is in UTC."""

    index: int
    kind: str
    at: datetime
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Delivered:
    """The case whose answer an entry delivered. ``recipients`` are digests of the officers' certificates."""

    case: int
    submission: str
    row: int
    agreement_digest: str
    recipients: tuple[str, ...]


def custody_entries() -> list[Told]:
    """Give every entry about packages that left, in the ledger's order."""
    return entries_of(TOLD)


def entries_of(kinds: Iterable[str]) -> list[Told]:
    """Give every entry of these kinds, in the ledger's order."""
    found = LedgerEntry.objects.filter(kind__in=[str(one) for one in kinds]).order_by("index")
    return [_told(index, bytes(entry)) for index, entry in found.values_list("index", "entry").iterator()]


def _told(index: int, entry: bytes) -> Told:
    whole = json.loads(entry)
    at = datetime.strptime(whole["at"], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)
    return Told(index, whole["kind"], at, whole.get("body", {}))


def entries_at(indexes: Collection[int]) -> dict[int, Told]:
    """Give entries by their index."""
    found = LedgerEntry.objects.filter(index__in=list(indexes)).values_list("index", "entry")
    return {index: _told(index, bytes(entry)) for index, entry in found}


def delivered_cases() -> dict[int, Delivered]:
    """Give, by the entry of its delivery, the case of every answer that left."""
    found = Case.objects.filter(delivered_entry__isnull=False).select_related("submission")
    return {
        one.delivered_entry: Delivered(
            one.pk, one.submission_id, one.row, one.submission.agreement_digest, tuple(one.recipients)
        )
        for one in found
        if one.delivered_entry is not None
    }


def officer_names() -> dict[tuple[str, str], str]:
    """Give, by agency and digest of the certificate, the officer as requests name them; the newest counts."""
    found = Officer.objects.order_by("pk").values_list("agency_id", "sha256", "officer")
    return {(agency, sha256): officer for agency, sha256, officer in found}


def agency_titles() -> dict[str, str]:
    """Give the name in full of every agency in the register."""
    return dict(Agency.objects.values_list("pk", "title"))
