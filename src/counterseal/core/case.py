"""A case and the only ways in which it may move.

A case is one person in one request, after identity. Only ``next_state`` moves it; every transition that
is not in the table is refused, so a side state can never open a way round a gate.
"""

from __future__ import annotations

from enum import StrEnum

from counterseal.errors import CountersealError


class CaseState(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    IN_REVIEW = "in_review"
    SIGNED_ONCE = "signed_once"
    SIGNED_TWICE = "signed_twice"
    INTENDED = "intended"
    RELEASED = "released"
    REFUSED = "refused"
    RETURNED = "returned"
    HELD = "held"
    STOPPED = "stopped"
    WITHDRAWN = "withdrawn"


class CaseAct(StrEnum):
    """What may be done to a case."""

    TAKE = "take"
    GIVE_BACK = "give_back"
    SIGN_FIRST = "sign_first"
    SIGN_SECOND = "sign_second"
    INTEND = "intend"
    DELIVER = "deliver"
    REFUSE = "refuse"
    RETURN = "return"
    HOLD = "hold"
    RESUME = "resume"
    STOP = "stop"
    LIFT = "lift"
    WITHDRAW = "withdraw"


_BEFORE_RELEASE = (
    CaseState.OPEN,
    CaseState.IN_REVIEW,
    CaseState.SIGNED_ONCE,
    CaseState.SIGNED_TWICE,
    CaseState.HELD,
)

TRANSITIONS: dict[tuple[CaseState, CaseAct], CaseState] = {
    (CaseState.OPEN, CaseAct.TAKE): CaseState.IN_REVIEW,
    (CaseState.IN_REVIEW, CaseAct.GIVE_BACK): CaseState.OPEN,
    (CaseState.IN_REVIEW, CaseAct.SIGN_FIRST): CaseState.SIGNED_ONCE,
    (CaseState.SIGNED_ONCE, CaseAct.SIGN_SECOND): CaseState.SIGNED_TWICE,
    (CaseState.SIGNED_ONCE, CaseAct.GIVE_BACK): CaseState.OPEN,
    (CaseState.SIGNED_TWICE, CaseAct.INTEND): CaseState.INTENDED,
    (CaseState.INTENDED, CaseAct.INTEND): CaseState.INTENDED,  # a stop of something else came between: anew
    (CaseState.INTENDED, CaseAct.DELIVER): CaseState.RELEASED,
    (CaseState.INTENDED, CaseAct.STOP): CaseState.STOPPED,
    (CaseState.IN_REVIEW, CaseAct.HOLD): CaseState.HELD,
    (CaseState.HELD, CaseAct.RESUME): CaseState.OPEN,
    (CaseState.IN_REVIEW, CaseAct.REFUSE): CaseState.REFUSED,
    (CaseState.SIGNED_ONCE, CaseAct.REFUSE): CaseState.REFUSED,
    (CaseState.IN_REVIEW, CaseAct.RETURN): CaseState.RETURNED,
    (CaseState.SIGNED_ONCE, CaseAct.RETURN): CaseState.RETURNED,
    (CaseState.STOPPED, CaseAct.LIFT): CaseState.OPEN,
    **{(state, CaseAct.STOP): CaseState.STOPPED for state in _BEFORE_RELEASE},
    **{(state, CaseAct.WITHDRAW): CaseState.WITHDRAWN for state in (*_BEFORE_RELEASE, CaseState.STOPPED)},
}
"""The whole life of a case. After a stop is lifted, and after a hold, both signatures are made anew."""


def next_state(state: CaseState, act: CaseAct) -> CaseState:
    """Give the state after ``act``. Raises CountersealError ``case-transition`` for an illegal one."""
    try:
        return TRANSITIONS[state, act]
    except KeyError:
        raise CountersealError(
            "case-transition", f"A case that is {state.value} cannot be moved by {act.value}."
        ) from None
