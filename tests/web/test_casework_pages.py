"""Cases as pages: what is entered when somebody looks, what stays masked, and what no form may do."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.batch import table_of
from tests.web.conftest import SUBMISSION
from tests.web.databases import copy_workspace
from tests.web.test_doors import client_of, served_here

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def casework(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the office in which cases may be touched."""
    from counterseal import wiring

    folder = tmp_path_factory.mktemp("pages") / "office"
    copy_workspace(workspace, folder)
    with served_here(folder):
        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        yield folder


def entries(kind: str) -> list[dict[str, Any]]:
    from counterseal.store.models import LedgerEntry

    found = LedgerEntry.objects.filter(kind=kind).order_by("index").values_list("entry", flat=True)
    return [json.loads(bytes(one)) for one in found]


def tin_of(folder: Path, case: int) -> str:

    from counterseal.store.casework import held_case

    rows = table_of(folder / "batches" / SUBMISSION / "rows.parquet").to_pylist()
    return str(rows[held_case(case).row - 1]["tin"])


def with_tin(folder: Path) -> int:
    from counterseal.store.models import Case

    return next(case for case in Case.objects.order_by("pk").values_list("pk", flat=True) if tin_of(folder, case))


def test_a_look_that_leaves_no_entry(casework: Path):
    """Each official's first look at a case is an entry; the next click of the same session is none."""
    before = len(entries("inspected"))
    for role in ("specialist", "releasing"):
        client = client_of(role)
        assert client.get("/cases/3/").status_code == 200
        client.get("/cases/3/")
    found = entries("inspected")[before:]
    assert [one["body"] for one in found] == [{"what": "case", "role": role} for role in ("specialist", "releasing")]
    assert set(found[0]["commitments"]) == {"case", "official"}


def test_a_look_that_counts_as_a_touch(casework: Path):
    from counterseal.store.casework import has_touched, official_named

    client_of("releasing").get("/cases/4/")
    assert not has_touched(4, official_named("releasing"))


def test_a_number_that_stands_whole_before_it_is_asked_for(casework: Path):
    case = with_tin(casework)
    number, client = tin_of(casework, case), client_of("specialist")
    assert number not in client.get(f"/cases/{case}/").content.decode()
    before = len(entries("inspected"))
    assert number in client.post(f"/cases/{case}/reveal/").content.decode()
    assert [one["body"]["what"] for one in entries("inspected")[before:]] == ["tin"]
    assert number not in client.get(f"/cases/{case}/").content.decode()


def test_an_officer_who_stands_for_others_unseen(casework: Path):
    """The page tells in how many other rows of the request each officer of the case is named."""
    from counterseal.store.casework import held_case

    rows = table_of(casework / "batches" / SUBMISSION / "rows.parquet").to_pylist()
    named = {row["row"]: {one.strip() for one in (row["officers"] or "").split(";") if one.strip()} for row in rows}
    client, told = client_of("specialist"), set()
    for case in range(1, 11):
        page = client.get(f"/cases/{case}/").content.decode()
        own = held_case(case).row
        for officer in named[own]:
            others = sum(officer in names for row, names in named.items() if row != own)
            said = f"Named for <strong>{others}</strong> other row" if others else "Named for no other row"
            assert said in page.split(f'<span class="code">{officer}</span>')[1][:400]
            told.add(others)
    assert len(told) > 1, "all officers stand for as many: the test tries little"


def test_what_the_registry_holds_on_the_page_of_a_case(casework: Path):
    """Neither the account nor an address that the request did not state is on the page of a case."""
    from counterseal.engine.mailing import last_known_address
    from counterseal.store.casework import held_case
    from counterseal.vault.registry_files import RegistryFiles

    folder = casework / "batches" / SUBMISSION
    accounts = {one["row"]: one["account_id"] for one in table_of(folder / "identified.parquet").to_pylist()}
    stated = {one["row"]: one["address_line_1"] for one in table_of(folder / "rows.parquet").to_pylist()}
    client, others, files = client_of("specialist"), 0, RegistryFiles(os.urandom)
    for case in range(1, 21):
        held = held_case(case)
        page = client.get(f"/cases/{case}/").content.decode()
        assert accounts[held.row] not in page
        newest = next(iter(last_known_address(Path(held.registry), accounts[held.row], files).values()))
        if newest.split()[:2] != stated[held.row].upper().split()[:2]:
            others += 1
            assert newest not in page
    assert others, "every address that was asked about is the newest one: the test tries nothing"


def test_a_case_that_is_moved_by_a_role_that_may_not(casework: Path):
    for role, act in (("releasing", "take"), ("releasing", "hold"), ("counsel", "refuse"), ("administrator", "take")):
        assert client_of(role).post(f"/cases/8/{act}/", {"why": "x"}).status_code == 403, (role, act)
    from counterseal.store.casework import held_case

    assert held_case(8).state == "open"
    refused = client_of("releasing").post("/cases/8/refuse/", {"why": "x"})
    assert refused.status_code == 409
    assert held_case(8).state == "open"


def test_an_act_from_somewhere_else(casework: Path):
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    client.force_login(get_user_model().objects.get(username="specialist"))
    for address in ("/cases/9/take/", "/cases/9/reveal/", "/cases/9/determine/", "/filters/"):
        assert client.post(address).status_code == 403, address


def test_a_case_that_never_comes_back_to_its_specialist(casework: Path):
    """Take, determine, hold, take up again, take, give back: each from its page."""
    client = client_of("specialist")
    steps = (
        ("take/", {}, "in_review"), ("determine/", {"determination": "Nothing."}, "in_review"),
        ("hold/", {"why": "Waits."}, "held"), ("resume/", {}, "open"), ("take/", {}, "in_review"),
        ("give-back/", {"why": "Leave."}, "open"),
    )  # fmt: skip
    from counterseal.store.casework import held_case

    for step, given_, state in steps:
        assert client.post(f"/cases/10/{step}", given_).status_code == 302, step
        assert held_case(10).state == state, step
    page = client.get("/cases/10/").content.decode()
    assert page.count("receipt<") == 6
    assert "Waits." in page
    assert "Waits." not in json.dumps([one for kind in ("case", "inspected") for one in entries(kind)])


def test_a_signature_without_asking_again_who_is_there(casework: Path):
    client = client_of("specialist")
    client.post("/cases/11/take/")
    for answer in (client.get("/cases/11/sign/"), client.post("/cases/11/sign/", {"signature": "x"})):
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/reauthenticate/")


def test_a_filter_that_shows_what_it_should_not(casework: Path):
    client = client_of("specialist")

    def shown(query: str) -> set[str]:
        return set(re.findall(r'href="/cases/(\d+)/"', client.get(f"/{query}").content.decode()))

    client.post("/cases/12/take/")
    assert "12" in shown("?assignee=me&state=in_review")
    assert "12" not in shown("?assignee=nobody")
    assert shown("?state=released") == set()
    assert shown("?agreement=irs-ice-2025&state=open") == shown("?state=open")
    assert shown("?due=overdue") == set()
    first = sorted(map(int, shown("?state=open")))
    later = sorted(map(int, shown(f"?state=open&after={first[-1]}")))
    assert first[-1] < later[0]
    assert sorted(map(int, shown(f"?state=open&before={later[0]}"))) == first


@pytest.mark.parametrize(
    "query", ["?state=anything", "?assignee=7", "?agency=' OR 1=1 --", "?due=never", "?agreement=x"]
)
def test_a_filter_that_is_none(casework: Path, query: str):
    assert client_of("specialist").get(f"/{query}").status_code == 404


@pytest.mark.parametrize(
    "query", ["?after=x", "?after=-1", "?before=99999999999999999999", "?after=9223372036854775807"]
)
def test_a_page_of_the_queue_that_is_none(casework: Path, query: str):
    assert client_of("specialist").get(f"/{query}").status_code == 200


def test_a_set_of_filters_that_others_see(casework: Path):
    client = client_of("specialist")
    kept = client.post("/filters/", {"name": "My open ones", "query": "state=open&assignee=nobody&x=1"})
    assert kept["Location"] == "/?state=open&assignee=nobody"
    assert "My open ones" in client.get("/").content.decode()
    assert "My open ones" not in client_of("releasing").get("/").content.decode()
    assert client.post("/filters/", {"name": "", "query": ""}).status_code == 409
    from counterseal.store.models import SavedFilter

    number = SavedFilter.objects.get().pk
    client_of("releasing").post(f"/filters/{number}/remove/")
    assert SavedFilter.objects.count() == 1
    client.post(f"/filters/{number}/remove/")
    assert SavedFilter.objects.count() == 0


def test_a_queue_that_asks_the_database_for_each_case(casework: Path):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client = client_of("specialist")
    client.get("/")
    asked = []
    for query in ("/?state=in_review", "/?state=open"):
        with CaptureQueriesContext(connection) as told:
            client.get(query)
        asked.append(len(told))
    assert asked[0] == asked[1] <= 10


@pytest.mark.parametrize("case", ["0", "999999", "99999999999999999999"])
def test_a_case_that_is_none(casework: Path, case: str):
    for page in ("", "take/", "sign/"):
        assert client_of("specialist").get(f"/cases/{case}/{page}").status_code in {302, 404}


@given(st.integers(-40, 40), st.integers(0, 23))
def test_a_clock_that_says_more_than_is_left(days: int, hour: int):
    from datetime import UTC, datetime, timedelta

    from counterseal.web.clocks import clock_told

    now = datetime(2026, 11, 23, 12, tzinfo=UTC)
    due = now.replace(hour=hour) + timedelta(days=days)
    told = clock_told(due, None, now)
    assert told is not None
    assert (told.tone == "over") == (due < now)
    assert str(abs(days)) in told.words or days == 0


def test_a_clock_that_somebody_without_the_case_stops(casework: Path):
    client = client_of("specialist")
    assert client.get("/cases/77/clocks/").status_code == 403
    assert client.post("/cases/77/take/").status_code == 302
    assert "Not set. Set it" in client.get("/cases/77/clocks/").content.decode()
    for wrong in ({}, {"clock": "moon", "act": "stop", "why": "x"}, {"clock": "office", "act": "eat", "why": "x"},
                  {"clock": "law", "act": "extend", "until": "soon", "why": "x"},
                  {"clock": "office", "act": "stop", "why": ""}):  # fmt: skip
        assert client.post("/cases/77/clocks/", wrong).status_code == 409, wrong
    form = {"clock": "office", "act": "stop", "why": "waits for a letter"}
    assert client_of("releasing").post("/cases/77/clocks/", form).status_code == 403
    assert client.post("/cases/77/clocks/", form).status_code == 302
    page = client.get("/cases/77/").content.decode()
    assert "stands still" in page
    assert "waits for a letter" in page
