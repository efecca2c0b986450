"""Fields of which a batch holds few different values: what rests on them alone is worked out once for each value.

A request names few states, statutes and periods in very many rows. Which fields are narrow is guessed from the
first rows and decides only how the work is cut, never what comes of it.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING

from sqlglot import exp

from counterseal.agreements.model import Kind

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from counterseal.agreements.compile import Compiler
    from counterseal.agreements.model import Measure, Rule

    Group = tuple[str, ...]

SPARED = 16
"""A narrow value stands in this many rows at least."""
MOST_TOGETHER = 4_096
"""Combinations of values that unrelated fields may have and still be looked up together."""


def narrow_groups(
    compiler: Compiler, rows: int, values: Mapping[str, int], together: Callable[[Group], int]
) -> tuple[Group, ...]:
    """Give the groups of fields to be worked out by value, each field in one group at most.

    ``values`` says how many different values each field has in ``rows`` rows, ``together`` how many combinations
    a group has. Fields that one measure reads together stand in one group.
    """
    most = rows // SPARED
    few = {name for name, count in values.items() if count <= most}
    groups = {frozenset({name}) for name in few if _is_read(compiler, name)}
    for measure in compiler.agreement.measures:
        read = _fields(compiler, measure)
        if read <= few and len(read) > 1:
            joined = [group for group in groups if group & read]
            groups = groups - set(joined) | {read.union(*joined)}
    counted = {group: together(tuple(sorted(group))) if len(group) > 1 else values[min(group)] for group in groups}
    merged: list[tuple[Group, int]] = []
    for group, count in sorted(counted.items(), key=lambda one: (one[1], sorted(one[0]))):
        if count > most or not any(rest_on(compiler, tuple(group), compiler.agreement.screened_rules)):
            continue
        if merged and merged[-1][1] * count <= MOST_TOGETHER:
            fields, before = merged.pop()
            merged.append((tuple(sorted([*fields, *group])), prod((before, count))))
        else:
            merged.append((tuple(sorted(group)), count))
    return tuple(fields for fields, _ in merged)


def rest_on(compiler: Compiler, group: Group, rules: Sequence[Rule]) -> tuple[list[Measure], list[Rule]]:
    """Give the measures and the rules that rest on the fields of ``group`` and on what is the same for every row."""
    agreement = compiler.agreement
    constant = {fact.name for fact in agreement.facts} | {parameter.name for parameter in agreement.parameters}
    known = constant | set(group) | {f"{name}_as_received" for name in group}
    measures: list[Measure] = []
    for _ in agreement.measures:
        more = [
            m
            for m in agreement.measures
            if m.kind in {Kind.ROW, Kind.LOOKUP} and m not in measures and compiler.needs(m) <= known
        ]
        if not more:
            break
        measures += more
        known |= {m.name for m in more}
    return measures, [rule for rule in rules if compiler.read_by(rule) <= known and compiler.read_by(rule) - constant]


def parts_that_rest_on(known: set[str], trees: Iterable[exp.Expression]) -> list[str]:
    """Give the SQL of the largest parts of the trees that are made of ``known`` names alone and are no name alone."""
    found: dict[str, None] = {}

    def walk(node: exp.Expression) -> None:
        made = isinstance(node, (exp.Func, exp.DPipe)) and not isinstance(node, exp.If)
        if made and (columns := {column.name for column in node.find_all(exp.Column)}) and columns <= known:
            found[node.sql(dialect="duckdb")] = None
            return
        for inner in node.iter_expressions():
            walk(inner)

    for tree in trees:
        walk(tree)
    return list(found)


def _fields(compiler: Compiler, measure: Measure) -> frozenset[str]:
    """Give the fields that a measure rests on, through whatever other measures."""
    fields = {field.name for field in compiler.agreement.fields}
    by_name = {m.name: m for m in compiler.agreement.measures}
    found: set[str] = set()
    for name in compiler.needs(measure):
        if name in by_name:
            found |= _fields(compiler, by_name[name])
        elif (field := name.removesuffix("_as_received")) in fields:
            found.add(field)
        elif name == "odd_characters":
            found |= fields
    return frozenset(found)


def _is_read(compiler: Compiler, field: str) -> bool:
    names = {field, f"{field}_as_received"}
    return any(names & compiler.read_by(rule) for rule in compiler.agreement.screened_rules) or any(
        names & compiler.needs(measure) for measure in compiler.agreement.measures
    )
