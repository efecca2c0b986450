"""The pages in a real browser: accessible, narrow, by keyboard, with nothing that the policy forbids."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.conftest import CHROMIUM, SUBMISSION, Served

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "section508", "best-practice"]
PAGES = {
    "home": "/",
    "batches": "/batches/",
    "batch": f"/batches/{SUBMISSION}/",
    "rows": f"/batches/{SUBMISSION}/rows/?outcome=refused",
    "row": f"/batches/{SUBMISSION}/rows/2/",
    "notice": f"/batches/{SUBMISSION}/notice.html",
    "agreements": "/agreements/",
    "agreement": "/agreements/irs-ice-2025/",
    "versions": "/agreements/irs-6103-m-2/?version=1.0.0",
    "ledger": "/ledger/",
    "entry": "/ledger/2/",
    "stop-orders": "/stop-orders/",
    "keys": "/account/keys/",
    "sessions": "/account/sessions/",
    "nothing": "/nothing/",
}
PICTURES = os.environ.get("COUNTERSEAL_PICTURES")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    if not CHROMIUM.exists():
        if os.environ.get("CI") == "true":
            pytest.fail("Chromium is missing, and here it may not be")
        pytest.skip(f"{CHROMIUM} is missing; .ci/provide installs it")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as player:
        opened = player.chromium.launch(executable_path=str(CHROMIUM), headless=True, args=FLAGS)
        yield opened
        opened.close()


def sign_in(page: Any, served: Served, role: str) -> None:
    page.goto(f"{served.address}/account/login/")
    page.fill("#id_login", role)
    page.fill("#id_password", served.passwords[role])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.address}/")


@pytest.fixture(scope="module")
def page(browser: Any, served: Served) -> Iterator[Any]:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    opened = context.new_page()
    sign_in(opened, served, "specialist")
    yield opened
    context.close()


def picture(page: Any, name: str) -> None:
    if PICTURES:
        page.screenshot(path=Path(PICTURES) / f"{name}.png", full_page=True)


def violations(page: Any) -> list[str]:
    import axe_playwright_python

    source = Path(axe_playwright_python.__file__).with_name("axe.min.js").read_text(encoding="utf-8")
    page.evaluate(source)
    found = page.evaluate("tags => axe.run(document, {runOnly: {type: 'tag', values: tags}})", TAGS)["violations"]
    return [f"{one['id']}: {one['help']} {[node['html'][:160] for node in one['nodes'][:3]]}" for one in found]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_that_some_people_cannot_use(page: Any, served: Served, name: str):
    """Axe finds nothing, nothing forbidden is tried, and 320 pixels are wide enough."""
    refused: list[str] = []
    page.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.goto(served.address + PAGES[name])
    assert violations(page) == []
    picture(page, name)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert violations(page) == []
    picture(page, f"{name}-narrow")
    assert refused == []


def test_the_sign_in_page_that_some_people_cannot_use(browser: Any, served: Served):
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{served.address}/account/login/")
    assert violations(page) == []
    picture(page, "login")
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    context.close()


@pytest.mark.parametrize(
    "role", ["requester", "specialist", "releasing", "counsel", "oversight", "administrator", "clerk"]
)
def test_a_role_whose_first_page_some_people_cannot_use(browser: Any, served: Served, role: str):
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, served, role)
    assert violations(page) == []
    context.close()


def test_a_page_that_needs_a_script_or_a_mouse(browser: Any, served: Served):
    """Without JavaScript and with the keyboard alone, from sign-in to a row and out again."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{served.address}/account/login/")
    page.focus("#id_login")
    page.keyboard.type("specialist")
    page.keyboard.press("Tab")
    page.keyboard.type(served.passwords["specialist"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{served.address}/")

    def follow(link: str) -> None:
        for _ in range(80):
            page.keyboard.press("Tab")
            if page.locator(":focus").count() and page.locator(":focus").inner_text().strip().startswith(link):
                with page.expect_navigation():
                    page.keyboard.press("Enter")
                return
        pytest.fail(f"{link} cannot be reached by Tab")

    follow("Submissions")
    follow(SUBMISSION)
    follow("See the rows")
    assert "/rows/" in page.url
    page.locator("table a").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("h2", has_text="The law beside them").count() == 1
    follow("Sign out")
    page.goto(f"{served.address}/batches/")
    assert "/account/login/" in page.url
    context.close()


def test_what_stood_on_the_screen_after_sign_out(browser: Any, served: Served):
    """The back button after signing out shows nothing of a row."""
    context = browser.new_context()
    page = context.new_page()
    sign_in(page, served, "counsel")
    page.goto(f"{served.address}/batches/{SUBMISSION}/rows/1/")
    page.click("text=Sign out")
    page.wait_for_load_state()
    page.go_back()
    assert "/account/login/" in page.url
    context.close()


def test_a_passkey_that_signs_in(browser: Any, served: Served):
    """A passkey is enrolled on the account's own page and then opens the door without a password."""
    address = served.address.replace("127.0.0.1", "localhost")
    context = browser.new_context()
    page = context.new_page()
    keys = context.new_cdp_session(page)
    keys.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
        "hasUserVerification": True, "isUserVerified": True,
    }  # fmt: skip
    keys.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    page.goto(f"{address}/account/login/")
    page.fill("#id_login", "releasing")
    page.fill("#id_password", served.passwords["releasing"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/")
    page.goto(f"{address}/account/keys/webauthn/add/")
    assert "/reauthenticate/" in page.url  # a new key asks for the old one once more
    page.fill("[name=password]", served.passwords["releasing"])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/account/keys/webauthn/add/")
    page.fill("[name=name]", "desk key")
    if page.locator("[name=passwordless]").count():
        page.check("[name=passwordless]")
    page.click("#mfa_webauthn_add")
    page.wait_for_url(lambda url: "/webauthn/add/" not in url)
    page.click("text=Sign out")
    page.wait_for_load_state()
    page.goto(f"{address}/account/login/")
    page.click("#passkey_login")
    page.wait_for_url(f"{address}/")
    assert page.locator("nav >> text=Submissions").count() == 1
    context.close()


def test_the_picture_of_the_batch_page_is_small_enough(page: Any, served: Served, tmp_path: Path):
    from docs.pictures.take import take

    path = tmp_path / "batch.png"
    take(page, served.address, f"/batches/{SUBMISSION}/", path)
    assert 10_000 < path.stat().st_size <= 300_000
