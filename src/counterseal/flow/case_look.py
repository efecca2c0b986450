"""Looking at one case: the request, the law beside it, what identity found, and whom it would reach.

Every look is an entry in the ledger, because it is an inspection of return information (26 U.S.C. 6103(b)(7)).
Nothing of the registry is given but how far each field agrees: no account, no address that it holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal.core.official import Role
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.casefile import one_row
from counterseal.flow.casework import EITHER
from counterseal.flow.engagement import rows_naming
from counterseal.store.audit import keep_inspection
from counterseal.store.casework import acting, held_case, opinions
from counterseal.store.register import officers_of
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.flow.look import Look, RowSeen
    from counterseal.flow.office import Office
    from counterseal.store.casework import CaseHeld

FIELDS = ("given", "middle", "family", "suffix", "birth", "tin", "address")
REVEALED = frozenset({"tin"})


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far one field agrees, and how much that says, in bits: the odds double with each."""

    field: str
    level: str
    bits: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """What identity found. ``bound`` is the upper bound (95 %) of wrong answers in its class; shares are 0 to 1."""

    agreements: tuple[Agreement, ...]
    evidence_class: str
    posterior: float
    threshold: float
    bound: float | None
    rival: str
    rival_posterior: float
    address_confirmed: bool
    model: str
    registry: str


@dataclass(frozen=True, slots=True)
class OfficerSeen:
    """An officer whom the request names: whether they may receive, and how many of its other rows name them.

    ``others`` is None where the batch does not tell.
    """

    name: str
    registered: bool
    others: int | None


@dataclass(frozen=True, slots=True)
class CaseSeen:
    """A case beside the law, with the officers that the request names."""

    held: CaseHeld
    row: RowSeen
    evidence: Evidence
    officers: tuple[OfficerSeen, ...]
    opinions: tuple[tuple[str, str, str], ...]


def look_at_case(office: Office, look: Look, case: int) -> CaseSeen:
    """Give a case. Raises CountersealError ``case-unknown``, ``agreement-moved`` or ``batch-damaged``."""
    held = held_case(case)
    batch = look.batch(held.submission)
    row = look.row(batch, held.row) if batch else None
    if row is None:
        raise CountersealError(
            "batch-damaged", "The batch of this case is not whole, or was destroyed when its time was up.",
            where=held.submission,
        )  # fmt: skip
    folder = office.workspace.batch(SubmissionId(held.submission))
    named = next((fact.value or "" for fact in row.facts if fact.name == "officers"), "")
    written = {one.strip(): one for one in named.split(";") if one.strip()}
    names = list(written)
    known = officers_of(held.agency, names, today=office.clock.now().date())
    rows = rows_naming(office.files, folder, list(written.values()))
    told = tuple((rules, decision, text) for rules, (decision, text) in sorted(opinions(held.submission).items()))
    (identified,) = look.lines(folder, ("identified",), held.row)
    if not identified or row.asked is None:
        raise CountersealError("batch-damaged", "The batch of this case is not whole.", where=held.submission)
    admitted = " ".join(row.asked)
    return CaseSeen(
        held,
        row,
        _evidence(identified),
        tuple(
            OfficerSeen(one, one in known, rows[as_written] - 1 if as_written in rows else None)
            for one, as_written in written.items()
        ),
        tuple(one for one in told if admitted == one[0]),
    )


def enter_look(office: Office, case: int, official: int, what: str, reason: str = "") -> int:
    """Enter that an official looked at a case, or at one field of it; give the entry's index.

    It is no touch: whoever signs second must have seen the case. Oversight says why it looks: raises
    CountersealError ``reason`` where it does not, and ``role`` for everybody who has no part in cases.
    """
    with one_act():
        office.ledger.lock()
        held, who = held_case(case), acting(official, EITHER | {Role.OVERSIGHT})
        if who.role is Role.OVERSIGHT and not reason.strip():
            raise CountersealError("reason", "Say why this case is looked at; it is entered with the look.")
        committed: dict[str, str | int] = {"case": held.id, "official": who.username}
        if reason.strip():
            committed["reason"] = reason.strip()
        entry = office.ledger.append("inspected", {"what": what, "role": who.role.value}, committed)
        keep_inspection(held.id, who.id, what, reason.strip(), at=office.clock.now(), entry=entry)
    office.ledger.publish()
    return entry


def reveal(office: Office, case: int, official: int, field: str) -> str:
    """Give one masked field in clear, once, after the look has been entered.

    Raises CountersealError ``field`` for a field that is not masked.
    """
    if field not in REVEALED:
        raise CountersealError("field", "This field is not one that is shown on request.")
    held = held_case(case)
    received = one_row(office.files, office.workspace.batch(SubmissionId(held.submission)) / "rows.parquet", held.row)
    enter_look(office, case, official, field)
    return str(received.get(field) or "")


def _evidence(found: Mapping[str, Any]) -> Evidence:
    return Evidence(
        tuple(Agreement(field, str(found[f"{field}_agrees"]), float(found[f"{field}_bits"])) for field in FIELDS),
        str(found["evidence_class"]),
        float(found["posterior"]),
        float(found["threshold"]),
        None if found["bound"] is None else float(found["bound"]),
        str(found["rival"] or ""),
        float(found["rival_posterior"]),
        bool(found["address_confirmed"]),
        str(found["model"]),
        str(found["registry"]),
    )
