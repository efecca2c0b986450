"""Takes the pictures that the README and the first day show, of a demonstration that is being served.

``python docs/pictures/take.py http://127.0.0.1:8000 /batches/SUBMISSION/ specialist PASSWORD docs/pictures/batch.png``
``python docs/pictures/take.py http://127.0.0.1:8000 /cases/1/ specialist PASSWORD docs/pictures/case.png``
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

VIEW = {"width": 1280, "height": 1000}


def take(page: Any, address: str, path: str, out: Path) -> None:
    """Write the first screen of a page, as somebody who is signed in sees it."""
    page.set_viewport_size(VIEW)
    page.goto(f"{address}{path}")
    page.evaluate("document.fonts.ready")
    page.screenshot(path=out)


def main(address: str, path: str, name: str, password: str, out: str) -> None:
    """Sign in and take the picture."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  # only developers have it

    with sync_playwright() as player:
        browser = player.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-gpu"])
        page = browser.new_page()
        page.goto(f"{address}/account/login/")
        page.fill("#id_login", name)
        page.fill("#id_password", password)
        page.keyboard.press("Enter")
        page.wait_for_url(f"{address}/")
        take(page, address, path, Path(out))
        browser.close()


if __name__ == "__main__":
    main(*sys.argv[1:])
