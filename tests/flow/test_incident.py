"""An incident: what is late and not told so, what is told too soon, and what a report must never hold."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.conftest import CANARY
from tests.flow.test_custody import body, later, refused, released

from counterseal.core.custody import Outcome
from counterseal.core.incident import Act, Event, Incident, NoticeGround, Source, after
from counterseal.errors import CountersealError
from counterseal.flow import incident as acts
from counterseal.flow import recall
from counterseal.oversight.incident import LEAST_FOR_AN_ACT, incident_html, incident_json, incident_pdf

if TYPE_CHECKING:
    from tests.flow.casework import AtWork

WORDS = "The address went to an officer of another case."
TOMORROW = timedelta(days=1)


def noticed(at_work: AtWork, ago: timedelta = timedelta(hours=3), delivered: int | None = None) -> Incident:
    delivered = released(at_work) if delivered is None else delivered
    when = at_work.office.clock.now() - ago
    return acts.open_incident(at_work.office, [delivered], Source.OVERSIGHT, when, WORDS, by="A. Counsel")


def reported(at_work: AtWork, number: int) -> acts.Seen:
    return acts.report(at_work.office, number, lambda told: str(told.figures).encode(), by="A. Counsel")[0]


def test_a_clock_that_runs_from_the_entry_and_not_from_the_discovery(at_work: AtWork):
    found = noticed(at_work, timedelta(hours=20))
    assert found.due == found.identified + timedelta(hours=24)
    assert not found.overdue(at_work.office.clock.now())
    assert found.overdue(found.due + timedelta(seconds=1))
    assert acts.incident(later(at_work, hours=5), found.number).overdue(later(at_work, hours=5).clock.now())


def test_a_report_in_time_that_is_late_a_week_after(at_work: AtWork):
    found = noticed(at_work)
    reported(at_work, found.number)
    assert not acts.incident(at_work.office, found.number).overdue(found.due + timedelta(days=7))


def test_the_document_sets_another_time(at_work: AtWork):
    delivered = released(at_work)
    document = at_work.folder / "agreements" / "irs-ice-2025" / "agreement.md"
    words = document.read_text(encoding="utf-8")
    line = next(one for one in words.splitlines() if one.startswith("| D-14 |"))
    document.write_text(words.replace(line, line.replace("| 24 hours |", "| 2 hours |")), encoding="utf-8")
    assert noticed(at_work, delivered=delivered).due < at_work.office.clock.now()


def test_a_document_that_gives_itself_longer_than_the_law(at_work: AtWork):
    delivered = released(at_work)
    document = at_work.folder / "agreements" / "irs-ice-2025" / "agreement.md"
    words = document.read_text(encoding="utf-8")
    line = next(one for one in words.splitlines() if one.startswith("| D-14 |"))
    document.write_text(words.replace(line, line.replace("| 24 hours |", "| 48 hours |")), encoding="utf-8")
    found = noticed(at_work, delivered=delivered)
    assert found.due == found.identified + timedelta(hours=24)


def test_a_report_that_is_refused_and_lies_there_all_the_same(at_work: AtWork):
    found, written = noticed(at_work), []

    def write(told: acts.Seen) -> bytes:
        written.append(told)
        return b"report"

    with refused("name"):
        acts.report(at_work.office, found.number, write, by=" ")
    with refused("role"):
        acts.report(at_work.office, found.number, write, by=at_work.people.ids["sam"])
    reported(at_work, found.number)
    acts.propose_close(at_work.office, found.number, "It was nothing.", by="A. Counsel")
    acts.close(at_work.office, found.number, by="B. Counsel")
    with refused("incident-closed"):
        acts.report(at_work.office, found.number, write, by="A. Counsel")
    assert written == []


def test_an_incident_about_nothing(at_work: AtWork):
    now = at_work.office.clock.now()
    delivered = released(at_work)
    with refused("incident-delivered"):
        acts.open_incident(at_work.office, [], Source.OFFICE, now, WORDS, by="A. Counsel")
    with refused("incident-delivered"):
        acts.open_incident(at_work.office, [delivered, 1], Source.OFFICE, now, WORDS, by="A. Counsel")
    with refused("incident-words"):
        acts.open_incident(at_work.office, [delivered], Source.OFFICE, now, " ", by="A. Counsel")
    with refused("incident-time"):
        acts.open_incident(at_work.office, [delivered], Source.OFFICE, now + TOMORROW, WORDS, by="A. Counsel")
    assert acts.incidents(at_work.office) == []
    with refused("incident-unknown"):
        acts.incident(at_work.office, delivered)


def test_an_incident_by_somebody_who_may_not(at_work: AtWork):
    delivered = released(at_work)
    with refused("role"):
        acts.open_incident(
            at_work.office, [delivered], Source.OFFICE, at_work.office.clock.now(), WORDS, by=at_work.people.ids["sam"]
        )


def test_a_holder_who_is_not_asked_to_give_it_back(at_work: AtWork):
    found = noticed(at_work)
    sent = acts.contain(
        at_work.office, found.number, "Sent to the wrong case.", at_work.office.clock.now() + TOMORROW, by="A. Counsel"
    )
    told = acts.seen(at_work.office, found.number)
    assert told.figures.ordered == len(sent.entries) == told.figures.recipients > 0
    assert told.figures.still_held == told.figures.recipients
    assert told.incident.first(Act.CONTAINED) is not None
    for order in sent.entries:
        recall.certify_order(at_work.office, order, Outcome.DESTROYED, "A. Counsel", b"We destroyed it.")
    assert acts.seen(at_work.office, found.number).figures.still_held == 0


def test_a_person_who_is_told_before_safeguards(at_work: AtWork):
    found = noticed(at_work)
    with refused("incident-order"):
        acts.notify(
            at_work.office, found.number, found.delivered[0], NoticeGround.CHARGE, b"letter", "", by="A. Counsel"
        )
    reported(at_work, found.number)
    with refused("incident-words"):
        acts.notify(
            at_work.office, found.number, found.delivered[0], NoticeGround.DECISION, b"letter", " ", by="A. Counsel"
        )
    with refused("incident-delivered"):
        acts.notify(at_work.office, found.number, 1, NoticeGround.CHARGE, b"letter", "", by="A. Counsel")
    entry = acts.notify(
        at_work.office, found.number, found.delivered[0], NoticeGround.CHARGE, b"letter", "", by="A. Counsel"
    )
    assert body(at_work, entry)["body"]["ground"] == "criminal charge"
    assert acts.seen(at_work.office, found.number).figures.notices == 1


def test_a_report_that_names_somebody(at_work: AtWork):
    from counterseal.store.models import Case

    found = noticed(at_work)
    told = reported(at_work, found.number)
    now = at_work.office.clock.now()
    row = Case.objects.get(delivered_entry=found.delivered[0]).row
    from tests.oversight.test_accounting import batch_file

    person = batch_file(at_work, "rows")[row - 1]
    values = [person[name] for name in ("family_name", "tin", "address_line_1", "case_number", "request_ref")]
    pages = (
        incident_html(told.incident, told.figures, "ledger", now),
        incident_json(told.incident, told.figures, "ledger"),
        *(at_work.office.ledger.entry(one).decode() for one in range(found.number, _size(at_work))),
    )
    for page in pages:
        assert not any(word and word in page for word in (*CANARY, *values, WORDS, "A. Counsel"))
    assert incident_pdf(told.incident, told.figures, "ledger", now).startswith(b"%PDF")


def test_damages_that_are_counted_once_for_many_recipients(at_work: AtWork):
    told = acts.seen(at_work.office, noticed(at_work).number).figures
    assert told.acts == told.recipients * len(told.elements)
    assert told.least_damages == told.acts * LEAST_FOR_AN_ACT
    assert json.loads(incident_json(acts.incidents(at_work.office)[0], told, "x"))["least_damages_usd"] > 0


def test_an_incident_that_one_person_closes(at_work: AtWork):
    found = noticed(at_work)
    with refused("incident-proposal"):
        acts.close(at_work.office, found.number, by="A. Counsel")
    with refused("incident-waits"):
        acts.propose_close(at_work.office, found.number, "", by="A. Counsel")
    with refused("incident-order"):
        acts.propose_close(at_work.office, found.number, "It was nothing.", by="A. Counsel")
    reported(at_work, found.number)
    acts.propose_close(at_work.office, found.number, "The court has it kept.", by="A. Counsel")
    with refused("incident-same-person"):
        acts.close(at_work.office, found.number, by="a. counsel ")
    acts.close(at_work.office, found.number, by="B. Counsel")
    assert acts.incident(at_work.office, found.number).state == "closed"
    with refused("incident-closed"):
        reported(at_work, found.number)


def test_a_closing_that_overtakes_what_was_done_since(at_work: AtWork):
    found = noticed(at_work)
    reported(at_work, found.number)
    acts.propose_close(at_work.office, found.number, "The court has it kept.", by="A. Counsel")
    reported(at_work, found.number)
    with refused("incident-proposal"):
        acts.close(at_work.office, found.number, by="B. Counsel")


@given(st.lists(st.sampled_from(list(Act)[1:]), max_size=8))
def test_a_way_to_a_closed_incident_round_its_report(way: list[Act]):
    now = datetime(2026, 11, 3, tzinfo=UTC)
    found = Incident(7, Source.PERSON, now, now + TOMORROW, (3,), ())
    for number, act in enumerate(way, start=8):
        try:
            found = after(found, Event(act, number, now))
        except CountersealError:
            continue
    done = [event.act for event in found.events]
    if found.state == "closed":
        assert done[-2:] == [Act.PROPOSED, Act.CLOSED]
        assert Act.REPORTED in done
        assert done.count(Act.CLOSED) == 1
    for place, act in enumerate(done):
        assert act is not Act.NOTIFIED or Act.REPORTED in done[:place]


def _size(at_work: AtWork) -> int:
    return at_work.office.ledger.size_and_root()[0]


@pytest.mark.parametrize("words", ["holder", "office", "oversight", "court", "person"])
def test_a_source_that_is_lost_on_the_way(words: str):
    assert Source(words).value == words
