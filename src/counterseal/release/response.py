"""``response.jsonl``: what the requester is given, one line a row, before anything else is answered."""

from __future__ import annotations

from counterseal.core.outcome import Outcome

ANSWER_OF_OUTCOME = {
    Outcome.STOPPED: "refused",
    Outcome.REFUSED: "refused",
    Outcome.CURE: "cure",
    Outcome.JUDGEMENT: "pending",
}
"""What is said of a facial outcome. Every row without one reads ``pending``, whatever became of it."""


def response_sql() -> str:
    """Give the query over ``answered`` whose one column is the lines of the response, in file order.

    Reads no table that a look-up has touched. A pending line has no reason, so that all pending lines are
    alike but for the reference.
    """
    cases = " ".join(f"WHEN '{outcome}' THEN '{answer}'" for outcome, answer in ANSWER_OF_OUTCOME.items())
    told = ", ".join(f"'{outcome}'" for outcome, answer in ANSWER_OF_OUTCOME.items() if answer != "pending")
    return (
        "SELECT CAST(to_json({'request_ref': coalesce(request_ref, ''), "
        f"'answer': CASE outcome {cases} ELSE 'pending' END, "
        f"'reasons': CASE WHEN outcome IN ({told}) THEN reasons "
        "ELSE CAST([] AS STRUCT(rule VARCHAR, cite VARCHAR, says VARCHAR)[]) END}) AS VARCHAR) "
        "FROM answered ORDER BY row"
    )
