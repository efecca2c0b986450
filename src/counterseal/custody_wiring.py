"""What the doors call about packages in other hands, told as programs read it."""

from __future__ import annotations

from datetime import UTC, date, datetime, time
from typing import TYPE_CHECKING, Any

from counterseal.core.custody import Ground, Outcome
from counterseal.errors import CountersealError
from counterseal.vault.durable import write_durably

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from counterseal.core.custody import HolderOrder
    from counterseal.flow.custody import Held
    from counterseal.flow.office import Office


def custody_list(office: Office) -> list[dict[str, Any]]:
    """Tell everything that left, in whose hands, and what became of it."""
    from counterseal.flow.custody import held_packages  # models need Django

    now = office.clock.now()
    return [held_told(one, now) for one in held_packages(office)]


def custody_due(office: Office) -> list[dict[str, Any]]:
    """Tell what is due, the overdue first."""
    from counterseal.flow.custody import due

    return [{name: getattr(one, name) for name in one.__slots__} | {"at": _stamp(one.at)} for one in due(office)]


def order_holders(
    office: Office, delivered: Sequence[int], ground: str, *, by: str, reason: str, due: str
) -> dict[str, Any]:
    """Order a recall or tell a correction; ``due`` is a day, to its end in UTC, or empty."""
    from counterseal.flow import recall

    day = end_of_day(due, "--due") if due else None
    sent = recall.order_holders(office, delivered, Ground(ground), by=by, reason=reason, due=day)
    return {"orders": list(sent.entries), "passed_over": sent.passed_over}


def remind(office: Office, outbox: Path, by: str) -> list[Path]:
    """Write a message for everything that has become due soon or overdue since the last time; give the files."""
    from counterseal.flow.reminders import remind as made

    outbox.mkdir(parents=True, exist_ok=True)
    files = []
    for one in made(office, by=by):
        write_durably(path := outbox / one.name, one.message, mode=0o600)
        files.append(path)
    return files


def serve_stop(office: Office, order: int, by: str) -> dict[str, Any]:
    """Serve a court's stop order on everybody who holds what had left before it."""
    from counterseal.flow import recall

    sent = recall.serve(office, order, by)
    return {"orders": list(sent.entries), "passed_over": sent.passed_over}


def write_orders(office: Office, orders: Sequence[int], folder: Path) -> list[Path]:
    """Write the document of each order into a folder; give the files."""
    from counterseal.flow.recall import document

    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for order in orders:
        path = folder / f"order-{order}.json"
        write_durably(path, document(office, order))
        files.append(path)
    return files


def answer_order(office: Office, order: int, outcome: str, paper: Path, by: str) -> int:
    """Enter that an order was acknowledged, or with an outcome certified; give the entry."""
    from counterseal.flow import recall

    content = read_paper(paper)
    if not outcome:
        return recall.acknowledge_order(office, order, by, content)
    return recall.certify_order(office, order, _outcome(outcome), by, content)


def record_end(office: Office, delivered: int, officer: str, outcome: str, paper: Path, by: str) -> int:
    """Enter on a holder's paper that use ended (``used``) or that it was returned or destroyed; give the entry."""
    from counterseal.flow import recall
    from counterseal.flow.custody import held_packages

    named = [one.holding.officer for one in held_packages(office)
             if one.holding.delivered == delivered and officer in {one.officer, one.holding.officer}]  # fmt: skip
    if not named:
        raise CountersealError("custody-unknown", "This officer received nothing by that entry.", where="--officer")
    told = None if outcome == "used" else _outcome(outcome)
    return recall.record(office, delivered, named[0], told, by, read_paper(paper))


def stop_order_report(office: Office, order: int) -> dict[str, Any]:
    """Tell what a stop order met and what holders answered."""
    from counterseal.flow.stop_report import stop_report

    found, now = stop_report(office, order), office.clock.now()
    facts = {name: getattr(found, name) for name in
             ("order", "entry", "court", "docket", "ordered_at", "confirm_by", "words_sha256")}  # fmt: skip
    stopped = [{"case": one.id, "submission": one.submission, "row": one.row, "state": one.state.value}
               for one in found.stopped]  # fmt: skip
    holders = [
        {**held_told(one.held, now), "served": _order(one.served, now) if one.served else None,
         "standing": one.standing(now)}
        for one in found.holders
    ]  # fmt: skip
    return {**facts, "stopped": stopped, "holders": holders}


def propose_safeguards(office: Office, agency: str, since: str, until: str, paper: Path, by: str) -> int:
    """Propose that safeguards are in force; give the entry."""
    from counterseal.flow import safeguards

    days = _day(since, "--since"), _day(until, "--until")
    return safeguards.propose(office, agency, *days, read_paper(paper), by=by)


def confirm_safeguards(office: Office, agency: str, paper: Path, by: str) -> int:
    """Confirm what another proposed; give the entry."""
    from counterseal.flow import safeguards

    return safeguards.confirm(office, agency, read_paper(paper), by=by)


def lapse_safeguards(office: Office, agency: str, why: str, by: str) -> int:
    """Set down that safeguards have lapsed; give the entry."""
    from counterseal.flow import safeguards

    return safeguards.lapse(office, agency, by=by, why=why)


def safeguards_told(office: Office) -> list[dict[str, Any]]:
    """Tell every agency's safeguards as they stand today."""
    from counterseal.flow.safeguards import statuses

    return [
        {"agency": one.kept.agency, "title": one.kept.title, "in_force": one.kept.in_force,
         "until": one.kept.until.isoformat() if one.kept.until else None, "entry": one.entry,
         "document": one.document, "waits": one.waits, "borne_out": one.borne_out}
        for one in statuses(office)
    ]  # fmt: skip


def held_told(one: Held, now: datetime) -> dict[str, Any]:
    """Tell one package in one officer's hands."""
    holding = one.holding
    return {
        "delivered": holding.delivered, "intent": holding.intent, "release": holding.over, "package": one.package,
        "agency": holding.agency, "agreement": holding.agreement, "officer": one.officer,
        "certificate": holding.officer, "case": one.case, "submission": one.submission, "row": one.row,
        "elements": list(one.elements), "conditions": list(one.conditions), "since": _stamp(holding.since),
        "state": holding.state.value, "acknowledged_at": _stamp(holding.acknowledged_at),
        "used_at": _stamp(holding.used_at), "ended_at": _stamp(holding.ended_at), "overdue": holding.overdue(now),
        "orders": [_order(order, now) for order in holding.orders],
    }  # fmt: skip


def moment(written: str, where: str) -> datetime:
    """Read a time in UTC, ``2026-02-05T14:00``, or with its own offset. Raises CountersealError ``date``."""
    try:
        told = datetime.fromisoformat(written)
    except ValueError:
        raise CountersealError("date", "This is no time.", where=where, next_step="Write 2026-02-05T14:00.") from None
    return told.replace(tzinfo=UTC) if told.tzinfo is None else told.astimezone(UTC)


def end_of_day(written: str, where: str) -> datetime:
    """Read a day and give its last moment in UTC. Raises CountersealError ``date``."""
    return datetime.combine(_day(written, where), time(23, 59, 59), UTC)


def read_paper(path: Path) -> bytes:
    """Read a document that is entered by its digest. Raises CountersealError ``no-such-file``."""
    try:
        return path.read_bytes()
    except OSError:
        raise CountersealError("no-such-file", "This file cannot be read.", where=str(path)) from None


def _order(one: HolderOrder, now: datetime) -> dict[str, Any]:
    return {
        "order": one.entry, "ground": one.ground.value, "duty": one.duty, "at": _stamp(one.at), "due": _stamp(one.due),
        "state": "overdue" if one.overdue(now) else one.word, "acknowledged_at": _stamp(one.acknowledged_at),
        "certified_at": _stamp(one.certified_at), "outcome": one.outcome.value if one.outcome else None,
        "stop": one.stop,
    }  # fmt: skip


def _outcome(word: str) -> Outcome:
    try:
        return Outcome(word)
    except ValueError:
        raise CountersealError(
            "custody-outcome", f"An outcome is one of: {', '.join(Outcome)}.", where="--outcome"
        ) from None


def _day(written: str, where: str) -> date:
    try:
        return date.fromisoformat(written)
    except ValueError:
        raise CountersealError("date", "This is no day.", where=where, next_step="Write 2026-11-23.") from None


def _stamp(at: datetime | None) -> str | None:
    return at.isoformat() if at else None
