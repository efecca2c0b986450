"""Custody as pages: the overdue come first, a court's stop is served when it is issued, nothing of a person shows."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.conftest import CANARY
from tests.web.test_doors import client_of, served_here
from tests.web.test_stop_order_pages import ISSUE, just_now

from counterseal.store.connection import ready

ready()

from tests.flow.casework import at_work  # noqa: E402, F401  # a fixture; the models need Django started
from tests.flow.test_custody import ordered_by_court, released  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.flow.casework import AtWork


@pytest.fixture
def served(at_work: AtWork) -> Iterator[AtWork]:  # noqa: F811  # the fixture
    with served_here(at_work.folder):
        yield at_work


def page(address: str, name: str = "cora") -> str:
    answer = client_of(name).get(address)
    assert answer.status_code == 200, address
    told: str = answer.content.decode()
    assert not any(sign in told for sign in CANARY)
    return told


def test_an_office_from_which_nothing_left(served: AtWork):
    assert "Nothing has left" in page("/custody/")


def test_an_overdue_holder_who_is_not_first(served: AtWork):
    first, second = released(served, 0), released(served, 1)
    long_ago = served.office.clock.now() - timedelta(days=9)
    ordered_by_court(served, "submission", "another")
    from counterseal.flow import recall

    made = ordered_by_court(served, ordered_at=long_ago)
    recall.serve(served.office, made.order, served.people.ids["cora"])
    told = page("/custody/")
    assert "overdue." in told
    assert told.count("<svg") == 2
    assert all(f"/custody/{one}/" in told for one in (first, second))
    assert told.index("overdue.") < told.index("In whose hands")
    assert "D-20" in told


def test_a_courts_order_that_is_issued_and_not_served(served: AtWork):
    delivered = released(served)
    form = {
        "scope": "everything", "authority": "Cease every use.", "step": "issue", "court": "D. Example",
        "docket": "25-cv-1", "ordered_at": "2026-11-20T09:00", "confirm_by": "",
    }  # fmt: skip
    half = client_of("cora").post(ISSUE, {**form, "step": "read", "docket": ""})
    assert half.status_code == 409
    read = client_of("cora").post(ISSUE, {**form, "step": "read"})
    assert "25-cv-1" in read.content.decode()
    assert just_now("cora").post(ISSUE, form).status_code == 302

    from counterseal.flow.custody import held_packages

    (order,) = {one.holding.orders[0].entry for one in held_packages(served.office)[:1]}
    told = page("/stop-orders/1/")
    assert all(word in told for word in ("25-cv-1", "Who holds it", f"/custody/{delivered}/"))
    package = page(f"/custody/{delivered}/")
    assert f"/custody/orders/{order}/document/" in package
    document = json.loads(client_of("cora").get(f"/custody/orders/{order}/document/").content)
    assert document["order"]["docket"] == "25-cv-1"
    again = just_now("cora").post("/stop-orders/1/serve/", follow=True).content.decode()
    assert "Orders to holders: 0" in again


def test_a_stop_that_no_court_made_and_is_served_by_a_button(served: AtWork):
    released(served)
    from counterseal.flow import orders

    orders.enter(served.office, "everything", "", "Counsel says so.", served.people.ids["cora"])
    told = client_of("cora").post("/stop-orders/1/serve/", follow=True).content.decode()
    assert "No court made this order" in told
    assert client_of("cora").post("/stop-orders/99/serve/").status_code == 404


def test_a_recall_that_is_sent_by_one_click_or_by_somebody_whose_it_is_not(served: AtWork):
    """It is written, read once more, and sent after signing in once more; every holder is asked once."""
    delivered = released(served)
    address, form = (
        f"/custody/{delivered}/order/",
        {"ground": "recall", "reason": "matched in error", "due": soon(served)},
    )
    assert client_of("sam").get(address).status_code == 403
    assert address not in page(f"/custody/{delivered}/", "sam")
    assert address in page(f"/custody/{delivered}/")
    for wrong in ({"ground": "court"}, {"reason": " "}, {"due": "never"}):
        answer = client_of("cora").post(address, {**form, "step": "read", **wrong})
        assert (answer.status_code, "This was not done" in answer.content.decode()) == (409, True)
    read = client_of("cora").post(address, {**form, "step": "read"})
    assert (read.status_code, "D-18" in read.content.decode()) == (200, True)
    assert "matched in error" in client_of("cora").post(address, {**form, "step": "change"}).content.decode()
    assert "reauthenticate" in client_of("cora").post(address, {**form, "step": "send"})["Location"]
    assert orders_of(served) == []
    assert just_now("cora").post(address, {**form, "step": "send", "due": "2020-01-01"}).status_code == 409
    sent = just_now("cora").post(address, {**form, "step": "send"})
    holders = orders_of(served)
    assert sent.status_code == 302
    assert {one.ground.value for one in holders} == {"recall"}
    just_now("cora").post(address, {**form, "step": "send"})
    assert orders_of(served) == holders, "nobody gets it twice"
    told = page(f"/custody/orders/{holders[0].entry}/")
    assert "matched in error" not in told
    assert all(word in told for word in ("D-18", "To be certified by then", "Ordered"))
    assert client_of("cora").get("/custody/orders/0/").status_code == 404


def test_an_order_s_page_that_does_not_tell_what_was_answered(served: AtWork):
    delivered, cora = released(served), served.people.ids["cora"]
    from counterseal.core.custody import Ground, Outcome
    from counterseal.flow import recall

    by = served.office.clock.now() + timedelta(days=2)
    order = recall.order_holders(served.office, [delivered], Ground.RECALL, by=cora, reason="r", due=by).entries[0]
    assert "Overdue" not in page(f"/custody/orders/{order}/")
    recall.acknowledge_order(served.office, order, cora, b"received")
    assert "Acknowledged" in page(f"/custody/orders/{order}/")
    recall.certify_order(served.office, order, Outcome.DESTROYED, cora, b"shredded")
    assert "Answered: destroyed" in page(f"/custody/orders/{order}/")
    late = ordered_by_court(served, ordered_at=served.office.clock.now() - timedelta(days=9))
    for served_order in recall.serve(served.office, late.order, cora).entries:
        assert "Overdue" in page(f"/custody/orders/{served_order}/")


def soon(served: AtWork) -> str:
    return (served.office.clock.now() + timedelta(days=3)).date().isoformat()


def orders_of(served: AtWork) -> list:
    from counterseal.flow.custody import held_packages

    return [order for one in held_packages(served.office) for order in one.holding.orders]
