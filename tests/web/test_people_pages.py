"""People as pages: two administrators, nobody their own, a code that opens one door once, a session that ends."""

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
    """A copy of the office in which accounts may be changed, with three administrators."""
    from counterseal import wiring
    from counterseal.core.official import Role

    folder = tmp_path / "office"
    copy_workspace(workspace, folder)
    with served_here(folder):
        from counterseal.store.officials import set_sign_in

        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        for name in ("abe", "amy"):
            set_sign_in(name, Role.ADMINISTRATOR, "correct horse battery staple")
        yield folder


def number(name: str) -> int:
    from counterseal.store.casework import official_named

    return official_named(name)


def proposal(name: str) -> int:
    """Give the number of what is proposed for an account."""
    from counterseal.store.proposals import proposals_waiting

    return proposals_waiting(name)[0].id


def confirmed(name: str, by: str = "abe") -> Any:
    """Have another administrator confirm what is proposed for an account; give the answer."""
    return just_now(by).post(f"/people/proposals/{proposal(name)}/confirm/")


def shown(answer: Any) -> str:
    """Give the one-time code that a page shows, nothing where it shows none."""
    found = re.search(r'id="code">([a-z2-7-]+)<', answer.content.decode())
    return found[1] if found else ""


def add(client: Any, name: str, role: str = "specialist") -> str:
    proposed = client.post("/people/add/", {"username": name, "role": role})
    assert (proposed.status_code, shown(proposed)) == (302, "")
    code = shown(confirmed(name))
    assert code
    return code


def test_an_account_that_an_administrator_changes_for_themselves(staffed: Path):
    client, own = just_now("administrator"), number("administrator")
    for act in ("role", "end", "code"):
        assert client.get(f"/people/{own}/{act}/").status_code == 403
        assert client.post(f"/people/{own}/{act}/", {"role": "releasing", "why": "x"}).status_code == 403
    page = client.get(f"/people/{own}/").content.decode()
    assert "another administrator changes it" in page
    assert "End the account" not in page
    abe = just_now("abe")
    assert abe.post(f"/people/{own}/role/", {"role": "specialist"}).status_code == 302
    page = client.get("/people/").content.decode()
    assert "Nobody changes their own account" in page
    assert f"/people/proposals/{proposal('administrator')}/confirm/" not in page
    assert client.post(f"/people/proposals/{proposal('administrator')}/confirm/").status_code == 403
    assert client.get("/people/").status_code == 200
    assert confirmed("administrator", "amy").status_code == 302
    assert client.get("/people/").status_code == 302, "the session of the old role is dead"


def test_a_session_that_outlives_its_role_or_its_account(staffed: Path):
    specialist, clerk = client_of("specialist"), client_of("clerk")
    assert specialist.get("/cases/1/").status_code == 200
    assert clerk.get("/ledger/").status_code == 200
    client = just_now("administrator")
    assert client.post(f"/people/{number('specialist')}/role/", {"role": "clerk"}).status_code == 302
    assert specialist.get("/cases/1/").status_code == 200, "nothing is changed until it is confirmed"
    assert confirmed("specialist").status_code == 302
    assert client.post(f"/people/{number('clerk')}/end/", {"why": "left the office"}).status_code == 302
    for dead in (specialist, clerk):
        answer = dead.get("/ledger/")
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/")


def test_a_change_of_people_without_a_step_up(staffed: Path):
    client, other = client_of("administrator"), number("clerk")
    just_now("abe").post("/people/add/", {"username": "waits", "role": "clerk"})
    for address, form in (
        ("/people/add/", {"username": "new", "role": "clerk"}),
        (f"/people/{other}/role/", {"role": "specialist"}),
        (f"/people/{other}/end/", {"why": "x"}),
        (f"/people/{other}/code/", {}),
        (f"/people/proposals/{proposal('waits')}/confirm/", {}),
        (f"/people/proposals/{proposal('waits')}/withdraw/", {}),
    ):
        assert client.post(address, form)["Location"].startswith("/account/reauthenticate/"), address
    from counterseal.store.officials import officials_listed

    assert {one.username for one in officials_listed() if one.active} == {
        "requester", "specialist", "releasing", "counsel", "oversight", "administrator", "clerk", "abe", "amy",
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


def test_one_administrator_whom_the_pages_let_do_it_alone(staffed: Path):
    """Whatever they send: no account, no code, no role, and what they proposed is not theirs to confirm."""
    from counterseal.store.officials import officials_listed

    client, before = just_now("administrator"), officials_listed()
    for name, address, form in (
        ("new", "/people/add/", {"username": "new", "role": "releasing"}),
        ("counsel", f"/people/{number('counsel')}/code/", {}),
        ("clerk", f"/people/{number('clerk')}/role/", {"role": "releasing"}),
    ):
        answer = client.post(address, form, follow=True)
        assert shown(answer) == ""
        assert "until another administrator confirms" in answer.content.decode()
        own = f"/people/proposals/{proposal(name)}/confirm/"
        assert own not in answer.content.decode()
        for sent in (client.get(own), client.post(own)):
            assert (sent.status_code, shown(sent)) == (403, "")
        assert client.post(address, form).status_code == 409, "proposed twice"
    assert officials_listed() == before


def test_a_proposal_that_another_administrator_does_not_find(staffed: Path):
    """The page says what, whom, which role and by whom; a code is shown once, to whoever confirms."""
    client, abe = just_now("administrator"), just_now("abe")
    client.post(f"/people/{number('specialist')}/role/", {"role": "counsel"})
    client.post(f"/people/{number('clerk')}/code/")
    page = abe.get("/people/").content.decode()
    table = page[page.index("Waits for another administrator") : page.index("Accounts that are alive first")]
    for word in (
        "Another role",
        "Specialist → Counsel",
        "A new one-time code",
        ">clerk<",
        "administrator",
        ">Confirm<",
    ):
        assert word in table
    address = f"/people/proposals/{proposal('clerk')}/confirm/"
    assert shown(abe.get(address)) == ""
    answer = abe.post(address)
    assert (answer.status_code, bool(shown(answer))) == (200, True)
    again = just_now("amy").post(address)
    assert (again.status_code, shown(again)) == (409, "")
    assert "This was not done" in again.content.decode()
    assert abe.get(address).status_code == 404, "it has ended"
    assert "waits for another administrator" in client.get(f"/people/{number('specialist')}/").content.decode()


def test_a_proposal_that_was_withdrawn_and_is_confirmed(staffed: Path):
    client, abe = just_now("administrator"), just_now("abe")
    client.post("/people/add/", {"username": "new", "role": "clerk"})
    confirm, withdraw = (f"/people/proposals/{proposal('new')}/{act}/" for act in ("confirm", "withdraw"))
    assert "Withdraw the proposal for new?" in client.get(withdraw).content.decode()
    assert client.post(withdraw).status_code == 302
    for late in (confirm, withdraw):
        answer = abe.post(late)
        assert (answer.status_code, shown(answer)) == (409, "")
    for number_ in (10**6, 2**63):
        assert abe.post(f"/people/proposals/{number_}/confirm/").status_code == 404
    assert "Waits for another administrator" not in abe.get("/people/").content.decode()
