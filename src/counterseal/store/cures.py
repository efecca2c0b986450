"""Which batches of one agreement were screened, in the order in which they came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.store.models import Submission

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Came:
    """A determined submission and when it came (UTC)."""

    submission: str
    agency: str
    agreement: str
    at: datetime


def submissions_as_they_came() -> list[Came]:
    """Give every determined submission, the first to come first."""
    found = Submission.objects.filter(state=Submission.State.DETERMINED).order_by("received_at", "pk")
    return [Came(one.pk, one.agency_id, one.agreement, one.received_at) for one in found]
