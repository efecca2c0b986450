"""Stop orders as pages: who may issue and lift, what is asked first, and what no page shows of a person."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.conftest import SUBMISSION
from tests.web.databases import copy_workspace
from tests.web.test_casework_pages import tin_of
from tests.web.test_doors import client_of, served_here

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WORDS = "D.D.C. 25-457, order of 5 February: nothing is disclosed."
ISSUE = "/stop-orders/issue/"


@pytest.fixture
def stopping(workspace: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the office in which orders may be issued."""
    from counterseal import wiring
    from counterseal.core.official import Role

    folder = tmp_path / "office"
    copy_workspace(workspace, folder)
    with served_here(folder):
        from counterseal.store.officials import set_sign_in

        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        set_sign_in("carl", Role.COUNSEL, "correct horse battery staple")
        set_sign_in("counsel", Role.COUNSEL, "correct horse battery staple")
        yield folder


def just_now(name: str) -> Any:
    """A client that has signed in once more a moment ago."""
    client = client_of(name)
    session = client.session
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session["_account_authentication_methods_user"] = str(session["_auth_user_id"])
    from allauth.account.internal.flows import login

    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(session["_auth_user_id"])
    session.save()
    return client


def draft(scope: str = "submission", reaches: str = SUBMISSION, **more: str) -> dict[str, str]:
    return {"scope": scope, f"reaches-{scope}": reaches, "authority": WORDS, "step": "read", **more}


def in_force() -> list[Any]:
    from counterseal.store.listing import stop_orders_listed

    return [one for one in stop_orders_listed() if one.lifted_at is None]


def test_an_order_that_is_issued_without_being_read_once_more(stopping: Path):
    """The form leads to a page that asks; that page leads through the step-up; only then it is issued."""
    client = client_of("counsel")
    asked = client.post(ISSUE, draft())
    assert asked.status_code == 200
    assert WORDS in asked.content.decode()
    assert "stop-alert" not in asked.content.decode(), "the alert tells of orders in force alone"
    assert in_force() == []

    stopped = client.post(ISSUE, draft(step="issue"))
    assert (stopped.status_code, "/account/reauthenticate/" in stopped["Location"]) == (302, True)
    assert in_force() == []
    done = client.post(stopped["Location"], {"password": "correct horse battery staple"})
    assert (done.status_code, done["Location"]) == (302, "/stop-orders/1/")
    order = in_force()[0]
    assert (order.scope, order.reaches, order.authority, order.issued_by) == (
        "submission",
        SUBMISSION,
        WORDS,
        "counsel",
    )
    assert order.acknowledged_at is not None
    page = client.get("/stop-orders/1/").content.decode()
    assert "cases stopped in the same moment" in page
    assert "Nothing in its reach had been delivered" in page


def test_a_page_that_an_order_touches_and_does_not_say_so(stopping: Path):
    from counterseal.flow.orders import issue
    from counterseal.wiring import open_office

    client = client_of("specialist")
    untouched = client.get("/agreements/irs-ice-2025/").content.decode()
    assert "stop-alert" not in untouched
    issue(open_office(stopping), "submission", SUBMISSION, WORDS, "counsel")
    for address in (f"/batches/{SUBMISSION}/", f"/batches/{SUBMISSION}/rows/", "/cases/1/"):
        told = client.get(address).content.decode()
        assert "<strong>Stopped.</strong>" in told, address
        assert "/stop-orders/1/" in told
    for address in ("/", "/agreements/irs-ice-2025/", "/ledger/"):
        told = client.get(address).content.decode()
        assert "1 stop order in force" in told, address
        assert "<strong>Stopped.</strong>" not in told
    issue(open_office(stopping), "everything", "", WORDS, "counsel")
    for address in ("/", "/agreements/irs-ice-2025/", "/ledger/", "/account/keys/"):
        assert "<strong>Stopped.</strong>" in client.get(address).content.decode(), address
    assert "stop-alert" not in client_of("requester").get("/").content.decode(), "an agency learns of no order"


def test_an_order_on_a_person_that_names_them(stopping: Path):
    """The number is in no answer, no address, no session and no ledger entry, and it stops that person's case."""
    from django.contrib.sessions.models import Session

    from counterseal.store.casework import held_case
    from counterseal.store.models import Case, LedgerEntry

    case = next(one for one in Case.objects.order_by("pk").values_list("pk", flat=True) if tin_of(stopping, one))
    number = "".join(sign for sign in tin_of(stopping, case) if sign.isdigit())
    client = client_of("counsel")
    page = client.post(ISSUE, draft("person", number)).content.decode()
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)
    assert sealed
    assert number not in page
    hidden = {"scope": "person", "authority": WORDS, "sealed": sealed[1]}
    stepped = client.post(ISSUE, {**hidden, "step": "issue"})
    assert not any(number in str(one.get_decoded()) for one in Session.objects.all())
    client.post(stepped["Location"], {"password": "correct horse battery staple"})
    assert held_case(case).state.value == "stopped"
    told = [client.get(address).content.decode() for address in ("/stop-orders/", "/stop-orders/1/", f"/cases/{case}/")]
    assert not any(number in one for one in told)
    assert not any(number.encode() in bytes(one) for one in LedgerEntry.objects.values_list("entry", flat=True))
    assert "<strong>Stopped.</strong>" in client_of("specialist").get(f"/cases/{case}/").content.decode()
    assert number not in client.post(ISSUE, {**hidden, "step": "change"}).content.decode()
    assert client.post(ISSUE, {**hidden, "sealed": "AAAA"}).status_code == 409


@pytest.mark.parametrize(
    "form",
    [draft(scope="king"), draft("everything", "x"), draft("agency", ""), draft(authority=" "), draft("person", "12345"),
     {"step": "issue"}, draft("person", "12345", step="issue")],
)  # fmt: skip
def test_a_form_that_could_not_be_applied(stopping: Path, form: dict[str, str]):
    answer = just_now("counsel").post(ISSUE, form)
    assert answer.status_code == 409
    assert "This was not done" in answer.content.decode()
    assert in_force() == []


def test_an_order_that_its_own_asker_lifts(stopping: Path):
    """One counsel asks, another lifts; oversight and specialists neither; each after signing in once more."""
    from counterseal.flow.orders import issue
    from counterseal.wiring import open_office

    issue(open_office(stopping), "everything", "", WORDS, "olga")
    for role in ("oversight", "specialist", "releasing", "administrator"):
        assert just_now(role).post("/stop-orders/1/lift/", {"authority": "vacated"}).status_code == 403
    first = just_now("counsel")
    assert first.post("/stop-orders/1/lift/", {"authority": " "}).status_code == 409
    assert first.post("/stop-orders/1/lift/", {"authority": "vacated on 6 March"}).status_code == 302
    assert first.post("/stop-orders/1/lift/").status_code == 403
    assert client_of("carl").post("/stop-orders/1/lift/")["Location"].startswith("/account/reauthenticate/")
    assert [one.lift_asked_by for one in in_force()] == ["counsel"]
    second = just_now("carl")
    assert "vacated on 6 March" in second.get("/stop-orders/1/lift/").content.decode()
    assert second.post("/stop-orders/1/lift/").status_code == 302
    assert in_force() == []
    assert "Lifted by carl" in second.get("/stop-orders/1/").content.decode()


def test_an_order_that_says_it_is_acknowledged_before_it_is(stopping: Path):
    from counterseal import wiring

    policy = stopping / "policy"
    kept = policy.read_bytes()
    policy.unlink()
    wiring._office_at.cache_clear()
    client = just_now("counsel")
    assert client.post(ISSUE, draft(step="issue")).status_code == 302
    page = client.get("/stop-orders/1/").content.decode()
    assert "In force, not yet witnessed" in page
    assert "so acknowledged" not in page
    assert "Not witnessed" in client.get("/stop-orders/").content.decode()
    assert in_force()[0].acknowledged_at is None
    policy.write_bytes(kept)
    wiring._office_at.cache_clear()
    assert client_of("specialist").post("/stop-orders/1/acknowledge/").status_code == 403
    assert client.post("/stop-orders/1/acknowledge/").status_code == 302
    assert "so acknowledged" in client.get("/stop-orders/1/").content.decode()
