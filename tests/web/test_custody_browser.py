"""Custody in a real browser, with something in other hands and something overdue: accessible, narrow, and drawn."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
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
court = orders.CourtOrder("D. Example", "25-cv-1", now - timedelta(days=9))
entered = orders.enter(office, "agreement", "irs-ice-2025", "Cease every use.", "c", court)
from counterseal.core.incident import Source
from counterseal.flow import incident
seen = incident.open_incident(office, [delivered], Source.PERSON, now - timedelta(hours=30), "w", by="c").number
print(delivered, entered.order, seen, *recall.serve(office, entered.order, "c").entries)
"""


@pytest.fixture(scope="module")
def served(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str, list[str]]]:
    """Serve an office with a delivery that was recalled and stopped; give address, session and the four numbers."""
    folder = tmp_path_factory.mktemp("custody") / "office"
    copy_workspace(workspace, folder)
    numbers = call(folder, "-c", PREPARED, folder).split()
    session = call(
        folder, "-c", STAFF.replace("register_demonstration_officers(office)", ""), folder, PASSWORD, "cx=counsel"
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
        yield f"http://localhost:{port}", session.split()[1], numbers
    finally:
        server.terminate()
        server.wait(20)


def test_a_page_of_custody_that_some_people_cannot_use(chromium: Any, served: tuple[str, str, list[str]]):  # noqa: F811
    address, session, (delivered, order, seen, _) = served
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "session", "value": session, "url": address}])
    page, refused, wrong = context.new_page(), [], {}
    page.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    pictures = os.environ.get("COUNTERSEAL_PICTURES")
    for path in ("/custody/", f"/custody/{delivered}/", f"/stop-orders/{order}/", "/stop-orders/issue/", "/incidents/",
                 f"/incidents/{seen}/"):  # fmt: skip
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
    assert page.goto(f"{address}/custody/").status == 200
    assert page.locator(".chart svg").count() == 2
    assert "overdue" in page.locator("main").inner_text().lower()
    context.close()
    assert wrong == {}
    assert refused == []
