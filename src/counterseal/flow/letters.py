"""The letters of a batch: the notice after screening, and the answer once every row is settled.

Both are made from counts and from the reasons on the rows' faces. What became of a row that passed on its face is
told once, for the whole batch, and why it was not disclosed is told for none (26 U.S.C. 6103(b)(8)).
"""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.in_force import read_agreement
from counterseal.release import Letter, Reason
from counterseal.screening.compile import MALFORMED_RULE
from counterseal.store.listing import submissions_listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from typing import Any

    from counterseal.agreements import Agreement
    from counterseal.flow.office import Office

UNREADABLE = ("The row can be read", "")


def reasons_told(agreement: Agreement, counted: Iterable[tuple[str, str, str, int]]) -> list[Reason]:
    """Give the reasons that a letter may tell: those on a row's face. ``counted`` is rule, title, law and rows."""
    told = {rule.id: rule.answer.value for rule in agreement.screened_rules}
    return [
        Reason(rule, title, cite, told.get(rule, "cure"), rows)
        for rule, title, cite, rows in counted
        if rule in told or rule == MALFORMED_RULE
    ]


def answer_letter(office: Office, submission: str, response: bytes, answered_on: date) -> Letter:
    """Give the letter that goes with the answer to a batch, made from the very response that it goes with.

    Raises CountersealError ``agreement-moved`` where the version that judged the batch no longer lies in the workspace.
    """
    (listed,) = submissions_listed(submission)
    agreement = read_agreement(office.workspace.agreements / listed.agreement, listed.agreement_digest)
    if agreement.digest != listed.agreement_digest:
        raise CountersealError(
            "agreement-moved",
            "The version of the agreement is no longer here that judged this batch.",
            next_step="Put that version back under agreements/ to answer under it.",
        )
    lines = [json.loads(line) for line in response.splitlines()]
    answers = Counter(str(line["answer"]) for line in lines)
    return Letter(
        submission=listed.id,
        agreement=agreement.id,
        version=agreement.version,
        custodian=agreement.custodian,
        agency=agreement.requester_title,
        received_on=listed.received_on,
        written_on=answered_on,
        rows=listed.rows,
        refused=answers["refused"],
        cure=answers["cure"],
        pending=answers["disclosed"] + answers["no disclosure"],
        reasons=_reasons(agreement, lines),
        demonstration=office.workspace.demonstration,
        disclosed=answers["disclosed"],
    )


def _reasons(agreement: Agreement, lines: Sequence[dict[str, Any]]) -> list[Reason]:
    rows = Counter(str(reason["rule"]) for line in lines for reason in line["reasons"])
    titles = {rule.id: (rule.title, rule.cite) for rule in agreement.rules}
    ranked = sorted(rows.items(), key=lambda one: (-one[1], one[0]))
    return reasons_told(agreement, [(rule, *titles.get(rule, UNREADABLE), n) for rule, n in ranked])
