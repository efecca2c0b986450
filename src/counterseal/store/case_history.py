"""What was done to a case, as its page tells it: every touch and every signature with its place in the ledger."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.official import Role
from counterseal.store.models import Approval, Case, CaseEvent, Official

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Touch:
    """One act: by whom (empty where the office itself acted), when, in which words, and its entry."""

    act: str
    official: str
    at: datetime
    note: str
    entry: int


@dataclass(frozen=True, slots=True)
class Given:
    """A signature as given: round, place, by whom, over which digest, and its entry."""

    round: int
    place: int
    official: str
    at: datetime
    over: str
    entry: int


@dataclass(frozen=True, slots=True)
class CaseClocks:
    """Whose a case is, by name, and how its clocks stand."""

    assignee: str
    offered_to: str
    opened_at: datetime
    due_at: datetime | None
    legal_due_at: datetime | None
    paused_at: datetime | None
    legal_paused_at: datetime | None
    delivered_entry: int | None
    submitted_on: str
    rows_sha256: str


def touches(case: int) -> list[Touch]:
    """Give what was done to a case, the first first."""
    found = CaseEvent.objects.filter(case_id=case).select_related("official").order_by("pk")
    return [Touch(one.act, one.official.username if one.official else "", one.at, one.note, one.entry) for one in found]


def signatures_given(case: int) -> list[Given]:
    """Give every signature ever given on a case, the first first."""
    found = Approval.objects.filter(case_id=case).select_related("official").order_by("pk")
    return [Given(one.round, one.place, one.official.username, one.at, one.over, one.entry) for one in found]


def case_clocks(case: int) -> CaseClocks:
    """Give whose a case is and its clocks. The case is known to exist."""
    found = Case.objects.select_related("assignee", "offered_to", "submission").get(pk=case)
    return CaseClocks(
        found.assignee.username if found.assignee else "", found.offered_to.username if found.offered_to else "",
        found.opened_at, found.due_at, found.legal_due_at, found.paused_at, found.legal_paused_at,
        found.delivered_entry, found.submission.received_on.isoformat(), found.submission.rows_sha256,
    )  # fmt: skip


def specialists_besides(official: int) -> list[tuple[int, str]]:
    """Give the other specialists, to whom a case may be handed over."""
    found = Official.objects.filter(role=Role.SPECIALIST.value, is_active=True).exclude(pk=official)
    return list(found.order_by("username").values_list("pk", "username"))
