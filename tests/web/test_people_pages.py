"""People as pages: nobody their own, a code that opens one door once, and a session that ends with its role."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.databases import copy_workspace
from tests.web.test_doors import client_of, served_here
from tests.web.test_stop_order_pages import just_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def staffed(workspace: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the office in which accounts may be changed, with two administrators."""
    from counterseal import wiring
    from counterseal.core.official import Role

    folder = tmp_path / "office"
    copy_workspace(workspace, folder)
    with served_here(folder):
        from counterseal.store.officials import set_sign_in

        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        set_sign_in("abe", Role.ADMINISTRATOR, "correct horse battery staple")
        yield folder


def number(name: str) -> int:
    from counterseal.store.casework import official_named

    return official_named(name)


def add(client: Any, name: str, role: str = "specialist") -> str:
    page = client.post("/people/add/", {"username": name, "role": role}).content.decode()
    shown = re.search(r'id="code">([a-z2-7-]+)<', page)
    assert shown, page
    return shown[1]


def test_an_account_that_an_administrator_changes_for_themselves(staffed: Path):
    client, own = just_now("administrator"), number("administrator")
    for act in ("role", "end", "code"):
        assert client.get(f"/people/{own}/{act}/").status_code == 403
        assert client.post(f"/people/{own}/{act}/", {"role": "releasing", "why": "x"}).status_code == 403
    page = client.get(f"/people/{own}/").content.decode()
    assert "another administrator changes it" in page
    assert "End the account" not in page
    assert just_now("abe").post(f"/people/{own}/role/", {"role": "specialist"}).status_code == 302
    assert client.get("/people/").status_code == 302, "the session of the old role is dead"


def test_a_session_that_outlives_its_role_or_its_account(staffed: Path):
    specialist, clerk = client_of("specialist"), client_of("clerk")
    assert specialist.get("/cases/1/").status_code == 200
    assert clerk.get("/ledger/").status_code == 200
    client = just_now("administrator")
    assert client.post(f"/people/{number('specialist')}/role/", {"role": "clerk"}).status_code == 302
    assert client.post(f"/people/{number('clerk')}/end/", {"why": "left the office"}).status_code == 302
    for dead in (specialist, clerk):
        answer = dead.get("/ledger/")
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/")


def test_a_change_of_people_without_a_step_up(staffed: Path):
    client, other = client_of("administrator"), number("clerk")
    for address, form in (
        ("/people/add/", {"username": "new", "role": "clerk"}),
        (f"/people/{other}/role/", {"role": "specialist"}),
        (f"/people/{other}/end/", {"why": "x"}),
        (f"/people/{other}/code/", {}),
    ):
        assert client.post(address, form)["Location"].startswith("/account/reauthenticate/"), address
    from counterseal.store.officials import officials_listed

    assert {one.username for one in officials_listed() if one.active} == {
        "requester", "specialist", "releasing", "counsel", "oversight", "administrator", "clerk", "abe",
    }  # fmt: skip


def test_a_code_that_opens_more_than_the_page_of_a_key(staffed: Path):
    """Whoever comes in with a code enrols a key and sees nothing else; the code is worth nothing after."""
    code = add(just_now("administrator"), "new.person")
    client = client_of(None)
    wrong = client.post("/account/code/", {"username": "new.person", "code": "aaaaaa-bbbbbb-cccccc-dddddd"})
    unknown = client.post("/account/code/", {"username": "nobody", "code": code})
    assert (wrong.status_code, unknown.status_code) == (409, 409)
    tell = [re.sub(r'value="[^"]*"', "", one.content.decode()) for one in (wrong, unknown)]
    assert tell[0] == tell[1], "which half was wrong is told"
    assert client.post("/account/code/", {"username": "new.person", "code": code})["Location"].endswith(
        "/webauthn/add/"
    )
    for address in ("/", "/cases/1/", "/batches/", "/account/keys/", "/account/sessions/", "/account/password/"):
        assert client.get(address)["Location"].endswith("/webauthn/add/"), address
    assert client.get("/account/keys/webauthn/add/").status_code == 200
    assert client_of(None).post("/account/code/", {"username": "new.person", "code": code}).status_code == 409


@pytest.mark.parametrize(
    "form",
    [{"username": "Big Name", "role": "clerk"}, {"username": "new", "role": "king"}, {"username": "new"}, {},
     {"username": "new", "role": "requester"}, {"username": "new", "role": "requester", "agency": "nobody"},
     {"username": "clerk", "role": "clerk"}],
)  # fmt: skip
def test_an_official_that_cannot_be_added(staffed: Path, form: dict[str, str]):
    answer = just_now("administrator").post("/people/add/", form)
    assert answer.status_code == 409
    assert "This was not done" in answer.content.decode()


def test_a_person_who_cannot_be_reached(staffed: Path):
    client = just_now("administrator")
    assert client.get("/people/999/").status_code == 404
    assert client.get(f"/people/{2**63}/").status_code == 404
    other = number("clerk")
    assert client.post(f"/people/{other}/end/", {"why": " "}).status_code == 409
    assert client.post(f"/people/{other}/end/", {"why": "left"}).status_code == 302
    assert "Ended" in client.get(f"/people/{other}/").content.decode()
    assert client.get(f"/people/{other}/role/").status_code == 404
