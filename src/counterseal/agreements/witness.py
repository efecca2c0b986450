"""A row that the prover found, in the document's own words, and its replay on the engine.

A counterexample is shown only with the word whether DuckDB, given the same values, finds the same.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

import z3
from sqlglot import exp

from counterseal.agreements.compile import quote
from counterseal.agreements.expression import MEASURE_FUNCTIONS, compiled, literal, parse
from counterseal.agreements.logic import EPOCH, LAST_DAY, Listed, Reading, Term
from counterseal.agreements.model import Kind, Type
from counterseal.agreements.values import SQL_TYPES

if TYPE_CHECKING:
    from collections.abc import Sequence

CYCLE = 146_097
"""Days in 400 years."""
FILLER = "(another)"
ESCAPED = re.compile(r"\\u\{([0-9a-f]+)\}|\\x([0-9a-f]{2})")


class Rows(Protocol):
    """What answers one query: the engine."""

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Give the result of a query."""
        ...


@dataclass(frozen=True, slots=True)
class Witness:
    """``given`` are the names that the claim turns on and their values, None where unknown.

    ``replayed`` says whether the engine, given the same values, finds what the prover found; None where no
    engine was asked.
    """

    given: tuple[tuple[str, str | None], ...]
    replayed: bool | None


def value_of(reading: Reading, model: Any, term: Term) -> Any:
    """Give a term's value in the model: None, a text, a number, a truth, a date or a list."""
    if z3.is_true(model.eval(term.null)):
        return None
    if isinstance(term.value, Listed):
        return _entries(reading, model, term)
    found = model.eval(term.value)
    if term.kind is Type.TEXT:
        return _text(found)
    if term.kind is Type.YES_NO:
        return z3.is_true(found)
    number = found.as_long()
    return _day(number) if term.kind is Type.DATE else number


def _text(found: Any) -> str:
    return ESCAPED.sub(lambda m: chr(int(m[1] or m[2], 16)), found.as_string())


def _day(number: int) -> str:
    if number >= 1 - EPOCH:
        return date.fromordinal(min(number, LAST_DAY) + EPOCH).isoformat()
    later = date.fromordinal(number + EPOCH + CYCLE)  # the year 0 is the year 400 of the same calendar
    return f"{later.year - 400:04}-{later.month:02}-{later.day:02}"


def _entries(reading: Reading, model: Any, term: Term) -> list[Any]:
    length = model.eval(term.value.length).as_long()
    found: list[Any] = []
    for asked in reading.space.asked.values():
        for value in asked.values():
            if value.sort() != term.value.members.sort().domain():
                continue
            if z3.is_true(model.eval(z3.Select(term.value.members, value))):
                at = model.eval(value)
                entry = _text(at) if term.kind is Type.TEXTS else at.as_long()
                if entry not in found:
                    found.append(entry)
    filler = found[0] if found else (FILLER if term.kind is Type.TEXTS else 9999)
    return [*found, *[filler] * (min(length, 50) - len(found))]


def sql_literal(value: Any, kind: Type) -> str:
    """Give a value of a model as a typed SQL literal."""
    if value is None:
        return f"CAST(NULL AS {SQL_TYPES[kind]})"
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, list):
        inner = ", ".join(sql_literal(v, Type.TEXT if kind is Type.TEXTS else Type.NUMBER) for v in value)
        return f"CAST([{inner}] AS {SQL_TYPES[kind]})"
    if isinstance(value, int):
        return f"CAST({value} AS {SQL_TYPES[kind]})"
    return f"CAST('{value.replace(chr(39), chr(39) * 2)}' AS {SQL_TYPES[kind]})"


def shown(value: Any) -> str | None:
    """Give a value as a person writes it in a document."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ";".join(map(str, value)) if isinstance(value, list) else str(value)


def values(reading: Reading, model: Any) -> dict[str, Any]:
    """Give the value of every name that the agreement's expressions have read so far."""
    return {name: value_of(reading, model, term) for name, term in reading.named.items()}


def replay(reading: Reading, model: Any, claims: Sequence[tuple[int, str, Term]], engine: Rows) -> bool:
    """Ask the engine for every claim (line, expression, what the prover made of it) under the model's values.

    The measures that the prover computed itself are asked too. Gives whether all agree.
    """
    held = values(reading, model)
    asked, expected = [], []
    measured = [
        (m.sql_line, m.sql, reading.named[m.name])
        for m in reading.agreement.measures
        if m.kind is Kind.ROW and m.name in reading.named and is_exact(reading, m.sql_line, m.sql)
    ]

    for line, sql, term in [*claims, *measured]:
        asked.append(_written(reading, line, sql))
        expected.append(sql_literal(value_of(reading, model, term), term.kind or Type.YES_NO))
    same = [f"(({a}) IS NOT DISTINCT FROM {e})" for a, e in zip(asked, expected, strict=True)]
    types = reading.types
    given = [f"{sql_literal(value, types.get(name, Type.NUMBER))} AS {quote(name)}" for name, value in held.items()]
    row = f" FROM (SELECT {', '.join(given)})" if given else ""
    return all(engine.rows(f"SELECT {', '.join(same)}{row}")[0]) if same else True  # compiled


def _written(reading: Reading, line: int, sql: str) -> str:
    """Give an expression as the engine's SQL over the columns of a row, written once."""

    def given(name: str) -> str | None:
        parameter = reading.parameters.get(name)
        return literal(parameter.value, reading.types[name]) if parameter else None

    if (line, sql) not in reading.written:
        tree = parse(reading.reader, line, sql, functions=MEASURE_FUNCTIONS)
        reading.written[line, sql] = compiled(tree, given, reading.schedules)
    return reading.written[line, sql]


def is_exact(reading: Reading, line: int, sql: str) -> bool:
    """Whether the prover computes the expression whole, with nothing opaque in it."""
    tree = parse(reading.reader, line, sql, functions=MEASURE_FUNCTIONS)
    return not any(reading.expanded(node) in reading.space.made for node in _inner(tree))


def _inner(tree: Any) -> list[Any]:
    return [node for node in tree.walk() if isinstance(node, exp.Func) and not isinstance(node, exp.And | exp.Or)]
