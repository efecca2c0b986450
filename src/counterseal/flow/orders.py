"""Stop orders: entered in their own words, in force at once, lifted by two people.

An order is in force when its entry is made, in one transaction with every case that it stops. It is acknowledged
when that is durable and witnessed, and nobody is told before.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.case import CaseAct, next_state
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.determine import quoted, statute_covers
from counterseal.flow.release import stop
from counterseal.store.casework import add_event, cases_before_release, move_case, stopped_cases
from counterseal.store.stop_orders import (
    acknowledge_order,
    ask_to_lift,
    enter_order,
    held_order,
    lift_order,
    orders_in_force,
)
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from counterseal.flow.office import Office
    from counterseal.store.casework import CaseHeld
    from counterseal.store.stop_orders import OrderHeld

SCOPES = ("everything", "agency", "agreement", "statute", "submission", "person")
PERSON_SEAL = b"stop order on a person"


@dataclass(frozen=True, slots=True)
class Issued:
    """An order that stands. ``checkpoint`` is the witnessed head that acknowledges it."""

    order: int
    entry: int
    stopped: int
    checkpoint: str


def issue(office: Office, scope: str, reaches: str, authority: str, by: str) -> Issued:
    """Enter an order, stop every case that it reaches, and give it back acknowledged.

    For scope ``person``, ``reaches`` is the taxpayer number: the ledger commits to it, the database keeps it
    sealed, and neither shows it. Raises CountersealError ``stop-order-scope`` or ``stop-order-reach`` when it
    could not be applied, ``no-policy`` and CheckFailedError ``quorum`` when it stands and is not yet witnessed.
    """
    _check(scope, reaches, authority)
    made: dict[str, int] = {}
    person = scope == "person"
    digits = "".join(sign for sign in reaches if sign.isdigit())
    told = {"scope": scope, **({} if person or not reaches else {"reaches": reaches})}
    committed: dict[str, str | int] = {"by": by, "authority": authority, **({"person": digits} if person else {})}

    def keep(entry: int) -> None:
        at = office.clock.now()
        sealed = office.openings.seal(digits.encode(), PERSON_SEAL) if person else b""
        shown = f"committed in entry {entry}" if person else reaches
        made["order"] = enter_order(scope, shown, sealed, authority, by, at=at, entry=entry)
        made["stopped"] = _stop_cases(office, scope, digits if person else reaches, entry)

    entry, checkpoint = stop(office.ledger, office.trust(), office.post, told, committed, keep)
    acknowledge_order(made["order"], at=office.clock.now())
    return Issued(made["order"], entry, made["stopped"], checkpoint)


def ask_lift(office: Office, order: int, by: str, authority: str) -> None:
    """Ask that an order be lifted, saying on what authority; somebody else must lift it."""
    if not authority.strip():
        raise CountersealError("stop-order-authority", "Say on what authority the order is lifted.")
    with one_act():
        office.ledger.lock()
        held = _in_force(order)
        ask_to_lift(held.id, by, authority.strip(), at=office.clock.now())
        office.ledger.append("lift", {"order": held.id, "act": "asked"}, {"by": by, "authority": authority.strip()})
    office.ledger.publish()


def lift(office: Office, order: int, by: str) -> int:
    """Lift an order that somebody else asked to lift. Give how many cases are open again.

    A case that another order still reaches stays stopped; every other one is reviewed and signed anew.
    """
    with one_act():
        office.ledger.lock()
        held = _in_force(order)
        if not held.lift_asked_by:
            raise CountersealError("lift-not-asked", "Lifting is asked for by one person and done by another.")
        if held.lift_asked_by == by:
            raise CountersealError("lift-by-two", "The one who asked cannot also lift; another official must.")
        entry = office.ledger.append("lift", {"order": held.id, "act": "lifted"}, {"by": by})
        lift_order(held.id, by, at=office.clock.now(), entry=entry)
        opened = 0
        still = [(one.scope, reach_of(office, one)) for one in orders_in_force()]
        for case in stopped_cases():
            if not any(_reaches(office, scope, reaches, [case]) for scope, reaches in still):
                state = next_state(case.state, CaseAct.LIFT)
                add_event(case.id, "lift", None, at=office.clock.now(), entry=entry)
                move_case(case, state, round=case.round + 1, assignee_id=None, offered_to_id=None)
                opened += 1
    office.ledger.publish()
    return opened


def reach_of(office: Office, order: OrderHeld) -> str:
    """Give what an order reaches, the sealed number of a person opened."""
    if order.scope == "person":
        return office.openings.open(order.person, PERSON_SEAL).decode()
    return order.reaches


def orders_for_screening(office: Office) -> list[tuple[int, str, str]]:
    """Give number, scope and reach of every order in force, as screening reads them."""
    return [(one.id, one.scope, reach_of(office, one)) for one in orders_in_force()]


def is_stopped(office: Office, case: CaseHeld) -> bool:
    """Tell whether an order in force reaches this case. An order that cannot be read reaches everything."""
    return any(_reaches(office, one.scope, reach_of(office, one), [case]) for one in orders_in_force())


def covers_rows(office: Office, agency: str, agreement: str, submission: str, rows: Iterable[int]) -> bool:
    """Tell whether an order in force reaches any of these rows of a batch."""
    own, facts = set(rows), {"agency": agency, "agreement": agreement, "submission": submission}
    for scope, reaches in ((one.scope, reach_of(office, one)) for one in orders_in_force()):
        if scope == "everything" or facts.get(scope) == reaches:
            return True
        if scope not in facts and own & set(_rows(office, scope, reaches, submission)):
            return True
    return False


def _check(scope: str, reaches: str, authority: str) -> None:
    if scope not in SCOPES:
        raise CountersealError("stop-order-scope", f"A stop order reaches one of: {', '.join(SCOPES)}.")
    if (scope == "everything") != (not reaches.strip()):
        raise CountersealError("stop-order-reach", "Say what the order reaches; an order on everything names nothing.")
    if scope == "person" and len([sign for sign in reaches if sign.isdigit()]) != 9:
        raise CountersealError("stop-order-reach", "A person is named by a taxpayer number of nine digits.")
    if not authority.strip():
        raise CountersealError("stop-order-authority", "Give the order in its own words: court, number, date, text.")


def _in_force(order: int) -> OrderHeld:
    held = held_order(order)
    if held.lifted:
        raise CountersealError("stop-order-lifted", "This order was lifted before.")
    return held


def _stop_cases(office: Office, scope: str, reaches: str, entry: int) -> int:
    narrowed: Mapping[str, str] = {scope: reaches} if scope in {"agency", "agreement", "submission"} else {}
    reached = _reaches(office, scope, reaches, cases_before_release(**narrowed))
    for case in reached:
        add_event(case.id, "stop", None, at=office.clock.now(), entry=entry)
        move_case(case, next_state(case.state, CaseAct.STOP))
    return len(reached)


def _reaches(office: Office, scope: str, reaches: str, cases: Sequence[CaseHeld]) -> list[CaseHeld]:
    """Give those of the cases that the order reaches, reading the rows' own words where it must."""
    if scope == "everything":
        return list(cases)
    if scope in {"agency", "agreement", "submission"}:
        return [case for case in cases if getattr(case, scope) == reaches]
    found = []
    for submission in sorted({case.submission for case in cases}):
        own = {case.row: case for case in cases if case.submission == submission}
        found += [own[row] for row in _rows(office, scope, reaches, submission) if row in own]
    return found


def _rows(office: Office, scope: str, reaches: str, submission: str) -> list[int]:
    """Give the rows of a batch that an order on a statute or a person reaches."""
    path = str(office.workspace.batch(SubmissionId(submission)) / "rows.parquet")
    with office.engine() as engine:
        names = {name for name, *_ in engine.rows("DESCRIBE SELECT * FROM read_parquet(?)", [path])}
        if scope == "person" and "tin" in names:
            condition = f"regexp_replace(tin, '[^0-9]', '', 'g') = {quoted(reaches)}"
        elif scope == "statute" and "statute" in names:
            condition = statute_covers("statute", reaches)
        else:
            condition = "TRUE"  # the rows cannot tell: everything is stopped
        return [row for (row,) in engine.rows(f"SELECT row FROM read_parquet(?) WHERE {condition}", [path])]
