"""Oversight in a real browser, from the announcement to the finding, by keyboard; each page accessible and narrow."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.casework import AtWork, at_work, chromium  # noqa: F401  # fixtures
from tests.web.test_browser import violations

from counterseal.oversight.sample import commitment_to

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.long]
SHARE = bytes(range(32))
DECIDED = """
from counterseal.flow.casework import refuse, return_for_cure, take
from counterseal.store.casework import official_named
from counterseal.store.models import Case
sam = official_named("sam")
for case, act in zip(Case.objects.filter(state="open").order_by("-pk").values_list("pk", flat=True)[:3], (refuse, return_for_cure, refuse)):
    take(office, case, sam)
    act(office, case, sam, "The stated purpose is not borne out.")
"""


@pytest.fixture
def page(chromium: Any, at_work: AtWork) -> Iterator[Any]:  # noqa: F811
    at_work.ask(DECIDED)
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "session", "value": at_work.sessions["olga"], "url": at_work.address}])
    yield context.new_page()
    context.close()


def sound(page: Any, name: str) -> None:
    """Axe finds nothing, and 320 pixels are wide enough."""
    assert violations(page) == [], name
    if folder := os.environ.get("COUNTERSEAL_PICTURES"):
        page.screenshot(path=f"{folder}/{name}.png", full_page=True)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    if folder:
        page.screenshot(path=f"{folder}/{name}-narrow.png", full_page=True)
    page.set_viewport_size({"width": 1280, "height": 900})


def test_from_a_share_to_the_first_decision(page: Any, at_work: AtWork):  # noqa: F811
    page.goto(f"{at_work.address}/oversight/")
    page.get_by_role("link", name="Announce a sample").press("Enter")
    sound(page, "announce")
    page.get_by_label("How many are drawn").fill("2")
    page.get_by_label("Commitment to your share").fill(commitment_to(SHARE))
    page.keyboard.press("Enter")
    page.get_by_role("heading", name=re.compile("Draw it")).wait_for()
    sound(page, "announced")
    page.get_by_label("Your share").fill(SHARE.hex())
    page.keyboard.press("Enter")
    page.get_by_role("table").wait_for()
    sound(page, "drawn")
    page.get_by_role("link", name="Review place 1 again").press("Enter")
    sound(page, "closed")
    page.get_by_role("button", name="Enter the look and open it").press("Enter")
    page.get_by_role("heading", name="What you would have decided").wait_for()
    sound(page, "blind")
    page.get_by_label("I cannot tell from what is here").press("Space")
    page.get_by_role("button", name="Enter the finding for good").press("Enter")
    page.get_by_role("alert").wait_for()
    assert "Say why" in page.get_by_role("alert").inner_text()
    sound(page, "without-reason")
    page.get_by_label("Why", exact=True).fill("The warrant is not in the file.")
    page.get_by_role("button", name="Enter the finding for good").press("Enter")
    page.get_by_text("First decision", exact=True).wait_for()
    assert "Not alike" in page.get_by_role("heading", level=1).inner_text()
    sound(page, "done")
    page.get_by_role("link", name="Oversight").first.press("Enter")
    page.get_by_role("heading", name="Worth a look").wait_for()
    assert page.locator("figure.chart svg").count() == 2
    sound(page, "oversight")
