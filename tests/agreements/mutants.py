"""Mutants of an agreement: one small change each, of the expressions of its rules, its schedules, its parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import sqlglot
from sqlglot import exp

from counterseal.agreements import Agreement
from counterseal.agreements.model import Parameter, Rule, Type

WEAKER: dict[type[exp.Expression], type[exp.Expression]] = {
    exp.LT: exp.LTE, exp.GT: exp.GTE, exp.LTE: exp.LT, exp.GTE: exp.GT, exp.EQ: exp.NEQ, exp.NEQ: exp.EQ,
    exp.And: exp.Or, exp.Or: exp.And,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Mutant:
    """A changed agreement; ``name`` says which rule and what was changed, and is the same in every run."""

    name: str
    rule: str
    agreement: Agreement


def mutants(agreement: Agreement) -> Iterator[Mutant]:
    """Give every mutant of a rule, in the document's order."""
    for rule in agreement.expressed_rules:
        for number, (what, sql) in enumerate(_changed(rule.sql), start=1):
            changed = replace(rule, sql=sql)
            yield Mutant(f"{rule.id} #{number} {what}", rule.id, _with(agreement, rule, changed))


def settings(agreement: Agreement) -> Iterator[Mutant]:
    """Give every mutant of a schedule or a parameter: an entry more or less, a number one up or down, yes for no."""
    for schedule in agreement.schedules:
        wider = (*schedule.rows, ("ZZ-WIDER", *("" for _ in schedule.columns[1:])))
        others = tuple(replace(s, rows=wider) if s is schedule else s for s in agreement.schedules)
        yield Mutant(f"{schedule.name} widened", "", replace(agreement, schedules=others))
        for row in schedule.rows:
            fewer = tuple(r for r in schedule.rows if r is not row)
            others = tuple(replace(s, rows=fewer) if s is schedule else s for s in agreement.schedules)
            yield Mutant(f"{schedule.name} without {row[0]}", "", replace(agreement, schedules=others))
    for parameter in agreement.parameters:
        for value in _other_values(parameter):
            changed = tuple(replace(p, value=value) if p is parameter else p for p in agreement.parameters)
            yield Mutant(f"{parameter.name} {value}", "", replace(agreement, parameters=changed))


def _other_values(parameter: Parameter) -> tuple[str, ...]:
    if parameter.type is Type.YES_NO:
        return ("no" if parameter.value == "yes" else "yes",)
    if parameter.type is Type.NUMBER:
        return str(int(parameter.value) + 1), str(int(parameter.value) - 1)
    raise AssertionError(parameter.type)


def _with(agreement: Agreement, rule: Rule, changed: Rule) -> Agreement:
    return replace(agreement, rules=tuple(changed if r is rule else r for r in agreement.rules))


def _changed(sql: str) -> Iterator[tuple[str, str]]:
    """Give each change of an expression: what it is, and the expression then."""
    yield "dropped", "TRUE"
    yield "lets the unknown pass", f"coalesce({sql}, TRUE)"
    count = len(list(_tree(sql).walk()))
    for place in range(count):
        for what, change in CHANGES:
            tree = _tree(sql)
            node = list(tree.walk())[place]
            new = change(node)
            if new is None:
                continue
            if node is tree:
                tree = new
            else:
                node.replace(new)
            yield f"{what}: {node.sql('duckdb')}", tree.sql("duckdb")


def _tree(sql: str) -> exp.Expression:
    return sqlglot.parse_one(f"SELECT {sql}", dialect="duckdb").expressions[0]


def _swapped(node: exp.Expression) -> exp.Expression | None:
    other = WEAKER.get(type(node))
    return None if other is None else other(this=node.this.copy(), expression=node.expression.copy())


def _one_more(node: exp.Expression) -> exp.Expression | None:
    return _moved(node, 1)


def _one_less(node: exp.Expression) -> exp.Expression | None:
    return _moved(node, -1)


def _moved(node: exp.Expression, by: int) -> exp.Expression | None:
    if not isinstance(node, exp.Literal):
        return None
    if isinstance(node.parent, exp.Cast) and node.is_string:
        return exp.Literal.string(str(date.fromisoformat(node.name) + timedelta(days=by)))
    if node.is_string or not node.name.isdigit():
        return None
    number = int(node.name) + by
    return exp.Literal.number(number) if number >= 0 else None


def _left(node: exp.Expression) -> exp.Expression | None:
    return node.this.copy() if isinstance(node, (exp.And, exp.Or)) else None


def _right(node: exp.Expression) -> exp.Expression | None:
    return node.expression.copy() if isinstance(node, (exp.And, exp.Or)) else None


def _without_not(node: exp.Expression) -> exp.Expression | None:
    return node.this.copy() if isinstance(node, exp.Not) else None


def _without_default(node: exp.Expression) -> exp.Expression | None:
    return node.this.copy() if isinstance(node, exp.Coalesce) else None


Change = Callable[[exp.Expression], exp.Expression | None]
CHANGES: tuple[tuple[str, Change], ...] = (
    ("swapped", _swapped), ("one more", _one_more), ("one less", _one_less), ("left part alone", _left),
    ("right part alone", _right), ("NOT taken off", _without_not), ("default taken off", _without_default),
)  # fmt: skip
