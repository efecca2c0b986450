"""Looking at a batch without changing it: what the pages show.

Read from the batch's files through an engine of its own; a page's words from a request (a rule, an outcome)
are parameters of a query, never part of it.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal.agreements import load_agreement
from counterseal.core.outcome import Outcome
from counterseal.core.request import SubmissionId
from counterseal.engine.duck import DuckEngine
from counterseal.errors import CountersealError
from counterseal.ledger.entry import read_entry
from counterseal.ledger.folder import LedgerFolder
from counterseal.ledger.note import read_head
from counterseal.store.submissions import submission_facts, submissions

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.agreements import Agreement, Rule
    from counterseal.core.workspace import Workspace
    from counterseal.store.submissions import SubmissionFacts

PAGE = 50
MASKED = {"tin"}
"""Fields that a page shows but for their last four signs."""


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """A rule that did not hold, and in how many rows."""

    rule: str
    title: str
    cite: str
    answer: str
    rows: int


@dataclass(frozen=True, slots=True)
class BatchView:
    """A batch at a glance."""

    facts: SubmissionFacts
    outcomes: dict[str, int]
    reasons: list[ReasonCount]
    title: str

    @property
    def held(self) -> int:
        """Rows that every facial rule admitted to a look-up."""
        return self.outcomes.get("not_disclosed", 0) + self.outcomes.get("reviewable", 0)


@dataclass(frozen=True, slots=True)
class RowLine:
    """One row in a list."""

    row: int
    reference: str
    outcome: str
    rules: list[str]


@dataclass(frozen=True, slots=True)
class Value:
    """A value as received, with what the field means."""

    name: str
    text: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Held:
    """A rule held against the row."""

    rule: Rule
    finding: str
    says: str


@dataclass(frozen=True, slots=True)
class RowView:
    """A row with the law beside it."""

    facts: SubmissionFacts
    line: RowLine
    phase: str
    malformed: str
    values: list[Value]
    failing: list[Held]
    holding: list[Held]


def batches(workspace: Workspace) -> list[SubmissionFacts]:
    """Give every submission that has been determined, the newest first."""
    return [facts for facts in submissions() if workspace.batch(SubmissionId(facts.id)).is_dir()]


def agreement_of(workspace: Workspace, facts: SubmissionFacts) -> Agreement:
    """Give the agreement that a batch was held against."""
    return load_agreement(workspace.agreements / facts.agreement)


def _folder(workspace: Workspace, submission: str) -> tuple[SubmissionFacts, Path]:
    facts = submission_facts(submission)
    if facts is None or not (folder := workspace.batch(SubmissionId(facts.id))).is_dir():
        raise CountersealError("no-such-batch", "There is no such batch here.")
    return facts, folder


def batch(workspace: Workspace, submission: str) -> BatchView:
    """Give a batch at a glance. Raises CountersealError ``no-such-batch``."""
    facts, folder = _folder(workspace, submission)
    agreement = agreement_of(workspace, facts)
    with DuckEngine(memory_limit="400MB", threads=1) as engine:
        engine.table("determinations", folder / "determinations.parquet")
        counted = engine.rows(
            "SELECT u.r, count(*) FROM determinations, unnest(rules) AS u(r) GROUP BY 1 ORDER BY 2 DESC, 1"
        )
    told = {rule.id: rule for rule in agreement.rules}
    reasons = [
        ReasonCount(rule, told[rule].title, told[rule].cite, told[rule].answer.value, rows)
        if rule in told
        else ReasonCount(rule, _NOT_OF_THE_DOCUMENT.get(rule, ""), "", "cure" if rule == "R-00" else "stop", rows)
        for rule, rows in counted
    ]
    return BatchView(facts, facts.outcomes, reasons, agreement.title)


_NOT_OF_THE_DOCUMENT = {"R-00": "The row can be read", "stop-order": "No order in force forbids it"}


def rows(workspace: Workspace, submission: str, outcome: str, rule: str, page: int) -> tuple[list[RowLine], int]:
    """Give one page of rows with an outcome or a reason (empty: all), and how many there are in all."""
    _, folder = _folder(workspace, submission)
    where = "WHERE (? = '' OR outcome = ?) AND (? = '' OR list_contains(rules, ?))"
    given = [outcome, outcome, rule, rule]
    with DuckEngine(memory_limit="400MB", threads=1) as engine:
        engine.table("determinations", folder / "determinations.parquet")
        total = int(engine.rows(f"SELECT count(*) FROM determinations {where}", given)[0][0])
        found = engine.rows(
            f"SELECT row, coalesce(request_ref, ''), outcome, rules FROM determinations {where} "
            "ORDER BY row LIMIT ? OFFSET ?",
            [*given, PAGE, (page - 1) * PAGE],
        )
    return [RowLine(*line) for line in found], total


def determination(workspace: Workspace, submission: str, row: int) -> RowView:
    """Give one row with the law beside it. Raises CountersealError ``no-such-row``."""
    facts, folder = _folder(workspace, submission)
    agreement = agreement_of(workspace, facts)
    with DuckEngine(memory_limit="400MB", threads=1) as engine:
        determined = _one(engine, folder, "determinations", row)
        received = _one(engine, folder, "rows", row)
        findings = _one(engine, folder, "findings", row)
        screened = _one(engine, folder, "screened", row)
    if not determined or not received:
        raise CountersealError("no-such-row", "The batch has no such row.")
    said = {reason["rule"]: reason["says"] for reason in screened.get("reasons") or []}
    opened = determined["outcome"] in {Outcome.NOT_DISCLOSED, Outcome.REVIEWABLE}
    failing: list[Held] = []
    holding: list[Held] = []
    for rule in agreement.expressed_rules:
        if rule.is_screened and findings:
            finding = {True: "holds", False: "fails", None: "unknown"}[findings.get(rule.id)]
        elif opened and not rule.is_screened:
            finding = "does not hold" if rule.id in determined["rules"] else "holds"
        else:
            continue
        (holding if finding == "holds" else failing).append(Held(rule, finding, said.get(rule.id, "")))
    values = [Value(f.name, _shown(f.name, received[f.name]), f.meaning) for f in agreement.fields]
    line = RowLine(row, determined["request_ref"] or "", determined["outcome"], determined["rules"])
    return RowView(facts, line, determined["phase"], received["malformed"] or "", values, failing, holding)


def letter(workspace: Workspace, submission: str, name: str) -> Path:
    """Give the file of a letter of the batch. Raises CountersealError ``no-such-letter``."""
    path = _folder(workspace, submission)[1] / name
    if not path.is_file():
        raise CountersealError("no-such-letter", "There is no such letter.")
    return path


def agreements(workspace: Workspace) -> list[Agreement]:
    """Give the agreements of the workspace."""
    return [load_agreement(path.parent) for path in sorted(workspace.agreements.glob("*/agreement.md"))]


def agreement(workspace: Workspace, named: str) -> Agreement:
    """Give one agreement. Raises CountersealError ``no-such-agreement``."""
    for held in agreements(workspace):
        if held.id == named:
            return held
    raise CountersealError("no-such-agreement", "There is no such agreement here.")


@dataclass(frozen=True, slots=True)
class EntryLine:
    """One entry of the ledger, as its bytes read."""

    index: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class LedgerView:
    """The ledger at a glance."""

    size: int
    root: str
    checkpoint: str
    entries: list[EntryLine]


def ledger(workspace: Workspace, newest: int = 25) -> LedgerView:
    """Read the published ledger from its files, as an outsider would."""
    folder = LedgerFolder(workspace.ledger)
    note = (workspace.ledger / "checkpoint").read_text(encoding="utf-8")
    head = read_head(note)
    entries = []
    for index in range(head.size - 1, max(head.size - newest, 0) - 1, -1):
        raw = folder.entry(index, head.size)
        entries.append(EntryLine(index, str(read_entry(raw)["kind"]), raw.decode("utf-8")))
    return LedgerView(head.size, base64.b64encode(head.root).decode("ascii"), note, entries)


def _one(engine: DuckEngine, folder: Path, table: str, row: int) -> dict[str, Any]:
    engine.table(table, folder / f"{table}.parquet")
    names = [name for name, *_ in engine.rows(f"DESCRIBE {table}")]
    found = engine.rows(f"SELECT * FROM {table} WHERE row = ?", [row])
    return dict(zip(names, found[0], strict=True)) if found else {}


def _shown(name: str, value: str | None) -> str:
    if name in MASKED and value:
        return "•" * max(len(value) - 4, 0) + value[-4:] if len(value) > 4 else "••••"
    return value or ""
