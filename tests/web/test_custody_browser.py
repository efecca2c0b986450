"""Custody in a real browser, with something in other hands and something overdue: accessible, narrow, and drawn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.casework import PASSWORD, STAFF, chromium  # noqa: F401  # fixture
from tests.web.conftest import ROOT
from tests.web.databases import call, copy_workspace, environment_of
from tests.web.test_browser import violations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.long]
DAY = (datetime.now(UTC) + timedelta(days=4)).date().isoformat()
PREPARED = """
import sys
from datetime import timedelta
from pathlib import Path
from counterseal import wiring
folder = Path(sys.argv[1])
wiring.stage_demonstration(folder)
office = wiring.open_office(folder)
from counterseal.core.custody import Ground
from counterseal.flow import orders, recall
from counterseal.flow.custody import held_packages
now, delivered = office.clock.now(), held_packages(office)[0].holding.delivered
recall.order_holders(office, [delivered], Ground.RECALL, by="c", reason="r", due=now + timedelta(days=5))
from counterseal.store.submissions import mark_answered
mark_answered(held_packages(office)[0].submission, at=now)
court = orders.CourtOrder("D. Example", "25-cv-1", now - timedelta(days=9))
entered = orders.enter(office, "agreement", "irs-ice-2025", "Cease every use.", "c", court)
served = recall.serve(office, entered.order, "c").entries
found = held_packages(office)[0]
from counterseal.core.incident import Source
from counterseal.flow import incident
seen = incident.open_incident(office, [delivered], Source.PERSON, now - timedelta(hours=30), "w", by="c").number
print(delivered, entered.order, served[0], found.submission, found.row, seen)
"""


@pytest.fixture(scope="module")
def served(
    workspace: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[str, dict[str, str], list[str]]]:
    """Serve an office with a delivery that was recalled and stopped; give address, sessions by name, and its numbers."""
    folder = tmp_path_factory.mktemp("custody") / "office"
    copy_workspace(workspace, folder)
    numbers = call(folder, PREPARED, folder).split()
    session = call(
        folder,
        "-c",
        STAFF.replace("register_demonstration_officers(office)", ""),
        folder,
        PASSWORD,
        "cx=counsel",
        "olga=oversight",
        "sam=specialist",
        "rita=requester",
    )
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**environment_of(folder), "COUNTERSEAL_WORKSPACE": str(folder), "COUNTERSEAL_PLAIN_HTTP": "1"}
    call_ = ["-m", "gunicorn", "--no-control-socket", "--log-level", "warning", "--bind", f"127.0.0.1:{port}"]
    server = subprocess.Popen([sys.executable, *call_, "counterseal.web.wsgi"], env=environment, cwd=ROOT)
    try:
        for _ in range(200):
            try:
                urllib.request.urlopen(f"http://localhost:{port}/account/login/", timeout=5)  # our own
                break
            except OSError:
                time.sleep(0.2)
        else:
            pytest.fail("the server does not answer")
        words = session.split()
        yield f"http://localhost:{port}", dict(zip(words[::2], words[1::2], strict=True)), numbers
    finally:
        server.terminate()
        server.wait(20)


def pages_of(name: str, numbers: list[str]) -> tuple[str, ...]:
    """The pages of custody that somebody of the office has, or of an agency."""
    delivered, order, served, submission, row, seen = numbers
    if name == "rita":
        own = f"/requester/requests/{submission}/"
        return "/requester/", own, f"{own}packages/{row}/acknowledge/", f"/requester/orders/{served}/"
    found = ("/custody/", f"/custody/{delivered}/", f"/custody/orders/{served}/", f"/stop-orders/{order}/",
             "/incidents/", f"/incidents/{seen}/")  # fmt: skip
    return found if name == "sam" else (*found, f"/custody/{delivered}/order/", "/stop-orders/issue/")


@pytest.mark.parametrize("name", ["cx", "olga", "sam", "rita"])
def test_a_page_of_custody_that_some_people_cannot_use(
    chromium: Any,  # noqa: F811
    served: tuple[str, dict[str, str], list[str]],
    name: str,
):
    address, sessions, numbers = served
    session = sessions[name]
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "session", "value": session, "url": address}])
    page, refused, wrong = context.new_page(), [], {}
    page.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    pictures = os.environ.get("COUNTERSEAL_PICTURES")
    for path in pages_of(name, numbers):
        assert page.goto(address + path).status == 200
        found: list[Any] = violations(page)
        for width in (320, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append(f"{wide} pixels wide of {width}")
            if pictures:
                page.screenshot(path=f"{pictures}/{path.strip('/').replace('/', '-')}-{width}.png", full_page=True)
        if found:
            wrong[path] = found
    if name != "rita":
        assert page.goto(f"{address}/custody/").status == 200
        assert page.locator(".chart svg").count() == 2
    else:
        assert page.goto(f"{address}/requester/").status == 200
    assert "overdue" in page.locator("main").inner_text().lower()
    context.close()
    assert wrong == {}
    assert refused == []


def test_a_recall_that_nobody_can_send_with_a_keyboard(
    chromium: Any,  # noqa: F811
    served: tuple[str, dict[str, str], list[str]],
):
    """From the delivery to the order's own page with keys alone; the confirm page is read by axe and is narrow."""
    address, sessions, (delivered, *_) = served
    context = chromium.new_context(viewport={"width": 320, "height": 900})
    context.add_cookies([{"name": "session", "value": sessions["olga"], "url": address}])
    page = context.new_page()
    page.goto(f"{address}/custody/{delivered}/")
    page.get_by_role("link", name="Recall or correct").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/order/")
    page.get_by_role("radio", name="Correction").focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.type("The address is in dispute.")
    page.locator("#due").fill(DAY)
    page.get_by_role("button", name="Read it once more").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Send this order?").wait_for()
    assert violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_role("button", name="Send the order").focus()
    page.keyboard.press("Enter")
    page.get_by_text("Orders to holders: 1").wait_for()
    assert "correction" in page.locator("h1").inner_text()
    assert violations(page) == []
    context.close()
