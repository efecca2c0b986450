"""Incidents as pages: a report that is late says so on each, and nothing of a person shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.conftest import CANARY
from tests.web.test_doors import client_of, served_here

from counterseal.store.connection import ready

ready()

from tests.flow.casework import at_work  # noqa: E402, F401  # a fixture; the models need Django started
from tests.flow.test_custody import released  # noqa: E402

from counterseal.core.incident import Source  # noqa: E402
from counterseal.flow import incident as acts  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.casework import AtWork


@pytest.fixture
def served(at_work: AtWork) -> Iterator[AtWork]:  # noqa: F811  # the fixture
    with served_here(at_work.folder):
        yield at_work


def page(address: str) -> str:
    answer = client_of("cora").get(address)
    assert answer.status_code == 200, address
    told: str = answer.content.decode()
    assert not any(sign in told for sign in CANARY)
    return told


def opened(served: AtWork, hours: int) -> int:
    now = served.office.clock.now()
    return acts.open_incident(
        served.office, [released(served)], Source.PERSON, now - timedelta(hours=hours), "Seen in a file.", by="A. C."
    ).number


def test_an_office_without_an_incident_that_does_not_say_what_to_do(served: AtWork):
    assert "counterseal incident open" in page("/incidents/")


def test_a_late_report_that_nobody_sees(served: AtWork):
    number = opened(served, 30)
    assert "1 report overdue." in page("/incidents/")
    told = page(f"/incidents/{number}/")
    assert "The report is late." in told
    assert told.count("<svg") == 2
    assert "The report is late, or was" in told
    assert "Seen in a file" not in told
    acts.report(served.office, number, lambda _: b"report", by="A. C.")
    assert "overdue." not in page("/incidents/")
    assert "The report is late." in page(f"/incidents/{number}/")


def test_an_incident_in_time_that_is_called_late(served: AtWork):
    number = opened(served, 3)
    assert "The report is late." not in page(f"/incidents/{number}/")
    told = page("/incidents/")
    assert "To be reported" in told
    assert "Late<" not in told
    acts.contain(served.office, number, "In error.", served.office.clock.now() + timedelta(days=2), by="A. C.")
    assert "Every holder was ordered" in page(f"/incidents/{number}/")


def test_a_number_that_opens_no_incident(served: AtWork):
    number = opened(served, 3)
    assert client_of("cora").get(f"/incidents/{number + 1}/").status_code == 404
