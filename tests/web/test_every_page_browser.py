"""Every address of the resolver, for every role, in a real browser: accessible, narrow, nothing of a person in it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from tests.batch import table_of
from tests.conftest import once
from tests.web.casework import SUBMISSION, AtWork, at_work, chromium  # noqa: F401  # fixtures
from tests.web.test_browser import violations
from tests.web.test_doors import MATRIX

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.browser
ROLE = {"rita": "requester", "sam": "specialist", "rae": "releasing", "cora": "counsel", "olga": "oversight",
        "ada": "administrator", "cleo": "clerk"}  # fmt: skip
ONCE = re.compile(r'nonce="[^"]*"|name="csrfmiddlewaretoken" value="[^"]*"')
"""What is another in every answer."""

MAIN = re.compile("<main.*?</main>", re.DOTALL)

PREPARED = """
from counterseal.flow.orders import issue
from counterseal.flow.casework import take, determine
from counterseal.store.casework import official_named
from counterseal.flow.judge import groups
from counterseal.flow.casework import refuse
from counterseal.flow.sample import announce_sample, draw_sample
from counterseal.oversight.sample import commitment_to
from counterseal.core.official import Role
from counterseal.flow.people import propose_role

issue(office, "submission", "ANOTHER-1", "D.D.C. 25-457, order of 5 February", "cora")
take(office, 1, official_named("sam"))
determine(office, 1, official_named("sam"), "Nothing identifies an informant.")
take(office, 2, official_named("sam"))
refuse(office, 2, official_named("sam"), "The stated purpose is not borne out.")
olga, day = official_named("olga"), office.clock.now().date()
sample, _ = announce_sample(office, olga, day, day, "all", 1, commitment_to(bytes(32)))
draw_sample(office, olga, sample, bytes(32))
proposal = propose_role(office, official_named("abe"), official_named("sue"), Role.COUNSEL)
print(sample, groups(office, "SYN-2026-0001")[0].id, official_named("sue"), proposal)
"""


@pytest.fixture(scope="module")
def addresses(at_work: AtWork) -> dict[str, str]:  # noqa: F811
    """Give each route an address that leads to something."""
    sample, group, other, proposal = at_work.ask(PREPARED).split()
    told = {route: line[0] for route, line in MATRIX.items()}
    for route, address in told.items():
        told[route] = re.sub(r"^/people/1/", f"/people/{other}/", address)
        told[route] = re.sub(r"^/people/proposals/1/", f"/people/proposals/{proposal}/", told[route])
    told["questions/<named:submission>/<named:group>/"] = f"/questions/{SUBMISSION}/{group}/"
    told["cases/<int:case>/<act:act>/"] = "/cases/1/hand-over/"
    told["oversight/sample/<int:announced>/"] = f"/oversight/sample/{sample}/"
    told["oversight/re-review/<int:announced>/<int:place>/"] = f"/oversight/re-review/{sample}/1/"
    return told


@pytest.fixture(scope="module")
def people(at_work: AtWork) -> list[dict[str, str]]:  # noqa: F811

    rows = table_of(at_work.folder / "batches" / SUBMISSION / "rows.parquet").to_pylist()
    return [{name: str(row[name] or "") for name in ("tin", "address_line_1", "date_of_birth")} for row in rows]


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marks of the main parts in which nothing was found, of all roles and workers: many are the same in each."""
    return once(tmp_path_factory, "looked-at", Path.mkdir)


@pytest.fixture(params=ROLE)
def page(chromium: Any, at_work: AtWork, request: pytest.FixtureRequest) -> Iterator[Any]:  # noqa: F811
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    context.add_cookies([{"name": "session", "value": at_work.sessions[request.param], "url": at_work.address}])
    yield context.new_page()
    context.close()


def test_a_page_that_some_people_cannot_use_in_some_role(
    page: Any, at_work: AtWork, addresses: dict[str, str], people: list[dict[str, str]], looked_at: Path  # noqa: F811
):  # fmt: skip
    """Axe finds nothing, 320 pixels are wide enough, nothing forbidden is tried, and no address holds a person."""
    refused: list[str] = []
    page.on("console", lambda told: refused.append(told.text) if "Content Security Policy" in told.text else None)
    numbers = {one["tin"] for one in people if one["tin"]}
    values = {value for one in people for value in one.values() if len(value) > 5}
    wrong: dict[str, Any] = {}
    seen = 0
    for route, path in addresses.items():
        if route == "account/logout/":
            continue  # it is the way out; the page is read by test_doors
        answer = page.request.get(at_work.address + path, max_redirects=0)
        if answer.status not in {200, 403, 404} or "text/html" not in answer.headers.get("content-type", ""):
            continue
        seen += 1
        held = MAIN.search(answer.text())
        digest = hashlib.sha256(ONCE.sub("", held[0] if held else answer.text()).encode()).hexdigest()
        if seen > 1 and (looked_at / digest).exists():  # to the letter, and this role's frame was looked at before
            continue
        page.goto(at_work.address + path)
        found: list[Any] = violations(page)
        page.set_viewport_size({"width": 320, "height": 800})
        if (width := page.evaluate("document.documentElement.scrollWidth")) > 320:
            found.append(f"{width} pixels wide")
        page.set_viewport_size({"width": 1280, "height": 900})
        html = page.content()
        found += [f"the number {one[-4:]} stands whole" for one in numbers if one in html]
        links = " ".join(re.findall(r'(?:href|action)="([^"]*)"', html))
        found += ["an address with something of a person" for one in values if one in links]
        if found:
            wrong[path] = found
        else:
            (looked_at / digest).touch()
    assert wrong == {}
    assert refused == []
    assert seen > 30
