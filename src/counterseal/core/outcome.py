"""What a rule finds, what the law answers, and what becomes of a row."""

from __future__ import annotations

from enum import StrEnum


class Finding(StrEnum):
    """One rule held against one row, in SQL's three-valued logic. Only ``holds`` lets a row go on."""

    HOLDS = "holds"
    FAILS = "fails"
    UNKNOWN = "unknown"


class Answer(StrEnum):
    """What a rule that does not hold asks for, worst first."""

    REFUSE = "refuse"
    CURE = "cure"
    JUDGE = "judge"


class Outcome(StrEnum):
    """The determination of a row. The words are public interface."""

    STOPPED = "stopped"
    REFUSED = "refused"
    CURE = "cure"
    JUDGEMENT = "judgement"
    NOT_DISCLOSED = "not_disclosed"
    REVIEWABLE = "reviewable"

    @property
    def record_was_opened(self) -> bool:
        """Whether reaching this outcome took an inspection (26 U.S.C. 6103(b)(7))."""
        return self in {Outcome.NOT_DISCLOSED, Outcome.REVIEWABLE}


OUTCOME_OF_ANSWER = {
    Answer.REFUSE: Outcome.REFUSED,
    Answer.CURE: Outcome.CURE,
    Answer.JUDGE: Outcome.JUDGEMENT,
}
"""The worst answer among the rules that do not hold decides: refuse before cure before judge."""
