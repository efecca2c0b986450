"""What an agency sees of its own: status, response, notice, the history of a row, and withdrawing.

Another agency's submission is not there: the same answer as for one that never was. Nothing here says more than
the response, which is the same whatever a record holds (26 U.S.C. 6103(b)(8)).
"""

from __future__ import annotations

import itertools
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.intake.manifest import SAFE_ID
from counterseal.ledger.folder import LedgerFolder
from counterseal.store.asker import OwnSubmission, enter_withdrawal, own_submissions
from counterseal.store.submissions import one_act
from counterseal.store.uploads import no_upload

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.flow.office import Office

FILES = {"response": "response.jsonl", "notice": "notice.pdf", "notice-page": "notice.html"}
LATER = {"notice": "answer.pdf", "notice-page": "answer.html"}
FINISHED = frozenset({"determined", "answered", "withdrawn"})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One row of one submission under a reference: what was answered, and why."""

    submission: str
    row: int
    answer: str
    reasons: list[dict[str, str]]


def custodian_key(office: Office) -> str:
    """Give the custodian's verifier key as it is published. Raises CountersealError ``not-found``."""
    return str(LedgerFolder(office.ledger.folder).custodian())


def everything_of(agency: str) -> list[OwnSubmission]:
    """Give everything that an agency has sent, newest first."""
    return own_submissions(agency)


def own(agency: str, submission: str) -> OwnSubmission:
    """Give one of the agency's own submissions. Raises CountersealError ``not-found``."""
    for one in own_submissions(agency):
        if one.submission == submission:
            return one
    raise no_upload()


def own_file(office: Office, agency: str, submission: str, what: str) -> Path:
    """Give the response or the letter of one's own submission: the notice, and once it is answered the answer's.

    Raises CountersealError ``not-found``, or ``not-yet`` before it was determined and after it was destroyed.
    """
    one = own(agency, submission)
    folder = office.workspace.batch(SubmissionId(one.submission))
    path = folder / FILES[what]
    if one.status == "answered" and what in LATER and (folder / LATER[what]).is_file():
        path = folder / LATER[what]
    if one.status not in FINISHED or not SAFE_ID.fullmatch(submission) or not path.is_file():
        raise CountersealError(
            "not-yet", "It was not determined yet, or is not kept any more.", next_step="Ask for its status."
        )
    return path


def withdraw(office: Office, agency: str, submission: str) -> OwnSubmission:
    """Withdraw one's own submission: nothing more of it is released. Once.

    Raises CountersealError ``not-found``; withdrawing again changes nothing.
    """
    with one_act():
        one = own(agency, submission)
        if one.desired_status != "withdrawn":
            entry = office.ledger.append("withdrawn", {"agency": agency}, {"submission": submission})
            enter_withdrawal(agency, submission, office.clock.now(), entry)
    office.ledger.publish()
    return own(agency, submission)


def history(office: Office, agency: str, submission: str, row: int) -> list[Attempt]:
    """Give every attempt at the same reference, oldest first, over the submissions that mend one another.

    ``row`` counts from 1 in file order. Raises CountersealError ``not-found`` or ``not-yet``.
    """
    first = _line(own_file(office, agency, submission, "response"), row)
    if first is None:
        raise no_upload()
    reference = first["request_ref"]
    if not reference:
        return [_attempt(submission, row, first)]
    attempts = []
    for name in _chain(agency, submission):
        path = office.workspace.batch(SubmissionId(name)) / FILES["response"]
        if path.is_file():
            attempts += [_attempt(name, at, line) for at, line in _lines(path, reference)]
    return attempts


def _chain(agency: str, submission: str) -> list[str]:
    """Give the submissions that this one mends and those that mend it, oldest first."""
    known = own_submissions(agency)
    linked = {submission}
    while more := {
        name
        for one in known
        if one.cures and one.status != "refused"
        for name in (one.submission, one.cures)
        if {one.submission, one.cures} & linked and name not in linked
    }:
        linked |= more
    return [one.submission for one in reversed(known) if one.submission in linked]


def _attempt(submission: str, row: int, line: dict[str, Any]) -> Attempt:
    return Attempt(submission, row, line["answer"], line["reasons"] or [])


def _line(path: Path, row: int) -> dict[str, Any] | None:
    with path.open(encoding="utf-8") as lines:
        for line in itertools.islice(lines, max(row - 1, 0), max(row, 0)):
            read: dict[str, Any] = json.loads(line)
            return read
    return None


def _lines(path: Path, reference: str) -> list[tuple[int, dict[str, Any]]]:
    spellings = {json.dumps(reference)[1:-1], json.dumps(reference, ensure_ascii=False)[1:-1]}
    with path.open(encoding="utf-8") as lines:
        likely = ((at, line) for at, line in enumerate(lines, 1) if any(one in line for one in spellings))
        read = [(at, json.loads(line)) for at, line in likely]
    return [(at, line) for at, line in read if line["request_ref"] == reference]
