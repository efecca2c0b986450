"""What holders send of their own: certificates about a package, and signed answers to the orders that are open to them.

Each paper is signed with the key of a certificate to which the package was sealed, and its digest is entered. The
paper itself is kept apart, because it is the evidence. Sent again it changes nothing. Of another agency's packages and
orders nothing is told: they are as if they were not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from counterseal.core.custody import CANNOT, CEASED, Act, Event, Outcome, after
from counterseal.errors import CountersealError
from counterseal.flow import recall
from counterseal.flow.custody import held_packages, open_, ordered_entry
from counterseal.flow.packages import Receipted, own_package
from counterseal.store.custody import entries_at
from counterseal.store.packages import acknowledged, certificate_entry, entered_answer, released_case
from counterseal.store.submissions import answered_at, one_act
from counterseal.vault.acknowledgement import read_custody_certificate, read_order_answer
from counterseal.vault.durable import write_durably

if TYPE_CHECKING:
    from datetime import date, datetime

    from counterseal.core.custody import HolderOrder
    from counterseal.flow.custody import Held
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact

ENDS = {"returned": Outcome.RETURNED, "destroyed": Outcome.DESTROYED}
LEAVE_OPEN = {"acknowledged": "", CEASED: CEASED, CANNOT: CANNOT}
"""Answers that leave an order open, and the word that its entry bears."""


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """An order to one of an agency's officers. ``state`` is ``overdue``, or the holder's last word on it."""

    order: int
    ground: str
    duty: str
    submission: str
    row: int
    officer: str
    package: str
    due: datetime
    state: str


def own_orders(office: Office, agency: str) -> list[OwnOrder]:
    """Give the orders that are open to an agency's officers, the one that is due first first."""
    now = office.clock.now()
    found = [
        OwnOrder(
            order.entry, str(order.ground), order.duty, held.submission, held.row or 0, held.holding.officer,
            held.package, order.due, "overdue" if order.overdue(now) else order.word,
        )
        for held, order in _of_agency(office, agency) if open_(order)
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.due, one.order))


def own_order_document(office: Office, agency: str, order: int) -> bytes:
    """Give the document of an order to one of the agency's officers, with its entry and receipt.

    Raises CountersealError ``not-found``, and ``order-waits`` while too few witnesses have cosigned.
    """
    _own_order(office, agency, order)
    try:
        return recall.document(office, order)
    except CountersealError as waits:
        raise CountersealError(
            "order-waits", "The order stands; its document waits for the witnesses.", where=waits.code,
            next_step="Ask again.",
        ) from None  # fmt: skip


def certify(
    office: Office, agency: str, submission: str, row: int, document: bytes, *, door: str = "interface"
) -> Receipted:
    """Enter an officer's certificate that use has ended, or of return or destruction; once for each officer and act.

    Raises CountersealError ``not-found`` for a package that is not the agency's, ``custody-certificate`` when the
    signature does not hold or it is about another package, ``not-a-recipient``, ``not-acknowledged`` for what the
    officer never acknowledged, ``custody-day`` for a day that cannot be, and ``custody-ended``.
    """
    own_package(office, agency, submission, row)
    told, case = read_custody_certificate(document), released_case(submission, row)
    if told.certificate not in case.recipients:
        raise CountersealError("not-a-recipient", "The officer who signed this did not receive the package.")
    with one_act():
        office.ledger.lock()
        held = _held(office, case.delivered, told.certificate)
        received = acknowledged(case.delivered).get(told.certificate)
        if received is None:
            raise CountersealError(
                "not-acknowledged", "This officer has not acknowledged the package.",
                next_step="Send the acknowledgement first.",
            )  # fmt: skip
        accepted = entries_at([received])[received].body["conditions"]
        about = (told.package, told.entry, told.ledger, told.conditions)
        if about != (held.package, case.intent, office.ledger.origin, accepted) or told.act not in {"used", *ENDS}:
            raise CountersealError(
                "custody-certificate", "This certifies another package.", next_step="Send it to the row it is about."
            )
        earlier = certificate_entry(told.act, case.delivered, told.certificate)
        if earlier is not None:
            return Receipted(earlier, told.certificate)
        _check_day(told.on, held.holding.since, office.clock.now())
        outcome = ENDS.get(told.act)
        after(held.holding, Event(Act.ENDED if outcome else Act.USED, office.clock.now(), outcome))
        body: dict[str, Fact] = {
            "agency": agency, "delivered": case.delivered, "officer": told.certificate, "over": held.holding.over,
            "package": told.package, "on": told.on.isoformat(), "document": told.document, "door": door,
            **({"outcome": str(outcome)} if outcome else {"act": "used"}),
        }  # fmt: skip
        _keep(office, told.document, document)
        entry = office.ledger.append("destroyed" if outcome else "custody", body)
    office.ledger.publish()
    return Receipted(entry, told.certificate)


def answer_order(office: Office, agency: str, order: int, document: bytes, *, door: str = "interface") -> Receipted:
    """Enter a holder's signed answer to an order. ``acknowledged``, ``ceased`` and ``cannot`` leave it open.

    Raises CountersealError ``not-found`` for an order that is not to an officer of the agency, ``order-answer`` when
    the signature does not hold or it answers another order, ``not-a-recipient`` when another officer signed,
    ``custody-day``, ``custody-outcome`` and ``custody-certified``.
    """
    _own_order(office, agency, order)
    told, asked = read_order_answer(document), ordered_entry(order)
    if told.certificate != asked.body["officer"]:
        raise CountersealError("not-a-recipient", "The officer who signed this is not the one who is ordered.")
    facts = (told.order, told.text, told.package, told.ledger)
    if facts != (order, asked.body["document"], asked.body["package"], office.ledger.origin):
        raise CountersealError("order-answer", "This answers another order.", next_step="Send it to its own order.")
    with one_act():
        office.ledger.lock()
        earlier = entered_answer(order, told.document)
        if earlier is not None:
            return Receipted(earlier, told.certificate)
        held = _held(office, int(asked.body["delivered"]), told.certificate)
        _check_day(told.on, held.holding.since, office.clock.now())
        opens = told.answer in LEAVE_OPEN
        outcome = None if opens else _outcome(told.answer)
        kind = Act.ORDER_ACKNOWLEDGED if opens else Act.CERTIFIED
        after(held.holding, Event(kind, office.clock.now(), outcome, order))
        word = LEAVE_OPEN.get(told.answer, "")
        body: dict[str, Fact] = {
            "act": "acknowledged" if opens else "certified", "order": order, "delivered": held.holding.delivered,
            "officer": told.certificate, "agency": agency, "on": told.on.isoformat(), "document": told.document,
            "door": door, **({"answer": word} if word else {}), **({"outcome": str(outcome)} if outcome else {}),
        }  # fmt: skip
        _keep(office, told.document, document)
        entry = office.ledger.append("recall", body)
    office.ledger.publish()
    return Receipted(entry, told.certificate)


def _of_agency(office: Office, agency: str) -> list[tuple[Held, HolderOrder]]:
    """Give the orders to an agency's officers once the batch is answered: sooner they would tell which row has one."""
    return [
        (held, order)
        for held in held_packages(office)
        if held.holding.agency == agency and held.case is not None and answered_at(held.submission) is not None
        for order in held.holding.orders
    ]


def _own_order(office: Office, agency: str, order: int) -> None:
    if not any(one.entry == order for _, one in _of_agency(office, agency)):
        raise CountersealError("not-found", "There is no such order to an officer of this agency.")


def _held(office: Office, delivered: int, officer: str) -> Held:
    for one in held_packages(office):
        if (one.holding.delivered, one.holding.officer) == (delivered, officer):
            return one
    raise CountersealError("not-a-recipient", "The officer who signed this did not receive the package.")


def _check_day(on: date, since: datetime, now: datetime) -> None:
    """Refuse a day before the delivery or to come; a day's grace either way, for the holder's own time zone."""
    if not (since - timedelta(days=1)).date() <= on <= (now + timedelta(days=1)).date():
        raise CountersealError("custody-day", "It cannot have been done on this day: before delivery, or to come.")


def _outcome(word: str) -> Outcome:
    try:
        return Outcome(word)
    except ValueError:
        raise CountersealError("custody-outcome", "This is no answer to an order.") from None


def _keep(office: Office, digest: str, document: bytes) -> None:
    """Put the paper where the ledger's digest finds it, readable by the owner alone, before its entry is made."""
    write_durably(office.workspace.papers / f"{digest}.json", document, mode=0o600)
