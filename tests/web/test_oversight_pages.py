"""Oversight's pages: a decision that shows through before the finding, a look that is not entered, a rate made up."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from tests.web.databases import copy_workspace
from tests.web.test_casework_pages import entries, tin_of
from tests.web.test_doors import client_of, served_here

from counterseal.oversight.sample import commitment_to

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SHARE = bytes(range(32))


@pytest.fixture
def decided(workspace: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the office in which a specialist has refused one case and returned two."""
    from counterseal import wiring

    folder = tmp_path / "office"
    copy_workspace(workspace, folder)
    with served_here(folder):
        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        client = client_of("specialist")
        for case, act in ((1, "refuse"), (2, "return"), (3, "return")):
            client.post(f"/cases/{case}/take/")
            assert client.post(f"/cases/{case}/{act}/", {"why": "Not borne out by Quibble."}).status_code == 302
        yield folder


def announced(size: int = 3) -> str:
    """Announce a sample by the page, and give its address."""
    client = client_of("oversight")
    day = re.search(r'id="to"[^>]* max="([^"]+)"', client.get("/oversight/sample/announce/").content.decode())[1]
    draft = {"from": day, "to": day, "stratum": "all", "size": str(size), "commitment": commitment_to(SHARE)}
    refused = client.post("/oversight/sample/announce/", {**draft, "size": "4"})
    assert (refused.status_code, "3 decisions can be drawn" in refused.content.decode()) == (409, True)
    assert client.post("/oversight/sample/announce/", {**draft, "to": "soon"}).status_code == 409
    return str(client.post("/oversight/sample/announce/", draft)["Location"])


def test_from_announcement_to_rate_nothing_is_told_before_its_time(decided: Path):
    client = client_of("oversight")
    sample = announced()
    number = sample.split("/")[-2]
    page = client.get(sample).content.decode()
    assert "Draw it" in page
    assert "not borne" not in page
    assert client.post(sample, {"share": "00" * 32}).status_code == 409
    assert client.post(sample, {"share": "no share"}).status_code == 409
    assert client.post(sample, {"share": SHARE.hex()}).status_code == 302
    page = client.get(sample).content.decode()
    assert page.count("not shown") == 3
    assert not re.search(r"Refused|Returned", page)

    place = f"/oversight/re-review/{number}/1/"
    before = len(entries("inspected"))
    asked = client.get(place).content.decode()
    assert "What the request says" not in asked
    assert len(entries("inspected")) == before
    opened = client.post(place, {"step": "open"})
    seen = opened.content.decode()
    assert (opened.status_code, "What the request says" in seen) == (200, True)
    (look,) = entries("inspected")[before:]
    assert look["body"] == {"what": "re-review", "role": "oversight"}
    assert set(look["commitments"]) == {"case", "official", "reason"}
    assert not re.search(r"Quibble|specialist</|by specialist|state-refused|state-returned|/cases/|Reveal", seen)
    numbers = [tin for case in (1, 2, 3) if (tin := tin_of(decided, case))]
    assert numbers
    assert not [tin for tin in numbers if tin in seen]

    find = {"step": "find", "finding": "refused", "rule": "", "reason": "A day is missing."}
    assert client.post(place, find).status_code == 409
    rule = re.search(r'<option value="(R-[0-9]+)"', seen)[1]
    assert client.post(place, {**find, "rule": rule}).status_code == 302
    done = client.get(place).content.decode()
    assert "First decision" in done
    assert re.search(r"First decision</dt><dd>(Refused|Returned)", done)
    assert client.post(place, {"step": "open"}).status_code == 409
    assert "/audit/cases/" in done

    alike = "Not alike" not in done
    page = client.get(sample).content.decode()
    assert page.count("not shown") == 2
    assert f"{int(alike)} of 1" in page
    dashboard = client.get("/oversight/").content.decode()
    low, high = ("33.3%", "100.0%") if alike else ("0.0%", "66.7%")
    assert f"{low} and {high}" in dashboard


def test_a_place_or_a_sample_that_is_none(decided: Path):
    client = client_of("oversight")
    sample = announced(1)
    number = sample.split("/")[-2]
    assert client.post(sample, {"share": SHARE.hex()}).status_code == 302
    for address in (f"/oversight/re-review/{number}/2/", f"/oversight/re-review/{number}/0/", "/oversight/sample/0/",
                    f"/oversight/sample/{10**30}/", f"/oversight/re-review/0/{10**30}/"):  # fmt: skip
        assert client.get(address).status_code == 404, address
        assert client.post(address, {"step": "open"}).status_code == 404, address
    assert client_of("releasing").post(sample, {"share": SHARE.hex()}).status_code == 403


def test_what_is_worth_a_look_stands_in_the_table_with_its_entries_and_its_chart(decided: Path, monkeypatch):
    """With a threshold of nothing, one refusing hand at any hour is worth a look; with the stated one it is not."""
    from counterseal.flow import worth_a_look
    from counterseal.oversight.anomalies import Thresholds, anomalies
    from counterseal.web import oversight

    page = client_of("oversight").get("/oversight/").content.decode()
    assert "Worth a look, not an accusation." in page
    measured = anomalies

    def strict(acts, received, screened, stated):
        return measured(acts, received, screened, Thresholds(night=(0, 24), night_least=2))

    monkeypatch.setattr(worth_a_look, "anomalies", strict)
    assert oversight.DAYS == 90
    page = client_of("oversight").get("/oversight/").content.decode()
    section = page[page.index('id="measure-night"') :]
    assert re.search(r'<th scope="row">specialist</th><td class="number">6</td><td><span[^>]*>Worth a look', section)
    assert len(re.findall(r'href="/ledger/\d+/"', section)) == 5
    assert "and 1 more" in section
    assert page.count("<svg") >= 2


def test_a_finding_whose_case_nobody_can_name_any_more(decided: Path):
    from counterseal.flow.sample import sample_at
    from counterseal.wiring import office

    client = client_of("oversight")
    sample = announced(1)
    number = sample.split("/")[-2]
    client.post(sample, {"share": SHARE.hex()})
    place = f"/oversight/re-review/{number}/1/"
    client.post(place, {"step": "open"})
    assert client.post(place, {"step": "find", "finding": "cannot tell", "reason": "x"}).status_code == 302
    office().ledger.destroy_openings(sample_at(int(number)).drawn[0])
    done = client.get(place)
    assert (done.status_code, "no longer known" in done.content.decode()) == (200, True)
