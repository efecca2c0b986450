"""The register of officers and agencies, read by acts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import F

from counterseal.store.models import Agency, AgencyRoot, Officer

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date


@dataclass(frozen=True, slots=True)
class OfficerHeld:
    """An officer who may receive today: as requests name them, with the certificate (PEM) and its digest."""

    officer: str
    certificate: str
    sha256: str


def officers_of(agency: str, named: Iterable[str], *, today: date) -> dict[str, OfficerHeld]:
    """Give, of the officers named, those whom two people registered and whose time has come and not ended."""
    found = Officer.objects.filter(
        agency_id=agency, officer__in=list(named), ended_at=None, confirmed_at__isnull=False,
        valid_from__lte=today, valid_to__gte=today,
    ).exclude(confirmed_by=F("proposed_by"))  # fmt: skip
    return {one.officer: OfficerHeld(one.officer, one.certificate, one.sha256) for one in found}


def roots_of(agency: str, *, today: date) -> list[str]:
    """Give the agency's certificate authorities in force today, in PEM."""
    found = AgencyRoot.objects.filter(
        agency_id=agency, ended_at=None, confirmed_at__isnull=False, valid_from__lte=today, valid_to__gte=today
    )
    return [one.certificate for one in found.order_by("pk")]


def safeguards_in_force(agency: str, *, today: date) -> bool:
    """Tell whether the agency's safeguards stand today (26 U.S.C. 6103(p)(4)): not lapsed, their last day not past."""
    return Agency.objects.filter(pk=agency, safeguards_in_force=True, safeguards_until__gte=today).exists()


@dataclass(frozen=True, slots=True)
class Safeguards:
    """What is on file about an agency's safeguards. ``until`` is the last day, None where there never was one."""

    agency: str
    title: str
    in_force: bool
    until: date | None


def safeguards_listed(*, today: date) -> list[Safeguards]:
    """Give every agency with its safeguards as they stand today."""
    return [
        Safeguards(one.pk, one.title, safeguards_in_force(one.pk, today=today), one.safeguards_until)
        for one in Agency.objects.order_by("pk")
    ]


def enter_safeguards(agency: str, until: date) -> None:
    """Set an agency's safeguards in force to the end of a day."""
    Agency.objects.filter(pk=agency).update(safeguards_in_force=True, safeguards_until=until)


def end_safeguards(agency: str) -> None:
    """Set down that an agency's safeguards have lapsed."""
    Agency.objects.filter(pk=agency).update(safeguards_in_force=False)
