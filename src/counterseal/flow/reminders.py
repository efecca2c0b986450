"""Reminders of what is due from holders, and escalations of what is overdue: each once, each an entry, as a message.

A message names what is due by entry, duty and time, to whom it goes, and the officer as the register has them. It
holds nothing of the person whose answer it is. What carries it (a mailer, a person) is outside of this office: the
message is a file, and its entry is made before the file, so that none goes twice and none unseen.
"""

from __future__ import annotations

from dataclasses import dataclass
from email.message import EmailMessage
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.custody import due
from counterseal.flow.register import named_person
from counterseal.store.custody import entries_of
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from counterseal.flow.custody import Due
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact

STEPS = ("soon", "overdue")


@dataclass(frozen=True, slots=True)
class Reminder:
    """One message: its file's name and its bytes (RFC 5322), and the entry that says it was made."""

    name: str
    message: bytes
    entry: int


def remind(office: Office, *, by: str) -> list[Reminder]:
    """Make a message for everything that has become due soon or overdue since the last time; give them.

    Raises CountersealError ``person`` where nobody is named.
    """
    made: list[Reminder] = []
    name = named_person(by)
    with one_act():
        office.ledger.lock()
        told = {_mark(one.body) for one in entries_of(["custody"]) if one.body.get("act") == "reminded"}
        for one in due(office):
            if one.state not in STEPS:
                continue
            body = _body(one)
            if _mark(body) in told:
                continue
            message = write_message(one, office.ledger.origin)
            told.add(_mark(body))
            entry = office.ledger.append("custody", {**body, "document": sha256(message).hexdigest()}, {"by": name})
            made.append(Reminder(f"{entry}-{one.state}.eml", message, entry))
    if made:
        office.ledger.publish()
    return made


def write_message(one: Due, origin: str) -> bytes:
    """Write the message about one thing that is due. Raises CountersealError ``custody-due`` where no time is set."""
    if one.at is None:
        raise CountersealError("custody-due", "What has no time is neither soon nor overdue.")
    what = f"order {one.order}" if one.order is not None else f"duty {one.duty}"
    message = EmailMessage()
    overdue = one.state == "overdue"
    message["Subject"] = f"{'Overdue' if overdue else 'Due soon'}: {what}, delivery {one.delivered}"
    message["X-Counterseal-Ledger"] = origin
    message["X-Counterseal-Goes-To"] = one.escalates if overdue else f"{one.agency}, officer {one.officer}"
    lines = [
        f"{'This is overdue' if overdue else 'This is due soon'}: {one.what}.",
        "",
        f"By: {one.at:%Y-%m-%d %H:%M} UTC",
        f"Delivery: entry {one.delivered}",
        f"Order: entry {one.order}" if one.order is not None else f"Duty: {one.duty}, {one.cites}",
        f"Officer: {one.officer}, {one.agency}",
        f"Goes to: {one.escalates}" if overdue else f"Goes to {one.escalates} once it is overdue.",
        "",
        "Nothing of the person concerned stands in this message, and nothing may stand in an answer to it.",
    ]
    message.set_content("\n".join(lines) + "\n")
    return message.as_bytes()


def _body(one: Due) -> dict[str, Fact]:
    about: dict[str, Fact] = {"order": one.order} if one.order is not None else {"duty": one.duty}
    return {"act": "reminded", "delivered": one.delivered, "officer": one.holder, "step": one.state, **about}


def _mark(body: dict[str, Fact]) -> tuple[str, ...]:
    return tuple(str(body.get(part, "")) for part in ("delivered", "officer", "step", "order", "duty"))
