"""An office whose cases can be signed: officers registered, officials with sign-ins, served by a real server."""

from __future__ import annotations

import os
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.web.conftest import CHROMIUM, ROOT, SUBMISSION
from tests.web.databases import DATABASES, call, copy_workspace, environment_of

if TYPE_CHECKING:
    from collections.abc import Iterator

FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
PEOPLE = {
    "sam": "specialist", "sue": "specialist", "rae": "releasing", "rob": "releasing", "cora": "counsel",
    "carl": "counsel", "olga": "oversight", "ada": "administrator", "abe": "administrator",
    "rita": "requester", "cleo": "clerk",
}  # fmt: skip
PASSWORD = "correct horse battery staple"  # noqa: S105  # of made-up people
STAFF = """
import os, sys, time
from pathlib import Path
os.environ["COUNTERSEAL_WORKSPACE"] = sys.argv[1]  # whose key signs sessions
from counterseal import wiring

office = wiring.open_office(Path(sys.argv[1]))
from allauth.account.internal.flows import login
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from counterseal.store.models import Official
from counterseal.core.official import Role
from counterseal.store.officials import set_sign_in
from counterseal.flow.demonstration import register_demonstration_officers

for pair in sys.argv[3:]:
    name, role = pair.split("=")
    set_sign_in(name, Role(role), sys.argv[2])
    official, session = Official.objects.get(username=name), SessionStore()
    session[SESSION_KEY], session[BACKEND_SESSION_KEY] = str(official.pk), settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = official.get_session_auth_hash()
    session["account_authentication_methods"] = [{"method": "password", "at": time.time(), "reauthenticated": True}]
    session[login._AUTHENTICATION_METHODS_USER_SESSION_KEY] = str(official.pk)
    session.create()
    print(name, session.session_key)
register_demonstration_officers(office)
"""


@dataclass(frozen=True)
class AtWork:
    """A served office with people in it."""

    address: str
    folder: Path
    sessions: dict[str, str]

    def ask(self, script: str, *arguments: object) -> str:
        """Do something to the office from outside, and give what was printed."""
        begin = (
            "import sys\nfrom pathlib import Path\nfrom counterseal import wiring\n"
            "office = wiring.open_office(Path(sys.argv[1]))\n"
        )
        return call(self.folder, begin + script, self.folder, *arguments)

    def state(self, case: int) -> str:
        """Where a case stands."""
        return str(self.sql("SELECT state FROM store_case WHERE id = ?", case)[0][0])

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Ask the database itself, past every page."""
        if self.folder in DATABASES:
            with psycopg.connect(DATABASES[self.folder]) as database:
                done = database.execute(statement.replace("?", "%s"), values)
                return done.fetchall() if done.description else []
        with closing(sqlite3.connect(self.folder / "counterseal.sqlite3", timeout=10)) as database, database:
            return database.execute(statement, values).fetchall()


@pytest.fixture(scope="session")
def at_work(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[AtWork]:
    """Serve a copy of the small office with officers, two specialists, two releasing officials and counsel."""
    folder = tmp_path_factory.mktemp("casework") / "office"
    copy_workspace(workspace, folder)
    told = call(folder, STAFF, folder, PASSWORD, *(f"{name}={role}" for name, role in PEOPLE.items()))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = subprocess.Popen(
        [sys.executable, "-m", "gunicorn", "--no-control-socket", "--log-level", "warning", "--bind",
         f"127.0.0.1:{port}", "--workers", "1", "--threads", "4", "counterseal.web.wsgi"],
        env={**environment_of(folder), "COUNTERSEAL_WORKSPACE": str(folder), "COUNTERSEAL_PLAIN_HTTP": "1"},
        cwd=ROOT,
    )  # fmt: skip
    address = f"http://localhost:{port}"
    try:
        for _ in range(100):
            try:
                urllib.request.urlopen(f"{address}/account/login/", timeout=5)  # noqa: S310  # our own server
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail("the server does not answer")
        yield AtWork(address, folder, dict(line.split() for line in told.splitlines()))
    finally:
        server.terminate()
        server.wait(20)


class Person:
    """One official in a browser of their own, signed in a moment ago, with a passkey that answers."""

    def __init__(self, browser: Any, at_work: AtWork, name: str) -> None:
        self.at_work, self.name = at_work, name
        self.context = browser.new_context(viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.keys = self.context.new_cdp_session(self.page)
        self.keys.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True,
            "isUserVerified": True, "automaticPresenceSimulation": True,
        }  # fmt: skip
        self.keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        self.context.add_cookies([{"name": "session", "value": at_work.sessions[name], "url": at_work.address}])
        self.go("/account/keys/webauthn/add/")
        self.page.fill("[name=name]", "desk key")
        self.page.click("#mfa_webauthn_add")
        self.page.wait_for_url(lambda url: "/webauthn/add/" not in url)

    def go(self, path: str) -> Any:
        """Open a page; where the sign-in is too long ago for it, show the passkey once more as anybody would."""
        answer = self.page.goto(self.at_work.address + path)
        if "reauthenticate" in self.page.url and "reauthenticate" not in path:
            self.page.goto(f"{self.at_work.address}/account/keys/webauthn/reauthenticate/?next={path}")
            self.page.click("#mfa_webauthn_reauthenticate")
            self.page.wait_for_url(lambda url: url.endswith(path))
        return answer

    def follow(self, words: str) -> None:
        """Reach a link or a button by Tab alone and press it."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            told = self.page.evaluate(
                "() => { const a = document.activeElement; return a ? (a.getAttribute('aria-label') || a.innerText) : '' }"
            )
            if (told or "").strip().startswith(words):
                with self.page.expect_navigation():
                    self.page.keyboard.press("Enter")
                return
        pytest.fail(f"{words} cannot be reached by Tab on {self.page.url}")

    def write(self, field: str, text: str) -> None:
        """Reach a field by Tab alone and write in it."""
        for _ in range(150):
            self.page.keyboard.press("Tab")
            if self.page.evaluate("document.activeElement && document.activeElement.name") == field:
                self.page.keyboard.type(text)
                return
        pytest.fail(f"the field {field} cannot be reached by Tab on {self.page.url}")

    def words(self) -> str:
        """What stands on the page."""
        return str(self.page.locator("main").inner_text())

    def review(self, case: int) -> None:
        """Take a case and record the determination, through the pages."""
        self.go(f"/cases/{case}/take/")
        self.page.click("main form button[type=submit]")
        self.page.fill("[name=determination]", "Nothing identifies an informant.")
        self.page.click("text=Record the determination")

    def sign(self, case: int) -> None:
        """Sign with the passkey, through the pages."""
        self.go(f"/cases/{case}/sign/")
        with self.page.expect_navigation():
            self.page.click("#sign button[type=submit]")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """One browser for every test of casework; its event loop must not outlive the module."""
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing, and here it may not be")
        pytest.skip(f"{CHROMIUM} is missing; .ci/provide installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=FLAGS)
        yield opened
        opened.close()


__all__ = ["SUBMISSION", "AtWork", "Person", "at_work", "chromium"]
