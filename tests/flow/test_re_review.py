"""A re-review that was not blind: by somebody who had a hand in the case, had seen it, or was told the decision."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest
from tests.flow.sampling import Sampled
from tests.flow.test_casework import refused

from counterseal import wiring
from counterseal.core.official import Role
from counterseal.flow.case_look import enter_look
from counterseal.flow.re_review import Blind, case_of_decision, open_blind, record
from counterseal.flow.sample import sample_at
from counterseal_verify import verify
from counterseal_verify.sample import samples as draw_again

if TYPE_CHECKING:
    from counterseal.flow.look import Look

WORDS = ("olga", "sam", "rae", "The stated purpose is not borne out.", "Nothing identifies an informant.")


@pytest.fixture
def drawn(sampled: Sampled) -> tuple[Sampled, int, Look]:
    """A sample of every decision of the office, drawn."""
    announced = sampled.announce(size=5)
    sampled.draw(announced)
    return sampled, announced, wiring._look_at(sampled.at.folder)


def every_text(told: Any) -> str:
    return repr([getattr(told, one.name) for one in fields(told)])


def case_at(sampled: Sampled, announced: int, place: int) -> int:
    return case_of_decision(sampled.at.office, sample_at(announced).drawn[place - 1])


def test_what_is_reviewed_again_does_not_tell_the_decision_nor_who_made_it(drawn):
    sampled, announced, look = drawn
    from counterseal.store.models import LedgerEntry

    for place in range(1, 6):
        seen = open_blind(sampled.at.office, look, announced, place, sampled.olga)
        told = every_text(seen)
        assert not [word for word in WORDS if re.search(rf"\b{re.escape(word)}(?!\w)", told)]
        assert seen.row.facts
        assert {one.name for one in fields(Blind)}.isdisjoint({"held", "state", "touches", "determination"})
        entry = json.loads(bytes(LedgerEntry.objects.get(index=seen.look).entry))
        assert (entry["kind"], entry["body"]) == ("inspected", {"what": "re-review", "role": "oversight"})


def test_whoever_has_acted_on_the_case_does_not_review_it_again(drawn):
    """Sam decided it as a specialist, and is of oversight now."""
    sampled, announced, look = drawn
    from counterseal.store.models import Official

    sam = sampled.at.people.ids["sam"]
    with refused("role"):
        open_blind(sampled.at.office, look, announced, 1, sam)
    Official.objects.filter(pk=sam).update(role=Role.OVERSIGHT.value)
    with refused("not-blind"):
        open_blind(sampled.at.office, look, announced, 1, sam)
    with refused("not-blind"):
        record(sampled.at.office, look, announced, 1, sam, finding="approved", rule="", reason="")


def test_whoever_has_seen_the_whole_case_is_not_blind(drawn):
    sampled, announced, look = drawn
    open_blind(sampled.at.office, look, announced, 1, sampled.olga)
    enter_look(sampled.at.office, case_at(sampled, announced, 1), sampled.olga, "case", "A complaint.")
    with refused("not-blind"):
        record(sampled.at.office, look, announced, 1, sampled.olga, finding="approved", rule="", reason="")
    open_blind(sampled.at.office, look, announced, 1, sampled.otto)


def test_a_finding_is_entered_once_with_its_reason_and_after_a_look(drawn):
    sampled, announced, look = drawn

    def found(finding: str, rule: str = "", reason: str = "", place: int = 1) -> int:
        return record(
            sampled.at.office, look, announced, place, sampled.olga, finding=finding, rule=rule, reason=reason
        )

    with refused("not-looked"):
        found("approved")
    seen = open_blind(sampled.at.office, look, announced, 1, sampled.olga)
    with refused("finding"):
        found("affirmed")
    with refused("reason"):
        found("refused", seen.row.rules[0].rule)
    with refused("finding-rule"):
        found("refused", "no-such-rule", "It does not hold.")
    with refused("not-drawn"):
        found("approved", place=6)
    entry = found("refused", seen.row.rules[0].rule, "The warrant is not stated.")
    with refused("re-reviewed"):
        found("approved")
    with refused("re-reviewed"):
        open_blind(sampled.at.office, look, announced, 1, sampled.otto)
    from counterseal.store.models import LedgerEntry

    written = json.loads(bytes(LedgerEntry.objects.get(index=entry).entry))
    one = sample_at(announced)
    rule = seen.row.rules[0].rule
    told = {"sample": one.drawing, "decision": one.drawn[0], "finding": "refused", "rule": rule}
    assert (written["kind"], written["body"]) == ("re-reviewed", told)
    assert set(written["commitments"]) == {"case", "official", "reason"}


def test_how_many_came_to_the_first_decision_is_counted_again_by_a_stranger(drawn):
    sampled, announced, look = drawn
    one = sample_at(announced)
    for place, decision in enumerate(one.drawn, 1):
        open_blind(sampled.at.office, look, announced, place, sampled.olga)
        word = one.decisions[decision] if place != 2 else "cannot tell"
        seen = look.row(look.batch(_submission(sampled, announced, place)), _row(sampled, announced, place))
        rule = seen.rules[0].rule if word == "refused" else ""
        record(
            sampled.at.office, look, announced, place, sampled.olga, finding=word, rule=rule, reason="As the file is."
        )
    one = sample_at(announced)
    assert (len(one.findings), one.alike) == (5, 4)
    sampled.announce(size=1)  # so that the witnesses sign what came since
    policy, entries = sampled.exported()
    assert "5 re-reviewed, 4 alike" in draw_again(entries, policy)[0]
    at = one.findings[one.drawn[0]].entry
    with pytest.raises(verify.Refused, match="a second time"):
        draw_again([*entries, entries[at]], policy)


def _submission(sampled: Sampled, announced: int, place: int) -> str:
    from counterseal.store.casework import held_case

    return held_case(case_at(sampled, announced, place)).submission


def _row(sampled: Sampled, announced: int, place: int) -> int:
    from counterseal.store.casework import held_case

    return held_case(case_at(sampled, announced, place)).row


def test_a_case_whose_batch_was_destroyed_is_not_reviewed_and_leaves_no_look(drawn):
    sampled, announced, look = drawn
    from counterseal.store.models import LedgerEntry

    before = LedgerEntry.objects.filter(kind="inspected").count()
    sampled.at.office.files.destroy_key(_submission(sampled, announced, 1))
    with refused("engine-step"):
        open_blind(sampled.at.office, look, announced, 1, sampled.olga)
    assert LedgerEntry.objects.filter(kind="inspected").count() == before
