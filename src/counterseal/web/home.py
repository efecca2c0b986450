"""The first page: the queue to those who work on cases, to others every door of their role and what waits behind it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from django.shortcuts import render
from django.views.decorators.http import require_safe

from counterseal.core.incident import Act
from counterseal.core.official import Role
from counterseal.flow import asker, holder
from counterseal.flow.custody import holdings
from counterseal.flow.incident import incidents
from counterseal.flow.people import proposals
from counterseal.flow.sample import samples
from counterseal.ledger.folder import LedgerFolder
from counterseal.ledger.note import read_head
from counterseal.store.audit import audit_page, looks_without_entry
from counterseal.store.custody import delivered_cases
from counterseal.store.judgements import waiting_submissions
from counterseal.store.officials import officials_listed
from counterseal.web.people import DOES
from counterseal.web.queue import queue
from counterseal.web.requester import agency_of
from counterseal.web.rights import Right, rights_of, who
from counterseal.wiring import look, office

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True)
class Waits:
    """What is behind a door: how many, of what, and in words what presses; nothing presses where it is empty."""

    number: int
    of: str
    presses: str = ""


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Give the first page: the queue to those who work on cases, to anybody else their doors in their order."""
    rights = rights_of(request.user)
    if Right.CASES in rights:
        return queue(request)
    doors = [(page, title, meaning, waits(request)) for right, page, title, meaning, waits in DOORS if right in rights]
    does = DOES.get(cast("Role", getattr(request.user, "role", None)), "")
    return render(request, "web/home.html", {"doors": doors, "does": does})


def _requests(request: HttpRequest) -> Waits:
    agency = agency_of(request)
    orders = len(holder.own_orders(office(), agency))
    return Waits(
        len(asker.everything_of(agency)),
        "sent",
        f"{_counted(orders, 'order')} to answer" if orders else "",
    )


def _questions(_: HttpRequest) -> Waits:
    rows = sum(rows for _, rows in waiting_submissions())
    return Waits(rows, "put to counsel", "They wait for you" if rows else "")


def _submissions(_: HttpRequest) -> Waits:
    return Waits(len(look().batches()), "received")


def _stop_orders(_: HttpRequest) -> Waits:
    orders = look().stop_orders()
    unacknowledged = sum(one.acknowledged_at is None for one in orders)
    return Waits(
        sum(one.lifted_at is None for one in orders),
        "in force",
        f"{unacknowledged} not yet witnessed" if unacknowledged else "",
    )


def _custody(_: HttpRequest) -> Waits:
    now, held = office().clock.now(), holdings(delivered_cases())
    overdue = sum(one.overdue(now) for one in held)
    return Waits(sum(one.is_held for one in held), "in officers’ hands", f"{overdue} overdue" if overdue else "")


def _incidents(_: HttpRequest) -> Waits:
    found = [one for one in incidents(office()) if one.state != "closed"]
    unreported = sum(one.first(Act.REPORTED) is None for one in found)
    return Waits(len(found), "open", f"{_counted(unreported, 'report')} due" if unreported else "")


def _oversight(_: HttpRequest) -> Waits:
    drawn = samples()
    unreviewed = sum(len(one.drawn) - len(one.findings) for one in drawn)
    return Waits(len(drawn), "announced", f"{_counted(unreviewed, 'decision')} to review" if unreviewed else "")


def _audit(_: HttpRequest) -> Waits:
    found, entered = looks_without_entry()
    return Waits(
        audit_page(case=None, official=None, number=1, size=1).total,
        "on record",
        "Looks are missing" if found != entered else "",
    )


def _people(request: HttpRequest) -> Waits:
    alive = [one for one in officials_listed() if one.active]
    administrators = sum(one.role is Role.ADMINISTRATOR for one in alive)
    waiting = sum(not refusal for _, refusal in proposals(office(), who(request)))
    if waiting:
        return Waits(len(alive), "alive", f"{waiting} wait{'s' if waiting == 1 else ''} for another administrator")
    return Waits(len(alive), "alive", "You are the only administrator" if administrators == 1 else "")


def _agreements(_: HttpRequest) -> Waits:
    return Waits(len(look().agreements()), "in this office")


def _ledger(_: HttpRequest) -> Waits:
    return Waits(read_head(LedgerFolder(look().workspace.ledger).checkpoint().decode()).size, "in all")


def _counted(number: int, thing: str) -> str:
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


DOORS: tuple[tuple[Right, str, str, str, Callable[[HttpRequest], Waits]], ...] = (
    (Right.REQUESTS, "requests", "Requests",
     "Check a request before it is signed, send it, read the answer by reason, mend and withdraw.", _requests),
    (Right.QUESTIONS, "questions", "Questions",
     "Rows that a rule puts to a person, settled with an opinion.", _questions),
    (Right.STOP_ORDERS, "stop-orders", "Stop orders", "What may not go out, on whose authority.", _stop_orders),
    (Right.COUNTS, "batches", "Submissions",
     "What came in, what became of each row, and the law that decided it.", _submissions),
    (Right.CUSTODY, "custody", "Custody", "What left, in whose hands it is, and what is due from them.", _custody),
    (Right.CUSTODY, "incidents", "Incidents",
     "A disclosure that may have been wrong, from notice to close.", _incidents),
    (Right.AUDIT, "oversight", "Oversight", "Samples that nobody chose, and what is worth a look.", _oversight),
    (Right.AUDIT, "audit", "Audit",
     "What was done and looked at, by case and by official, to be taken away with its receipts.", _audit),
    (Right.PEOPLE, "people", "People", "Who may sign in, in which role, with which keys. Never your own.", _people),
    (Right.LAW, "agreements", "Agreements",
     "The law as it runs: every rule with its citation, and what counsel has yet to settle.", _agreements),
    (Right.LEDGER, "ledger", "Ledger",
     "Every act as an entry that outsiders can verify. It holds nothing of a person.", _ledger),
)  # fmt: skip
"""Right, page, title, meaning, and what counts what waits."""
