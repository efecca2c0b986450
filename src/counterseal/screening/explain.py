"""Why a row was judged as it was: every rule, its law, the values that decided, what would have to be different."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from counterseal.agreements.compile import Compiler, quote
from counterseal.agreements.expression import compiled, conjuncts, names, parse, schedule_values
from counterseal.agreements.markdown import Reader
from counterseal.agreements.model import Phase, Type
from counterseal.core.outcome import Answer, Finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.agreements.model import Agreement, Rule

FINDINGS = {True: Finding.HOLDS, False: Finding.FAILS, None: Finding.UNKNOWN}


class Screened(Protocol):
    """The engine after the steps of screening have run."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Give the result of a query."""
        ...


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a rule, all of which must hold: the expression, its values, and what it finds."""

    expression: str
    values: tuple[tuple[str, str | None], ...]
    finding: Finding


@dataclass(frozen=True, slots=True)
class Explanation:
    """One rule held against one row."""

    rule: Rule
    finding: Finding
    conditions: tuple[Condition, ...]

    @property
    def answer(self) -> Answer | None:
        """What follows for the row: the rule's answer where it fails or is unknown, nothing where it holds."""
        return {Finding.HOLDS: None, Finding.FAILS: self.rule.answer, Finding.UNKNOWN: self.rule.unknown}[self.finding]

    @property
    def to_be_different(self) -> tuple[Condition, ...]:
        """The conditions that would have to hold."""
        return tuple(condition for condition in self.conditions if condition.finding is not Finding.HOLDS)


def explain_row(
    agreement: Agreement, facts: Mapping[str, object], row: int, engine: Screened, *, register_known: bool
) -> tuple[Explanation, ...]:
    """Explain ``row`` (1-based, file order) from the tables that screening left in the engine.

    Gives nothing for a row that does not exist or that is malformed: no rule was held against it.
    """
    compiler = Compiler(agreement, facts)
    reader = Reader(agreement.path.name)
    schedules = schedule_values(agreement)
    known = agreement.types()
    asked: list[tuple[Rule, str, list[str]]] = []
    columns = []
    for rule in agreement.screened_rules:
        if register_known or rule.phase is not Phase.REGISTER:
            for text in conjuncts(rule.sql):
                tree = parse(reader, rule.sql_line, text)
                used = sorted(name for name in names(tree) if name in known)
                asked.append((rule, text, used))
                columns.append(f"CAST({compiled(tree, compiler.given, schedules)} AS BOOLEAN)")
                columns.extend(_shown(compiler.given(name) or quote(name), known[name]) for name in used)
    found = engine.rows(f"SELECT {', '.join(columns)} FROM measured WHERE row = ?", [row])  # compiled
    if not found:
        return ()
    answers = iter(found[0])
    conditions: dict[str, list[Condition]] = {}
    for rule, text, used in asked:
        finding = FINDINGS[next(answers)]
        conditions.setdefault(rule.id, []).append(
            Condition(text, tuple((name, next(answers)) for name in used), finding)
        )
    return tuple(
        Explanation(rule, _together(conditions[rule.id]), tuple(conditions[rule.id]))
        for rule in agreement.screened_rules
        if rule.id in conditions
    )


def _shown(value: str, kind: Type) -> str:
    """Give the SQL of a value as text, in the words of the document."""
    if kind is Type.YES_NO:
        return f"CASE WHEN {value} THEN 'yes' WHEN NOT {value} THEN 'no' END"
    return f"CAST({value} AS VARCHAR)"


def _together(conditions: Sequence[Condition]) -> Finding:
    """Give SQL's AND of the conditions."""
    found = {condition.finding for condition in conditions}
    return Finding.FAILS if Finding.FAILS in found else Finding.UNKNOWN if Finding.UNKNOWN in found else Finding.HOLDS
