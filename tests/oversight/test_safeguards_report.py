"""A report that says other of an agency's safeguards, or of what it holds, than was entered and ordered."""

from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
from tests.oversight.test_accounting import Asked, asked, office_that_disclosed  # noqa: F401  # fixtures

from counterseal.cli import status
from counterseal.core.custody import Ground
from counterseal.core.incident import Source
from counterseal.flow import safeguards
from counterseal.flow.incident import open_incident
from counterseal.flow.recall import order_holders
from counterseal.flow.safeguards_report import safeguards_report
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from pathlib import Path

PAPER = b"The review of the agency's procedures."


@pytest.fixture
def year() -> int:
    return datetime.now(UTC).year


def test_safeguards_told_otherwise_than_entered(asked: Asked, tmp_path: Path, year: int):  # noqa: F811
    from counterseal.store.models import Case

    office, today = asked.at.office, asked.at.office.clock.now().date()
    before = next(one for one in safeguards_report(office, year).recipients if one.agency == "ice")
    assert (before.delivered, before.refused, before.overdue, before.incidents) == (1, 0, 0, {})
    assert sum(before.holdings.values()) == before.officers >= 1
    proposed = safeguards.propose(office, "ice", date(year, 1, 1), today + timedelta(days=30), PAPER, by="A. One")
    safeguards.confirm(office, "ice", PAPER, by="B. Two")
    delivered = Case.objects.get(state="released").delivered_entry
    assert delivered is not None
    due = office.clock.now() + timedelta(days=3)
    sent = order_holders(office, [delivered], Ground.RECALL, by="C. Counsel", reason="matched in error", due=due)
    open_incident(office, [delivered], Source.OFFICE, office.clock.now(), "A wrong match.", by="C. Counsel")
    safeguards.lapse(office, "ice", by="A. One", why="a finding")

    found = next(one for one in safeguards_report(office, year).recipients if one.agency == "ice")
    assert not found.in_force
    assert [(one.entry - proposed, one.act) for one in found.acts][:2] == [(0, "proposed"), (1, "confirmed")]
    assert found.acts[-1].act == "lapsed"
    assert found.acts[1].until == (today + timedelta(days=30)).isoformat()
    assert (found.orders["recall"], found.certified, found.incidents) == (len(sent.entries), 0, {"office": 1})
    assert next(one for one in safeguards_report(office, year - 1).recipients if one.agency == "ice").acts == ()

    out = tmp_path / "safeguards"
    call = ["report", "safeguards", "--workspace", str(asked.at.folder), "--year", str(year), "--out", str(out)]
    assert status(call) == 0
    told = json.loads((out / "safeguards.json").read_text())
    assert next(one for one in told["recipients"] if one["agency"] == "ice")["orders"]["recall"] == len(sent.entries)
    lines = list(csv.DictReader((out / "safeguards.csv").open()))
    assert {"section": "incidents", "line": "ice / office", "measure": "Incidents", "value": "1"} in lines
    assert b"pdfuaid" in (out / "safeguards.pdf").read_bytes()
    assert "not in force" in (out / "safeguards.html").read_text()


def test_rows_refused_for_want_of_safeguards_that_are_not_counted(asked: Asked, year: int):  # noqa: F811
    office = asked.at.office
    body = {"agency": "ice", "agreement": "irs-ice-2025", "rows": 9, "outcomes": {"refused": 9}}
    with one_act():
        office.ledger.append("screened", {**body, "reasons": {"R-08": 9, "R-13": 4}}, {"submission": "SYN-2026-0009"})
        office.ledger.append("screened", body, {"submission": "SYN-2026-0010"})
    found = safeguards_report(office, year)
    assert next(one for one in found.recipients if one.agency == "ice").refused == 9
    assert found.unreasoned == 1
    assert "irs-ice-2025 R-08" in found.rules
