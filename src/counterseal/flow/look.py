"""Looking at what a run left, for pages: counts, reasons, rows, and one row with the law beside it.

Serves ``docs/use/pages.md``. Reads a batch's own files and the list of submissions, and changes nothing. It
never opens a registry, and gives nothing of what identity found but whether its two rules held.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Protocol

from counterseal.core.outcome import Finding, Outcome
from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.determine import STOP_CITE, STOP_RULE, STOP_TITLE
from counterseal.flow.in_force import read_agreement, versions_here
from counterseal.screening.compile import MALFORMED_RULE
from counterseal.store.listing import StopOrderListed, SubmissionListed, stop_orders_listed, submissions_listed

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from counterseal.agreements import Agreement, Rule
    from counterseal.core.workspace import Workspace

BEFORE_LOOK_UP = (Outcome.STOPPED, Outcome.REFUSED, Outcome.CURE, Outcome.JUDGEMENT)
MASKED_FIELDS = frozenset({"tin"})
SUBMISSION = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
BATCH_FILES = {"response.jsonl", "notice.html", "notice.pdf", "answer.html", "answer.pdf"}
WORD = re.compile(r"[a-z][a-z0-9_]*")


class Reader(Protocol):
    """What looking needs of an engine."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Give the result of a query that is small by its nature."""
        ...

    def records(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Give the same by column."""
        ...


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the funnel: how many rows are left, and what became of those that dropped out here."""

    name: str
    left: int
    dropped: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class ReasonCounted:
    """A rule, and in how many rows it does not hold. ``share`` is of all rows, 0 to 1."""

    rule: str
    title: str
    cite: str
    rows: int
    share: float


@dataclass(frozen=True, slots=True)
class Batch:
    """A determined submission: where its rows went and why. Counts only; nothing of a person."""

    listed: SubmissionListed
    outcomes: tuple[tuple[str, int], ...]
    stages: tuple[Stage, ...]
    reasons: tuple[ReasonCounted, ...]
    agreement: Agreement | None


@dataclass(frozen=True, slots=True)
class RowListed:
    """A row in a list: its number, the requester's reference, what became of it, the rules that do not hold."""

    row: int
    request_ref: str
    outcome: str
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RowsPage:
    """One page of a list of rows. ``number`` counts from 1; ``total`` is of the whole list."""

    rows: tuple[RowListed, ...]
    total: int
    number: int
    pages: int


@dataclass(frozen=True, slots=True)
class FactSeen:
    """A field as it was received (masked where it is a taxpayer number), and the rules it fails."""

    name: str
    meaning: str
    value: str | None
    masked: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One rule beside the row: what the law asks, the values that it read, and what it found."""

    rule: str
    title: str
    text: str
    cite: str
    answer: str
    finding: Finding | None
    says: str
    reads: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class RowSeen:
    """A row with its law. ``rules`` stand in the agreement's order.

    ``asked`` are those that did not hold on the row's face; None where the batch no longer tells.
    """

    row: int
    request_ref: str
    outcome: Outcome
    phase: str
    malformed: str | None
    facts: tuple[FactSeen, ...]
    rules: tuple[RuleSeen, ...]
    asked: tuple[str, ...] | None

    @property
    def failing(self) -> tuple[RuleSeen, ...]:
        """The rules that do not hold: they fail, or what they need is unknown."""
        return tuple(rule for rule in self.rules if rule.finding in {Finding.FAILS, Finding.UNKNOWN})

    @property
    def holding(self) -> tuple[RuleSeen, ...]:
        """The rules that hold."""
        return tuple(rule for rule in self.rules if rule.finding is Finding.HOLDS)

    @property
    def not_reached(self) -> tuple[RuleSeen, ...]:
        """The rules that were not asked, because the row did not come so far."""
        return tuple(rule for rule in self.rules if rule.finding is None)


@dataclass(frozen=True)
class Look:
    """Looks at one workspace. ``reader`` opens an engine for the length of one look."""

    workspace: Workspace
    reader: Callable[[], AbstractContextManager[Reader]]

    def batches(self) -> list[SubmissionListed]:
        """Give every submission, the newest first."""
        return submissions_listed()

    def stop_orders(self) -> list[StopOrderListed]:
        """Give every stop order, those in force first."""
        return stop_orders_listed()

    def agreements(self) -> list[Agreement]:
        """Give the agreements of this workspace, each in its newest version."""
        return [read_agreement(path.parent) for path in sorted(self.workspace.agreements.glob("*/agreement.md"))]

    def versions(self, named: str) -> tuple[Agreement, ...]:
        """Give every version of one agreement of this workspace, the earliest first; none where there is no such."""
        here = {one.parent.name: one.parent for one in self.workspace.agreements.glob("*/agreement.md")}
        return versions_here(here[named]) if named in here else ()

    def file(self, submission: str, name: str) -> Path | None:
        """Give the path of a letter or response of a determined batch, or None."""
        folder = self._folder(submission)
        path = folder / name if folder and name in BATCH_FILES else None
        return path if path and path.is_file() else None

    def batch(self, submission: str) -> Batch | None:
        """Give a determined submission with its counts, or None when there is none of that id."""
        folder = self._folder(submission)
        listed = next(iter(submissions_listed(submission)), None) if folder else None
        if folder is None or listed is None or not (folder / "determinations.parquet").is_file():
            return None
        agreement = self._agreement_of(listed)
        path = folder / "determinations.parquet"
        outcomes, rules, first_failing = self._counts(path)
        total = sum(outcomes.values())
        return Batch(
            listed,
            tuple((word.value, outcomes.get(word.value, 0)) for word in Outcome),
            _funnel(outcomes, first_failing, agreement),
            tuple(_counted(rule, n, total, agreement) for rule, n in rules.items()),
            agreement,
        )

    def rows(self, batch: Batch, *, outcome: str | None, rule: str | None, number: int, size: int) -> RowsPage:
        """Give one page of the rows with this outcome and this rule among those that do not hold."""
        path = self.workspace.batch(SubmissionId(batch.listed.id)) / "determinations.parquet"
        where = "TRUE"
        given: list[object] = [path]
        if outcome is not None:
            where, given = f"{where} AND outcome = ?", [*given, outcome]
        if rule is not None:
            where, given = f"{where} AND list_contains(rules, ?)", [*given, rule]
        with self.reader() as reader:
            total = reader.rows(f"SELECT count(*) FROM read_parquet(?) WHERE {where}", given)[0][0]
            pages = max(1, -(-total // size))
            number = min(max(1, number), pages)
            found = reader.rows(
                f"SELECT row, request_ref, outcome, rules FROM read_parquet(?) WHERE {where} "
                f"ORDER BY row LIMIT {size:d} OFFSET {(number - 1) * size:d}",
                given,
            )
        listed = tuple(RowListed(row, ref or "", word, tuple(rules)) for row, ref, word, rules in found)
        return RowsPage(listed, total, number, pages)

    def row(self, batch: Batch, row: int) -> RowSeen | None:
        """Give one row with the law beside it, or None. Raises CountersealError when the law is not at hand."""
        agreement = batch.agreement
        if agreement is None:
            raise CountersealError(
                "agreement-moved",
                "The version of the agreement that judged this submission no longer lies in this workspace.",
                next_step="Put that version back under agreements/ to read the row with its law.",
            )
        folder = self.workspace.batch(SubmissionId(batch.listed.id))
        determined, received, findings, screened = self.lines(
            folder, ("determinations", "rows", "findings", "screened"), row
        )
        if not determined:
            return None
        return _seen(agreement, determined, received, findings, screened)

    def lines(self, folder: Path, files: Sequence[str], row: int) -> list[dict[str, Any]]:
        """Give the line of this row, by column, out of each of a batch's files; empty where a file has none."""
        paths = [folder / f"{file}.parquet" for file in files]
        held = [path for path in paths if path.is_file()]
        if not held:
            return [{} for _ in paths]
        each = ", ".join("(SELECT one FROM read_parquet(?) one WHERE row = ?)" for _ in held)  # one call, in parallel
        with self.reader() as reader:
            (found,) = reader.rows(f"SELECT {each}", [told for path in held for told in (path, row)])
        by_path = dict(zip(held, found, strict=True))
        return [by_path.get(path) or {} for path in paths]

    def _folder(self, submission: str) -> Path | None:
        if not SUBMISSION.fullmatch(submission):
            return None
        folder = self.workspace.batch(SubmissionId(submission))
        return folder if folder.is_dir() else None

    def _agreement_of(self, listed: SubmissionListed) -> Agreement | None:
        return next((one for one in self.versions(listed.agreement) if one.digest == listed.agreement_digest), None)

    def _counts(self, path: Path) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
        """Count outcomes and rules, once for a file: a batch's folder is final."""
        written = path.stat()
        return _count_once(self.reader, str(path), written.st_mtime_ns, written.st_size)


@lru_cache(maxsize=64)
def _count_once(
    reader: Callable[[], AbstractContextManager[Reader]],
    path: str,
    written: int,  # noqa: ARG001  # the cache's key
    size: int,  # noqa: ARG001  # the cache's key
) -> tuple[dict[str, int], dict[str, int], dict[str, int]]:
    with reader() as engine:
        outcomes = dict(engine.rows("SELECT outcome, count(*) FROM read_parquet(?) GROUP BY 1", [path]))
        rules = dict(
            engine.rows(
                "SELECT u.rule, count(*) FROM read_parquet(?), unnest(rules) AS u(rule) GROUP BY 1 ORDER BY 2 DESC, 1",
                [path],
            )
        )
        first_failing = dict(
            engine.rows(
                "SELECT rules[1], count(*) FROM read_parquet(?) WHERE phase = 'identity' AND len(rules) > 0 GROUP BY 1",
                [path],
            )
        )
    return outcomes, rules, first_failing


def _funnel(
    outcomes: Mapping[str, int], first_failing: Mapping[str, int], agreement: Agreement | None
) -> tuple[Stage, ...]:
    """Give the stages from received to reviewable; what drops at each adds up to what was received.

    ``first_failing`` counts the rows that were looked up by the first rule of identity that does not hold.
    """
    left = outcomes.get(Outcome.NOT_DISCLOSED, 0) + outcomes.get(Outcome.REVIEWABLE, 0)
    facial = tuple((word.value, outcomes.get(word, 0)) for word in BEFORE_LOOK_UP if outcomes.get(word, 0))
    stages = [Stage("Received", sum(outcomes.values()), ()), Stage("Every facial rule holds", left, facial)]
    for rule in agreement.identity_rules if agreement else ():
        dropped = first_failing.get(rule.id, 0)
        left -= dropped
        stages.append(Stage(rule.title, left, (("not_disclosed", dropped),) if dropped else ()))
    if left != outcomes.get(Outcome.REVIEWABLE, 0):  # the version that judged it is gone: one step says it all
        dropped = outcomes.get(Outcome.NOT_DISCLOSED, 0)
        return (*stages[:2], Stage("Reviewable", outcomes.get(Outcome.REVIEWABLE, 0), (("not_disclosed", dropped),)))
    last = stages[-1]
    return (*stages[:-1], Stage(f"Reviewable: {last.name[:1].lower()}{last.name[1:]}", last.left, last.dropped))


def _counted(rule: str, rows: int, total: int, agreement: Agreement | None) -> ReasonCounted:
    known = {one.id: one for one in agreement.rules} if agreement else {}
    title, cite = _own(rule, agreement)
    if rule in known:
        title, cite = known[rule].title, known[rule].cite
    return ReasonCounted(rule, title, cite, rows, rows / total)


def _own(rule: str, agreement: Agreement | None) -> tuple[str, str]:
    """Give title and citation of a reason that is no rule of the agreement."""
    if rule == STOP_RULE:
        return STOP_TITLE, STOP_CITE
    if rule == MALFORMED_RULE:
        return "The row can be read", agreement.authority if agreement else ""
    return "", ""


def _seen(
    agreement: Agreement,
    determined: Mapping[str, Any],
    received: Mapping[str, Any],
    findings: Mapping[str, Any],
    screened: Mapping[str, Any],
) -> RowSeen:
    failed = list(determined["rules"] or [])
    said = {reason["rule"]: reason["says"] for reason in screened.get("reasons") or []}
    tin = str(received.get("tin") or "").strip()
    shown = {
        field.name: masked(received[field.name]) if field.name in MASKED_FIELDS else received[field.name]
        for field in agreement.fields
        if received.get(field.name) is not None
    }
    rules = []
    for own in (STOP_RULE, MALFORMED_RULE):
        if own in failed:
            title, cite = _own(own, agreement)
            says = said.get(own, "")
            rules.append(RuleSeen(own, title, "", cite, "", Finding.FAILS, says, ()))
    reads = {rule.id: fields_read(agreement, rule) for rule in agreement.rules}
    for rule in (*agreement.screened_rules, *agreement.identity_rules):
        says = said.get(rule.id, "")
        rules.append(
            RuleSeen(
                rule.id,
                rule.title,
                rule.text,
                rule.cite,
                rule.answer.value,
                _finding(rule, failed, findings, str(determined["phase"])),
                says.replace(tin, masked(tin)) if tin else says,
                tuple((name, shown.get(name) or "") for name in reads[rule.id]),
            )
        )
    facts = tuple(
        FactSeen(
            field.name,
            field.meaning,
            shown.get(field.name),
            field.name in MASKED_FIELDS,
            tuple(rule for rule in failed if field.name in reads.get(rule, ())),
        )
        for field in agreement.fields
    )
    return RowSeen(
        int(determined["row"]),
        determined["request_ref"] or "",
        Outcome(determined["outcome"]),
        str(determined["phase"]),
        received.get("malformed"),
        facts,
        tuple(rules),
        tuple(screened["rules"] or ()) if screened else None,
    )


def _finding(rule: Rule, failed: Sequence[str], findings: Mapping[str, Any], phase: str) -> Finding | None:
    """Give what a rule found, or None where it was not asked. A rule that is unknown does not hold."""
    if rule.is_screened:
        if rule.id in findings:
            return {True: Finding.HOLDS, False: Finding.FAILS, None: Finding.UNKNOWN}[findings[rule.id]]
        return Finding.FAILS if rule.id in failed else None
    if phase != "identity":
        return None
    return Finding.FAILS if rule.id in failed else Finding.HOLDS


def fields_read(agreement: Agreement, rule: Rule) -> tuple[str, ...]:
    """Give the fields that a rule reads, itself or through measures, in the agreement's order."""
    return _fields_once(agreement.digest, rule.sql, tuple((m.name, f"{m.sql} {m.key}") for m in agreement.measures),
                        tuple(field.name for field in agreement.fields))  # fmt: skip


@lru_cache(maxsize=1024)
def _fields_once(
    digest: str,  # noqa: ARG001  # the cache's key
    sql: str,
    measures: tuple[tuple[str, str], ...],
    fields: tuple[str, ...],
) -> tuple[str, ...]:
    through, seen, found = dict(measures), set[str](), set[str]()
    ahead = [sql]
    while ahead:
        for word in set(WORD.findall(ahead.pop())) - seen:
            seen.add(word)
            found |= {word, word.removesuffix("_as_received")} & set(fields)
            if word in through:
                ahead.append(through[word])
    return tuple(field for field in fields if field in found)


def masked(value: object) -> str:
    """Give a taxpayer number with at most its last four digits: nine digits show four, anything else none."""
    text = str(value)
    digits = sum(sign.isdigit() for sign in text)
    last = 4 if digits == 9 and text[-4:].isdigit() else 0
    head = text[: len(text) - last]
    return re.sub(r"[^\s-]", "•", head) + text[len(text) - last :]
