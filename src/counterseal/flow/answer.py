"""The answer to a batch: the whole submission at one time, and the packages with it.

Until then every row that passed on its face reads ``pending``, and no package can be fetched. Then each reads
``disclosed`` or ``no disclosure``, and a ``no disclosure`` is alike in form, size and time whatever its cause: a
look-up that confirmed nobody, a judgement, an official, an order, a hold (26 U.S.C. 6103(b)(8)).
"""

from __future__ import annotations

from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from counterseal.core.case import CaseState
from counterseal.core.outcome import Outcome
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.letters import answer_letter, read_told
from counterseal.ledger.intent import Release
from counterseal.release import ANSWERED, notice_html, notice_pdf, response_sql
from counterseal.store.casework import opinions
from counterseal.store.submissions import answered_at, mark_answered, one_act, releases_of, states_of_cases
from counterseal.vault.durable import write_durably

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from counterseal.core.workspace import Workspace
    from counterseal.flow.office import Office

LINES_AT_ONCE = 10_000

WAITING = frozenset(
    {CaseState.OPEN, CaseState.IN_REVIEW, CaseState.SIGNED_ONCE, CaseState.SIGNED_TWICE, CaseState.INTENDED}
)
"""Where somebody still has to act. A held or stopped case waits for nobody: its row reads ``no disclosure``."""


def waiting(workspace: Workspace, submission: str) -> list[int]:
    """Give the rows for which a batch waits: cases in work, and judgements that counsel has not refused.

    A row that counsel admits waits until its look-up has been made: it then has a case, or another outcome.
    """
    states = states_of_cases(submission)
    refused = {rules for rules, (decision, _) in opinions(submission).items() if decision == "refuse"}
    unjudged: list[int] = []
    with pq.ParquetFile(workspace.batch(SubmissionId(submission)) / "determinations.parquet") as held:
        for batch in held.iter_batches(columns=["row", "outcome", "rules"]):
            judged = batch.filter(pc.equal(batch.column("outcome"), Outcome.JUDGEMENT.value))
            patterns = pc.binary_join(judged.column("rules"), " ")
            left = judged.filter(pc.invert(pc.is_in(patterns, pa.array(sorted(refused), pa.string()))))
            unjudged += (row for row in left.column("row").to_pylist() if row not in states)
    return sorted([*unjudged, *(row for row, state in states.items() if state in WAITING)])


def answer_batch(office: Office, submission: str) -> Path:
    """Answer a whole batch, once; give the response. Begun again after a cut it writes the same bytes.

    With it goes a letter, kept as ``answer.pdf`` and ``answer.html``; the entry holds its digest beside the response's.

    Raises CountersealError ``waiting`` while a row still waits, ``not-determined`` before the run is done.
    """
    if answered_at(submission) is None:
        with one_act():
            office.ledger.lock()
            rows = waiting(office.workspace, submission)
            if rows:
                raise CountersealError(
                    "waiting",
                    f"{len(rows)} rows of this batch still wait for somebody.",
                    where=f"row {rows[0]}",
                    next_step="A batch is answered as a whole, when each of its rows is settled.",
                )
            released = releases_of(submission)
            told = read_told(_response(office, submission, released))
            now = office.clock.now()
            letter = notice_pdf(answer_letter(office, submission, told, now.date()))
            named: dict[str, str | int] = {"submission": submission, "response": told.sha256}
            named["letter"] = sha256(letter).hexdigest()
            mark_answered(submission, at=now)
            office.ledger.append("answered", {}, {**named, "disclosed": len(released)})
        office.ledger.publish()
    return _written(office, submission)


def _written(office: Office, submission: str) -> Path:
    """Write what the agency is given: first the letter, and last the response that says that it is answered."""
    released, at = releases_of(submission), answered_at(submission)
    if at is None:
        raise AssertionError(submission)
    folder = office.workspace.batch(SubmissionId(submission))
    letter = answer_letter(office, submission, read_told(_response(office, submission, released)), at.date())
    write_durably(folder / "answer.pdf", notice_pdf(letter))
    write_durably(folder / "answer.html", notice_html(letter).encode())
    write_durably(folder / "response.jsonl", _response(office, submission, released))
    return folder / "response.jsonl"


def packages_of(workspace: Workspace, submission: str) -> dict[int, Path]:
    """Give the packages of an answered batch, by row: the one way in which a door may come to them.

    Raises CountersealError ``not-answered`` before: a package that could be fetched sooner would tell which
    rows have none.
    """
    if answered_at(submission) is None:
        raise CountersealError(
            "not-answered",
            "This batch is not answered yet.",
            next_step="Its packages can be fetched when the whole batch is answered.",
        )
    told = releases_of(submission)
    return {row: workspace.packages / f"{Release(*one).digest}.sealed" for row, one in sorted(told.items())}


def _response(office: Office, submission: str, disclosed: Iterable[int]) -> Iterator[bytes]:
    """Give the response in pieces of whole lines: that of millions of rows lies nowhere whole but in its file."""
    with office.engine() as engine:
        engine.table("answered", office.workspace.batch(SubmissionId(submission)) / "screened.parquet")
        engine.table("disclosed", pa.table({"row": pa.array(sorted(disclosed), pa.int64())}))
        ((rows,),) = engine.rows("SELECT count(*) FROM answered")
        lines = engine.lines(response_sql(ANSWERED), rows)
        while piece := "".join(islice(lines, LINES_AT_ONCE)):
            yield piece.encode()
