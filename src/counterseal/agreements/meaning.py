"""What each word of the expression language means, in three-valued logic: SQL's, as DuckDB runs it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

import z3
from sqlglot import exp

from counterseal.agreements.logic import EPOCH, NO, YES, Listed, Reading, Term, days, first_of_year, some, text_value
from counterseal.agreements.model import Type
from counterseal.agreements.patterns import PatternError, pattern

if TYPE_CHECKING:
    from collections.abc import Callable


def before(a: Any, b: Any) -> Any:
    """Give whether a value comes before another; texts by their code points, as the engine orders them.

    The empty text is asked apart: the differential test caught the prover's own order of it.
    """
    if not z3.is_string(a):
        return a < b
    return z3.And(z3.Length(b) > 0, z3.Or(z3.Length(a) == 0, a < b))


COMPARISONS: dict[type, Callable[[Any, Any], Any]] = {
    exp.EQ: lambda a, b: a == b,
    exp.NEQ: lambda a, b: a != b,
    exp.LT: before,
    exp.LTE: lambda a, b: z3.Not(before(b, a)),
    exp.GT: lambda a, b: before(b, a),
    exp.GTE: lambda a, b: z3.Not(before(a, b)),
}
RESULTS = {
    exp.Upper: Type.TEXT, exp.Lower: Type.TEXT, exp.Trim: Type.TEXT, exp.Replace: Type.TEXT,
    exp.RegexpReplace: Type.TEXT, exp.RegexpExtract: Type.TEXT, exp.Concat: Type.TEXT, exp.ConcatWs: Type.TEXT,
    exp.Substring: Type.TEXT, exp.RegexpLike: Type.YES_NO, exp.Split: Type.TEXTS, exp.Count: Type.NUMBER,
}  # fmt: skip
"""The types of the functions that are opaque to the prover."""
MOST_DAYS = 100_000
"""How far a date may be moved: from any day that four digits write, the engine still has a day for it."""
NEVER_NULL = (exp.Concat, exp.ConcatWs, exp.Count)


def _names(r: Reading, node: Any) -> Term:
    if node.name in r.schedules:
        raise r.wrong(f"{node.name!r} is a schedule.", "it only after IN or in list_intersect")
    return r.name(node.name)


def _constant(r: Reading, node: Any) -> Term:
    if node.is_string:
        return Term(Type.TEXT, text_value(node.this), NO)
    if not str(node.this).isdecimal():
        raise r.wrong(f"{node.this} is no whole number.", "a whole number")
    return Term(Type.NUMBER, z3.IntVal(int(node.this)), NO)


def _date(r: Reading, node: Any) -> Term:
    try:
        return Term(Type.DATE, z3.IntVal(days(date.fromisoformat(node.this.this))), NO)
    except (ValueError, TypeError, AttributeError):
        raise r.wrong("DATE takes a date as text.", "DATE '2025-04-07'") from None


def _and(r: Reading, node: Any) -> Term:
    a, b = r.typed(node.left, Type.YES_NO), r.typed(node.right, Type.YES_NO)
    false = z3.Or(z3.And(z3.Not(a.null), z3.Not(a.value)), z3.And(z3.Not(b.null), z3.Not(b.value)))
    return Term(Type.YES_NO, z3.And(a.value, b.value), z3.And(z3.Not(false), z3.Or(a.null, b.null)))


def _or(r: Reading, node: Any) -> Term:
    a, b = r.typed(node.left, Type.YES_NO), r.typed(node.right, Type.YES_NO)
    return either(a, b)


def either(a: Term, b: Term) -> Term:
    """Give SQL's OR."""
    true = z3.Or(a.holds, b.holds)
    return Term(Type.YES_NO, true, z3.And(z3.Not(true), z3.Or(a.null, b.null)))


def negation(a: Term) -> Term:
    """Give SQL's NOT."""
    return Term(Type.YES_NO, z3.Not(a.value), a.null)


def _compare(r: Reading, node: Any) -> Term:
    return compared(r, type(node), r.term(node.left), r.term(node.right), node)


def compared(r: Reading, how: type, a: Term, b: Term, node: Any) -> Term:
    """Give a comparison; NULL where a side is."""
    if a.kind is None or b.kind is None:
        return Term(Type.YES_NO, NO, YES)
    if a.kind is not b.kind or isinstance(a.value, Listed):
        raise r.wrong(f"{node.sql(dialect='duckdb')} compares a {a.kind} with a {b.kind}.", "two values of one type")
    if a.kind is Type.YES_NO and how not in {exp.EQ, exp.NEQ}:
        raise r.wrong(f"{node.sql(dialect='duckdb')} orders yes and no.", "= or <>")
    return Term(Type.YES_NO, COMPARISONS[how](a.value, b.value), z3.Or(a.null, b.null))


def _between(r: Reading, node: Any) -> Term:
    value = r.term(node.this)
    low = compared(r, exp.GTE, value, r.term(node.args["low"]), node)
    high = compared(r, exp.LTE, value, r.term(node.args["high"]), node)
    return negation(either(negation(low), negation(high)))


def _in(r: Reading, node: Any) -> Term:
    if isinstance(node.args.get("field"), exp.Column):
        name = node.args["field"].name
        if name not in r.schedules:
            raise r.reader.unknown(r.line, "schedule", name, r.schedules)
        value = r.typed(node.this, Type.TEXT)
        return Term(Type.YES_NO, some([value.value == text_value(v) for v in r.schedules[name]]), value.null)
    value, found = r.term(node.this), Term(Type.YES_NO, NO, NO)
    for other in node.expressions:
        found = either(found, compared(r, exp.EQ, value, r.term(other), node))
    return found


def _is(r: Reading, node: Any) -> Term:
    if isinstance(node.expression, exp.Null):
        return Term(Type.YES_NO, r.term(node.this).null, NO)
    if not isinstance(node.expression, exp.Boolean):
        raise r.wrong("IS asks for NULL, TRUE or FALSE.", "IS [NOT] NULL, TRUE or FALSE")
    a = r.typed(node.this, Type.YES_NO)
    return Term(Type.YES_NO, z3.And(z3.Not(a.null), a.value == z3.BoolVal(bool(node.expression.this))), NO)


def _sum(r: Reading, node: Any) -> Term:
    sign = 1 if isinstance(node, exp.Add) else -1
    a, b = r.typed(node.left, Type.NUMBER, Type.DATE), r.typed(node.right, Type.NUMBER, Type.DATE)
    kinds = (a.kind, b.kind)
    if (kinds == (Type.DATE, Type.DATE) and sign < 0) or kinds == (Type.NUMBER, Type.NUMBER):
        kind = Type.NUMBER
    elif kinds == (Type.DATE, Type.NUMBER) and _is_few_days(r, node.right):
        kind = Type.DATE
    else:
        raise r.wrong(
            f"{node.sql(dialect='duckdb')} cannot be computed.",
            f"numbers, or a date and {MOST_DAYS:,} days at most: a number or a parameter",
        )
    return Term(kind, a.value + sign * b.value, z3.Or(a.null, b.null))


def _is_few_days(r: Reading, node: Any) -> bool:
    """Whether a date may be moved by so much: what a row states might lead past the last day that there is."""
    written = isinstance(node, exp.Literal) or (isinstance(node, exp.Column) and node.name in r.parameters)
    moved = r.term(node).value
    return written and z3.is_int_value(moved) and bool(moved.as_long() <= MOST_DAYS)


def _negative(r: Reading, node: Any) -> Term:
    a = r.typed(node.this, Type.NUMBER)
    return Term(Type.NUMBER, -a.value, a.null)


def chosen(r: Reading, when: Any, then: Term, otherwise: Term) -> Term:
    """Give the one where ``when`` is TRUE and the other where it is not."""
    kind = then.kind or otherwise.kind
    if kind is None:
        return then
    if then.kind and otherwise.kind and then.kind is not otherwise.kind:
        raise r.wrong(f"A choice between a {then.kind} and a {otherwise.kind}.", "values of one type")
    a, b = (t if t.kind else r.space.unknown(f"empty {kind}", kind, null=YES) for t in (then, otherwise))
    null = z3.If(when, a.null, b.null)
    if isinstance(a.value, Listed):
        members = z3.If(when, a.value.members, b.value.members)
        return Term(kind, Listed(members, z3.If(when, a.value.length, b.value.length)), null)
    return Term(kind, z3.If(when, a.value, b.value), null)


def _coalesce(r: Reading, node: Any) -> Term:
    found = r.term(node.this)
    for other in node.expressions:
        found = chosen(r, z3.Not(found.null), found, r.term(other))
    return found


def _case(r: Reading, node: Any) -> Term:
    default = node.args.get("default")
    found = r.term(default) if default is not None else Term(None, NO, YES)
    for branch in reversed(node.args["ifs"]):
        if node.this is not None:
            when = compared(r, exp.EQ, r.term(node.this), r.term(branch.this), node).holds
        else:
            when = r.typed(branch.this, Type.YES_NO).holds
        found = chosen(r, when, r.term(branch.args["true"]), found)
    return found


def _length(r: Reading, node: Any) -> Term:
    a = r.typed(node.this, Type.TEXT, Type.TEXTS, Type.YEARS)
    return Term(Type.NUMBER, a.value.length if isinstance(a.value, Listed) else z3.Length(a.value), a.null)


def _full_match(r: Reading, node: Any) -> Term:
    a = r.typed(node.this, Type.TEXT)
    if not isinstance(node.expression, exp.Literal):
        raise r.wrong("A pattern is a literal text.", "regexp_full_match(text, 'pattern')")
    try:
        return Term(Type.YES_NO, z3.InRe(a.value, pattern(node.expression.this)), a.null)
    except PatternError as fault:
        if r.measuring:
            return r.space.unknown(r.expanded(node), Type.YES_NO, null=a.null)
        raise r.wrong(f"The pattern cannot be used: {fault}.", "what language.md names") from None


def _year(r: Reading, node: Any) -> Term:
    a = r.typed(node.this, Type.DATE)
    if z3.is_int_value(a.value):
        year = date.fromordinal(a.value.as_long() + EPOCH).year
        return Term(Type.NUMBER, z3.IntVal(year), a.null)
    key = f"year of {a.value.sexpr()}"
    fresh = key not in r.space.made
    year_of = r.space.unknown(key, Type.NUMBER, null=NO).value
    if fresh:
        r.space.known.append(z3.And(first_of_year(year_of) <= a.value, a.value < first_of_year(year_of + 1)))
    return Term(Type.NUMBER, year_of, a.null)


def _contains(r: Reading, node: Any) -> Term:
    held = r.typed(node.this, Type.TEXTS, Type.YEARS)
    value = r.typed(node.expression, Type.TEXT if held.kind is Type.TEXTS else Type.NUMBER)
    return Term(Type.YES_NO, r.space.contains(held.value, value.value), z3.Or(held.null, value.null))


def _intersection(r: Reading, node: Any) -> Term:
    this, other = node.expressions[:2]
    if not isinstance(other, exp.Column) or other.name not in r.schedules:
        raise r.wrong("list_intersect takes a list and a schedule.", "list_intersect(list, schedule)")
    held = r.typed(this, Type.TEXTS)
    inside = [(text_value(v), r.space.contains(held.value, text_value(v))) for v in r.schedules[other.name]]
    members = z3.K(z3.StringSort(), NO)
    for value, contained in inside:
        members = z3.Store(members, value, contained)
    length = z3.Sum([z3.If(contained, 1, 0) for _, contained in inside]) if inside else z3.IntVal(0)
    return Term(Type.TEXTS, Listed(members, length), held.null)


def _extreme(r: Reading, node: Any) -> Term:
    held = r.typed(node.this, Type.TEXTS, Type.YEARS)
    kind = Type.TEXT if held.kind is Type.TEXTS else Type.NUMBER
    return r.space.unknown(r.expanded(node), kind, null=z3.Or(held.null, held.value.length == 0))


def _joined(r: Reading, node: Any) -> Term:
    a, b = r.typed(node.this, Type.TEXT), r.typed(node.expression, Type.TEXT)
    return Term(Type.TEXT, z3.Concat(a.value, b.value), z3.Or(a.null, b.null))


def _begins(r: Reading, node: Any) -> Term:
    a, b = r.typed(node.this, Type.TEXT), r.typed(node.expression, Type.TEXT)
    return Term(Type.YES_NO, z3.PrefixOf(b.value, a.value), z3.Or(a.null, b.null))


def _greatest(r: Reading, node: Any) -> Term:
    how = exp.GTE if isinstance(node, exp.Greatest) else exp.LTE
    found = r.term(node.this)
    for part in node.expressions:
        other = r.term(part)
        better = compared(r, how, found, other, node)
        found = chosen(r, z3.And(z3.Not(found.null), z3.Or(other.null, better.holds)), found, other)
    return found


def opaque(r: Reading, node: Any) -> Term:
    """Give an unknown for a function that the prover does not compute, with exactly SQL's nulls."""
    parts = [p for key in ("this", "expression", "expressions", "replacement") for p in _listed(node.args.get(key))]
    if isinstance(node, exp.TryCast):
        kind = {"BIGINT": Type.NUMBER, "INT": Type.NUMBER, "DATE": Type.DATE, "VARCHAR": Type.TEXT,
                "TEXT": Type.TEXT, "BOOLEAN": Type.YES_NO}.get(node.to.sql().upper())  # fmt: skip
        if kind is None:
            raise r.wrong(f"try_cast to {node.to.sql()} is not of the language.", "BIGINT, DATE, BOOLEAN or VARCHAR")
        free = z3.Bool(f"{r.expanded(node)} is unreadable")
        return r.space.unknown(r.expanded(node), kind, null=z3.Or(r.term(node.this).null, free))
    if isinstance(node, exp.ArraySort):
        return r.typed(node.this, Type.TEXTS, Type.YEARS)
    found = RESULTS.get(type(node))
    if isinstance(node, exp.Max | exp.Min):
        found = r.term(node.this).kind
    if found is None:
        raise r.wrong(f"{node.sql(dialect='duckdb')} is not of the language.", "what language.md names")
    nulls = [] if isinstance(node, NEVER_NULL) else [r.term(p).null for p in parts if not isinstance(p, exp.Star)]
    return r.space.unknown(r.expanded(node), found, null=some(nulls))


def _listed(value: Any) -> list[Any]:
    held = value if isinstance(value, list) else [value]
    return [v for v in held if isinstance(v, exp.Expression)]


MEANING: dict[type, Callable[[Reading, Any], Term]] = {
    exp.Column: _names,
    exp.Literal: _constant,
    exp.Cast: _date,
    exp.Boolean: lambda _, node: Term(Type.YES_NO, z3.BoolVal(bool(node.this)), NO),
    exp.Null: lambda _, __: Term(None, NO, YES),
    exp.Paren: lambda r, node: r.term(node.this),
    exp.And: _and,
    exp.Or: _or,
    exp.Not: lambda r, node: negation(r.typed(node.this, Type.YES_NO)),
    **dict.fromkeys(COMPARISONS, _compare),
    exp.Between: _between,
    exp.In: _in,
    exp.Is: _is,
    exp.Add: _sum,
    exp.Sub: _sum,
    exp.Neg: _negative,
    exp.Coalesce: _coalesce,
    exp.Case: _case,
    exp.Length: _length,
    exp.RegexpFullMatch: _full_match,
    exp.Year: _year,
    exp.ArrayContains: _contains,
    exp.ArrayIntersect: _intersection,
    exp.ArrayMin: _extreme,
    exp.ArrayMax: _extreme,
    exp.DPipe: _joined,
    exp.StartsWith: _begins,
    exp.Greatest: _greatest,
    exp.Least: _greatest,
}
