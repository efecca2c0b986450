"""A case moves only where the table lets it."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.core.case import TRANSITIONS, CaseAct, CaseState, next_state
from counterseal.errors import CountersealError

PAIRS = list(itertools.product(CaseState, CaseAct))


@pytest.mark.parametrize(("state", "act"), PAIRS)
def test_a_move_that_is_not_in_the_table(state: CaseState, act: CaseAct):
    if (state, act) in TRANSITIONS:
        assert next_state(state, act) is TRANSITIONS[state, act]
        return

    with pytest.raises(CountersealError, match="case-transition"):
        next_state(state, act)


@given(st.lists(st.sampled_from(list(CaseAct)), max_size=14))
def test_a_release_without_two_signatures_since_the_last_interruption(acts: list[CaseAct]):
    """Whatever is tried, a delivered case was signed first and second, in that order, after any stop."""
    state, done = CaseState.OPEN, []
    for act in acts:
        try:
            state = next_state(state, act)
        except CountersealError:
            continue
        done.append(act)
    if state is CaseState.RELEASED:
        assert done[-4:] == [CaseAct.SIGN_FIRST, CaseAct.SIGN_SECOND, CaseAct.INTEND, CaseAct.DELIVER]


def test_a_released_case_that_can_still_be_moved():
    assert [pair for pair in TRANSITIONS if pair[0] is CaseState.RELEASED] == []
