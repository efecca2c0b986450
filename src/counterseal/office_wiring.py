"""Stop orders and administrators at the machine itself, put together for the commands.

Beside ``wiring``, because pages reach the same acts through ``flow`` with the official who is signed in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.custody_wiring import end_of_day, moment
from counterseal.errors import CountersealError
from counterseal.wiring import open_office

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from counterseal.flow.office import Office


def issue_stop_order(
    office: Office, scope: str, reaches: str, authority: str, by: str, court: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Issue an order and tell what came of it; ``waits`` says why it is not yet acknowledged.

    ``court`` holds ``court``, ``docket``, ``ordered_at`` and ``confirm_by`` of a court's order, which is served on
    everybody who holds what had left before it: ``served`` are the entries, ``unserved`` says why none went.
    """
    from counterseal.flow.orders import CourtOrder, acknowledge, enter  # models need Django
    from counterseal.flow.recall import serve

    made = None
    if court is not None:
        by_when = end_of_day(court["confirm_by"], "--confirm-by") if court["confirm_by"] else None
        made = CourtOrder(court["court"], court["docket"], moment(court["ordered_at"], "--ordered-at"), by_when)
    entered = enter(office, scope, reaches, authority, by, made)
    told: dict[str, Any] = {"order": entered.order, "entry": entered.entry, "stopped": entered.stopped}
    if made is not None:
        try:
            told |= {"served": list(serve(office, entered.order, by).entries), "unserved": ""}
        except CountersealError as error:
            told |= {"served": [], "unserved": error.message}
    try:
        acknowledge(office)
    except CountersealError as error:
        return {**told, "acknowledged": False, "waits": f"{error.message} {error.next_step}".strip()}
    return {**told, "acknowledged": True, "waits": ""}


def lift_stop_order(office: Office, order: int, by: str, authority: str) -> dict[str, Any]:
    """Ask that an order be lifted, or lift what somebody else asked.

    Raises CountersealError ``lift-by-two`` for the one who asked, ``stop-order-authority`` without a reason.
    """
    from counterseal.flow.orders import ask_lift, lift
    from counterseal.store.stop_orders import held_order

    if not held_order(order).lift_asked_by:
        ask_lift(office, order, by, authority)
        return {"order": order, "act": "asked"}
    return {"order": order, "act": "lifted", "opened": lift(office, order, by)}


def list_stop_orders(office: Office) -> list[dict[str, Any]]:
    """Tell every order, those in force first, as a program reads them."""
    from counterseal.store.listing import stop_orders_listed

    del office  # it is open, so the database is
    return [
        {
            "order": one.id,
            "scope": one.scope,
            "reaches": one.reaches,
            "authority": one.authority,
            "issued_by": one.issued_by,
            "issued_at": one.issued_at.isoformat(),
            "entry": one.entry,
            "state": _state(one.lifted_at, one.acknowledged_at, one.lift_asked_by),
            "lift_asked_by": one.lift_asked_by,
            "lifted_by": one.lifted_by,
            "lifted_at": one.lifted_at.isoformat() if one.lifted_at else None,
        }
        for one in stop_orders_listed()
    ]


def invite_administrator(workspace: Path, username: str) -> tuple[str, int]:
    """Make an administrator, or give one a new code; give the one-time code and the hours it is good for."""
    office = open_office(workspace)
    from counterseal.flow.people import invite_administrator as invite  # models need Django

    invited = invite(office, username)
    return invited.code, invited.hours


def _state(lifted: object, acknowledged: object, asked: str) -> str:
    if lifted:
        return "lifted"
    words = "in force" if acknowledged else "in force, not yet witnessed"
    return f"{words}, lifting asked" if asked else words
