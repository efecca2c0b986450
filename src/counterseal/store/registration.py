"""The register of keys, officers and roots: what registration reads and writes in the database."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal

from counterseal.core.agency import RegisteredKey
from counterseal.errors import CountersealError
from counterseal.store.models import Agency, AgencyKey, AgencyRoot, Officer

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from counterseal.store.models.register import Registered


class Kind(StrEnum):
    """What may be registered for an agency."""

    KEY = "key"
    OFFICER = "officer"
    ROOT = "root"


MODELS: dict[Kind, type[AgencyKey | Officer | AgencyRoot]] = {
    Kind.KEY: AgencyKey,
    Kind.OFFICER: Officer,
    Kind.ROOT: AgencyRoot,
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the register. ``whose`` is the signer, the officer's name in requests, or nothing for a root."""

    kind: Kind
    id: int
    agency: str
    whose: str
    office: str
    sha256: str
    valid_from: date
    valid_to: date
    proposed_by: str
    confirmed_by: str
    ended_at: datetime | None

    @property
    def state(self) -> Literal["proposed", "confirmed", "ended"]:
        """Where the line stands: ``proposed``, ``confirmed`` or ``ended``."""
        return "ended" if self.ended_at else "confirmed" if self.confirmed_by else "proposed"


def _line(kind: Kind, found: AgencyKey | Officer | AgencyRoot) -> Line:
    whose = found.signer if isinstance(found, AgencyKey) else found.officer if isinstance(found, Officer) else ""
    return Line(
        kind,
        found.pk,
        found.agency_id,
        whose,
        found.office if isinstance(found, AgencyKey) else "",
        found.sha256,
        found.valid_from,
        found.valid_to,
        found.proposed_by,
        found.confirmed_by,
        found.ended_at,
    )


def require_agency(agency: str) -> None:
    """Raise CountersealError ``agency-unknown`` unless the agency is registered under this id."""
    if not Agency.objects.filter(pk=agency).exists():
        raise CountersealError(
            "agency-unknown",
            "No agency is registered under this id.",
            next_step="Register it: counterseal agency register",
        )


def registered_keys(agency: str | None = None) -> list[RegisteredKey]:
    """Give every key of an agency (of all without one), whatever its state."""
    found = AgencyKey.objects.order_by("pk")
    return [
        RegisteredKey(
            one.pk,
            one.agency_id,
            one.key,
            one.signer,
            one.office,
            one.valid_from,
            one.valid_to,
            one.memo_sha256,
            confirmed=one.confirmed_at is not None,
            ended_at=one.ended_at,
        )
        for one in (found.filter(agency_id=agency) if agency is not None else found)
    ]


def listed(agency: str | None = None) -> list[Line]:
    """Give the register's lines, of one agency or of all, keys first, oldest first."""
    lines = []
    for kind, model in MODELS.items():
        found: Sequence[AgencyKey | Officer | AgencyRoot] = list(model.objects.order_by("pk"))
        lines += [_line(kind, one) for one in found if agency in {None, one.agency_id}]
    return lines


def is_known(kind: Kind, agency: str, sha256: str, officer: str = "") -> bool:
    """Tell whether this key, certificate or officer stands in the register already; a key ever, even ended."""
    if kind is Kind.KEY:
        return AgencyKey.objects.filter(sha256=sha256).exists()
    if kind is Kind.OFFICER:
        return Officer.objects.filter(agency_id=agency, officer=officer, ended_at=None).exists()
    return AgencyRoot.objects.filter(agency_id=agency, sha256=sha256).exists()


def enter_proposal(
    kind: Kind,
    fields: dict[str, str],
    *,
    valid: tuple[date, date],
    by: str,
    at: datetime,
    entry: int,
) -> int:
    """Enter a proposal of one person; give its number."""
    made: Registered = MODELS[kind].objects.create(
        **fields,
        valid_from=valid[0],
        valid_to=valid[1],
        proposed_by=by,
        proposed_at=at,
        proposal_entry=entry,
    )
    return int(made.pk)


def find_line(kind: Kind, number: int) -> Line:
    """Give one line. Raises CountersealError ``register-none``."""
    found = MODELS[kind].objects.filter(pk=number).first()
    if found is None:
        raise CountersealError(
            "register-none",
            f"There is no {kind} {number} in the register.",
            next_step="See: counterseal agency list",
        )
    return _line(kind, found)


def enter_confirmation(kind: Kind, number: int, *, by: str, at: datetime, entry: int) -> bool:
    """Enter the second person's confirmation; False when it waits for none."""
    waiting = MODELS[kind].objects.filter(pk=number, confirmed_at=None, ended_at=None)
    return bool(waiting.update(confirmed_by=by, confirmed_at=at, confirmation_entry=entry))


def enter_end(kind: Kind, number: int, *, at: datetime, entry: int) -> bool:
    """End a line at once; False when it has ended already."""
    return bool(MODELS[kind].objects.filter(pk=number, ended_at=None).update(ended_at=at, end_entry=entry))
