"""Who may see what, and what every response carries: walked from the resolver, so that nothing is left out."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from tests.batch import table_of
from tests.web.conftest import SUBMISSION
from tests.web.databases import DATABASES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ROLES = ("requester", "specialist", "releasing", "counsel", "oversight", "administrator", "clerk")
OFFICE = {"specialist", "releasing", "counsel", "oversight"}
CASEWORK = {"specialist", "releasing", "counsel"}
CASES = {"specialist", "releasing"}
EVERYBODY = set(ROLES)
BATCH = f"/batches/{SUBMISSION}/"
OWN = {200, 302}
"""A page of one's own account: shown, or first a step-up."""

MATRIX: dict[str, tuple[str, set[str], set[int]]] = {
    "": ("/", EVERYBODY, {200}),
    "keyboard/": ("/keyboard/", EVERYBODY, {200}),
    "filters/": ("/filters/", CASES, {405}),
    "filters/<int:saved>/remove/": ("/filters/1/remove/", CASES, {405}),
    "cases/<int:case>/": ("/cases/1/", CASES, {200}),
    "cases/<int:case>/determine/": ("/cases/1/determine/", CASES, {405}),
    "cases/<int:case>/reveal/": ("/cases/1/reveal/", CASES, {405}),
    "cases/<int:case>/sign/": ("/cases/1/sign/", CASES, {302}),  # first a step-up
    "cases/<int:case>/release/": ("/cases/1/release/", CASES, {405}),
    "cases/<int:case>/clocks/": ("/cases/1/clocks/", set(), {403}),  # to the specialist who has the case alone
    "cases/<int:case>/<act:act>/": ("/cases/1/refuse/", CASES, {200}),
    "questions/": ("/questions/", {"counsel"}, {200}),
    "questions/<named:submission>/<named:group>/": (f"/questions/{SUBMISSION}/none/", {"counsel"}, {404}),
    "batches/": ("/batches/", OFFICE, {200}),
    "batches/<named:submission>/": (BATCH, OFFICE, {200}),
    "batches/<named:submission>/rows/": (f"{BATCH}rows/", CASEWORK, {200}),
    "batches/<named:submission>/rows/<int:row>/": (f"{BATCH}rows/1/", CASEWORK, {200}),
    "batches/<named:submission>/response.jsonl": (f"{BATCH}response.jsonl", CASEWORK, {200}),
    "batches/<named:submission>/notice.html": (f"{BATCH}notice.html", OFFICE, {200}),
    "batches/<named:submission>/notice.pdf": (f"{BATCH}notice.pdf", OFFICE, {200}),
    "batches/<named:submission>/answer.html": (f"{BATCH}answer.html", OFFICE, {404}),  # not answered yet
    "batches/<named:submission>/answer.pdf": (f"{BATCH}answer.pdf", OFFICE, {404}),
    "requester/": ("/requester/", {"requester"}, {200}),
    "requester/orders/<int:order>/": ("/requester/orders/1/", {"requester"}, {404}),
    "requester/orders/<int:order>/document/": ("/requester/orders/1/document/", {"requester"}, {404}),
    "requester/check/": ("/requester/check/", {"requester"}, {200}),
    "requester/send/": ("/requester/send/", {"requester"}, {200}),
    "requester/requests/<named:submission>/": (f"/requester/requests/{SUBMISSION}/", {"requester"}, {200}),
    "requester/requests/<named:submission>/withdraw/": (
        f"/requester/requests/{SUBMISSION}/withdraw/",
        {"requester"},
        {302},
    ),
    "requester/requests/<named:submission>/packages/<int:row>/": (
        f"/requester/requests/{SUBMISSION}/packages/1/",
        {"requester"},
        {404},  # not answered yet
    ),
    "requester/requests/<named:submission>/packages/<int:row>/acknowledge/": (
        f"/requester/requests/{SUBMISSION}/packages/1/acknowledge/",
        {"requester"},
        {404},
    ),
    "requester/requests/<named:submission>/<takes:name>": (
        f"/requester/requests/{SUBMISSION}/letter.pdf",
        {"requester"},
        {200},
    ),
    "agreements/": ("/agreements/", EVERYBODY, {200}),
    "agreements/<named:agreement>/": ("/agreements/irs-ice-2025/", EVERYBODY, {200}),
    "ledger/": ("/ledger/", EVERYBODY, {200}),
    "ledger/verify/": ("/ledger/verify/?entry=1", EVERYBODY, {200}),
    "ledger/<int:index>/": ("/ledger/1/", EVERYBODY, {200}),
    "ledger/<int:index>/receipt/": ("/ledger/1/receipt/", EVERYBODY, {200}),
    "stop-orders/": ("/stop-orders/", OFFICE, {200}),
    "stop-orders/issue/": ("/stop-orders/issue/", {"counsel", "oversight"}, {200}),
    "stop-orders/<int:order>/": ("/stop-orders/1/", OFFICE, {404}),
    "stop-orders/<int:order>/acknowledge/": ("/stop-orders/1/acknowledge/", {"counsel", "oversight"}, {405}),
    "stop-orders/<int:order>/lift/": ("/stop-orders/1/lift/", {"counsel"}, {302}),  # first a step-up
    "stop-orders/<int:order>/serve/": ("/stop-orders/1/serve/", {"counsel", "oversight"}, {405}),
    "custody/": ("/custody/", OFFICE, {200}),
    "incidents/": ("/incidents/", OFFICE, {200}),
    "incidents/<int:number>/": ("/incidents/1/", OFFICE, {404}),
    "custody/<int:delivered>/": ("/custody/1/", OFFICE, {404}),
    "custody/<int:delivered>/order/": ("/custody/1/order/", {"counsel", "oversight"}, {404}),
    "custody/orders/<int:order>/": ("/custody/orders/1/", OFFICE, {404}),
    "custody/orders/<int:order>/document/": ("/custody/orders/1/document/", OFFICE, {404}),
    "audit/": ("/audit/", {"oversight"}, {200}),
    "audit/export/": ("/audit/export/", {"oversight"}, {405}),
    "audit/cases/<int:case>/": ("/audit/cases/1/", {"oversight"}, {200}),
    "oversight/": ("/oversight/", {"oversight"}, {200}),
    "oversight/sample/announce/": ("/oversight/sample/announce/", {"oversight"}, {200}),
    "oversight/sample/<int:announced>/": ("/oversight/sample/1/", {"oversight"}, {404}),  # none is announced
    "oversight/re-review/<int:announced>/<int:place>/": ("/oversight/re-review/1/1/", {"oversight"}, {404}),
    "people/": ("/people/", {"administrator"}, {200}),
    "people/add/": ("/people/add/", {"administrator"}, {302}),  # first a step-up
    "people/<int:official>/": ("/people/1/", {"administrator"}, {200}),
    "people/<int:official>/role/": ("/people/1/role/", {"administrator"}, {302}),
    "people/<int:official>/end/": ("/people/1/end/", {"administrator"}, {302}),
    "people/<int:official>/code/": ("/people/1/code/", {"administrator"}, {302}),
    "people/proposals/<int:proposal>/confirm/": ("/people/proposals/1/confirm/", {"administrator"}, {302}),
    "people/proposals/<int:proposal>/withdraw/": ("/people/proposals/1/withdraw/", {"administrator"}, {302}),
    "health/": ("/health/", EVERYBODY, {200}),
    "account/code/": ("/account/code/", EVERYBODY, {200}),
    "account/login/": ("/account/login/", EVERYBODY, {302}),
    "account/logout/": ("/account/logout/", EVERYBODY, {200}),
    "account/inactive/": ("/account/inactive/", EVERYBODY, {200}),
    "account/reauthenticate/": ("/account/reauthenticate/", EVERYBODY, {200}),
    "account/password/": ("/account/password/", EVERYBODY, OWN),
    "account/keys/": ("/account/keys/", EVERYBODY, {200}),
    "account/keys/authenticate/": ("/account/keys/authenticate/", EVERYBODY, {302}),
    "account/keys/reauthenticate/": ("/account/keys/reauthenticate/", EVERYBODY, {200, 302}),  # 200 once a key stands
    "account/keys/totp/activate/": ("/account/keys/totp/activate/", EVERYBODY, OWN),
    "account/keys/totp/deactivate/": ("/account/keys/totp/deactivate/", EVERYBODY, OWN | {404}),
    "account/keys/webauthn/": ("/account/keys/webauthn/", EVERYBODY, OWN),
    "account/keys/webauthn/add/": ("/account/keys/webauthn/add/", EVERYBODY, OWN),
    "account/keys/webauthn/reauthenticate/": ("/account/keys/webauthn/reauthenticate/", EVERYBODY, OWN | {405}),
    "account/keys/webauthn/keys/<int:pk>/remove/": ("/account/keys/webauthn/keys/9/remove/", EVERYBODY, {302, 404}),
    "account/keys/webauthn/keys/<int:pk>/edit/": ("/account/keys/webauthn/keys/9/edit/", EVERYBODY, {302, 404}),
    "account/keys/webauthn/login/": ("/account/keys/webauthn/login/", EVERYBODY, {200, 302}),
    "account/sessions/": ("/account/sessions/", EVERYBODY, {200}),
}
OPEN = {"health/", "account/code/", "account/login/", "account/logout/", "account/inactive/", "account/keys/authenticate/",
        "account/keys/webauthn/login/"}  # fmt: skip
"""Routes that take somebody who is not signed in: the door itself."""


OF_PROGRAMS = {"api/v1/", "api/v1/openapi.json", "api/v1/about"} | {
    f"api/v1/{route}"
    for route in (
        "uploads", "uploads/<number>", "uploads/<number>/rows", "uploads/<number>/completion", "submissions",
        "submissions/<submission>", "submissions/<submission>/response", "submissions/<submission>/notice",
        "submissions/<submission>/rows/<row>/history", "submissions/<submission>/packages",
        "submissions/<submission>/packages/<row>", "submissions/<submission>/packages/<row>/acknowledgement",
        "submissions/<submission>/packages/<row>/certificate", "orders", "orders/<order>", "orders/<order>/answer",
        "officers", "custodian.vkey",
    )
}  # fmt: skip
"""The interface for agencies' programs. No session opens it; tests/api holds who may what."""


@contextmanager
def served_here(workspace: Path) -> Iterator[None]:
    """Let this process serve the workspace, and put back what was."""
    from counterseal.store.connection import point_at, ready

    ready()
    from django.conf import settings
    from django.db import connections

    before = settings.ENVIRONMENT.workspace, settings.ENVIRONMENT.database_url
    settings.ENVIRONMENT.workspace = workspace
    if workspace in DATABASES:
        settings.ENVIRONMENT.database_url = SecretStr(DATABASES[workspace])
    point_at(workspace)
    try:
        yield
    finally:
        settings.ENVIRONMENT.workspace, settings.ENVIRONMENT.database_url = before
        connections.close_all()


@pytest.fixture(scope="module")
def office(workspace: Path) -> Iterator[None]:
    from counterseal import wiring

    with served_here(workspace):
        wiring.sign_ins_of_demonstration(wiring.open_office(workspace))
        yield


def client_of(role: str | None) -> Any:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    if role:
        client.force_login(get_user_model().objects.get(username=role))
    return client


def routes() -> list[str]:
    from django.urls import URLPattern, get_resolver

    def walk(patterns: list[Any], before: str) -> Iterator[str]:
        for pattern in patterns:
            if isinstance(pattern, URLPattern):
                yield before + str(pattern.pattern)
            else:
                yield from walk(pattern.url_patterns, before + str(pattern.pattern))

    return list(walk(get_resolver().url_patterns, ""))


def test_a_route_that_nobody_thought_about(office: None):
    """A route that this table does not list fails here; so does a line of it that no route has."""
    assert sorted(set(routes()) - OF_PROGRAMS) == sorted(MATRIX)
    assert set(routes()) >= OF_PROGRAMS


@pytest.mark.parametrize("role", ROLES)
def test_a_role_that_sees_what_is_not_its_own(office: None, role: str):
    client = client_of(role)
    wrong = {}
    for route, (address, roles, statuses) in MATRIX.items():
        status = client.get(address).status_code
        if status not in (statuses if role in roles else {403}):
            wrong[route] = status
    assert wrong == {}


@pytest.mark.parametrize("role", ROLES)
def test_a_session_that_opens_the_interface_for_programs(office: None, role: str):
    client = client_of(role)
    for route in OF_PROGRAMS - {"api/v1/", "api/v1/openapi.json", "api/v1/about", "api/v1/custodian.vkey"}:
        address = "/" + route.replace("<submission>", SUBMISSION).replace("<number>", "0" * 32)
        address = address.replace("<row>", "1").replace("<order>", "1")
        answers = [
            client.get(address),
            client.post(address, {}, content_type="application/json"),
            client.patch(address),
        ]
        assert {one.status_code for one in answers} <= {401, 405}, address


def test_a_page_that_opens_without_signing_in(office: None):
    client = client_of(None)
    for route, (address, _, _) in MATRIX.items():
        answer = client.get(address)
        if route in OPEN:
            assert answer.status_code in {200, 302}, route
        else:
            assert (answer.status_code, answer["Location"].split("?")[0]) == (302, "/account/login/"), route


def test_an_office_that_does_not_guard_its_history_and_is_called_fit(office: None):
    from django.db import connection, transaction

    client = client_of(None)
    assert (client.get("/health/").status_code, client.get("/health/").content) == (200, b"fit to serve\n")
    with transaction.atomic(), connection.cursor() as cursor:
        on = " ON store_ledgerentry" if connection.vendor == "postgresql" else ""
        guard = "stands" if on else "no_update"
        cursor.execute(f"DROP TRIGGER store_ledgerentry_{guard}{on}")
        assert client.get("/health/").status_code == 503
        transaction.set_rollback(True)
    assert client.get("/health/").status_code == 200


def test_a_role_that_is_not_known_or_an_account_that_has_ended(office: None):
    from counterseal.web.rights import rights_of

    class Somebody:
        def __init__(self, role: str, *, is_active: bool) -> None:
            self.role, self.is_active = role, is_active

    assert rights_of(Somebody("king", is_active=True)) == frozenset()
    assert rights_of(Somebody("counsel", is_active=False)) == frozenset()
    assert rights_of(Somebody("counsel", is_active=True))


def test_a_response_without_the_headers_that_close_it(office: None):
    for client in (client_of(None), client_of("counsel")):
        for address in [*(line[0] for line in MATRIX.values()), "/nothing/", "/batches/..%2f/"]:
            answer = client.get(address)
            policy = dict(part.strip().split(" ", 1) for part in answer["Content-Security-Policy"].split(";"))
            assert policy["default-src"] == policy["object-src"] == policy["base-uri"] == "'none'", address
            assert policy["frame-ancestors"] == "'none'"
            assert {policy[one] for one in ("script-src", "img-src", "font-src", "connect-src")} == {"'self'"}
            assert "unsafe" not in answer["Content-Security-Policy"]
            assert policy["style-src"] == "'self'" or (
                address.endswith("notice.html") and "sha256-" in policy["style-src"]
            )
            assert answer["Cache-Control"] == "no-store", address
            assert answer["X-Content-Type-Options"] == "nosniff"
            assert answer["X-Frame-Options"] == "DENY"
            assert answer["Referrer-Policy"] == "same-origin"
            for cookie in answer.cookies.values():
                assert cookie.key.startswith("__Host-"), cookie.key
                assert (cookie["secure"], cookie["httponly"], cookie["samesite"]) == (True, True, "Strict")


def test_a_page_that_writes_style_or_script_inline(office: None):
    client = client_of("counsel")
    for address in ["/", "/batches/", BATCH, f"{BATCH}rows/", f"{BATCH}rows/1/", "/ledger/", "/account/keys/"]:
        html = client.get(address).content.decode()
        assert not re.search(r"\sstyle=|<style|\son[a-z]+=", html), address
        assert not re.search(r"<script(?![^>]*(src=|application/json))", html), address
        outside = [one for one in re.findall(r'(?:src|href|action)="([^"]*)', html) if "//" in one]
        assert outside == [], address


@pytest.mark.parametrize("method", ["put", "delete", "patch", "options", "trace"])
def test_a_method_that_no_page_takes(office: None, method: str):
    assert getattr(client_of("counsel"), method)(BATCH).status_code == 405


def test_a_form_from_somewhere_else(office: None):
    from django.test import Client

    client = Client(enforce_csrf_checks=True, SERVER_NAME="127.0.0.1")
    assert client.post("/account/login/", {"login": "counsel", "password": "x"}).status_code == 403
    assert client_of("counsel").post(BATCH).status_code == 405


def test_an_account_that_anybody_can_make(office: None):
    client = client_of(None)
    for address in ("/account/signup/", "/accounts/signup/", "/account/password/reset/"):
        assert client.get(address).status_code in {302, 404}
    from counterseal.web.accounts import ClosedAccounts

    assert ClosedAccounts().is_open_for_signup(None) is False


def test_a_sign_in_that_says_which_half_was_wrong(office: None):
    told = [
        re.sub(
            r'value="[^"]*"',
            "",
            client_of(None).post("/account/login/", {"login": name, "password": "wrong"}).content.decode(),
        )
        for name in ("counsel", "nobody-at-all")
    ]
    assert told[0] == told[1]


def test_a_taxpayer_in_an_address_or_in_clear(office: None, workspace: Path):
    """No link of any page holds a value of a person, and a taxpayer number never stands whole on a page."""
    rows = table_of(workspace / "batches" / SUBMISSION / "rows.parquet").slice(0, 40).to_pylist()
    client = client_of("counsel")
    for row in rows:
        html = client.get(f"{BATCH}rows/{row['row']}/").content.decode()
        links = " ".join(re.findall(r'(?:href|action)="([^"]*)"', html))
        assert not row["tin"] or row["tin"] not in html
        for field in ("given_name", "family_name", "tin", "address_line_1", "date_of_birth"):
            value = row[field] or ""
            assert len(value) < 4 or value not in links, field


def test_counts_that_do_not_add_up(office: None):
    from counterseal.wiring import look

    found = look().batch(SUBMISSION)
    assert found is not None
    assert sum(rows for _, rows in found.outcomes) == found.listed.rows == found.stages[0].left
    for before, after in zip(found.stages, found.stages[1:], strict=False):
        assert before.left - after.left == sum(rows for _, rows in after.dropped), after.name
    assert found.stages[-1].left == dict(found.outcomes)["reviewable"]
    for reason in found.reasons:
        page = look().rows(found, outcome=None, rule=reason.rule, number=1, size=10_000)
        assert page.total == len(page.rows) == reason.rows
    every = look().rows(found, outcome=None, rule=None, number=1, size=10_000)
    assert [row.row for row in every.rows] == list(range(1, found.listed.rows + 1))


def test_a_row_whose_page_disagrees_with_its_determination(office: None):
    from counterseal.wiring import look

    found = look().batch(SUBMISSION)
    assert found is not None
    for listed in look().rows(found, outcome=None, rule=None, number=1, size=120).rows:
        seen = look().row(found, listed.row)
        assert seen is not None
        assert tuple(rule.rule for rule in seen.failing) == listed.rules
        assert (seen.outcome == "reviewable") == (not seen.failing)
        assert bool(seen.not_reached) == (seen.phase != "identity")


@pytest.mark.parametrize("query", ["?outcome=anything", "?rule=R-999", "?rule=' OR 1=1 --", "?outcome=refused'"])
def test_a_condition_that_is_none(office: None, query: str):
    assert client_of("counsel").get(f"{BATCH}rows/{query}").status_code == 404


@pytest.mark.parametrize("page", ["0", "-1", "99999999", "x", "٣", ""])
def test_a_page_number_that_is_none(office: None, page: str):
    assert client_of("counsel").get(f"{BATCH}rows/", {"page": page}).status_code == 200


@pytest.mark.parametrize("address", ["/batches/..%2F..%2Fkeys/", "/batches/nothing/", f"{BATCH}rows/0/", f"{BATCH}rows/99999/",
                                     f"{BATCH}rows.secret", "/agreements/..%2Fx/", "/ledger/99999/"])  # fmt: skip
def test_an_address_that_leads_out_of_the_batch(office: None, address: str):
    assert client_of("counsel").get(address).status_code == 404


@given(st.text(max_size=20))
def test_a_mask_that_shows_more_than_four_digits(value: str):
    from counterseal.flow.look import masked

    shown = masked(value)
    assert len(shown) == len(value)
    assert sum(sign.isalnum() for sign in shown) in {0, 4}


def test_a_mask_of_a_whole_number():
    from counterseal.flow.look import masked

    assert masked("849-81-5129") == "•••-••-5129"
    assert masked("8498151") == "•••••••"


def test_a_ledger_page_that_calls_broken_files_good(office: None, workspace: Path):
    newest = max((workspace / "ledger" / "tile" / "entries" / "000.p").iterdir(), key=lambda path: int(path.name))
    kept = newest.read_bytes()
    assert b"The files verify" in client_of("oversight").get("/ledger/").content
    newest.write_bytes(kept.replace(b"2026", b"2025"))
    try:
        answer = client_of("oversight").get("/ledger/")
        assert b"does not verify" in answer.content
        assert b"The files verify" not in answer.content
    finally:
        newest.write_bytes(kept)
