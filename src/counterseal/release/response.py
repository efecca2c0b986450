"""``response.jsonl``: what the requester is given, one line a row: first on its face, then as a whole."""

from __future__ import annotations

from counterseal.core.outcome import Outcome

ANSWER_OF_OUTCOME = {
    Outcome.STOPPED: "refused",
    Outcome.REFUSED: "refused",
    Outcome.CURE: "cure",
    Outcome.JUDGEMENT: "pending",
}
"""What is said of a facial outcome. Every row without one reads ``pending``, whatever became of it."""


PENDING = "'pending'"
ANSWERED = "CASE WHEN row IN (SELECT row FROM disclosed) THEN 'disclosed' ELSE 'no disclosure' END"
"""What a row that was pending reads once its batch is answered; table ``disclosed`` holds the rows released."""


def response_sql(told_of_the_rest: str = PENDING) -> str:
    """Give the query over ``answered`` whose one column is the response's lines of some rows, in file order.

    Its two parameters are the first and the last row of them.

    ``PENDING`` reads no table that a look-up has touched. ``ANSWERED`` reads besides which rows were disclosed,
    and nothing of why another was not. Neither kind of line has a reason, so that all lines of one answer are
    alike but for the reference (26 U.S.C. 6103(b)(8)).
    """
    cases = " ".join(
        f"WHEN '{outcome}' THEN '{answer}'" for outcome, answer in ANSWER_OF_OUTCOME.items() if answer != "pending"
    )
    told = ", ".join(f"'{outcome}'" for outcome, answer in ANSWER_OF_OUTCOME.items() if answer != "pending")
    return (
        "SELECT CAST(to_json({'request_ref': coalesce(request_ref, ''), "
        f"'answer': CASE WHEN outcome IN ({told}) THEN CASE outcome {cases} END ELSE {told_of_the_rest} END, "
        f"'reasons': CASE WHEN outcome IN ({told}) THEN reasons "
        "ELSE CAST([] AS STRUCT(rule VARCHAR, cite VARCHAR, says VARCHAR)[]) END}) AS VARCHAR) "
        "FROM answered WHERE row BETWEEN ? AND ? ORDER BY row"
    )
