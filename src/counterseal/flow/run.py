"""The main job: a request file goes in, every row comes out judged, with its law.

One transaction closes it: the entries of screening, identity and judgement, the cases, and the state of
the submission become durable together. Until then everything lies in ``unfinished`` and no door reads it;
a run that was cut is begun again by the same command from the file as received and comes out the same.
Where it may be cut, and what then stands, is in ``docs/operate/scale.md``.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from counterseal.agreements.model import IDENTITY_FACTS, Type
from counterseal.flow.determine import (
    ADMITTED_REQUESTS,
    OUTCOME_COUNTS,
    REVIEWABLE_ROWS,
    RULE_COUNTS,
    determined,
    stopped,
)
from counterseal.flow.engagement import FIELD, ROWS_NAMING, engagements_path
from counterseal.flow.identify import identify_rows
from counterseal.flow.letters import UNREADABLE, reasons_told
from counterseal.flow.orders import accounts_stopped, orders_for_screening
from counterseal.flow.receive import receive
from counterseal.flow.row_proofs import ROW_OPENINGS, determinations
from counterseal.flow.screen import request_facts, screen_rows
from counterseal.intake import read_manifest
from counterseal.ledger import batch_root
from counterseal.release import Letter, notice_html, notice_pdf, response_sql
from counterseal.store.asker import withdraw_cases
from counterseal.store.submissions import determine_submission, one_act, open_cases
from counterseal.vault.durable import synchronise_files, synchronise_folder, worked_on_alone

if TYPE_CHECKING:
    from datetime import date, datetime
    from pathlib import Path

    from counterseal.engine.duck import DuckEngine
    from counterseal.flow.office import Office, Progress
    from counterseal.flow.receive import Received
    from counterseal.ledger.entry import Fact

NO_ANSWER = pa.table(
    {
        "row": pa.array([], pa.int64()),
        "outcome": pa.array([], pa.string()),
        **{
            name: pa.array([], {Type.YES_NO: pa.bool_(), Type.NUMBER: pa.int64()}.get(kind, pa.string()))
            for name, kind in IDENTITY_FACTS.items()
            if name != "identity"
        },
    }
)
"""What identity answers when it was asked for nobody."""


@dataclass(frozen=True, slots=True)
class RunSummary:
    """What came of a submission.

    ``rules`` counts, for each rule, the rows in which it does not hold; ``spilled`` is how many bytes lay on the disk
    at most for want of memory.
    """

    submission: str
    rows: int
    outcomes: dict[str, int]
    rules: dict[str, int]
    reasons: list[tuple[str, str, str, int]]
    spilled: int


def run_submission(
    office: Office,
    submission: Path,
    registry: Path,
    *,
    received_on: date,
    agreement: Path | None = None,
    came: datetime | None = None,
    progress: Progress | None = None,
) -> RunSummary:
    """Intake, screening, identity, cases. Never releases anything. Raises CountersealError."""
    office.ledger.publish()  # what an act entered that was cut before it could publish
    place = office.workspace.unfinished(read_manifest(submission).submission)
    with worked_on_alone(place):
        received = receive(
            office, submission, received_on=received_on, agreement=agreement, came=came, progress=progress
        )
        return _judge(office, received, registry, progress)


def _judge(office: Office, received: Received, registry: Path, progress: Progress | None) -> RunSummary:
    folder = office.workspace.unfinished(received.manifest.submission)
    with office.engine() as engine:
        screen_rows(
            engine,
            folder / "rows.parquet",
            received.agreement,
            request_facts(received.manifest, received.receipt, received.received_on, received.register),
            register_known=True,
            progress=progress,
        )
        engine.run(
            [stopped(received.manifest, received.agency, received.agreement, orders_for_screening(office))], progress
        )
        engine.write_parquet("SELECT * FROM answered ORDER BY row", folder / "screened.parquet")
        engine.write_parquet("SELECT * FROM findings ORDER BY row", folder / "findings.parquet")
        engine.write_lines(response_sql(), folder / "response.jsonl", received.receipt.rows_received)
        if FIELD in {field.name for field in received.agreement.fields}:
            engine.write_parquet(ROWS_NAMING, engagements_path(folder))
        asked = _identify(office, engine, folder, registry, progress)
        stopped_accounts = accounts_stopped(office, registry) if asked else []
        engine.run([determined(received.agreement, stopped_accounts)], progress)
        engine.write_parquet("SELECT * FROM determined ORDER BY row", folder / "determinations.parquet")
        summary = _counted(engine, received)
        reviewable = [row for (row,) in engine.rows(REVIEWABLE_ROWS)]
    _write_notice(office, received, summary, folder)
    root = _batch_root(office, folder)
    _close(office, received, summary, reviewable, root, registry)
    return summary


def _identify(office: Office, engine: DuckEngine, folder: Path, registry: Path, progress: Progress | None) -> int:
    """Look up the rows that hold every facial rule, and no other; give how many these are."""
    asked, answers = folder / "asked.parquet", folder / "identified.parquet"
    engine.write_parquet(ADMITTED_REQUESTS, asked)
    with office.files.open(asked) as file:
        rows = int(pq.read_metadata(file).num_rows)
    if rows:
        identify_rows(asked, registry, answers, office.registries, files=office.files, progress=progress)
        engine.table("identified", answers)
    else:
        engine.table("identified", NO_ANSWER)
    return rows


def _counted(engine: DuckEngine, received: Received) -> RunSummary:
    outcomes = dict(engine.rows(OUTCOME_COUNTS))
    rules = dict(engine.rows(RULE_COUNTS))
    if sum(outcomes.values()) != received.receipt.rows_received:  # rows in = determinations out
        raise AssertionError("a row has no determination, or more than one")
    told = {rule.id: rule for rule in received.agreement.rules}
    reasons = [
        (rule, *((told[rule].title, told[rule].cite) if rule in told else UNREADABLE), n) for rule, n in rules.items()
    ]
    submission, rows = received.manifest.submission, received.receipt.rows_received
    return RunSummary(submission, rows, outcomes, rules, reasons, engine.spilled)


def _write_notice(office: Office, received: Received, summary: RunSummary, folder: Path) -> None:
    outcomes = summary.outcomes
    refused, cure = outcomes.get("refused", 0) + outcomes.get("stopped", 0), outcomes.get("cure", 0)
    letter = Letter(
        submission=received.manifest.submission,
        agreement=received.agreement.id,
        version=received.agreement.version,
        custodian=received.agreement.custodian,
        agency=received.agreement.requester_title,
        received_on=received.received_on,
        written_on=received.received_on,
        rows=summary.rows,
        refused=refused,
        cure=cure,
        pending=summary.rows - refused - cure,
        reasons=reasons_told(received.agreement, summary.reasons, outcomes.get("stopped", 0)),
        demonstration=office.workspace.demonstration,
    )
    (folder / "notice.html").write_text(notice_html(letter), encoding="utf-8")
    (folder / "notice.pdf").write_bytes(notice_pdf(letter))


def _batch_root(office: Office, folder: Path) -> str:
    """Give the Merkle root over the determinations; the secret that opens its rows is kept in the folder."""
    secret = office.entropy(32)
    office.files.write(folder / ROW_OPENINGS, secret)
    return batch_root(secret, determinations(folder))


def _close(
    office: Office, received: Received, summary: RunSummary, reviewable: list[int], root: str, registry: Path
) -> None:
    """Make the batch final: entries, cases and state in one transaction, and the folder in its place within it.

    The transaction holds the submission alone before it touches the folder of the batch, so a batch that was
    determined is never replaced. Cut before the commit, nothing is determined, and a folder that is already in
    its place is made anew by the next run; cut after it, all of it stands and is published by the next act.
    Counts from before a look-up stand in the entry; those from after it are committed to, because a ledger
    that showed them would tell what a refusal must not.
    """
    submission = received.manifest.submission
    source, place = office.workspace.unfinished(submission), office.workspace.batch(submission)
    for file in ("asked.parquet",):
        (source / file).unlink(missing_ok=True)
    synchronise_files(source)
    facial: dict[str, Fact] = {
        word: summary.outcomes.get(word, 0) for word in ("stopped", "refused", "cure", "judgement")
    }
    before = {"R-00", *(rule.id for rule in received.agreement.screened_rules)}
    reasons: dict[str, Fact] = {rule: rows for rule, rows in summary.rules.items() if rule in before}
    opened = {word: summary.outcomes.get(word, 0) for word in ("not_disclosed", "reviewable")}
    with one_act():
        named = {"submission": submission}
        under: dict[str, Fact] = {"agency": received.agency, "agreement": received.agreement.id}
        told: dict[str, Fact] = {"outcomes": facial, "reasons": reasons, "rows": summary.rows}
        office.ledger.append("screened", {**under, **told}, named)
        office.ledger.append("identified", {**under, "looked_up": sum(opened.values())}, {**named, **opened})
        office.ledger.append("determined", {"rows": summary.rows, "rows_root": root}, named)
        determine_submission(submission, summary.outcomes, registry=str(registry.resolve()))
        open_cases(submission, reviewable, at=office.clock.now())
        withdraw_cases(submission)
        shutil.rmtree(place, ignore_errors=True)
        source.rename(place)
        synchronise_folder(place.parent)
        synchronise_folder(source.parent)
    office.ledger.publish()
