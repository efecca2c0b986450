"""The whole life of a case in a real browser, by two people, and everything that may go wrong between them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.web.casework import AtWork, Person, at_work, chromium  # noqa: F401  # fixtures
from tests.web.test_browser import picture, violations

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("one office, one story")]


@pytest.fixture(scope="module")
def people(chromium: Any, at_work: AtWork) -> Iterator[dict[str, Person]]:  # noqa: F811
    made = {name: Person(chromium, at_work, name) for name in ("sam", "rae", "rob", "cora")}
    yield made
    for one in made.values():
        one.context.close()


def usable(person: Person, name: str) -> None:
    """Axe finds nothing, and 320 pixels are wide enough."""
    page = person.page
    assert violations(page) == [], name
    picture(page, name)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320, name
    if name in {"queue", "case"}:
        assert violations(page) == [], name
    picture(page, f"{name}-narrow")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_a_case_that_two_people_cannot_take_to_its_end_by_keyboard(people: dict[str, Person]):
    """From the queue to a countersigned release without a mouse; no script of the page breaks the policy."""
    sam, rae = people["sam"], people["rae"]
    refused: list[str] = []
    for one in (sam, rae):
        one.page.on("console", lambda told: refused.append(told.text) if told.type == "error" else None)
    sam.go("/")
    usable(sam, "queue")
    sam.follow("Take case 1")
    assert "In review" in sam.words()
    sam.write("determination", "Nothing identifies an informant.")
    sam.follow("Record the determination")
    usable(sam, "case")
    sam.follow("Sign first")
    assert "What you sign" in sam.words()
    usable(sam, "sign")
    sam.follow("Sign first with your passkey")
    sam.page.wait_for_url(lambda url: url.endswith("/cases/1/"))
    assert "Signed once" in sam.words()
    rae.go("/?state=signed_once")
    rae.follow("1")
    usable(rae, "case-countersign")
    rae.follow("Sign second")
    usable(rae, "countersign")
    rae.follow("Sign second with your passkey")
    rae.page.wait_for_load_state()
    usable(rae, "released")
    assert "Two people signed" in rae.words()
    assert rae.at_work.state(1) == "released"
    assert [one for one in refused if "Content Security Policy" in one] == []


def test_somebody_who_countersigns_their_own_case(people: dict[str, Person]):
    sam = people["sam"]
    sam.review(2)
    sam.sign(2)
    assert sam.at_work.state(2) == "signed_once"
    assert sam.go("/cases/2/sign/").status == 403


def test_two_officials_who_countersign_at_once(people: dict[str, Person]):
    """Both have the page open; the second one to answer is told, and one signature stands."""
    rae, rob = people["rae"], people["rob"]
    for one in (rae, rob):
        one.go("/cases/2/sign/")
    with rae.page.expect_navigation():
        rae.page.click("#sign button[type=submit]")
    with rob.page.expect_navigation():
        rob.page.click("#sign button[type=submit]")
    assert "This was not done" in rob.words() or "This cannot be done" in rob.words()


def test_a_stop_between_the_two_signatures(people: dict[str, Person], at_work: AtWork):  # noqa: F811
    sam, rae = people["sam"], people["rae"]
    sam.review(3)
    sam.sign(3)
    rae.go("/cases/3/sign/")
    order = at_work.ask(
        "from counterseal.flow.orders import issue\n"
        "print(issue(office, 'everything', '', 'Order of a court', 'cora').order)"
    ).strip()
    try:
        with rae.page.expect_navigation():
            rae.page.click("#sign button[type=submit]")
        assert "not done" in rae.words() or "cannot be done" in rae.words()
        assert at_work.state(3) == "stopped"
        rae.go("/cases/3/")
        assert "A stop order reaches it" in rae.words()
        assert rae.page.locator(".stop-alert").count() == 1
    finally:
        at_work.ask(
            "from counterseal.flow.orders import ask_lift, lift\n"
            "ask_lift(office, int(sys.argv[2]), 'cora', 'vacated')\nlift(office, int(sys.argv[2]), 'other')",
            order,
        )


def test_a_role_that_is_withdrawn_between(people: dict[str, Person], at_work: AtWork):  # noqa: F811
    sam, rob = people["sam"], people["rob"]
    sam.review(4)
    sam.sign(4)
    rob.go("/cases/4/sign/")
    change = "UPDATE store_official SET role = ? WHERE username = 'rob'"
    at_work.sql(change, "oversight")
    try:
        with rob.page.expect_navigation():
            rob.page.click("#sign button[type=submit]")
        assert at_work.state(4) == "signed_once"
        assert "/account/login/" in rob.page.url, "with the role the session ends"
    finally:
        at_work.sql(change, "releasing")


def test_an_assertion_that_is_played_again(people: dict[str, Person], at_work: AtWork):  # noqa: F811
    """A signature over one case, sent for another, is refused."""
    sam, rae = people["sam"], people["rae"]
    rae.go("/cases/4/sign/")
    sent: dict[str, str] = {}
    rae.page.route("**/cases/4/sign/", lambda route: (sent.update(body=route.request.post_data), route.abort()))
    rae.page.click("#sign button[type=submit]")
    rae.page.wait_for_timeout(500)
    rae.page.unroute("**/cases/4/sign/")
    assert "signature=" in sent["body"]
    sam.review(5)
    sam.sign(5)
    rae.go("/cases/5/")
    told = rae.page.evaluate(
        "async (body) => { const form = new URLSearchParams(body); form.set('csrfmiddlewaretoken', "
        "document.querySelector('[name=csrfmiddlewaretoken]').value); "
        "const answer = await fetch('/cases/5/sign/', {method: 'POST', body: form}); "
        "return [answer.status, await answer.text()] }",
        sent["body"],
    )
    assert told[0] == 409
    assert "something else than what was shown" in told[1]
    assert at_work.state(5) == "signed_once"


@pytest.mark.parametrize("act", ["give-back", "hold", "refuse", "return", "hand-over"])
def test_an_act_whose_page_some_people_cannot_use(people: dict[str, Person], act: str):
    sam = people["sam"]
    if act == "give-back":
        sam.review(6)
    sam.go(f"/cases/6/{act}/")
    usable(sam, act)
    if act != "hand-over":
        sam.page.evaluate("document.querySelector('main textarea').removeAttribute('required')")
        sam.page.click("main form button[type=submit]")
        assert "Say why" in sam.words()  # without a reason nothing is done
        assert violations(sam.page) == []


def test_a_question_that_counsel_cannot_settle(people: dict[str, Person]):
    cora = people["cora"]
    cora.go("/questions/")
    usable(cora, "questions")
    cora.follow("Settle")
    usable(cora, "question")
    cora.page.click("label[for=admit]")
    cora.page.fill("#opinion", "The orders were produced and are final.")
    cora.page.click("text='Settle'")
    assert "Settled for" in cora.words()


def test_what_stood_on_the_screen_of_a_case_after_sign_out(people: dict[str, Person]):
    rae = people["rae"]
    rae.go("/cases/1/")
    rae.page.click("text=Sign out")
    rae.page.wait_for_load_state()
    rae.page.go_back()
    assert "/account/login/" in rae.page.url
