"""OWASP ASVS 5.0.0, the items that apply to pages, walked from the resolver. Each test names its items.

The rest stand elsewhere: 8.2.1, 3.3, 3.4.3 to 3.4.6 in ``test_doors``, 7.4.1 in ``test_browser``, 2.3.5 by raw SQL in
``tests/flow``, 14.2.6 in ``test_casework_pages`` and ``test_every_page_browser``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.conftest import SUBMISSION
from tests.web.databases import copy_workspace
from tests.web.test_doors import MATRIX, ROLES, client_of, served_here
from tests.web.test_stop_order_pages import just_now

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PASSWORD = "correct horse battery staple"  # noqa: S105  # of made-up people
PAGES = {route: line for route, line in MATRIX.items() if not route.startswith("api/")}


@pytest.fixture(scope="module")
def office(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    from counterseal import wiring
    from counterseal.core.official import Role

    folder = tmp_path_factory.mktemp("asvs") / "office"
    copy_workspace(workspace, folder)
    with served_here(folder):
        from counterseal.store.officials import set_sign_in

        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        for role in Role:
            set_sign_in(role.value, role, PASSWORD)
        yield folder


@pytest.fixture(scope="module")
def answers(office: Path) -> dict[tuple[str, str], Any]:
    """What each role gets at each route, by role and route: asked for once."""
    clients = {role: client_of(role) for role in ROLES}
    return {(role, route): clients[role].get(line[0]) for role in ROLES for route, line in MATRIX.items()}


def sign_in(name: str, **more: Any) -> Any:
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1", **more)
    assert client.post("/account/login/", {"login": name, "password": PASSWORD}).status_code == 302
    return client


def state() -> list[Any]:
    """Everything that an act would change; a look at a case is an entry by design, so entries of looks are left out."""
    from counterseal.store.models import (
        AccountProposal,
        Approval,
        Case,
        CaseEvent,
        Invitation,
        LedgerEntry,
        Official,
        OfficialKey,
        Opinion,
        SavedFilter,
        StopOrder,
    )  # fmt: skip

    kept: list[Any] = [
        list(model.objects.order_by("pk").values_list())
        for model in (AccountProposal, Approval, Case, CaseEvent, Invitation, OfficialKey, Opinion, SavedFilter, StopOrder)
    ]  # fmt: skip
    kept.append(list(Official.objects.order_by("pk").values_list("pk", "role", "is_active", "password")))
    kept.append(LedgerEntry.objects.exclude(kind="inspected").count())
    return kept


def test_3_4_1_a_response_that_lets_a_browser_come_back_in_clear(office: Path):
    for client in (client_of(None), client_of("counsel")):
        for address in [*(line[0] for line in PAGES.values()), "/nothing/"]:
            header = client.get(address, secure=True)["Strict-Transport-Security"]
            assert "includeSubDomains" in header
            assert int(re.findall(r"max-age=(\d+)", header)[0]) >= 365 * 24 * 3600


def test_3_4_2_another_origin_that_is_let_in(office: Path):
    client = client_of("counsel")
    for address, _, _ in PAGES.values():
        answer = client.get(address, headers={"Origin": "https://elsewhere.example"})
        assert "Access-Control-Allow-Origin" not in answer, address


def test_3_5_1_a_form_that_another_site_sends(office: Path):
    """Without the token no POST does anything, for any role, on any page."""
    before = state()
    for role in ROLES:
        client = sign_in(role)
        client.handler.enforce_csrf_checks = True
        for route, (address, _, _) in PAGES.items():
            status = client.post(address, {"why": "x", "role": "counsel", "step": "issue"}).status_code
            assert status in {403, 405}, (role, route)
    assert state() == before


def test_3_5_3_a_get_that_changes_something(office: Path):
    before = state()
    for role in ROLES:
        for client in (client_of(role), just_now(role)):
            for route, (address, _, _) in PAGES.items():
                if route != "account/logout/":
                    client.get(f"{address}{'&' if '?' in address else '?'}why=x&to=2&step=issue&act=stop")
                    client.head(address)
    assert state() == before


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PROPFIND"])
def test_4_1_4_a_method_that_no_page_knows(office: Path, method: str):
    client = client_of("counsel")
    for route, (address, _, _) in PAGES.items():
        assert client.generic(method, address).status_code == 405, route


def test_7_2_4_a_session_that_keeps_its_id_when_somebody_signs_in(office: Path):
    """A new id on signing in and on signing in once more; what was known before opens nothing."""
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.get("/account/login/")
    planted = client.session.session_key or client.session.create()
    client.post("/account/login/", {"login": "counsel", "password": PASSWORD})
    first = client.session.session_key
    assert first
    assert first != planted
    assert client.post("/account/reauthenticate/", {"password": PASSWORD}).status_code == 302
    second = client.session.session_key
    assert second != first
    stolen = Client(SERVER_NAME="127.0.0.1")
    stolen.cookies["__Host-session"] = first
    assert stolen.get("/stop-orders/")["Location"].startswith("/account/login/")
    assert client.get("/stop-orders/").status_code == 200
    assert "127.0.0.1" in client.get("/account/sessions/").content.decode(), "it stands in the list of one's sessions"


@pytest.mark.parametrize(("key", "ago"), [("session seen", 30 * 60 + 5), ("session began", 12 * 3600 + 5)])
def test_7_3_1_and_7_3_2_a_session_that_outlives_its_time(office: Path, key: str, ago: int):
    client = sign_in("counsel")
    assert client.get("/stop-orders/").status_code == 200
    session = client.session
    session[key] -= ago
    session.save()
    answer = client.get("/stop-orders/")
    assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/")
    assert client.get("/stop-orders/").status_code == 302


def test_7_4_1_a_session_that_lives_after_signing_out(office: Path):
    from django.test import Client

    client = sign_in("counsel")
    before = client.session.session_key
    answer = client.post("/account/logout/")
    assert answer["Clear-Site-Data"] == '"cache", "storage"'
    stolen = Client(SERVER_NAME="127.0.0.1")
    stolen.cookies["__Host-session"] = before
    assert stolen.get("/stop-orders/").status_code == 302


def test_7_4_2_and_8_3_2_a_session_after_its_role_or_account_has_gone(office: Path):
    """The next request is refused, whoever took the role away: here the database's owner, past every page."""
    from counterseal.store.models import Official

    for change, back in (({"role": "clerk"}, {"role": "counsel"}), ({"is_active": False}, {"is_active": True})):
        client = sign_in("counsel")
        assert client.get("/stop-orders/").status_code == 200
        Official.objects.filter(username="counsel").update(**change)
        answer = client.get("/stop-orders/")
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/")
        Official.objects.filter(username="counsel").update(**back)
        assert client.get("/stop-orders/").status_code == 302, "it does not come back to life"


def test_7_4_4_a_page_without_a_way_out(answers: dict[tuple[str, str], Any]):
    for role in ROLES:
        for route, (_, roles, _) in PAGES.items():
            answer = answers[role, route]
            html = not answer.streaming and answer["Content-Type"].startswith("text/html") and answer.status_code == 200
            if html and role in roles and "notice" not in route and route != "account/inactive/":
                assert 'action="/account/logout/"' in answer.content.decode(), route


def test_7_5_1_and_7_5_3_a_heavy_act_without_signing_in_once_more(office: Path):
    """Signing, stopping, lifting, roles, accounts, codes, keys and ending sessions: none on an old sign-in."""
    from counterseal.flow.orders import issue
    from counterseal.wiring import open_office

    issue(open_office(office), "submission", "ANOTHER-1", "order of a court", "olga")
    issued = {"scope": "everything", "authority": "order of a court", "step": "issue"}
    asked = {
        "specialist": ["/cases/1/sign/"],
        "releasing": ["/cases/1/sign/"],
        "counsel": ["/stop-orders/1/lift/", ("/stop-orders/issue/", issued)],
        "oversight": [("/stop-orders/issue/", issued)],
        "administrator": [
            *(f"/people/{act}/" for act in ("add", "1/role", "1/end", "1/code")),
            *(f"/people/proposals/1/{act}/" for act in ("confirm", "withdraw")),
        ],
        "clerk": ["/account/keys/webauthn/add/", "/account/keys/totp/activate/", "/account/sessions/"],
    }
    before = state()
    for role, acts in asked.items():
        client = client_of(role)
        for act in acts:
            address, form = act if isinstance(act, tuple) else (act, {})
            answer = client.post(address, form)
            assert (answer.status_code, "reauthenticate" in answer["Location"]) == (302, True), (role, address)
    assert state() == before


def test_2_3_5_one_person_who_prepares_and_releases(office: Path):
    """A releasing official who has acted on a case is not shown its second signature, nor may they send one."""
    from counterseal.store.casework import add_event, official_named
    from counterseal.store.models import Case

    Case.objects.filter(pk=9).update(state="in_review")
    client = just_now("releasing")
    add_event(9, "give back", official_named("releasing"), at=Case.objects.get(pk=9).opened_at, entry=1)
    assert client.get("/cases/9/sign/").status_code == 403
    assert client.post("/cases/9/sign/", {"credential": "x"}).status_code in {403, 409}
    assert just_now("specialist").get("/cases/9/sign/").status_code == 403, "it is not this specialist's case"


def test_14_2_1_a_secret_or_a_person_in_an_address(answers: dict[tuple[str, str], Any]):
    """Nothing that is typed goes into an address: each form that carries words is sent by POST."""
    for role in ROLES:
        for route in PAGES:
            answer = answers[role, route]
            if answer.status_code == 200 and answer["Content-Type"].startswith("text/html") and not answer.streaming:
                for form in re.findall(r"<form[^>]*>.*?</form>", answer.content.decode(), re.DOTALL):
                    by_post = 'method="post"' in form.split(">")[0]
                    typed = re.findall(r'<(?:input|textarea)[^>]*name="([^"]+)"', form)
                    own_script = 'id="verify"' in form.split(">")[0]
                    assert by_post or own_script or set(typed) <= {"case"}, (route, typed)


def test_14_3_2_a_page_that_a_browser_keeps(answers: dict[tuple[str, str], Any]):
    for (_, route), answer in answers.items():
        assert answer["Cache-Control"] == "no-store", route


def test_16_5_1_an_error_that_tells_what_went_wrong(office: Path, monkeypatch: pytest.MonkeyPatch):
    """A fault that nobody foresaw shows nothing of itself."""
    from counterseal.web import views

    def breaks() -> None:
        raise RuntimeError("849-81-5129 of ZZYZXWORTH")

    monkeypatch.setattr(views, "look", breaks)
    client = client_of("counsel")
    client.raise_request_exception = False
    answer = client.get(f"/batches/{SUBMISSION}/")
    assert answer.status_code == 500
    assert not re.search(r"849|ZZYZX|RuntimeError|Traceback", answer.content.decode())


def test_settings_that_a_deployment_should_not_have(office: Path):
    """``check --deploy`` finds nothing, with two of its questions answered in the settings by a reason."""
    from django.core.management import call_command

    call_command("check", deploy=True, fail_level="WARNING")
