"""An agency's person in a real browser, with a keyboard and files: check, send, read, withdraw."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.web.casework import AtWork, Person, at_work, chromium  # noqa: F401  # fixtures
from tests.web.test_casework_browser import usable

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("one office, one story")]


@pytest.fixture(scope="module")
def asked(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The request that the office knows, under another id."""
    import shutil

    folder = tmp_path_factory.mktemp("by-hand") / "asked"
    shutil.copytree(workspace.parent / "asked" / "SYN-2026-0001", folder)
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "submission": "BY-HAND-1"}))
    return folder


def test_a_request_that_nobody_can_send_by_hand(chromium: Any, at_work: AtWork, asked: Path):  # noqa: F811
    rita = Person(chromium, at_work, "rita")
    rows = asked / json.loads((asked / "manifest.json").read_text())["rows"]
    rita.go("/")
    rita.follow("Requests")
    usable(rita, "requester")
    rita.follow("Check a request")
    usable(rita, "requester-check")
    rita.page.set_input_files("#rows", rows)
    rita.page.set_input_files("#manifest", asked / "manifest.json")
    rita.follow("Check it")
    assert "What to mend before it is signed" in rita.words()
    usable(rita, "requester-checked")
    rita.follow("Send the signed request")
    usable(rita, "requester-send")
    rita.page.set_input_files("#rows", rows)
    rita.page.set_input_files("#manifest", asked / "manifest.json")
    rita.follow("Send it")
    assert "It waits to be read" in rita.words() or "BY-HAND-1" in rita.words()
    usable(rita, "requester-request")
    rita.go("/requester/requests/SYN-2026-0001/")
    usable(rita, "requester-answer")
    assert "What the rows read" in rita.words()
    rita.go("/requester/requests/BY-HAND-1/")
    rita.follow("Withdraw this request")
    usable(rita, "requester-withdraw")
    rita.follow("Withdraw it")
    assert "Withdrawn" in rita.words()
    rita.context.close()
