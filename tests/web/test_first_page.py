"""The first page of a role that works on no case: every door it has, and the numbers that their pages tell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.test_doors import CASES, ROLES, client_of, office  # noqa: F401  # a fixture
from tests.web.test_people_pages import number as account
from tests.web.test_people_pages import staffed  # noqa: F401  # a fixture
from tests.web.test_stop_order_pages import just_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIRST_PAGE = sorted(set(ROLES) - CASES)


@pytest.fixture
def contexts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an answer keep what its page was told."""
    from django.template import Template
    from django.test.utils import instrumented_test_render

    monkeypatch.setattr(Template, "_render", instrumented_test_render)


def page(role: str) -> str:
    answer = client_of(role).get("/")
    assert answer.status_code == 200
    return str(answer.content.decode())


def doors(html: str) -> dict[str, tuple[str, str]]:
    """Give, by the address that a door leads to, its number and what presses."""
    found = re.findall(r'<li[^>]*><a class="word" href="([^"]+)">[^<]+</a>(.*?)</li>', html, re.DOTALL)
    return {address: (_first(r"<strong>([\d,]+)</strong>", rest), _first(r'"presses">([^<]+)<', rest))
            for address, rest in found}  # fmt: skip


def _first(pattern: str, text: str) -> str:
    found = re.search(pattern, text)
    return found[1] if found else ""


@pytest.mark.parametrize("role", FIRST_PAGE)
def test_a_door_that_the_first_page_leaves_out(office: None, role: str):  # noqa: F811
    html = page(role)
    named = set(re.findall(r'<li><a href="([^"]+)"', html[html.index("<nav") : html.index("</nav")]))
    assert named == set(doors(html)) - {"/account/keys/"}


@pytest.mark.parametrize("role", FIRST_PAGE)
def test_a_door_that_says_another_number_than_its_page(office: None, contexts: None, role: str):  # noqa: F811
    client, told = client_of(role), doors(page(role))
    for address, number in _numbers_of_pages(client, set(told)):
        assert (address, told[address][0]) == (address, f"{number:,}")


def _numbers_of_pages(client: Any, addresses: set[str]) -> Iterator[tuple[str, int]]:
    for address, counted in {
        "/requester/": lambda shown: len(shown["requests"]),
        "/questions/": lambda shown: sum(rows for _, rows, _ in shown["waiting"]),
        "/stop-orders/": lambda shown: shown["in_force"],
        "/batches/": lambda shown: len(shown["batches"]),
        "/custody/": lambda shown: shown["in_hand"],
        "/incidents/": lambda shown: len([one for one, _, _ in shown["found"] if one.state != "closed"]),
        "/oversight/": lambda shown: len(shown["samples"]),
        "/audit/": lambda shown: shown["page"].total,
        "/people/": lambda shown: sum(one.active for one, _ in shown["people"]),
        "/agreements/": lambda shown: len(shown["agreements"]),
        "/ledger/": lambda shown: shown["head"].size,
    }.items():
        if address in addresses:
            yield address, counted(client.get(address).context)


def test_rows_that_wait_for_counsel_and_press_nobody(office: None):  # noqa: F811
    number, presses = doors(page("counsel"))["/questions/"]
    assert int(number.replace(",", "")) > 0
    assert presses == "They wait for you"
    assert "/questions/" not in doors(page("oversight"))


def test_what_is_overdue_or_unwitnessed_and_does_not_press(office: None, monkeypatch: pytest.MonkeyPatch):  # noqa: F811
    """Each is told from the same facts as its page; here those facts are made up."""
    from types import SimpleNamespace

    from counterseal.web import home

    late = SimpleNamespace(is_held=True, overdue=lambda _: True)
    unreported = SimpleNamespace(state="to be reported", first=lambda _: None)
    sample = SimpleNamespace(drawn=(4, 5, 6), findings={4: None})
    monkeypatch.setattr(home, "holdings", lambda _: [late, SimpleNamespace(is_held=False, overdue=lambda _: False)])
    monkeypatch.setattr(home, "incidents", lambda _: [unreported, SimpleNamespace(state="closed", first=lambda _: 1)])
    monkeypatch.setattr(home, "samples", lambda: [sample])
    monkeypatch.setattr(home, "looks_without_entry", lambda: (1, 2))
    told = doors(page("oversight"))
    assert told["/custody/"] == ("1", "1 overdue")
    assert told["/incidents/"] == ("1", "1 report due")
    assert told["/oversight/"] == ("1", "2 decisions to review")
    assert told["/audit/"][1] == "Looks are missing"


def test_an_administrator_alone_who_is_not_told(office: None):  # noqa: F811
    assert doors(page("administrator"))["/people/"][1] == "You are the only administrator"
    told = client_of("administrator").get("/people/").content.decode()
    assert "Nobody can confirm what you propose" in told
    assert "counterseal administrator NAME" in told


def test_a_proposal_that_presses_nobody(staffed: Path):  # noqa: F811
    """It presses whoever may confirm it, and neither whoever proposed it nor whoever it concerns."""
    client = just_now("administrator")
    client.post("/people/add/", {"username": "new", "role": "clerk"})
    client.post(f"/people/{account('abe')}/code/")
    told = {name: doors(page(name))["/people/"][1] for name in ("administrator", "abe", "amy")}
    assert told == {
        "administrator": "",
        "abe": "1 waits for another administrator",
        "amy": "2 wait for another administrator",
    }


def test_a_clerk_who_finds_no_way_to_an_accounting(office: None):  # noqa: F811
    assert "counterseal report accounting" in page("clerk")
    assert "counterseal report accounting" not in page("counsel")
