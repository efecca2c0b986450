"""Expressions as exact three-valued logic for the prover: each a value and whether it is unknown.

Serves ``docs/law/language.md`` and ``docs/design/proofs.md``. Rules and promises are translated whole.
In a measure, a function of the wider list becomes an opaque value that is known exactly when SQL says it
is; equal expressions are the same opaque value. So nothing is assumed of a measure but its nulls, and what
is proved holds for whatever it computes.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from datetime import date
from functools import reduce
from typing import TYPE_CHECKING, Any

import z3
from sqlglot import exp

from counterseal.agreements.compile import split_keys
from counterseal.agreements.expression import BATCH_FUNCTIONS, MEASURE_FUNCTIONS, RULE_FUNCTIONS, parse
from counterseal.agreements.markdown import Reader
from counterseal.agreements.model import Agreement, Kind, Measure, Type

if TYPE_CHECKING:
    from collections.abc import Callable

EPOCH = date(1970, 1, 1).toordinal()
FIRST_DAY, LAST_DAY = -719_528, date(9999, 12, 31).toordinal() - EPOCH
"""0000-01-01 and 9999-12-31 as days from 1970-01-01: what four-digit dates can be."""
SORTS = {
    Type.TEXT: z3.StringSort,
    Type.DATE: z3.IntSort,
    Type.NUMBER: z3.IntSort,
    Type.YES_NO: z3.BoolSort,
}
ELEMENTS = {Type.TEXTS: Type.TEXT, Type.YEARS: Type.NUMBER}
NO, YES = z3.BoolVal(False), z3.BoolVal(True)
BLANKS = " \t\n\x0b\x0c\r"


@dataclass(frozen=True, slots=True)
class Listed:
    """A list to the prover: which values it contains, and how many entries it has."""

    members: Any
    length: Any


@dataclass(frozen=True, slots=True)
class Term:
    """A typed value and whether it is NULL; ``kind`` None is the bare word NULL."""

    kind: Type | None
    value: Any
    null: Any

    @property
    def holds(self) -> Any:
        """TRUE, and not NULL."""
        return z3.And(z3.Not(self.null), self.value)


@dataclass
class Space:
    """The unknowns of a proof, shared by every agreement that it speaks of, and what is known of them."""

    made: dict[str, Term] = field(default_factory=dict)
    known: list[Any] = field(default_factory=list)
    asked: dict[str, dict[str, Any]] = field(default_factory=dict)
    soft: list[Any] = field(default_factory=list)
    fresh: int = 0
    _facts: tuple[tuple[int, ...], list[Any]] = ((), [])

    def unknown(self, key: str, kind: Type, *, null: Any = None) -> Term:
        """Give the unknown named ``key``; a new one is free, but for ``null`` where that is given."""
        if key in self.made and self.made[key].kind is not kind:
            key = f"{key}, a {kind}"
        if key in self.made:
            return self.made[key]
        missing = z3.Bool(f"{key} is null") if null is None else null
        value: Any
        if kind in ELEMENTS:
            members = z3.Array(f"{key} members", SORTS[ELEMENTS[kind]](), z3.BoolSort())
            value = Listed(members, z3.Int(f"{key} length"))
            self.known.append(value.length >= 0)
            self.soft.append(value.length <= 2)
        else:
            value = z3.Const(key, SORTS[kind]())
        self.made[key] = Term(kind, value, missing)
        return self.made[key]

    def number(self, hint: str) -> Any:
        """Give a new whole number."""
        self.fresh += 1
        return z3.Int(f"{hint} {self.fresh}")

    def contains(self, listed: Listed, value: Any) -> Any:
        """Ask whether the list contains ``value``, and remember that it was asked."""
        asked = self.asked.setdefault(str(listed.members), {})
        asked[str(value)] = value
        return z3.Select(listed.members, value)

    def facts(self) -> list[Any]:
        """Give all that is known: lists are no shorter than what they contain."""
        reached = len(self.known), len(self.made), *map(len, self.asked.values())
        if self._facts[0] != reached:
            self._facts = reached, self._known_now()
        return self._facts[1]

    def _known_now(self) -> list[Any]:
        found = list(self.known)
        for term in self.made.values():
            if isinstance(term.value, Listed):
                asked = list(self.asked.get(str(term.value.members), {}).values())
                inside = [z3.Select(term.value.members, value) for value in asked]
                constants = [
                    i for i, v in zip(inside, asked, strict=True) if z3.is_string_value(v) or z3.is_int_value(v)
                ]
                if constants:
                    found.append(z3.Sum([z3.If(i, 1, 0) for i in constants]) <= term.value.length)
                found.extend(z3.Implies(i, term.value.length > 0) for i in inside)
        return found


def days(day: date) -> int:
    """Give a day as days from 1970-01-01."""
    return day.toordinal() - EPOCH


def first_of_year(year: Any) -> Any:
    """Give the first day of a year, for the prover."""
    return 365 * (year - 1970) + (year - 1969) / 4 - (year - 1901) / 100 + (year - 1601) / 400


def some(parts: list[Any]) -> Any:
    """Give whether any holds."""
    return z3.Or(*parts) if parts else NO


@dataclass
class Reading:
    """One agreement as the prover reads it."""

    agreement: Agreement
    space: Space
    line: int = 1
    measuring: bool = False
    """Whether a measure is read, whose wider list of functions and patterns may be opaque."""

    def __post_init__(self) -> None:
        agreement = self.agreement
        self.reader = Reader(agreement.path.name)
        self.types = agreement.types()
        self.fields = {item.name: item for item in agreement.fields}
        self.parameters = {item.name: item for item in agreement.parameters}
        self.measured = {item.name: item for item in agreement.measures}
        self.schedules = {item.name: item.values for item in agreement.schedules}
        self.named: dict[str, Term] = {}
        self.opaque: set[str] = set()
        self.written: dict[tuple[int, str], str] = {}
        self._identities: dict[str, str] = {}
        self._expanded: dict[int, tuple[exp.Expression, str]] = {}

    def wrong(self, what: str, expected: str = "") -> Exception:
        """Make an error at the line that is being read."""
        return self.reader.wrong(self.line, what, expected)

    # -- names ----------------------------------------------------------------------------------------------

    def expression(self, line: int, sql: str) -> Term:
        """Translate a rule or a promise. Raises CountersealError ``agreement`` where types do not fit."""
        self.line, self.measuring = line, False
        found = self.term(parse(self.reader, line, sql, functions=RULE_FUNCTIONS))
        if found.kind not in {Type.YES_NO, None}:
            raise self.wrong(f"The expression is a {found.kind}.", "yes or no")
        return found if found.kind else Term(Type.YES_NO, NO, YES)

    def name(self, name: str) -> Term:
        """Give what stands under a name."""
        if name not in self.named:
            line, measuring = self.line, self.measuring
            self.named[name] = self._name(name)
            self.line, self.measuring = line, measuring
        return self.named[name]

    def _name(self, name: str) -> Term:
        if name in self.measured:
            return self._measure(self.measured[name])
        if name in self.parameters:
            parameter = self.parameters[name]
            return self._literal(parameter.type, parameter.value)
        if name == "odd_characters":
            return self.space.unknown(name, Type.YES_NO, null=NO)
        if name == "row":
            return self.space.unknown(name, Type.NUMBER, null=NO)
        if name not in self.types:
            raise self.reader.unknown(self.line, "name", name, {**self.types, **self.schedules})
        count = len(self.space.made)
        found = self.space.unknown(name, self.types[name])
        if len(self.space.made) > count:
            self._canonical(name, found)
        return found

    def _canonical(self, name: str, term: Term) -> None:
        """Say what the canonical step makes true of a field or a fact."""
        say = self.space.known.append
        if term.kind is Type.TEXT:
            text = term.value
            say(z3.Implies(z3.Not(term.null), z3.Length(text) > 0))
            edge = [z3.SubString(text, 0, 1), z3.SubString(text, z3.Length(text) - 1, 1)]
            say(z3.And(*[e != z3.StringVal(f"\\u{{{ord(b):x}}}") for e in edge for b in BLANKS]))
            self.space.soft.append(z3.InRe(text, z3.Star(z3.Range(" ", "~"))))
        if term.kind is Type.DATE:
            say(z3.And(term.value >= FIRST_DAY, term.value <= LAST_DAY))
            self.space.soft.append(z3.And(term.value > days(date(1900, 1, 1)), term.value < days(date(2100, 1, 1))))
        if term.kind is Type.NUMBER:
            say(z3.And(term.value >= 0, term.value < 10**15))
        if name in self.fields and term.kind is not Type.TEXT:
            received = self.name(f"{name}_as_received")
            exactly = term.null == received.null if term.kind is Type.TEXTS else z3.Implies(received.null, term.null)
            say(exactly)
        if term.kind is Type.YEARS:
            say(z3.Implies(z3.Not(term.null), term.value.length > 0))

    def _literal(self, kind: Type, text: str) -> Term:
        if not text:
            return self.space.unknown(f"empty {kind}", kind, null=YES)
        if kind is Type.NUMBER:
            return Term(kind, z3.IntVal(int(text)), NO)
        if kind is Type.DATE:
            return Term(kind, z3.IntVal(days(date.fromisoformat(text))), NO)
        if kind is Type.YES_NO:
            return Term(kind, z3.BoolVal(text == "yes"), NO)
        if kind is Type.TEXT:
            return Term(kind, text_value(text), NO)
        entries = [entry.strip() for entry in text.split(";")]
        values = [z3.IntVal(int(e)) if kind is Type.YEARS else text_value(e) for e in entries]
        members = z3.K(SORTS[ELEMENTS[kind]](), NO)
        return Term(kind, Listed(reduce(lambda m, v: z3.Store(m, v, YES), values, members), z3.IntVal(len(values))), NO)

    # -- measures -------------------------------------------------------------------------------------------

    def _measure(self, measure: Measure) -> Term:
        self.line, self.measuring = measure.sql_line, True
        key = self.identity(measure.name)
        if measure.kind is Kind.LOOKUP:
            keys = [self._wide(part).null for part in split_keys(measure.key)]
            free = NO if measure.gives == "found" else z3.Bool(f"{key} is not given")
            found = self.space.unknown(key, measure.type, null=some([*keys, free]))
        elif measure.kind is Kind.BATCH:
            found = self.space.unknown(key, measure.type, null=NO)
        elif measure.kind is Kind.ROW:
            found = self._wide(measure.sql)
            if found.kind is None:
                found = self.space.unknown(key, measure.type, null=YES)
            if found.kind is not measure.type:
                raise self.wrong(f"The measure {measure.name!r} is a {found.kind}.", f"a {measure.type}, as declared")
            return found
        else:
            inner = self._wide(measure.sql)
            empty = inner.value.length == 0 if isinstance(inner.value, Listed) else NO
            found = self.space.unknown(key, measure.type, null=z3.Or(inner.null, empty))
            self.space.known.append(found.value >= (0 if measure.kind is Kind.EARLIER_SAME else 1))
        self.opaque.add(measure.name)
        if measure.range and measure.type is Type.NUMBER:
            self.space.soft.append(z3.And(found.value >= measure.range[0], found.value <= measure.range[1]))
        return found

    def _wide(self, sql: str) -> Term:
        return self.term(parse(self.reader, self.line, sql, functions=MEASURE_FUNCTIONS | BATCH_FUNCTIONS))

    def identity(self, name: str) -> str:
        """Give a name for what a measure computes: the same for the same definition, in whatever document."""
        if name not in self._identities:
            measure = self.measured[name]
            parts = [measure.sql] if measure.sql else split_keys(measure.key)
            trees = [
                parse(self.reader, measure.sql_line, p, functions=MEASURE_FUNCTIONS | BATCH_FUNCTIONS) for p in parts
            ]
            definition = "\0".join([measure.kind, measure.gives, self._table(measure), *map(self.expanded, trees)])
            self._identities[name] = f"{name}#{hashlib.sha256(definition.encode()).hexdigest()[:12]}"
        return self._identities[name]

    def _table(self, measure: Measure) -> str:
        own = {path.stem: path for path in self.agreement.tables}
        path = own.get(measure.table)
        return f"{measure.table}={hashlib.sha256(path.read_bytes()).hexdigest()}" if path else measure.table

    def expanded(self, tree: exp.Expression) -> str:
        """Give the expression's text with every measure, parameter and schedule replaced by what it is."""
        if id(tree) in self._expanded:
            return self._expanded[id(tree)][1]

        def put(node: Any) -> Any:
            if not isinstance(node, exp.Column):
                return node
            if node.name in self.measured:
                return exp.column(self.identity(node.name), quoted=True)
            if node.name in self.parameters:
                return exp.column("=" + self.parameters[node.name].value, quoted=True)
            if node.name in self.schedules:
                return exp.column("=" + "\0".join(self.schedules[node.name]), quoted=True)
            return node

        said = str(tree.copy().transform(put).sql(dialect="duckdb"))
        self._expanded[id(tree)] = (tree, said)  # the tree is kept, or another might come to stand under its number
        return said

    # -- expressions ----------------------------------------------------------------------------------------

    def term(self, node: Any) -> Term:
        """Translate one node. Raises CountersealError ``agreement``."""
        from counterseal.agreements.meaning import MEANING, opaque  # noqa: PLC0415  # the table reads this class

        meaning: Callable[[Reading, Any], Term] | None = MEANING.get(type(node))
        if meaning is None and isinstance(node, exp.Anonymous) and node.name.lower() == "list_intersect":
            meaning = MEANING[exp.ArrayIntersect]
        return meaning(self, node) if meaning else opaque(self, node)

    def typed(self, node: Any, *kinds: Type) -> Term:
        """Translate a node that must be of one of ``kinds``; NULL is of all."""
        found = self.term(node)
        if found.kind is None:
            return self.space.unknown(f"empty {kinds[0]}", kinds[0], null=YES)
        if found.kind not in kinds:
            words = " or ".join(kind.value for kind in kinds)
            raise self.wrong(f"{node.sql(dialect='duckdb')} is a {found.kind}.", f"a {words}")
        return found


def text_value(value: str) -> Any:
    """Give a literal text, for the prover."""
    return z3.StringVal("".join(c if " " <= c <= "~" and c != "\\" else f"\\u{{{ord(c):x}}}" for c in value))
