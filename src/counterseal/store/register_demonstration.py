"""A demonstration's register: officers entered all at once, as two people would enter each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.store.models import AgencyRoot, Officer, Submission

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime, timedelta

PROPOSED_BY, CONFIRMED_BY = "demonstration (one)", "demonstration (two)"


def submissions_of_agencies() -> list[tuple[str, str]]:
    """Give every submission with its agency."""
    return list(Submission.objects.order_by("pk").values_list("pk", "agency_id"))


def enter_officers(
    agency: str,
    root: tuple[str, str],
    officers: Mapping[str, tuple[str, str]],
    *,
    at: datetime,
    entry: int,
    lasts: timedelta,
) -> None:
    """Enter an authority and officers: certificate in PEM with its digest, by the name that requests use."""
    told = {
        "agency_id": agency,
        "valid_from": at.date(),
        "valid_to": (at + lasts).date(),
        "proposed_by": PROPOSED_BY,
        "proposed_at": at,
        "proposal_entry": entry,
        "confirmed_by": CONFIRMED_BY,
        "confirmed_at": at,
        "confirmation_entry": entry,
    }
    AgencyRoot.objects.create(certificate=root[0], sha256=root[1], **told)
    Officer.objects.bulk_create(
        Officer(officer=name, certificate=pem, sha256=sha256, **told) for name, (pem, sha256) in officers.items()
    )
