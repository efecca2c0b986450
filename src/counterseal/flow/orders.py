"""Stop orders: entered in their own words, in force at once, lifted by two people.

An order is in force when its entry is made, in one transaction with every case that it stops. It is acknowledged
when that is durable and witnessed, and nobody is told before.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from counterseal.core.case import CaseAct, next_state
from counterseal.core.official import Role
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.flow.determine import citation, quoted, statute_covers
from counterseal.flow.release import enter_stop
from counterseal.identity.holders import accounts_of_number
from counterseal.identity.index import open_registry
from counterseal.ledger.note import read_head
from counterseal.store.casework import (
    acting,
    add_event,
    cases_before_release,
    move_case,
    released_cases,
    stopped_cases,
)
from counterseal.store.judgements import determined_submission
from counterseal.store.stop_orders import (
    acknowledge_orders,
    ask_to_lift,
    enter_order,
    held_order,
    lift_order,
    orders_in_force,
)
from counterseal.store.submissions import (
    agencies_registered,
    agreements_known,
    folded,
    one_act,
    registered_agency,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from counterseal.engine.duck import DuckEngine
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact
    from counterseal.store.casework import CaseHeld
    from counterseal.store.stop_orders import OrderHeld

SCOPES = ("everything", "agency", "agreement", "statute", "submission", "person")
LONGEST = 200
CITATION = re.compile("[0-9]+(usc|cfr)([0-9].*)?")
"""A title and a code, and most often a section: what every statute of a request begins with."""
PERSON_SEAL = b"stop order on a person"
MAY_ISSUE = frozenset({Role.COUNSEL, Role.OVERSIGHT})
MAY_LIFT = frozenset({Role.COUNSEL})
By: TypeAlias = "int | str"
"""Who acts: an official who is signed in, by number, or at the machine itself the name that is given there."""


@dataclass(frozen=True, slots=True)
class Entered:
    """An order that stands: its number, its entry, and how many cases it stopped."""

    order: int
    entry: int
    stopped: int


@dataclass(frozen=True, slots=True)
class Issued(Entered):
    """An order that stands. ``checkpoint`` is the witnessed head that acknowledges it."""

    checkpoint: str


@dataclass(frozen=True, slots=True)
class CourtOrder:
    """What makes an order a court's: which court, under which docket number, made when.

    ``confirm_by`` is the time that the court itself set for holders to confirm, None where it set none.
    """

    court: str
    docket: str
    ordered_at: datetime
    confirm_by: datetime | None = None

    def facts(self, authority: str) -> dict[str, Fact]:
        """Give what stands in the entry, the digest of the court's own words among it.

        Raises CountersealError ``stop-order-court`` for what is not named, or confirmed before it was ordered.
        """
        names = self.court.strip(), self.docket.strip()
        if not all(name and len(name) <= LONGEST and name.isprintable() for name in names):
            raise CountersealError("stop-order-court", f"Name the court and the docket, each in {LONGEST} signs.")
        if self.confirm_by is not None and self.confirm_by <= self.ordered_at:
            raise CountersealError("stop-order-court", "Holders confirm after the court's order, not before it.")
        told: dict[str, Fact] = {"court": names[0], "docket": names[1], "ordered_at": self.ordered_at.isoformat()}
        if self.confirm_by is not None:
            told["confirm_by"] = self.confirm_by.isoformat()
        return {**told, "words_sha256": sha256(authority.encode()).hexdigest()}


def issue(office: Office, scope: str, reaches: str, authority: str, by: By) -> Issued:
    """Enter an order, stop every case that it reaches, and give it back acknowledged.

    Raises as ``enter`` does, and as ``acknowledge`` does when the order stands and is not yet witnessed.
    """
    entered = enter(office, scope, reaches, authority, by)
    return Issued(entered.order, entered.entry, entered.stopped, acknowledge(office))


def enter(office: Office, scope: str, reaches: str, authority: str, by: By, court: CourtOrder | None = None) -> Entered:
    """Enter an order and stop every case that it reaches. It is in force from here on, and not yet acknowledged.

    A court's order has its words in ``authority``; ``court`` says whose, and what it says stands in the entry.

    For scope ``person``, ``reaches`` is the taxpayer number: the ledger commits to it, the database keeps it
    sealed, and neither shows it. Raises CountersealError ``stop-order-scope``, ``stop-order-reach``,
    ``stop-order-court`` or ``stop-order-authority`` when it could not be applied, and ``role`` when it is not this
    official's to issue.
    """
    check_order(scope, reaches, authority)
    made: dict[str, int] = {}
    person, reaches = scope == "person", own_name(office, scope, reaches.strip())
    digits = "".join(sign for sign in reaches if sign.isdigit())
    told: dict[str, Fact] = {
        "scope": scope,
        "door": door_of(by),
        **({} if person or not reaches else {"reaches": reaches}),
    }
    told |= {} if court is None else court.facts(authority)
    name = acting_name(by, MAY_ISSUE)
    committed: dict[str, str | int] = {"by": name, "authority": authority, **({"person": digits} if person else {})}

    def keep(entry: int) -> None:
        acting_name(by, MAY_ISSUE)  # anew: a role may have been withdrawn while this waited
        at = office.clock.now()
        sealed = office.openings.seal(digits.encode(), PERSON_SEAL) if person else b""
        shown = f"committed in entry {entry}" if person else reaches
        made["order"] = enter_order(scope, shown, sealed, authority, name, at=at, entry=entry)
        made["stopped"] = _stop_cases(office, scope, digits if person else reaches, entry)

    entry = enter_stop(office.ledger, told, committed, keep)
    return Entered(made["order"], entry, made["stopped"])


def acknowledge(office: Office) -> str:
    """Have the ledger witnessed, and with it every order that stands; give the checkpoint that bears it out.

    Raises CountersealError ``no-policy`` and CheckFailedError ``quorum``: the orders stand all the same.
    """
    checkpoint = publish_witnessed(office.ledger, office.trust(), office.post)
    acknowledge_orders(read_head(checkpoint).size, at=office.clock.now())
    return checkpoint


def ask_lift(office: Office, order: int, by: By, authority: str) -> None:
    """Ask that an order be lifted, saying on what authority; somebody else must lift it."""
    if not authority.strip():
        raise CountersealError("stop-order-authority", "Say on what authority the order is lifted.")
    with one_act():
        office.ledger.lock()
        held, name = _in_force(order), acting_name(by, MAY_LIFT)
        ask_to_lift(held.id, name, authority.strip(), at=office.clock.now())
        told: dict[str, Fact] = {"order": held.id, "act": "asked", "door": door_of(by)}
        office.ledger.append("lift", told, {"by": name, "authority": authority.strip()})
    office.ledger.publish()


def lift(office: Office, order: int, by: By) -> int:
    """Lift an order that somebody else asked to lift. Give how many cases are open again.

    A case that another order still reaches stays stopped; every other one is reviewed and signed anew.
    """
    with one_act():
        office.ledger.lock()
        held, name = _in_force(order), acting_name(by, MAY_LIFT)
        if not held.lift_asked_by:
            raise CountersealError("lift-not-asked", "Lifting is asked for by one person and done by another.")
        if same_name(held.lift_asked_by, name):
            raise CountersealError("lift-by-two", "The one who asked cannot also lift; another official must.")
        told: dict[str, Fact] = {"order": held.id, "stop": held.entry, "act": "lifted", "door": door_of(by)}
        entry = office.ledger.append("lift", told, {"by": name})
        lift_order(held.id, name, at=office.clock.now(), entry=entry)
        opened = 0
        still = [(one.scope, reach_of(office, one)) for one in orders_in_force()]
        for case in stopped_cases():
            if not any(_may_reach(office, scope, reaches, [case]) for scope, reaches in still):
                state = next_state(case.state, CaseAct.LIFT)
                add_event(case.id, "lift", None, at=office.clock.now(), entry=entry)
                move_case(case, state, round=case.round + 1, assignee_id=None, offered_to_id=None)
                opened += 1
    office.ledger.publish()
    return opened


def reach_now(office: Office, scope: str, reaches: str) -> int:
    """Give how many cases an order would stop now, for the page that asks whether to issue it."""
    digits, reaches = "".join(sign for sign in reaches if sign.isdigit()), own_name(office, scope, reaches)
    return len(
        _may_reach(
            office, scope, digits if scope == "person" else reaches, cases_before_release(**_narrowed(scope, reaches))
        )
    )


def left_before(office: Office, order: int) -> list[CaseHeld]:
    """Give the cases in an order's reach whose answers had left before it: what no order calls back."""
    held = held_order(order)
    reaches = reach_of(office, held)
    return _reaches(office, held.scope, reaches, released_cases(held.entry, **_narrowed(held.scope, reaches)))


def sealed_person(office: Office, number: str) -> str:
    """Seal a taxpayer number for the page that asks whether to go on, so that it stands there in no clear."""
    return base64.urlsafe_b64encode(office.openings.seal(number.encode(), PERSON_SEAL)).decode()


def opened_person(office: Office, sealed: str) -> str:
    """Open what ``sealed_person`` sealed. Raises CountersealError ``stop-order-reach`` for anything else."""
    try:
        return office.openings.open(base64.urlsafe_b64decode(sealed.encode()), PERSON_SEAL).decode()
    except (ValueError, CountersealError):
        raise CountersealError("stop-order-reach", "The person's number is not whole. Write it again.") from None


def reach_of(office: Office, order: OrderHeld) -> str:
    """Give what an order reaches, the sealed number of a person opened."""
    if order.scope == "person":
        return office.openings.open(order.person, PERSON_SEAL).decode()
    return order.reaches


def orders_for_screening(office: Office) -> list[tuple[int, str, str]]:
    """Give number, scope and reach of every order in force, as screening reads them."""
    return [(one.id, one.scope, reach_of(office, one)) for one in orders_in_force()]


def accounts_stopped(office: Office, registry: Path) -> list[str]:
    """Give the accounts of everybody whom an order in force on a person names.

    A request may leave the number out, and means that person all the same.
    """
    numbers = [reach_of(office, one) for one in orders_in_force() if one.scope == "person"]
    if not numbers:
        return []
    index = open_registry(registry, office.registries)
    return [account for number in numbers for account in accounts_of_number(index, number)]


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


def own_name(office: Office, scope: str, reaches: str) -> str:
    """Give an agency or an agreement by the id that requests are held under, however an order writes its name.

    Raises CountersealError ``stop-order-reach`` for a name that nothing here bears, and for what is no citation: such
    an order would be in force and stop nothing.
    """
    if scope == "agency":
        found = registered_agency(reaches, today=office.clock.now().date())
        if found is None:
            raise _reaches_nothing("No agency is registered under this name", agencies_registered())
        return found[0]
    if scope == "agreement":
        here = {folded(one): one for one in agreements_known(office.workspace.agreements)}
        if folded(reaches) not in here:
            raise _reaches_nothing("No agreement has this id", here.values())
        return here[folded(reaches)]
    if scope == "statute" and not CITATION.fullmatch(citation(reaches)):
        raise CountersealError(
            "stop-order-reach",
            "This is not a citation as requests write one, so the order would stop nothing.",
            next_step="Write it as 8 USC 1253(a)(1), or stop the agreement.",
        )
    return reaches


def _reaches_nothing(said: str, known: Iterable[str]) -> CountersealError:
    named = ", ".join(sorted(known)) or "none yet"
    return CountersealError(
        "stop-order-reach", f"{said}, so the order would stop nothing.", next_step=f"Known here: {named}."
    )


def check_order(scope: str, reaches: str, authority: str) -> None:
    """Raise CountersealError for an order that could not be applied, or that nobody could read."""
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
    reached = _may_reach(office, scope, reaches, cases_before_release(**_narrowed(scope, reaches)))
    for case in reached:
        add_event(case.id, "stop", None, at=office.clock.now(), entry=entry)
        move_case(case, next_state(case.state, CaseAct.STOP))
    return len(reached)


def _narrowed(scope: str, reaches: str) -> Mapping[str, str]:
    return {scope: reaches} if scope in {"agency", "agreement", "submission"} else {}


def acting_name(by: By, roles: frozenset[Role]) -> str:
    """Give the name of who acts. Raises CountersealError ``role``, and ``name`` where none is given."""
    if isinstance(by, int):
        return acting(by, roles).username
    if not by.strip():
        raise CountersealError("name", "Say who does it.")
    return by.strip()


def same_name(one: str, other: str) -> bool:
    """Tell whether two names are one, however they are spaced and whatever their case."""
    return one.casefold().split() == other.casefold().split()


def door_of(by: By) -> str:
    """Give the word for the door through which somebody acts."""
    return "pages" if isinstance(by, int) else "command"


def _may_reach(office: Office, scope: str, reaches: str, cases: Sequence[CaseHeld]) -> list[CaseHeld]:
    """Give those of the cases that the order reaches, and all of a batch whose rows cannot be read.

    A file that is damaged or gone holds no order up: neither this one, nor what it stops in other batches.
    """
    found = []
    for submission in sorted({case.submission for case in cases}):
        own = [case for case in cases if case.submission == submission]
        try:
            found += _reaches(office, scope, reaches, own)
        except (CountersealError, OSError):
            found += own
    return found


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
    path = office.workspace.batch(SubmissionId(submission)) / "rows.parquet"
    with office.engine() as engine:
        names = {name for name, *_ in engine.rows("DESCRIBE SELECT * FROM read_parquet(?)", [path])}
        if scope == "person" and "tin" in names:
            condition = f"regexp_replace(tin, '[^0-9]', '', 'g') = {quoted(reaches)}"
        elif scope == "statute" and "statute" in names:
            condition = statute_covers("statute", reaches)
        else:
            condition = "TRUE"  # the rows cannot tell: everything is stopped
        rows = {row for (row,) in engine.rows(f"SELECT row FROM read_parquet(?) WHERE {condition}", [path])}
        if scope == "person" and "tin" in names:
            rows.update(_rows_without_number(office, engine, reaches, submission))
        return sorted(rows)


def _rows_without_number(office: Office, engine: DuckEngine, number: str, submission: str) -> list[int]:
    """Give the rows that state no number and were found to mean its holder; all of them where nobody can tell."""
    folder = office.workspace.batch(SubmissionId(submission))
    found, rows = folder / "identified.parquet", folder / "rows.parquet"
    if not found.exists():
        return []
    try:
        index = open_registry(Path(determined_submission(submission).registry), office.registries)
        held = [quoted(account) for account in accounts_of_number(index, number)]
    except CountersealError:
        condition = "TRUE"  # the registry is gone: every one of them is stopped
    else:
        condition = f"f.account_id IN ({', '.join(held)})" if held else "FALSE"
    return [
        row
        for (row,) in engine.rows(
            f"SELECT f.row FROM read_parquet(?) f JOIN read_parquet(?) r USING (row) "
            f"WHERE coalesce(regexp_replace(r.tin, '[^0-9]', '', 'g'), '') = '' AND {condition}",
            [found, rows],
        )
    ]
