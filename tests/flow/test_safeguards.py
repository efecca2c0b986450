"""Safeguards as a precondition: two people set them, anybody ends them, and no release goes past their end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.flow.test_casework import refused, signed_twice
from tests.flow.test_custody import later

from counterseal.flow import safeguards
from counterseal.flow.releasing import release_case
from counterseal.store.submissions import registered_agency

if TYPE_CHECKING:
    from tests.flow.casework import AtWork

REPORT = b"safeguards report, made up"


def days(at_work: AtWork, number: int):
    return at_work.office.clock.now().date() + timedelta(days=number)


def proposed(at_work: AtWork, until: int = 300) -> None:
    safeguards.propose(at_work.office, "ice", days(at_work, -10), days(at_work, until), REPORT, by="A. One")


def in_force(at_work: AtWork) -> bool:
    return next(one for one in safeguards.statuses(at_work.office) if one.kept.agency == "ice").kept.in_force


def test_safeguards_that_lapse_between_two_signatures_and_the_intent(at_work: AtWork):
    case = signed_twice(at_work)
    safeguards.lapse(at_work.office, "ice", by="A. One", why="an open critical finding")
    with refused("predicates"):
        release_case(at_work.office, case)
    assert at_work.sealer.asked == []
    assert at_work.state(case) == "signed_twice"

    proposed(at_work)
    with refused("predicates"):
        release_case(at_work.office, case)
    safeguards.confirm(at_work.office, "ice", REPORT, by="B. Two")
    release_case(at_work.office, case)
    assert at_work.state(case) == "released"


def test_a_last_day_that_passes_and_nobody_says_so(at_work: AtWork):
    proposed(at_work, until=5)
    safeguards.confirm(at_work.office, "ice", REPORT, by="B. Two")
    known = registered_agency("ice", today=days(at_work, 5))
    assert known == ("ice", {"safeguards_in_force": True})
    assert registered_agency("ice", today=days(at_work, 6)) == ("ice", {"safeguards_in_force": False})
    assert not next(
        one for one in safeguards.statuses(later(at_work, days=6)) if one.kept.agency == "ice"
    ).kept.in_force


def test_one_person_who_sets_safeguards_in_force(at_work: AtWork):
    safeguards.lapse(at_work.office, "ice", by="A. One", why="review")
    with refused("safeguards-none"):
        safeguards.confirm(at_work.office, "ice", REPORT, by="B. Two")
    proposed(at_work)
    with refused("safeguards-same-person"):
        safeguards.confirm(at_work.office, "ice", REPORT, by=" a.  ONE")
    with refused("safeguards-document"):
        safeguards.confirm(at_work.office, "ice", b"another", by="B. Two")
    assert not in_force(at_work)
    safeguards.confirm(at_work.office, "ice", REPORT, by="B. Two")
    assert in_force(at_work)


def test_a_register_that_says_more_than_the_ledger(at_work: AtWork):
    """Whoever writes to the database can set the flag; the list holds it against the entries and says so."""
    from counterseal.store.register import enter_safeguards

    proposed(at_work)
    safeguards.confirm(at_work.office, "ice", REPORT, by="B. Two")
    assert all(one.borne_out for one in safeguards.statuses(at_work.office))
    enter_safeguards("ice", days(at_work, 900))
    assert [one.kept.agency for one in safeguards.statuses(at_work.office) if not one.borne_out] == ["ice"]
    safeguards.lapse(at_work.office, "ice", by="A. One", why="review")
    enter_safeguards("ice", days(at_work, 300))
    assert [one.kept.agency for one in safeguards.statuses(at_work.office) if not one.borne_out] == ["ice"]


def test_a_proposal_that_outlives_a_lapse(at_work: AtWork):
    proposed(at_work)
    safeguards.lapse(at_work.office, "ice", by="C. Three", why="incident")
    with refused("safeguards-none"):
        safeguards.confirm(at_work.office, "ice", REPORT, by="B. Two")


@pytest.mark.parametrize(("since", "until"), [(1, 10), (-10, -1), (-10, 1200)])
def test_days_that_are_not_todays(at_work: AtWork, since: int, until: int):
    with refused("safeguards-dates"):
        safeguards.propose(at_work.office, "ice", days(at_work, since), days(at_work, until), REPORT, by="A. One")
    with refused("agency-unknown"):
        safeguards.propose(at_work.office, "nobody", days(at_work, 0), days(at_work, 1), REPORT, by="A. One")
