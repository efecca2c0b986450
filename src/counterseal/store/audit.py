"""What officials did and at what they looked, found by case and by person. The ledger's entries are the record."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, F, Value
from django.db.models.functions import Cast, Concat

from counterseal.store.models import CaseEvent, Inspection, LedgerEntry, Official, Opinion

if TYPE_CHECKING:
    from datetime import datetime

    from django.db.models import QuerySet


@dataclass(frozen=True, slots=True)
class Audited:
    """One line of an audit: an act or a look, by whom (empty where the office itself acted), on which case."""

    entry: int
    at: datetime
    what: str
    official: str
    case: int | None
    submission: str


@dataclass(frozen=True, slots=True)
class AuditPage:
    """Lines of an audit, the newest first, and how many there are in all."""

    lines: tuple[Audited, ...]
    total: int


def keep_inspection(case: int | None, official: int, what: str, reason: str, *, at: datetime, entry: int) -> None:
    """Keep where a look is found."""
    Inspection.objects.create(case_id=case, official_id=official, what=what, reason=reason, at=at, entry=entry)


def looks_at(case: int, official: int) -> list[tuple[str, str]]:
    """Give what an official looked at of a case, each with the reason given, the first first."""
    found = Inspection.objects.filter(case_id=case, official_id=official).order_by("entry")
    return list(found.values_list("what", "reason"))


def acts_since(at: datetime) -> list[tuple[int, datetime, str, str]]:
    """Give what officials did to cases from a time on, in the ledger's order: entry, when, by whom, and the act."""
    found = CaseEvent.objects.filter(at__gte=at, official__isnull=False).order_by("entry", "pk")
    return [
        (entry, when, str(who), act)
        for entry, when, who, act in found.values_list("entry", "at", "official__username", "act")
    ]


def audit_page(*, case: int | None, official: int | None, number: int, size: int) -> AuditPage:
    """Give a page of what was done and looked at, of one case, of one official, or of both; pages count from 1."""
    found: QuerySet[Any, Any] = _lines(case, official)
    total = found.count()
    first = (number - 1) * size
    lines = found.order_by("-entry", "did", "on_case")[first : first + size]
    return AuditPage(
        tuple(
            Audited(one["entry"], one["at"], one["did"], one["who"] or "", one["on_case"], one["part_of"] or "")
            for one in lines
        ),
        total,
    )


def looks_without_entry() -> tuple[int, int]:
    """Count looks as they are found here, and as the ledger has them. The two agree, or something was taken away."""
    return Inspection.objects.count(), LedgerEntry.objects.filter(kind="inspected").count()


def officials_named() -> list[tuple[int, str]]:
    """Give every official who ever was, by name."""
    return list(Official.objects.order_by("username").values_list("pk", "username"))


def _lines(case: int | None, official: int | None) -> QuerySet[Any, Any]:
    """Give acts, looks and opinions of law as one list; an opinion is on a submission, not on a case."""
    kept: dict[str, int] = {}
    if case is not None:
        kept["case_id"] = case
    if official is not None:
        kept["official_id"] = official
    told = {"who": F("official__username"), "on_case": F("case_id"), "part_of": F("case__submission_id")}
    columns = ("entry", "at", "did", "who", "on_case", "part_of")
    acts: QuerySet[Any, Any] = CaseEvent.objects.filter(**kept).annotate(did=F("act"), **told).values(*columns)
    looks: QuerySet[Any, Any] = (
        Inspection.objects.filter(**kept).annotate(did=Concat(Value("look: "), F("what")), **told).values(*columns)
    )
    if case is not None:
        return acts.union(looks, all=True)
    opinions = Opinion.objects.filter(**({} if official is None else {"counsel_id": official})).annotate(
        did=Concat(Value("opinion: "), F("decision")),
        who=F("counsel__username"),
        on_case=Cast(Value(None), BigIntegerField()),
        part_of=F("submission_id"),
    )
    return acts.union(looks, opinions.values(*columns), all=True)
