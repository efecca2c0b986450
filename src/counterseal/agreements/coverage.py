"""What the examples of a document leave untried: an outcome of a rule, or a side of a boundary.

Serves ``docs/law/language.md``, Examples. A rule is tried when it holds, fails and is unknown in some
example, and when each comparison of numbers or dates in it is tried on the boundary and on the nearest
value beyond it. What the prover shows can never be is not asked for, and is named with that reason.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import z3
from sqlglot import exp

from counterseal.agreements.compile import Compiler, quote
from counterseal.agreements.document import EMPTY
from counterseal.agreements.expression import RULE_FUNCTIONS, names, parse
from counterseal.agreements.logic import ELEMENTS, Reading, Space, Term, days, text_value
from counterseal.agreements.model import IDENTITY_FACTS, Type
from counterseal.agreements.nearest import Wanted, nearest
from counterseal.agreements.search import Search
from counterseal.agreements.witness import shown, value_of
from counterseal.core.outcome import Finding
from counterseal.core.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterseal.agreements.examples import Engine, ExampleFinding
    from counterseal.agreements.model import Agreement, Rule
    from counterseal.agreements.nearest import Cells

SIDES: dict[type[exp.Expression], tuple[tuple[int, ...], ...]] = {
    exp.LT: ((-1,), (0,)), exp.GTE: ((-1,), (0,)), exp.LTE: ((0,), (1,)), exp.GT: ((0,), (1,)),
    exp.EQ: ((0,), (1, -1)), exp.NEQ: ((0,), (1, -1)),
}  # fmt: skip
"""For each comparison the differences, left less right, that examples must show: one of each group. Numbers
are whole and dates are days, so that nothing lies between the two sides."""
WHERE = {(0,): "at the boundary", (1,): "one above it", (-1,): "one below it", (1, -1): "next to it"}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something that no example of ``rule`` tries.

    ``nearest`` is an example that would: names with their cells, None where empty, and ``outcome`` what the engine
    then finds; both empty where none was found. ``impossible`` says that the prover shows that nothing can try it:
    then it is no gap to mend. It is ``None`` where the prover cannot tell.
    """

    rule: Rule
    what: str
    nearest: Cells
    outcome: Finding | None
    impossible: bool | None

    @property
    def is_missing(self) -> bool:
        """Whether an example is to be written."""
        return not self.impossible

    @property
    def table(self) -> tuple[str, str] | None:
        """The header and the row to write, as the document takes them: the rule's own columns where they suffice."""
        if self.outcome is None:
            return None
        cells = [EMPTY if cell is None else cell.replace("|", "\\|") for _, cell in self.nearest]
        header = [name for name, _ in self.nearest]
        return _line([*header, "outcome"]), _line([*cells, self.outcome])


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


@dataclass(frozen=True, slots=True)
class Boundary:
    """A comparison of numbers or dates in a rule."""

    words: str
    left: exp.Expression
    right: exp.Expression
    sides: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class _Untried:
    """What is missing, and what the prover makes of it: its row, or that there can be none."""

    what: str
    wanted: Wanted
    proved: Cells
    answer: Any


@dataclass
class _Asked:
    """One rule before the prover: its term, and what its examples are to the engine."""

    reading: Reading
    rule: Rule
    term: Term
    search: Search
    base: dict[str, Any]

    def untried(self, what: str, wanted: Wanted, names: set[str], *claims: Any) -> _Untried:
        """Ask whether anything can fulfil ``claims``; if so, give a row near to an example that holds.

        As near as can be: one of ``names`` is changed, or else all of them, or else whatever must be.
        """
        answer, model = self._solve(claims)
        if model is None:
            return _Untried(what, wanted, (), answer)
        for free in [*([name] for name in self.base if name in names), names]:
            kept = [self._same(name, value) for name, value in self.base.items() if not self._follows(name, free)]
            nearer = self._solve([*claims, *kept])[1]
            if nearer is not None:
                model = nearer
                break
        row = tuple((name, shown(value_of(self.reading, model, self.reading.name(name)))) for name in self.base)
        return _Untried(what, wanted, row, answer)

    def _solve(self, claims: Sequence[Any]) -> tuple[Any, Any]:
        return self.search.solve([*self.reading.space.facts(), *claims], self.reading.space.soft)

    def _follows(self, name: str, free: Iterable[str]) -> bool:
        """Whether a name is one of ``free``, or the same cell as it was received."""
        return name.removesuffix("_as_received") in {one.removesuffix("_as_received") for one in free}

    def _same(self, name: str, value: Any) -> Any:
        term = self.reading.name(name)
        if value is None:
            return term.null
        if term.kind in ELEMENTS:
            return z3.Not(term.null)
        if isinstance(value, date):
            value = days(value)
        return z3.And(z3.Not(term.null), term.value == (text_value(value) if term.kind is Type.TEXT else value))


def gaps(agreement: Agreement, findings: Sequence[ExampleFinding], engine: Engine) -> Iterator[Gap]:
    """Give what no example tries, rule after rule, and what can never be tried.

    ``findings`` are those of ``run_examples``; its tables stand in ``engine``, and are replaced. Raises
    CountersealError ``agreement`` for an expression that has no meaning.
    """
    reading, search = Reading(agreement, Space()), Search()
    reading.types |= IDENTITY_FACTS
    compiler = Compiler(agreement, None)
    engine.run([Step("tried", "SELECT * FROM measured", "The examples, measured once")])
    for rule in agreement.expressed_rules:
        own = [row for row, finding in enumerate(findings, start=1) if finding.rule is rule]
        tree = parse(reading.reader, rule.sql_line, rule.sql)
        term = reading.expression(rule.sql_line, rule.sql)
        asked = _Asked(reading, rule, term, search, _base(reading, rule, findings, tree, engine))
        outcomes = {finding.found for finding in findings if finding.rule is rule}
        boundaries = list(_boundaries(reading, tree))
        sides = [_sides(compiler, rule, boundary) for boundary in boundaries]
        tried = _tried(sides, own, engine)
        untried = [*_outcomes(asked, outcomes)]
        for place, (boundary, seen) in enumerate(zip(boundaries, tried, strict=True)):
            untried += _differences(asked, place, boundary, {left - right for left, right in seen})
        possible = [one for one in untried if one.answer != z3.unsat]
        found = iter(_nearest(agreement, rule, possible, tried, tree, sides, engine) if possible else ())
        for one in untried:
            row, outcome = (None, None) if one.answer == z3.unsat else next(found) or (None, None)
            impossible = True if one.answer == z3.unsat else None if one.answer != z3.sat and row is None else False
            yield Gap(rule, one.what, row or (), outcome, impossible)


def _nearest(
    agreement: Agreement,
    rule: Rule,
    possible: Sequence[_Untried],
    tried: Sequence[set[tuple[Any, Any]]],
    tree: exp.Expression,
    sides: Sequence[tuple[str, str]],
    engine: Engine,
) -> list[tuple[Cells, Finding] | None]:
    compared = {side for seen in tried for pair in seen for side in pair}
    differences = [f"({left}) - ({right})" for left, right in sides]
    proved = [one.proved for one in possible if one.proved]
    return nearest(agreement, rule, [one.wanted for one in possible], proved, compared, tree, differences, engine)


def _base(
    reading: Reading, rule: Rule, findings: Sequence[ExampleFinding], tree: exp.Expression, engine: Engine
) -> dict[str, Any]:
    """Give the values that a rule reads in its first example that holds."""
    known = reading.agreement.types() | IDENTITY_FACTS
    read = [name for name in known if name in names(tree) and name not in reading.parameters]
    number = next((n for n, f in enumerate(findings, start=1) if f.rule is rule and f.found is Finding.HOLDS), None)
    if number is None or not read:
        return dict.fromkeys(read)
    columns = ", ".join(map(quote, read))
    held = engine.rows(f"SELECT {columns} FROM tried WHERE row = {number}")[0]  # names of the document
    typed = dict(zip(read, held, strict=True))
    return {name: _of_type(known[name], value) for name, value in typed.items()}


def _of_type(kind: Type, value: Any) -> Any:
    """Give a value that the engine holds as text (a fact of identity) as what it says."""
    if isinstance(value, str) and kind is Type.YES_NO:
        return value == "yes"
    return int(value) if isinstance(value, str) and kind is Type.NUMBER else value


def _outcomes(asked: _Asked, found: set[Finding]) -> Iterator[_Untried]:
    term = asked.term
    claims = {
        Finding.HOLDS: term.holds,
        Finding.FAILS: z3.And(z3.Not(term.null), z3.Not(term.value)),
        Finding.UNKNOWN: term.null,
    }
    for finding, claim in claims.items():
        if finding not in found:
            what = f"no example in which it {_verb(finding)}"
            yield asked.untried(what, Wanted(finding), set(asked.base), claim)


def _verb(finding: Finding) -> str:
    return "is unknown" if finding is Finding.UNKNOWN else str(finding.value)


# -- boundaries -----------------------------------------------------------------------------------------------


def _boundaries(reading: Reading, tree: exp.Expression) -> Iterator[Boundary]:
    seen = set()
    for node in tree.walk():
        if isinstance(node, exp.Between):
            low, high = node.args["low"], node.args["high"]
            pairs: list[Any] = [exp.GTE(this=node.this, expression=low), exp.LTE(this=node.this, expression=high)]
        else:
            pairs = [node] if isinstance(node, tuple(SIDES)) else []
        for pair in pairs:
            left, right, words = pair.this.copy(), pair.expression.copy(), pair.sql("duckdb")
            kinds = {reading.term(left).kind, reading.term(right).kind}
            if words not in seen and kinds <= {Type.NUMBER, Type.DATE}:
                seen.add(words)
                yield Boundary(words, left, right, SIDES[type(pair)])


def _tried(sides: Sequence[tuple[str, str]], rows: Sequence[int], engine: Engine) -> list[set[tuple[Any, Any]]]:
    """Give for each boundary the two sides, where both are known, that the rule's examples show."""
    if not sides or not rows:
        return [set() for _ in sides]
    columns = ", ".join(side for pair in sides for side in pair)
    inside = ", ".join(map(str, rows))
    found = engine.rows(f"SELECT {columns} FROM tried WHERE row IN ({inside})")  # compiled
    pairs = [list(zip(row[::2], row[1::2], strict=True)) for row in found]
    return [{row[at] for row in pairs if None not in row[at]} for at in range(len(sides))]


def _sides(compiler: Compiler, rule: Rule, boundary: Boundary) -> tuple[str, str]:
    left, right = (
        compiler.sql(rule.sql_line, side.sql("duckdb"), RULE_FUNCTIONS, known=compiler.rule_names(rule))
        for side in (boundary.left, boundary.right)
    )
    return left, right


def _differences(asked: _Asked, place: int, boundary: Boundary, seen: set[Any]) -> Iterator[_Untried]:
    left, right = asked.reading.term(boundary.left), asked.reading.term(boundary.right)
    known = z3.And(z3.Not(left.null), z3.Not(right.null))
    free = names(boundary.left) | names(boundary.right)
    seen = {by.days if isinstance(by, timedelta) else by for by in seen}
    for side in boundary.sides:
        if not seen & set(side):
            words = f"{boundary.words}: no example {WHERE[side]}"
            claim = z3.And(known, z3.Or(*(left.value - right.value == by for by in side)))
            yield asked.untried(words, Wanted(place=place, side=side), free, claim)
