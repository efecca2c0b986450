"""Counts that tell whether an office is in order. Nothing of a case but how many."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db.models import Count

from counterseal.core.case import CaseState
from counterseal.core.official import Role
from counterseal.store.models import Agency, AgencyKey, Case, Officer, Official, StopOrder, Submission

if TYPE_CHECKING:
    from datetime import datetime

LIVE = (CaseState.OPEN, CaseState.IN_REVIEW, CaseState.SIGNED_ONCE, CaseState.SIGNED_TWICE)


@dataclass(frozen=True, slots=True)
class Condition:
    """How many of what. ``registries`` are the folders that cases not yet closed will be read from."""

    unacknowledged_orders: int
    intended: int
    overdue: int
    agencies: int
    officers: int
    ending: int
    administrators: int
    registries: tuple[str, ...]


def condition(*, now: datetime | None = None, soon: int = 30) -> Condition:
    """Count. Without ``now`` nothing counts as overdue or ending."""
    cases = Case.objects.filter(state__in=LIVE)
    officers = Officer.objects.filter(ended_at=None, confirmed_at__isnull=False)
    keys = AgencyKey.objects.filter(ended_at=None, confirmed_at__isnull=False)
    ends = {} if now is None else {"valid_to__range": (now.date(), now.date() + timedelta(days=soon))}
    live = Submission.objects.filter(case__state__in=LIVE).exclude(registry="")
    return Condition(
        unacknowledged_orders=StopOrder.objects.filter(lifted_at=None, acknowledged_at=None).count(),
        intended=Case.objects.filter(state=CaseState.INTENDED).count(),
        overdue=cases.filter(due_at__lt=now, paused_at=None).count() if now else 0,
        agencies=Agency.objects.count(),
        officers=officers.count(),
        ending=officers.filter(**ends).count() + keys.filter(**ends).count() if ends else 0,
        administrators=Official.objects.filter(is_active=True, role=Role.ADMINISTRATOR.value).count(),
        registries=tuple(sorted(set(live.values_list("registry", flat=True)))),
    )


def cases_by_state() -> dict[str, int]:
    """Count the cases in each state, those of no case included."""
    counted = dict(Case.objects.order_by().values_list("state").annotate(cases=Count("pk")))
    return {str(state): int(counted.get(state, 0)) for state in CaseState}
