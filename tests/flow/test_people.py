"""Accounts: nobody their own, nobody without an entry, and nothing left to one who has gone."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from tests.flow.test_casework import entries, refused, signed_twice

from counterseal.core.clock import FixedClock
from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.flow import people
from counterseal.flow.casework import take
from counterseal.flow.releasing import release_case

if TYPE_CHECKING:
    from tests.flow.casework import AtWork

    from counterseal.flow.office import Office


def administrator(name: str) -> int:
    from counterseal.store.models import Official

    return int(Official.objects.create(username=name, role=Role.ADMINISTRATOR.value).pk)


@pytest.fixture
def ada(at_work: AtWork) -> int:
    """An administrator at work."""
    return administrator("ada")


@pytest.fixture
def abe(at_work: AtWork) -> int:
    """Another administrator."""
    return administrator("abe")


def coded(invited: people.Invited | None) -> people.Invited:
    """Give the code that a confirmation gave."""
    assert invited is not None
    return invited


def added(at_work: AtWork, ada: int, abe: int, name: str, role: Role = Role.SPECIALIST) -> people.Invited:
    """Make an account as two administrators do: the first proposes, the second confirms and has the code."""
    return coded(people.confirm(at_work.office, abe, people.propose_person(at_work.office, ada, name, role)))


def invited_again(at_work: AtWork, ada: int, abe: int, official: int) -> people.Invited:
    return coded(people.confirm(at_work.office, abe, people.propose_code(at_work.office, ada, official)))


def moved(at_work: AtWork, ada: int, abe: int, official: int, role: Role) -> None:
    people.confirm(at_work.office, abe, people.propose_role(at_work.office, ada, official, role))


def accounts() -> list[tuple[str, str, bool]]:
    """Give name, role and life of every account."""
    from counterseal.store.models import Official

    return list(Official.objects.order_by("pk").values_list("username", "role", "is_active"))


def invitations() -> int:
    from counterseal.store.models import Invitation

    return Invitation.objects.count()


def later(at_work: AtWork, **span: int) -> Office:
    office = at_work.office
    return replace(office, clock=FixedClock(office.clock.now() + timedelta(**span)))


def role_of(official: int) -> str:
    from counterseal.store.models import Official

    return str(Official.objects.get(pk=official).role)


def test_an_account_made_by_somebody_who_is_no_administrator(at_work: AtWork, ada: int):
    waits = people.propose_person(at_work.office, ada, "new.person", Role.SPECIALIST)
    for name in ("sam", "rae", "cora"):
        by = at_work.people.ids[name]
        for act in (
            lambda by=by: people.propose_person(at_work.office, by, "new", Role.SPECIALIST),
            lambda by=by: people.propose_role(at_work.office, by, at_work.people.ids["sue"], Role.RELEASING),
            lambda by=by: people.end_person(at_work.office, by, at_work.people.ids["sue"], "left"),
            lambda by=by: people.propose_code(at_work.office, by, at_work.people.ids["sue"]),
            lambda by=by: people.confirm(at_work.office, by, waits),
            lambda by=by: people.withdraw(at_work.office, by, waits),
        ):
            with refused("role"):
                act()


def test_an_administrator_who_changes_their_own_account(at_work: AtWork, ada: int, abe: int):
    for act in (
        lambda: people.propose_role(at_work.office, ada, ada, Role.RELEASING),
        lambda: people.end_person(at_work.office, ada, ada, "left"),
        lambda: people.propose_code(at_work.office, ada, ada),
    ):
        with refused("own-role"):
            act()
    moved(at_work, abe, administrator("amy"), ada, Role.SPECIALIST)
    with refused("role"):
        people.propose_role(at_work.office, ada, abe, Role.SPECIALIST)
    assert (role_of(ada), role_of(abe)) == ("specialist", "administrator")


def test_a_change_without_its_entry_or_with_a_name_in_it(at_work: AtWork, ada: int, abe: int):
    before = len(entries(at_work))
    made = added(at_work, ada, abe, "new.person")
    invited_again(at_work, ada, abe, made.official)
    moved(at_work, ada, abe, made.official, Role.COUNSEL)
    people.withdraw(at_work.office, abe, people.propose_code(at_work.office, ada, made.official))
    people.end_person(at_work.office, ada, made.official, "left the office")
    told = entries(at_work)[before:]
    assert {one["kind"] for one in told} == {"role"}
    acts = ["proposed", "added", "proposed", "invited", "proposed", "changed", "proposed", "withdrawn", "ended"]
    assert [one["body"]["act"] for one in told] == acts
    assert all({"official", "by"} <= set(one["commitments"]) for one in told)
    for name in ("new.person", "ada", "abe", "left the office"):
        assert f'"{name}"' not in json.dumps(told)
    pairs = [(told[at], told[at + 1], before + at) for at in (0, 2, 4, 6)]
    assert [(one["body"]["what"], other["body"]["proposed"] - at) for one, other, at in pairs] == [
        ("add", 0), ("invite", 0), ("change", 0), ("invite", 0)
    ]  # fmt: skip
    assert [one["body"].get("role") for one, _, _ in pairs] == ["specialist", None, "counsel", None]


def test_a_code_that_opens_twice_or_too_late_or_for_somebody_else(at_work: AtWork, ada: int, abe: int):
    office = at_work.office
    made, other = (added(at_work, ada, abe, name) for name in ("new", "other"))
    for name, code in (
        ("other", made.code),
        ("new", other.code),
        ("new", ""),
        ("new", "x" * 30),
        ("nobody", made.code),
    ):
        with refused("code"):
            people.open_with_code(office, name, code)
    late = later(at_work, hours=people.CODE_HOURS, seconds=1)
    with refused("code"):
        people.open_with_code(late, "new", made.code)
    assert people.open_with_code(office, " New ", made.code.upper().replace("-", " ")) == made.official
    with refused("code"):
        people.open_with_code(office, "new", made.code)
    again = invited_again(at_work, ada, abe, other.official)
    with refused("code"):
        people.open_with_code(office, "other", other.code)
    people.end_person(office, ada, other.official, "left")
    with refused("code"):
        people.open_with_code(office, "other", again.code)


def test_a_code_that_stands_in_the_database_or_the_ledger(at_work: AtWork, ada: int, abe: int):
    from counterseal.store.models import AccountProposal, Invitation

    made = added(at_work, ada, abe, "new")
    bare = made.code.replace("-", "")
    assert len(bare) == 24
    held = str([*Invitation.objects.values_list(), *AccountProposal.objects.values_list()])
    assert made.code not in held
    assert bare not in held + str(entries(at_work))


def test_cases_that_stay_with_one_who_has_gone(at_work: AtWork, ada: int):
    """Cases in hand go back to the queue, and no key of theirs signs; what they signed stands in the ledger."""
    reviewing, signed = at_work.cases()[:2]
    take(at_work.office, reviewing, at_work.people.ids["sam"])
    at_work.reviewed(signed)
    at_work.sign("sam", signed)
    people.end_person(at_work.office, ada, at_work.people.ids["sam"], "left the office")
    assert (at_work.state(reviewing), at_work.state(signed)) == ("open", "open")
    with refused("role"):
        take(at_work.office, reviewing, at_work.people.ids["sam"])
    at_work.reviewed(reviewing, "sue")
    from counterseal.store.casework import credentials

    assert credentials(at_work.people.ids["sam"]) == []
    ended = [one["body"] for one in entries(at_work) if one["body"].get("act") == "key ended"]
    assert len(ended) == 1
    assert len([one for one in entries(at_work) if one["kind"] == "signed"]) == 1


def test_a_release_on_the_signature_of_one_whose_role_was_taken(at_work: AtWork, ada: int, abe: int):
    case = signed_twice(at_work)
    moved(at_work, ada, abe, at_work.people.ids["rae"], Role.SPECIALIST)
    with pytest.raises(CountersealError):
        release_case(at_work.office, case)
    assert at_work.sealer.asked == []


def test_a_role_left_and_had_again_between_signature_and_release(at_work: AtWork, ada: int, abe: int):
    """The signature was given in a role that was left; the role of the same name, had later, does not carry it."""
    case, rae = signed_twice(at_work), at_work.people.ids["rae"]
    for role in (Role.COUNSEL, Role.RELEASING):
        moved(at_work, ada, abe, rae, role)
        with refused("approvals"):
            release_case(at_work.office, case)
    keys = [one["body"] for one in entries(at_work) if one["body"].get("key") and one["kind"] == "role"]
    assert [one["role"] for one in keys][-2:] == ["counsel", "releasing"]
    assert len({one["key"] for one in keys[-2:]}) == 1
    assert at_work.sealer.asked == []


@pytest.mark.parametrize(
    ("name", "role", "agency", "code"),
    [("Ada Lovelace", Role.SPECIALIST, "", "official-name"), ("x", Role.SPECIALIST, "", "official-name"),
     ("new", Role.REQUESTER, "", "agency"), ("new", Role.SPECIALIST, "dhs-ice", "agency"),
     ("sam", Role.SPECIALIST, "", "official-exists"), ("a" * 41, Role.SPECIALIST, "", "official-name")],
)  # fmt: skip
def test_an_account_that_cannot_be(at_work: AtWork, ada: int, name: str, role: Role, agency: str, code: str):
    with refused(code):
        people.propose_person(at_work.office, ada, name, role, agency)


def test_a_session_that_outlives_a_role(at_work: AtWork, ada: int, abe: int):
    """A session is bound to role and life of its account, so it is dead whoever changed them, raw SQL included."""
    from counterseal.store.models import Official

    sam = at_work.people.ids["sam"]
    before = Official.objects.get(pk=sam).get_session_auth_hash()
    moved(at_work, ada, abe, sam, Role.RELEASING)
    changed = Official.objects.get(pk=sam).get_session_auth_hash()
    Official.objects.filter(pk=sam).update(is_active=False)
    assert len({before, changed, Official.objects.get(pk=sam).get_session_auth_hash()}) == 3
