"""A second look at a drawn decision by somebody who does not know the first, nor who made it.

Who has touched the case, or looked at it in any other way, is not blind and is refused. What they would have decided
is an entry; only then is the first decision shown beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.case_look import enter_look, look_at_case
from counterseal.flow.sample import OVERSIGHT, sample_at
from counterseal.oversight.sample import DECISIONS
from counterseal.store.audit import looks_at
from counterseal.store.casework import acting, add_event, has_touched, held_case
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from counterseal.flow.case_look import CaseSeen, Evidence, OfficerSeen
    from counterseal.flow.look import Look, RowSeen
    from counterseal.flow.office import Office
    from counterseal.flow.sample import SampleTold
    from counterseal.ledger.entry import Fact

LOOK = "re-review"
CANNOT_TELL = "cannot tell"
FINDINGS = (*DECISIONS, CANNOT_TELL)


@dataclass(frozen=True, slots=True)
class Blind:
    """A drawn case without its decision, its state, its history or anybody's name who had it. ``place`` is from 1."""

    announced: int
    place: int
    agreement: str
    row: RowSeen
    evidence: Evidence
    officers: tuple[OfficerSeen, ...]
    opinions: tuple[tuple[str, str, str], ...]
    look: int


def open_blind(office: Office, look: Look, announced: int, place: int, official: int) -> Blind:
    """Enter the look, and give what is reviewed again.

    Raises CountersealError ``role``, ``sample-unknown``, ``not-drawn``, ``not-blind``, ``re-reviewed`` when somebody
    has done it already, and as ``look_at_case`` does.
    """
    acting(official, OVERSIGHT)
    case = _case_to_review(office, sample_at(announced), place, official)
    seen = look_at_case(office, look, case)
    entry = enter_look(office, case, official, LOOK, _reason(announced, place))
    return _blind(seen, announced, place, entry)


def record(
    office: Office, look: Look, announced: int, place: int, official: int, *, finding: str, rule: str, reason: str
) -> int:
    """Enter what oversight would have decided. ``rule`` is the one that does not hold, for ``refused`` alone.

    Raises CountersealError as ``open_blind`` does, ``finding`` for a word that is none, ``finding-rule`` for a rule
    that the case was not held against, ``reason`` without one where it is not approved, and ``not-looked`` when this
    official has not opened the case for this.
    """
    if finding not in FINDINGS:
        raise CountersealError("finding", f"What would have been decided is one of: {', '.join(FINDINGS)}.")
    if finding != "approved" and not reason.strip():
        raise CountersealError("reason", "Say why; it is entered with the finding.")
    with one_act():
        office.ledger.lock()
        who, sample = acting(official, OVERSIGHT), sample_at(announced)
        case = _case_to_review(office, sample, place, official)
        if _reason(announced, place) not in [told for what, told in looks_at(case, who.id) if what == LOOK]:
            raise CountersealError("not-looked", "The case is looked at before anything is found.")
        body: dict[str, Fact] = {
            "sample": sample.drawing or 0,
            "decision": sample.drawn[place - 1],
            "finding": finding,
        }
        if finding == "refused":
            body["rule"] = _known_rule(office, look, case, rule)
        committed: dict[str, str | int] = {"case": case, "official": who.username}
        if reason.strip():
            committed["reason"] = reason.strip()
        entry = office.ledger.append("re-reviewed", body, committed)
        add_event(case, LOOK, who.id, at=office.clock.now(), entry=entry, note=reason.strip())
    office.ledger.publish()
    return entry


def case_of_decision(office: Office, decision: int) -> int:
    """Give the case that an entry decided. Raises CountersealError ``opening`` when that was destroyed."""
    return int(office.ledger.opening(decision, "case").value)


def _case_to_review(office: Office, sample: SampleTold, place: int, official: int) -> int:
    if not 1 <= place <= len(sample.drawn):
        raise CountersealError("not-drawn", "Nothing was drawn in this place of the sample.")
    decision = sample.drawn[place - 1]
    if decision in sample.findings:
        raise CountersealError("re-reviewed", f"This was reviewed again at entry {sample.findings[decision].entry}.")
    case = held_case(case_of_decision(office, decision)).id
    if has_touched(case, official) or any(what != LOOK for what, _ in looks_at(case, official)):
        raise CountersealError(
            "not-blind",
            "You have acted on this case, or looked at it, before.",
            next_step="Another official of oversight reviews it again.",
        )
    return case


def _known_rule(office: Office, look: Look, case: int, rule: str) -> str:
    known = {one.rule for one in look_at_case(office, look, case).row.rules}
    if rule not in known:
        raise CountersealError("finding-rule", "Name the rule of the agreement that does not hold.")
    return rule


def _reason(announced: int, place: int) -> str:
    return f"Sample of entry {announced}, place {place}"


def _blind(seen: CaseSeen, announced: int, place: int, entry: int) -> Blind:
    return Blind(announced, place, seen.held.agreement, seen.row, seen.evidence, seen.officers, seen.opinions, entry)
