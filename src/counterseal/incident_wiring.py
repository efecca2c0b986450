"""Incidents put together for the commands: reports and letters written to files, and a drill from end to end."""

from __future__ import annotations

import json
import shutil
import time
from typing import TYPE_CHECKING, Any

from counterseal.core.incident import NoticeGround, Source
from counterseal.custody_wiring import end_of_day, moment, read_paper
from counterseal.errors import CountersealError
from counterseal.vault.durable import write_durably
from counterseal.wiring import open_office

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from enum import StrEnum
    from pathlib import Path

    from counterseal.core.incident import Incident
    from counterseal.flow.incident import Seen
    from counterseal.flow.office import Office

DRILLED = "An exercise: the address went to an officer of another case."
FIRST, SECOND = "Exercise lead", "Exercise counsel"


def open_incident(
    office: Office, delivered: Sequence[int], source: str, identified: str, words: str, by: str
) -> dict[str, Any]:
    """Open an incident; ``identified`` is a time in UTC."""
    from counterseal.flow import incident as acts  # models need Django

    told = _word(Source, source, "--source")
    when = moment(identified, "--identified")
    return incident_told(office, acts.open_incident(office, delivered, told, when, words, by=by).number)


def contain(office: Office, number: int, reason: str, due: str, by: str) -> dict[str, Any]:
    """Recall what left; ``due`` is a day, to its end in UTC, or empty."""
    from counterseal.flow import incident as acts

    sent = acts.contain(office, number, reason, end_of_day(due, "--due") if due else None, by=by)
    return {"orders": list(sent.entries), "passed_over": sent.passed_over}


def report(office: Office, number: int, out: Path, by: str) -> dict[str, Any]:
    """Write report.html, report.pdf and report.json into ``out`` and enter their digest: that of report.json."""
    from counterseal.flow import incident as acts
    from counterseal.oversight.incident import incident_html, incident_json, incident_pdf

    origin, now = office.ledger.origin, office.clock.now()

    def write(told: Seen) -> bytes:
        written = incident_json(told.incident, told.figures, origin).encode()
        write_durably(out / "report.json", written)
        write_durably(out / "report.html", incident_html(told.incident, told.figures, origin, now).encode())
        write_durably(out / "report.pdf", incident_pdf(told.incident, told.figures, origin, now))
        return written

    told, entry = acts.report(office, number, write, by=by)
    return {"entry": entry, "late": told.incident.overdue(now), "folder": str(out)}


def charge(office: Office, number: int, delivered: int, ground: str, paper: Path, by: str) -> int:
    """Enter on a document that somebody is charged, or discipline is proposed; give the entry."""
    from counterseal.flow import incident as acts

    return acts.charge(office, number, delivered, _word(NoticeGround, ground, "--ground"), read_paper(paper), by=by)


def notify(
    office: Office, number: int, delivered: int, ground: str, person: str, out: Path, reason: str, by: str
) -> dict[str, Any]:
    """Enter that a person is told, and write letter.html and letter.pdf into ``out``.

    ``person`` is JSON with ``name`` and ``address`` (lines). Nothing of it is entered but the letter's digest.
    """
    from counterseal.flow import incident as acts
    from counterseal.flow.custody import agreement_here
    from counterseal.release.incident_letter import IncidentLetter, letter_html, letter_pdf

    why, told = _word(NoticeGround, ground, "--ground"), acts.seen(office, number)
    held = next((one for one in told.held if one.holding.delivered == delivered), None)
    if held is None:
        raise CountersealError("incident-delivered", "This delivery is not in question here.", where=str(delivered))
    document = agreement_here(office.workspace, held.holding.agreement)
    letter = IncidentLetter(
        custodian=document.custodian if document else "The custodian of the records",
        lines=read_lines(person),
        written_on=office.clock.now().date(),
        under=f"Incident {number}, entry {delivered}",
        disclosed_on=held.holding.since.date(),
        agency=held.agency_title,
        elements=held.elements,
        ground=why.value,
        recalled=told.figures.ordered > 0,
        demonstration=office.workspace.demonstration,
    )
    page, pdf = letter_html(letter).encode(), letter_pdf(letter)
    entry = acts.notify(office, number, delivered, why, page, reason, by=by)
    write_durably(out / "letter.html", page, mode=0o600)
    write_durably(out / "letter.pdf", pdf, mode=0o600)
    return {"entry": entry, "folder": str(out)}


def propose_close(office: Office, number: int, words: str, by: str) -> int:
    """Propose to close an incident; give the entry."""
    from counterseal.flow import incident as acts

    return acts.propose_close(office, number, words, by=by)


def close(office: Office, number: int, by: str) -> int:
    """Close what another proposed to close; give the entry."""
    from counterseal.flow import incident as acts

    return acts.close(office, number, by=by)


def incidents_told(office: Office) -> list[dict[str, Any]]:
    """Tell every incident, the open ones first."""
    from counterseal.flow.incident import incidents

    return [_in_short(one, office) for one in incidents(office)]


def incident_told(office: Office, number: int) -> dict[str, Any]:
    """Tell one incident: its acts, its figures, and what waits."""
    from counterseal.flow import incident as acts
    from counterseal.oversight.incident import incident_json

    told = acts.seen(office, number)
    written = incident_json(told.incident, told.figures, office.ledger.origin)
    late = told.incident.overdue(office.clock.now())
    return {**json.loads(written), "late": late, "waits": list(acts.waiting(office, told))}


def drill(demonstration: Path, out: Path, says: Callable[[str, float], None]) -> int:
    """Practise on a copy of a demonstration: open, contain, report, answer, tell, close. Give the incident's number.

    ``says`` hears each step and the seconds it took. Raises CountersealError ``drill`` for an office that is none of
    a demonstration or has released nothing, or where ``out`` is there already.
    """
    if out.exists() or not (demonstration / "counterseal.sqlite3").is_file():
        raise CountersealError(
            "drill", "Practise on a copy of a demonstration on SQLite, in a folder that is not there yet.",
            where=str(out), next_step="make demo SERVE=0; then --workspace var/demonstration/office",
        )  # fmt: skip
    office = open_office(demonstration)
    if not office.workspace.demonstration:
        raise CountersealError("drill", "This office is at work; nothing is practised in it.", where=str(demonstration))
    shutil.copytree(demonstration, out / "office")
    return _practise(open_office(out / "office"), out, says)


def _practise(office: Office, out: Path, says: Callable[[str, float], None]) -> int:
    from datetime import timedelta

    from counterseal.core.custody import Outcome
    from counterseal.flow import incident as acts
    from counterseal.flow import recall
    from counterseal.flow.custody import held_packages

    held = [one for one in held_packages(office) if one.holding.is_held]
    if not held:
        raise CountersealError("drill", "This demonstration has released nothing.", where=str(office.workspace.root))
    delivered, now = held[0].holding.delivered, office.clock.now()
    began = time.monotonic()

    def step(words: str) -> None:
        nonlocal began
        says(words, time.monotonic() - began)
        began = time.monotonic()

    found = acts.open_incident(office, [delivered], Source.OVERSIGHT, now, DRILLED, by=FIRST)
    step(f"opened as incident {found.number}; the report is due {found.due:%Y-%m-%d %H:%M} UTC")
    sent = acts.contain(office, found.number, DRILLED, now + timedelta(days=5), by=FIRST)
    step(f"contained: {len(sent.entries)} holders ordered to stop, to return or destroy, and to certify")
    report(office, found.number, out / "report", FIRST)
    step(f"reported without a word of a person: {out / 'report' / 'report.html'}")
    for order in sent.entries:
        recall.certify_order(office, order, Outcome.DESTROYED, FIRST, b"An exercise: destroyed.")
    step("certified by every holder")
    person = json.dumps({"name": "Ada Example", "address": ["1 Example Road", "Denver, CO 80203"]})
    notify(
        office, found.number, delivered, NoticeGround.DISCIPLINE.value, person, out / "letter", DRILLED, FIRST
    )  # fmt: skip
    step(f"the person told, with their rights: {out / 'letter' / 'letter.html'}")
    acts.propose_close(office, found.number, "An exercise.", by=FIRST)
    acts.close(office, found.number, by=SECOND)
    step("closed by a second person")
    return found.number


def read_lines(person: str) -> tuple[str, ...]:
    """Read to whom a letter goes. Raises CountersealError ``person-form``; no value stands in the message."""
    try:
        told = json.loads(person)
        lines = (told["name"], *told["address"])
        plain = len(lines) > 1 and all(isinstance(one, str) and one.strip() and one.isprintable() for one in lines)
    except (ValueError, KeyError, TypeError, RecursionError):
        plain, lines = False, ()
    if not plain:
        raise CountersealError(
            "person-form", "This does not say to whom the letter goes.", where="--person",
            next_step='Give JSON: {"name": "…", "address": ["…"]}.',
        )  # fmt: skip
    return lines


def _in_short(one: Incident, office: Office) -> dict[str, Any]:
    return {
        "incident": one.number, "state": one.state, "source": str(one.source), "due": one.due.isoformat(),
        "identified": one.identified.isoformat(), "deliveries": len(one.delivered),
        "late": one.overdue(office.clock.now()),
    }  # fmt: skip


def _word(words: type[StrEnum], said: str, where: str) -> Any:
    try:
        return words(said)
    except ValueError:
        raise CountersealError("incident-word", f"This is one of: {', '.join(words)}.", where=where) from None
