"""The closed language of expressions: SQL as DuckDB reads it, of which only a small set is allowed.

A rule and a promise may use the strict set, which means the same on every engine and to the prover; a
measure may use the wider set, because its result is a typed column. What is not allowed is an error that
names the line.
"""

from __future__ import annotations

import functools
import itertools
from typing import TYPE_CHECKING, Any

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType  # type: ignore[attr-defined]  # re-exported from a compiled module

from counterseal.agreements.cheaper import Parts, cheaper, taken_by_value
from counterseal.agreements.markdown import Reader
from counterseal.agreements.quiet import quieted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from counterseal.agreements.model import Agreement, Type

RULE_FUNCTIONS = frozenset({
    "coalesce", "length", "regexp_full_match", "year", "list_contains", "list_intersect", "len",
})  # fmt: skip
MEASURE_FUNCTIONS = RULE_FUNCTIONS | frozenset({
    "upper", "lower", "trim", "replace", "regexp_replace", "regexp_extract", "regexp_matches", "concat",
    "concat_ws", "split", "substr", "list_min", "list_max", "list_sort", "try_cast", "greatest",
    "least", "starts_with",
})  # fmt: skip
BATCH_FUNCTIONS = frozenset({"count", "max", "min"})

NODES = (
    exp.Column, exp.Identifier, exp.Literal, exp.Boolean, exp.Null, exp.Paren, exp.And, exp.Or, exp.Not, exp.EQ,
    exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.Between, exp.In, exp.Is, exp.Add, exp.Sub, exp.Neg,
    exp.Case, exp.If, exp.Tuple, exp.Cast, exp.DataType,
    exp.Coalesce, exp.Length, exp.RegexpFullMatch, exp.Year, exp.ArrayContains, exp.ArrayIntersect,
)  # fmt: skip
MEASURE_NODES = (
    *NODES, exp.DPipe, exp.TryCast, exp.Upper, exp.Lower, exp.Trim, exp.Replace, exp.RegexpReplace, exp.RegexpExtract,
    exp.RegexpLike, exp.Concat, exp.ConcatWs, exp.Split, exp.Substring, exp.ArrayMin, exp.ArrayMax, exp.ArraySort,
    exp.Greatest, exp.Least, exp.StartsWith,
)  # fmt: skip
AGGREGATES = (exp.Distinct, exp.Count, exp.Max, exp.Min)
LONGEST = 6_000
MOST_PARTS, DEEPEST = 500, 60
"""Names, literals and operators of one expression, and how far they nest: several times what is ever written."""

MOST_DIGITS = 15


def parse(reader: Reader, line: int, sql: str, *, functions: frozenset[str] = RULE_FUNCTIONS) -> exp.Expression:
    """Read one expression and check that every part of it is allowed. Raises CountersealError ``agreement``.

    One that was read before is not read again: what is given is the same tree, and whoever changes it copies it.
    """
    return _parsed(reader.name, line, sql, functions)


@functools.lru_cache(maxsize=2048)
def _parsed(document: str, line: int, sql: str, functions: frozenset[str]) -> exp.Expression:
    reader = Reader(document)
    if len(sql) > LONGEST:
        raise reader.wrong(line, "The expression is longer than anybody can read.")
    try:
        _functions(reader, line, sql, functions)
        tree = sqlglot.parse_one(f"SELECT {sql}", dialect="duckdb")
    except (SqlglotError, RecursionError):
        raise reader.wrong(line, "The expression cannot be read as SQL.") from None
    if not isinstance(tree, exp.Select) or len(tree.expressions) != 1 or set(_given(tree)) != {"expressions"}:
        raise reader.wrong(line, "This is more than one expression.", "one expression without FROM or WHERE")
    found: exp.Expression = tree.expressions[0]
    allowed = NODES if functions == RULE_FUNCTIONS else MEASURE_NODES
    _measured(reader, line, found)
    for node in found.walk():
        star = isinstance(node, exp.Star) and isinstance(node.parent, exp.Count)
        if not (isinstance(node, allowed) or star or _is_intersection(node) or isinstance(node, AGGREGATES)):
            raise reader.wrong(line, f"{type(node).__name__.upper()} is not of the language.", "what language.md names")
        if isinstance(node, exp.Cast) and node.to.this != exp.DataType.Type.DATE:
            raise reader.wrong(line, "Only DATE 'year-month-day' may be cast.")
    return found


def _measured(reader: Reader, line: int, found: exp.Expression) -> None:
    """Refuse what no engine and no prover should be asked to read. Raises CountersealError ``agreement``."""
    parts = [(node, node.depth) for node in itertools.islice(found.walk(), MOST_PARTS + 1)]
    if len(parts) > MOST_PARTS or max(depth for _, depth in parts) > DEEPEST:
        raise reader.wrong(line, "The expression has more parts than anybody can read.")
    for node, _ in parts:
        if isinstance(node, exp.Literal) and not node.is_string and not _is_number(str(node.this)):
            raise reader.wrong(line, "A number is whole.", f"{MOST_DIGITS} digits at most")


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) <= MOST_DIGITS


def _is_intersection(node: object) -> bool:
    return isinstance(node, exp.Anonymous) and node.name.lower() == "list_intersect"


def _given(tree: exp.Expression) -> list[str]:
    return [key for key, value in tree.args.items() if value]


def _functions(reader: Reader, line: int, sql: str, functions: frozenset[str]) -> None:
    tokens = sqlglot.tokenize(sql, dialect="duckdb")
    words = {TokenType.IN, TokenType.AND, TokenType.OR, TokenType.NOT, TokenType.WHEN, TokenType.THEN,
             TokenType.ELSE, TokenType.BETWEEN, TokenType.CASE}  # fmt: skip
    for token, after in itertools.pairwise(tokens):
        if after.token_type is not TokenType.L_PAREN or token.token_type in words:
            continue
        name = token.text.lower()
        if name.isidentifier() and name not in functions:
            raise reader.unknown(line, "function", name, functions)


def conjuncts(sql: str) -> list[str]:
    """Cut a conjunction at its outermost ANDs, in its own words; what is no conjunction is one part."""
    parts, start, depth, between = [], 0, 0, 0
    for token in sqlglot.tokenize(sql, dialect="duckdb"):
        depth += token.token_type in {TokenType.L_PAREN, TokenType.CASE}
        depth -= token.token_type in {TokenType.R_PAREN, TokenType.END}
        if depth == 0 and token.token_type is TokenType.OR:
            return [sql.strip()]
        if depth == 0 and token.token_type is TokenType.BETWEEN:
            between += 1
        elif depth == 0 and token.token_type is TokenType.AND and between:
            between -= 1
        elif depth == 0 and token.token_type is TokenType.AND:
            parts.append(sql[start : token.start].strip())
            start = token.end + 1
    return [*parts, sql[start:].strip()]


def names(tree: exp.Expression) -> set[str]:
    """Give every name that the expression uses."""
    return {column.name for column in tree.find_all(exp.Column)}


def check_names(reader: Reader, line: int, tree: exp.Expression, known: Mapping[str, object]) -> None:
    """Refuse a name that is nothing here. Raises CountersealError ``agreement`` with the nearest that is."""
    for name in sorted(names(tree)):
        if name not in known:
            raise reader.unknown(line, "name", name, known)


def compiled(
    tree: exp.Expression,
    given: Callable[[str], str | None],
    schedules: Mapping[str, tuple[str, ...]],
    parts: Parts | None = None,
) -> str:
    """Give the expression as DuckDB's SQL, with ``parts`` in cheaper words, as ``cheaper`` and ``quiet`` say."""
    found = substituted(tree, given, schedules)
    if parts is not None:
        found = taken_by_value(found, parts.by_value)
        found = cheaper(quieted(found, parts.asked, parts.lay), parts.lay)
    return str(found.sql(dialect="duckdb"))


def substituted(
    tree: exp.Expression, given: Callable[[str], str | None], schedules: Mapping[str, tuple[str, ...]]
) -> exp.Expression:
    """Give the expression with the values of what is no column.

    ``given`` gives the SQL that stands for a name, or None where the name is a column; a schedule becomes
    the list of its values.
    """

    def put(node: Any) -> Any:
        if isinstance(node, exp.In) and isinstance(node.args.get("field"), exp.Column):
            values = schedules[node.args["field"].name]
            return exp.In(this=node.this.transform(put), expressions=[exp.Literal.string(v) for v in values])
        if isinstance(node, exp.Column):
            if node.name in schedules:
                return exp.Array(expressions=[exp.Literal.string(v) for v in schedules[node.name]])
            stands = given(node.name)
            return exp.column(node.name, quoted=True) if stands is None else _standing(stands).copy()
        return node

    return tree.transform(put)  # type: ignore[no-any-return]  # a node


@functools.lru_cache(maxsize=4096)
def _standing(sql: str) -> exp.Expression:
    """Give the tree of a value's SQL; the same few values stand in many expressions."""
    return sqlglot.parse_one(sql, dialect="duckdb")  # type: ignore[return-value]  # a node


def schedule_values(agreement: Agreement) -> dict[str, tuple[str, ...]]:
    """Give the values of every schedule by its name."""
    return {schedule.name: schedule.values for schedule in agreement.schedules}


def literal(value: object, kind: Type) -> str:
    """Give a fact or a parameter as a typed SQL literal; None is NULL of its type.

    Raises ValueError when the value is not of its type.
    """
    sql_types = {"text": "VARCHAR", "date": "DATE", "number": "BIGINT", "yes/no": "BOOLEAN",
                 "text list": "VARCHAR[]", "year list": "BIGINT[]"}  # fmt: skip
    kind_word = kind.value
    if value is None or value == "":
        return f"CAST(NULL AS {sql_types[kind_word]})"
    if kind_word == "number":
        return str(int(str(value)))
    if kind_word == "yes/no":
        if value not in {True, False, "yes", "no"}:
            raise ValueError(kind_word)
        return "TRUE" if value in {True, "yes"} else "FALSE"
    if kind_word in {"text list", "year list"}:
        entries = value.split(";") if isinstance(value, str) else list(value)  # type: ignore[call-overload]  # a list
        shown = [_text(str(v).strip()) if kind_word == "text list" else str(int(v)) for v in entries]
        return f"CAST([{', '.join(shown)}] AS {sql_types[kind_word]})"
    return f"CAST({_text(str(value))} AS {sql_types[kind_word]})"


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
