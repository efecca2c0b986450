"""Keys that have ended, signatures sent twice, and a submission that its agency wants no more."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.flow.casework import ORIGIN, RP_ID, SUBMISSION
from tests.flow.test_casework import entries, refused, signed_twice

from counterseal.errors import CheckFailedError
from counterseal.flow import asker, casework
from counterseal.flow.people import end_key
from counterseal.flow.releasing import release_case
from counterseal.vault.passkeys import check_assertion
from counterseal_verify.approvals import ROLES, check_approval, check_standing
from counterseal_verify.verify import Refused

if TYPE_CHECKING:
    from tests.flow.casework import AtWork


def end_key_of(at_work: AtWork, name: str) -> None:
    end_key(at_work.office, at_work.people.ids[name], at_work.people.keys[name].credential)


def test_a_key_that_signs_after_it_was_ended(at_work: AtWork):
    """An ended key signs nothing, and cannot be ended twice; the case stays where it was."""
    case = at_work.cases()[0]
    at_work.reviewed(case)
    evidence = at_work.evidence("sam", case)
    end_key_of(at_work, "sam")
    with refused("signing-key-unknown"):
        at_work.sign("sam", case, evidence=evidence)
    with refused("signing-key-unknown"):
        end_key_of(at_work, "sam")
    assert at_work.state(case) == "in_review"
    assert "signed" not in [one["kind"] for one in entries(at_work)]


def test_a_signature_that_cannot_be_verified_once_its_key_has_ended(at_work: AtWork):
    """What a key signed while it lived stands: by the office's own check, and by a stranger's, from the ledger alone."""
    case = signed_twice(at_work)
    release_case(at_work.office, case)
    for name in ("sam", "rae"):
        end_key_of(at_work, name)
    told = entries(at_work)
    signed = [one for one in told if one["kind"] == "signed"]
    assert [one["body"]["place"] for one in signed] == [1, 2]
    for one in signed:
        body = one["body"]
        check_approval(one, told[body["enrolled"]], body["over"])
        key = at_work.people.keys["sam" if body["place"] == 1 else "rae"].public_key
        check_assertion(key, bytes.fromhex(body["over"]), body["evidence"], origin=ORIGIN, rp_id=RP_ID)
    assert sum(one["body"].get("act") == "key ended" for one in told if one["kind"] == "role") == 2


@pytest.mark.parametrize("roles", [{"specialist"}, {"releasing"}, set(), {"specialist", "releasing", "counsel"}])
def test_two_keys_of_one_role_that_pass_for_two(roles: set[str]):
    def of(these: set[str]) -> dict[str, tuple[int, str]]:
        return {f"{role} {at}": (at, role) for role in these for at in (1, 2)}

    check_standing(of(set(ROLES)), {key: at for key, (at, _) in of(set(ROLES)).items()})
    with pytest.raises(Refused):
        check_standing(of(roles), {key: at for key, (at, _) in of(roles).items()})


def test_one_assertion_sent_twice(at_work: AtWork):
    """Neither for the same place, nor for the other one, nor under the name of somebody else."""
    case = at_work.cases()[0]
    at_work.reviewed(case)
    evidence = at_work.evidence("sam", case)
    at_work.sign("sam", case, evidence=evidence)
    with refused("case-transition"):
        at_work.sign("sam", case, evidence=evidence)
    with refused("assertion"):
        at_work.sign("rae", case, second=True, evidence=evidence)
    second = at_work.evidence("rae", case)
    at_work.sign("rae", case, second=True, evidence=second)
    with refused("touched"):
        at_work.sign("rae", case, second=True, evidence=second)
    assert [one["kind"] for one in entries(at_work)].count("signed") == 2


def test_a_signature_kept_twice_by_raw_sql(at_work: AtWork):
    from django.db import DatabaseError, transaction

    from counterseal.store.models import Approval

    signed_twice(at_work)
    for kept in list(Approval.objects.all()):
        kept.pk = None
        with pytest.raises(DatabaseError), transaction.atomic():
            kept.save(force_insert=True)


def agency_of(at_work: AtWork) -> str:
    from counterseal.store.models import Submission

    return str(Submission.objects.get(pk=SUBMISSION).agency_id)


@pytest.mark.parametrize("state", ["open", "in_review", "signed_once", "signed_twice", "held"])
def test_a_case_that_goes_on_after_its_agency_withdrew(at_work: AtWork, state: str):
    """Wherever it stood, it is withdrawn with one entry; nobody signs it and nothing of it leaves."""
    case = at_work.cases()[0]
    if state != "open":
        at_work.reviewed(case)
    if state == "held":
        casework.hold(at_work.office, case, at_work.people.ids["sam"], "counsel is asked")
    if state.startswith("signed"):
        at_work.sign("sam", case)
    if state == "signed_twice":
        at_work.sign("rae", case, second=True)
    assert at_work.state(case) == state
    one = asker.withdraw(at_work.office, agency_of(at_work), SUBMISSION)
    assert (one.status, one.desired_status) == ("withdrawn", "withdrawn")
    assert at_work.state(case) == "withdrawn"
    with refused("case-transition"):
        release_case(at_work.office, case)
    asker.withdraw(at_work.office, agency_of(at_work), SUBMISSION)
    assert [one["kind"] for one in entries(at_work)].count("withdrawn") == 1
    assert at_work.sealer.asked == []


def test_a_release_under_way_when_its_agency_withdraws(at_work: AtWork):
    """Its intent is entered and waits for witnesses; the agency withdraws; tried again it does not leave."""

    def silent(url: str, body: bytes) -> tuple[int, str, bytes]:
        raise OSError

    case = signed_twice(at_work)
    with pytest.raises(CheckFailedError, match="quorum"):
        release_case(replace(at_work.office, post=silent), case)
    assert at_work.state(case) == "intended"
    asker.withdraw(at_work.office, agency_of(at_work), SUBMISSION)
    with refused("predicates"):
        release_case(at_work.office, case)
    assert at_work.sealer.asked == []
