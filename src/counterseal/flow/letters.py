"""The letters of a batch: the notice after screening, and the answer once every row is settled.

Both are made from counts and from the reasons on the rows' faces. What became of a row that passed on its face is
told once, for the whole batch, and why it was not disclosed is told for none (26 U.S.C. 6103(b)(8)).
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.determine import STOP_CITE, STOP_RULE, STOP_TITLE
from counterseal.flow.in_force import read_agreement
from counterseal.release import Letter, Reason
from counterseal.screening.compile import MALFORMED_RULE
from counterseal.store.listing import submissions_listed

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from counterseal.agreements import Agreement
    from counterseal.flow.office import Office

UNREADABLE = ("The row can be read", "")


def reasons_told(agreement: Agreement, counted: Iterable[tuple[str, str, str, int]], stopped: int) -> list[Reason]:
    """Give the reasons that a letter may tell: those on a row's face. ``counted`` is rule, title, law and rows.

    ``stopped`` is how many rows an order stopped before any look-up; of an order that met a row later, none is told.
    """
    told = {rule.id: rule.answer.value for rule in agreement.screened_rules}
    orders = [Reason(STOP_RULE, STOP_TITLE, STOP_CITE, "refuse", stopped)] if stopped else []
    return orders + [
        Reason(rule, title, cite, told.get(rule, "cure"), rows)
        for rule, title, cite, rows in counted
        if rule in told or rule == MALFORMED_RULE
    ]


@dataclass(frozen=True, slots=True)
class ResponseTold:
    """What a response says in all: rows by answer, rows by each rule among their reasons, and its SHA-256."""

    answers: Counter[str]
    rules: Counter[str]
    sha256: str


def read_told(response: Iterable[bytes]) -> ResponseTold:
    """Read a response, which comes in pieces of whole lines; none is kept."""
    answers, rules, digest = Counter[str](), Counter[str](), sha256()
    for piece in response:
        digest.update(piece)
        for line in piece.splitlines():
            row = json.loads(line)
            answers[str(row["answer"])] += 1
            rules.update(str(reason["rule"]) for reason in row["reasons"])
    return ResponseTold(answers, rules, digest.hexdigest())


def answer_letter(office: Office, submission: str, told: ResponseTold, answered_on: date) -> Letter:
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
    answers = told.answers
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
        reasons=_reasons(agreement, told.rules),
        demonstration=office.workspace.demonstration,
        disclosed=answers["disclosed"],
    )


def _reasons(agreement: Agreement, rows: Mapping[str, int]) -> list[Reason]:
    titles = {rule.id: (rule.title, rule.cite) for rule in agreement.rules}
    ranked = sorted(rows.items(), key=lambda one: (-one[1], one[0]))
    counted = [(rule, *titles.get(rule, UNREADABLE), n) for rule, n in ranked]
    return reasons_told(agreement, counted, rows.get(STOP_RULE, 0))
