"""The compiled SQL, written for DuckDB, in Spark's words and with the same meaning to the last character.

The two differ silently in places that a rule would notice: which characters ``trim`` takes off, what ``$``
matches before a final line end, how letters beyond ASCII are folded, what a date less a date is. Each is put
into words that mean on Spark what the original means on DuckDB; a pattern that has no such words is refused.
"""

from __future__ import annotations

import functools
import re
from typing import TYPE_CHECKING

import duckdb
import sqlglot
from sqlglot import exp

from counterseal.agreements.cheaper import SPACE_SEPARATORS
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

PLAIN_ESCAPES = frozenset("dDwWntrxAz")
WORD = "[A-Za-z0-9_]"
BOUNDARY = f"(?:(?<={WORD})(?!{WORD})|(?<!{WORD})(?={WORD}))"
"""RE2's edge of a word, which knows ASCII alone."""
LISTS = (
    exp.Split,
    exp.Array,
    exp.ArrayDistinct,
    exp.ArrayFilter,
    exp.ArrayIntersect,
    exp.ArraySort,
    exp.Transform,
)


def to_spark(sql: str, tables: Callable[[str], Mapping[str, str]]) -> str:
    """Give ``sql`` of DuckDB as Spark's SQL. ``tables`` gives, for a table's name, its columns' Spark types.

    Raises CountersealError ``spark-pattern`` for a regular expression that Java reads otherwise.
    """
    tree = sqlglot.parse_one(sql, dialect="duckdb")
    known = {id(select): _types(select, tables) for select in tree.find_all(exp.Select)}
    for node in reversed(list(tree.walk(bfs=True))):  # the innermost first
        put = _put(node, known.get(id(node.find_ancestor(exp.Select)), {}))  # type: ignore[arg-type]  # a node of a tree of expressions
        if put is not node:
            node.replace(put)
    return str(tree.sql(dialect="spark"))


def _types(select: exp.Select, tables: Callable[[str], Mapping[str, str]]) -> dict[str, str]:
    """Give the types of the columns that a SELECT may read: those of its own tables and of its subqueries'."""
    types: dict[str, str] = {}
    for table in select.find_all(exp.Table):
        types.update(tables(table.name))
    return types


def _put(node: exp.Expression, types: Mapping[str, str]) -> exp.Expression:
    """Give what stands on Spark for one node, its parts being put already."""
    if isinstance(node, (exp.RegexpReplace, exp.RegexpExtract, exp.RegexpLike, exp.RegexpFullMatch)):
        return _matching(node)
    if isinstance(node, exp.Trim) and node.expression is None:
        ends = f"^[{SPACE_SEPARATORS}]+|[{SPACE_SEPARATORS}]+\\z"
        return _call("REGEXP_REPLACE", node.this, exp.Literal.string(ends), exp.Literal.string(""))
    if isinstance(node, (exp.Upper, exp.Lower)):
        letters, folded = folding(upper=isinstance(node, exp.Upper))
        return _call("TRANSLATE", node.this, exp.Literal.string(letters), exp.Literal.string(folded))
    if isinstance(node, exp.Length) and _is_list(node.this, types):
        return _call("ARRAY_SIZE", node.this)
    if isinstance(node, exp.Sub) and _is_date(node.this, types) and _is_date(node.expression, types):
        return _call("DATEDIFF", node.this, node.expression)
    if isinstance(node, exp.Bracket) and not isinstance(node.expressions[0], exp.Literal):  # counted from 1
        return _call("ELEMENT_AT", node.this, node.expressions[0])
    if isinstance(node, exp.Anonymous):
        return _named(node)
    return node


def _named(node: exp.Anonymous) -> exp.Expression:
    match node.name.lower():
        case "hash":
            return _call("XXHASH64", *node.expressions)
        case "strlen":
            return _call("OCTET_LENGTH", *node.expressions)
        case "list_extract":
            return _call("ELEMENT_AT", *node.expressions)
        case "list_intersect":  # on DuckDB nothing is in a list that is NULL
            mine, other = node.expressions
            none = _call("SLICE", mine.copy(), exp.Literal.number(1), exp.Literal.number(0))
            return exp.If(this=other.copy().is_(exp.null()), true=none, false=_call("ARRAY_INTERSECT", mine, other))
    return node


def _call(function: str, *given: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this=function, expressions=list(given))


def _matching(node: exp.Expression) -> exp.Expression:
    """Put the pattern into Java's words, and what it is asked into Spark's."""
    pattern = node.args["expression"]
    if not (isinstance(pattern, exp.Literal) and pattern.is_string):
        raise _refused("a pattern that is not written out")
    java = java_pattern(pattern.name)
    if isinstance(node, exp.RegexpFullMatch):
        return exp.RegexpLike(this=node.this, expression=exp.Literal.string(f"\\A(?:{java})\\z"))
    if isinstance(node, exp.RegexpReplace):
        if _option(node) != "g":
            raise _refused("a replacement of the first match alone")
        put = re.sub(r"\\([0-9])", r"$\1", node.args["replacement"].name.replace("$", r"\$"))
        return _call("REGEXP_REPLACE", node.this, exp.Literal.string(java), exp.Literal.string(put))
    node.set("expression", exp.Literal.string(java))
    return node


def _option(node: exp.Expression) -> str:
    given = node.args.get("modifiers")
    return given.name if given is not None else ""


def java_pattern(pattern: str) -> str:
    """Give a pattern of RE2 in the words that mean the same in Java. Raises CountersealError ``spark-pattern``."""
    out: list[str] = []
    at, in_class = 0, False
    while at < len(pattern):
        sign = pattern[at]
        if sign == "\\":
            out.append(_escape(pattern[at + 1 : at + 2], in_class=in_class))
            at += 2
            continue
        if pattern.startswith("(?", at) and not in_class and not pattern.startswith("(?:", at):
            raise _refused("a flag or a look-around in a pattern")
        if in_class:
            in_class = sign != "]"
            out.append("\\" + sign if sign in "[&" else sign)
        elif sign == "[":
            in_class = True
            out.append(sign)
        else:
            out.append({"$": "\\z", ".": "[^\\n]"}.get(sign, sign))
        at += 1
    return "".join(out)


def _escape(sign: str, *, in_class: bool) -> str:
    if sign == "s":
        return "\\t\\n\\f\\r " if in_class else "[\\t\\n\\f\\r ]"
    if sign == "b" and not in_class:
        return BOUNDARY
    if sign in PLAIN_ESCAPES or (sign and not sign.isalnum()):
        return "\\" + sign
    raise _refused(f"\\{sign} in a pattern")


def _refused(what: str) -> CountersealError:
    return CountersealError(
        "spark-pattern",
        f"The agreement uses {what}, which Spark would read otherwise than DuckDB.",
        next_step="Screen with --engine duckdb.",
    )


@functools.cache
def folding(*, upper: bool) -> tuple[str, str]:
    """Give the letters that DuckDB folds and what it folds each to, asked of DuckDB itself."""
    word = "upper" if upper else "lower"
    pairs = duckdb.execute(
        f"SELECT c, {word}(c) FROM (SELECT chr(i::INTEGER) AS c FROM (FROM range(1, 55296) t(i) "
        f"UNION ALL FROM range(57344, 1114112) u(i))) WHERE c <> {word}(c) ORDER BY c"
    ).fetchall()
    return "".join(c for c, _ in pairs), "".join(f for _, f in pairs)


def _is_list(node: exp.Expression, types: Mapping[str, str]) -> bool:
    node = _within(node)
    if isinstance(node, exp.Column):
        return types.get(node.name, "").startswith("array")
    if isinstance(node, exp.Cast):
        return node.to.this in {exp.DataType.Type.ARRAY, exp.DataType.Type.LIST}
    return isinstance(node, LISTS) or (isinstance(node, exp.Anonymous) and node.name == "ARRAY_INTERSECT")


def _is_date(node: exp.Expression, types: Mapping[str, str]) -> bool:
    node = _within(node)
    if isinstance(node, exp.Column):
        return types.get(node.name) == "date"
    return isinstance(node, exp.Cast) and node.to.this == exp.DataType.Type.DATE


def _within(node: exp.Expression) -> exp.Expression:
    """Take off what changes no type: brackets, and the alternatives of COALESCE, CASE, GREATEST and LEAST."""
    while True:
        if isinstance(node, (exp.Paren, exp.Coalesce, exp.Greatest, exp.Least)):
            node = node.this
        elif isinstance(node, exp.Case):
            node = node.args["ifs"][0].args["true"]
        elif isinstance(node, exp.If):
            node = node.args["false"]
        else:
            return node
