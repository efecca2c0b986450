"""Two administrators for an account, a code and a role: whoever had all three alone would release alone."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from tests.flow.test_casework import entries, refused
from tests.flow.test_people import (  # fixtures among them
    abe,  # noqa: F401
    accounts,
    ada,  # noqa: F401
    added,
    administrator,
    coded,
    invitations,
    later,
    moved,
    role_of,
)

from counterseal.core.official import AccountAct, Role
from counterseal.errors import CountersealError
from counterseal.flow import people

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.flow.casework import AtWork

    from counterseal.flow.office import Office


def asked(at_work: AtWork, by: int) -> list[int]:
    """Propose one of each: an account, a code for rae, and another role for sam."""
    office, ids = at_work.office, at_work.people.ids
    return [
        people.propose_person(office, by, "new", Role.RELEASING),
        people.propose_code(office, by, ids["rae"]),
        people.propose_role(office, by, ids["sam"], Role.RELEASING),
    ]


def test_one_administrator_who_makes_both_officials_of_a_release(at_work: AtWork, ada: int):  # noqa: F811
    """What they propose makes no account, gives no code and moves nobody, and they cannot confirm it themselves."""
    before = accounts(), invitations()
    proposed = asked(at_work, ada)
    assert (accounts(), invitations()) == before
    for one in proposed:
        with refused("own-proposal"):
            people.confirm(at_work.office, ada, one)
    assert (accounts(), invitations()) == before
    assert [one["body"].get("act") for one in entries(at_work)][-3:] == ["proposed"] * 3


def test_an_administrator_who_makes_the_second_one_too(at_work: AtWork, ada: int):  # noqa: F811
    """The account that would confirm takes a confirmation itself; only the machine's own door makes the second one."""
    second = people.propose_person(at_work.office, ada, "second", Role.ADMINISTRATOR)
    with refused("own-proposal"):
        people.confirm(at_work.office, ada, second)
    assert "second" not in [name for name, _, _ in accounts()]
    with refused("role"):
        people.confirm(at_work.office, 10**6, second)
    people.withdraw(at_work.office, ada, second)
    other = people.invite_administrator(at_work.office, "second").official
    one = people.propose_person(at_work.office, ada, "new", Role.SPECIALIST)
    assert coded(people.confirm(at_work.office, other, one)).username == "new"


def test_an_act_that_two_administrators_cannot_do(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    office, ids = at_work.office, at_work.people.ids
    account, code, role = asked(at_work, ada)
    new = coded(people.confirm(office, abe, account))
    again = coded(people.confirm(office, abe, code))
    assert people.confirm(office, abe, role) is None
    assert people.open_with_code(office, "new", new.code) == new.official
    assert people.open_with_code(office, "rae", again.code) == ids["rae"]
    assert (role_of(new.official), role_of(ids["sam"])) == ("releasing", "releasing")
    assert people.proposals(office, abe) == []


def test_a_confirmation_by_the_one_whom_it_concerns(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    """Whoever lost every key has another administrator confirm, or goes to the machine; a role is never one's own."""
    for propose in (
        lambda: people.propose_code(at_work.office, ada, abe),
        lambda: people.propose_role(at_work.office, ada, abe, Role.RELEASING),
    ):
        one = propose()
        with refused("own-role"):
            people.confirm(at_work.office, abe, one)
        people.withdraw(at_work.office, ada, one)
    assert role_of(abe) == "administrator"


@pytest.mark.parametrize("left", ["ended", "moved"])
def test_a_proposal_that_outlives_its_proposer(at_work: AtWork, ada: int, abe: int, left: str):  # noqa: F811
    before, proposed = invitations(), asked(at_work, ada)
    if left == "ended":
        people.end_person(at_work.office, abe, ada, "left the office")
    else:
        moved(at_work, administrator("amy"), abe, ada, Role.CLERK)
    for one in proposed:
        with refused("proposer-left"):
            people.confirm(at_work.office, abe, one)
        people.withdraw(at_work.office, abe, one)
    assert invitations() == before
    assert role_of(at_work.people.ids["sam"]) == "specialist"


def test_an_administrator_who_confirms_and_is_none_any_more(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    proposed = asked(at_work, ada)
    people.end_person(at_work.office, ada, abe, "left the office")
    for one in proposed:
        with refused("role"):
            people.confirm(at_work.office, abe, one)
        with refused("role"):
            people.withdraw(at_work.office, abe, one)


def _moved_by_hand(at_work: AtWork) -> None:
    from counterseal.store.models import Official

    Official.objects.filter(username__in=["sam", "rae"]).update(role=Role.COUNSEL.value)
    Official.objects.create(username="new", role=Role.CLERK.value)


def _had_already(at_work: AtWork) -> None:
    from counterseal.store.models import Official

    Official.objects.filter(username="sam").update(role=Role.RELEASING.value)
    Official.objects.filter(username="rae").update(role=Role.CLERK.value)
    people.invite_administrator(at_work.office, "new")


def _ended(at_work: AtWork) -> None:
    amy = administrator("amy")
    for name in ("sam", "rae"):
        people.end_person(at_work.office, amy, at_work.people.ids[name], "left the office")
    people.end_person(at_work.office, amy, people.invite_administrator(at_work.office, "new").official, "left")


@pytest.mark.parametrize(
    ("meanwhile", "codes"),
    [(_moved_by_hand, ["official-exists", "role", "role"]), (_had_already, ["official-exists", "role", "role"]),
     (_ended, ["official-exists", "official-unknown", "official-unknown"])],
)  # fmt: skip
def test_an_account_that_changed_between_proposal_and_confirmation(
    at_work: AtWork, ada: int, abe: int, meanwhile: Callable[[AtWork], None], codes: list[str]  # noqa: F811
):  # fmt: skip
    proposed = asked(at_work, ada)
    meanwhile(at_work)
    before = accounts(), invitations(), len(entries(at_work))
    for one, code in zip(proposed, codes, strict=True):
        with refused(code):
            people.confirm(at_work.office, abe, one)
    assert (accounts(), invitations(), len(entries(at_work))) == before
    assert all(refusal for _, refusal in people.proposals(at_work.office, abe))


def test_a_proposal_that_is_confirmed_twice_at_once(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    """Two administrators send the form at the same moment: one holds, and there is one account and one code."""
    from django.db import connections

    before, others = invitations(), [abe, administrator("amy")]
    proposed = people.propose_person(at_work.office, ada, "new", Role.SPECIALIST)
    together, told = threading.Barrier(2, timeout=20), list[str]()

    def confirms(by: int) -> None:
        try:
            together.wait()
            told.append(coded(people.confirm(at_work.office, by, proposed)).username)
        except CountersealError as refusal:
            told.append(refusal.code)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=confirms, args=(by,)) for by in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["new", "proposal-ended"]
    assert invitations() == before + 1
    assert [one["body"].get("act") for one in entries(at_work)].count("added") == 1


def test_a_proposal_that_another_transaction_ended_just_before(
    at_work: AtWork, ada: int, abe: int, monkeypatch: pytest.MonkeyPatch  # noqa: F811
):  # fmt: skip
    """Should the lock not hold: the proposal is ended once, or nothing of the act stands."""
    from counterseal.store.models import AccountProposal

    before, passed = accounts(), people.may_confirm
    proposed = people.propose_person(at_work.office, ada, "new", Role.SPECIALIST)

    def ends_meanwhile(office: Office, by: int, held: people.ProposalHeld) -> str:
        AccountProposal.objects.update(ended_at=office.clock.now(), ended_entry=0)
        return passed(office, by, held)

    monkeypatch.setattr(people, "may_confirm", ends_meanwhile)
    with refused("proposal-ended"):
        people.confirm(at_work.office, abe, proposed)
    assert accounts() == before


def test_a_proposal_that_was_withdrawn_or_has_grown_old(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    office = at_work.office
    withdrawn, code, role = asked(at_work, ada)
    people.withdraw(office, abe, withdrawn)
    for act in (people.confirm, people.withdraw):
        with refused("proposal-ended"):
            act(office, abe, withdrawn)
    late = later(at_work, days=people.PROPOSAL_DAYS, seconds=1)
    with refused("proposal-old"):
        people.confirm(late, abe, code)
    assert people.confirm(later(at_work, days=people.PROPOSAL_DAYS - 1), abe, role) is None
    anew = people.propose_code(late, abe, at_work.people.ids["rae"])
    with refused("proposal-ended"):
        people.confirm(late, abe, code)
    assert coded(people.confirm(late, ada, anew)).username == "rae"
    with refused("proposal-unknown"):
        people.confirm(office, abe, 2**63)


def test_two_proposals_for_one_account(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    """One would be read on the page while the other is confirmed; the tables refuse it too."""
    from django.db import IntegrityError, transaction

    from counterseal.store.models import AccountProposal

    asked(at_work, ada)
    ids = at_work.people.ids
    for propose in (
        lambda: people.propose_person(at_work.office, abe, "new", Role.SPECIALIST),
        lambda: people.propose_role(at_work.office, abe, ids["rae"], Role.CLERK),
        lambda: people.propose_code(at_work.office, ada, ids["sam"]),
    ):
        with refused("proposal-open"):
            propose()
    at = at_work.office.clock.now()
    for wrong in (
        {"what": AccountAct.ADD.value, "username": "new"},
        {"what": AccountAct.ADD.value, "username": "sue", "official_id": ids["sue"]},
        {"what": AccountAct.INVITE.value, "username": "sue"},
        {"what": AccountAct.INVITE.value, "username": "abe", "official_id": abe},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            AccountProposal.objects.create(by_id=abe, at=at, entry=0, **wrong)


def test_a_list_that_offers_what_is_refused(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    """Each line says why this administrator may not confirm it, and nothing where they may."""
    office = at_work.office
    asked(at_work, ada)
    people.propose_code(office, ada, abe)
    told = {by: [refusal for _, refusal in people.proposals(office, by)] for by in (ada, abe)}
    assert all("another administrator" in refusal for refusal in told[ada])
    assert [bool(refusal) for refusal in told[abe]] == [False, False, False, True]
    late = later(at_work, days=people.PROPOSAL_DAYS, seconds=1)
    assert all(refusal for _, refusal in people.proposals(late, abe))
    held = people.proposals(office, abe)[2][0].proposed
    assert (held.held_role, held.role, held.username) == (Role.SPECIALIST, Role.RELEASING, "sam")


def test_an_account_of_a_requester_without_its_agency(at_work: AtWork, ada: int, abe: int):  # noqa: F811
    from counterseal.store.models import Agency, Official

    agency = str(Agency.objects.order_by("pk")[0].pk)
    one = people.propose_person(at_work.office, ada, "rita", Role.REQUESTER, agency)
    made = coded(people.confirm(at_work.office, abe, one))
    assert Official.objects.get(pk=made.official).agency_id == agency
    moved(at_work, ada, abe, made.official, Role.CLERK)
    assert Official.objects.get(pk=made.official).agency_id is None
    assert added(at_work, ada, abe, "rolf").username == "rolf"
