"""The nearest example to write for what no example of a rule tries, in the columns of the rule's own table.

Serves ``docs/design/proofs.md``, What the examples must do. The prover says whether anything can try it, and with
which values; a list or a measure over it is then its free choice, which no document can write. So rows are composed:
the rule's own examples with a cell or two changed, out of the values that the rule compares with and small lists of
them. The engine decides which of them is one; a row that it does not confirm is not given.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING

from sqlglot import exp

from counterseal.agreements.check import used_names
from counterseal.agreements.examples import WORDS, measure_examples
from counterseal.agreements.logic import ELEMENTS
from counterseal.agreements.model import IDENTITY_FACTS, Example, Type
from counterseal.core.outcome import Finding

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from counterseal.agreements.examples import Engine
    from counterseal.agreements.model import Agreement, Rule

Cells = tuple[tuple[str, str | None], ...]

MOST_ROWS = 4_000
"""How many composed rows the engine is asked about, at most, for one rule."""
MOST_BASES, MOST_ENTRIES, MOST_LENGTH = 8, 10, 50
NO_ENTRY, NOT_READABLE = ";", "?"
"""How a document writes a list without an entry, and a value that cannot be read as its type, or has no letter."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What no example shows: an outcome, or a difference of the two sides of the comparison number ``place``."""

    outcome: Finding | None = None
    place: int = 0
    side: tuple[int, ...] = ()

    def is_met(self, found: Finding, differences: Sequence[int | None]) -> bool:
        """Whether a row shows it that the rule finds ``found``, and whose comparisons differ so."""
        return found is self.outcome if self.outcome else differences[self.place] in self.side


def nearest(
    agreement: Agreement,
    rule: Rule,
    wanted: Sequence[Wanted],
    proved: Sequence[Cells],
    compared: Iterable[object],
    tree: exp.Expression,
    differences: Sequence[str],
    engine: Engine,
) -> list[tuple[Cells, Finding] | None]:
    """Give for each thing ``wanted`` the nearest row that shows it, with what the rule then finds.

    ``proved`` are the prover's rows, ``compared`` the values that the comparisons of the rule's examples have, and
    ``differences`` the compiled differences of their sides. The tables of ``agreement`` stand in ``engine``.
    """
    composed = _composed(agreement, rule, proved, compared, tree)
    compiler = measure_examples(alone(agreement, rule, {name for row in composed for name, _ in row}), [
        Example(cells, Finding.HOLDS, 0) for cells in composed
    ], engine)  # fmt: skip
    columns = ", ".join(["row", compiler.rule(rule), *differences])
    found = sorted(engine.rows(f"SELECT {columns} FROM measured"))  # compiled
    shown: list[tuple[Cells, Finding] | None] = []
    for want in wanted:
        met = (row for row in found if want.is_met(WORDS[row[1]], row[2:]))
        row = next(met, None)
        shown.append(None if row is None else (composed[row[0] - 1], WORDS[row[1]]))
    return shown


def alone(agreement: Agreement, rule: Rule, beside: Iterable[str] = ()) -> Agreement:
    """Give the agreement with this rule only, and of its measures those that the rule or ``beside`` needs."""
    own = replace(agreement, rules=(rule,))
    kept = used_names(own)[rule.id].union(beside)
    return replace(own, measures=tuple(measure for measure in own.measures if measure.name in kept))


def _composed(
    agreement: Agreement, rule: Rule, proved: Sequence[Cells], compared: Iterable[object], tree: exp.Expression
) -> list[Cells]:
    """Give rows to ask the engine about, the nearest to the rule's own examples first."""
    known = agreement.types() | IDENTITY_FACTS
    own = [example.given for example in sorted(rule.examples, key=lambda one: list(Finding).index(one.outcome))]
    bases = own[:MOST_BASES]
    if not bases:
        return list(dict.fromkeys(proved))
    values = Values(compared, _constants(agreement, tree))
    pools: dict[str, list[str | None]] = {}
    for name, _ in bases[0]:
        held = dict.fromkeys(cells[name] for row in [*own, *proved] if name in (cells := dict(row)))
        pools[name] = values.of(known[name], list(held))
    rows: list[tuple[float, Cells]] = []
    for rank, base in enumerate(bases):
        for changed in _changes(dict(base), pools):
            apart = sum(_apart(known[name], dict(base)[name], value) for name, value in changed.items())
            rows.append((10 * len(changed) + apart + rank / 10, tuple((dict(base) | changed).items())))
    rows.sort(key=lambda ranked: ranked[0])
    wider = [_widened(agreement, bases[0], row) for row in proved]
    last = list(dict.fromkeys([*wider, *proved]))
    return [*dict.fromkeys(cells for _, cells in rows[: MOST_ROWS - len(last)]), *last]


def _widened(agreement: Agreement, base: Cells, proved: Cells) -> Cells:
    """Give the rule's example with the fields and facts beside that the prover speaks of: the table gets wider."""
    stated = {item.name for item in agreement.fields} | {fact.name for fact in agreement.facts}
    beside = {name: cell for name, cell in proved if name in stated and name not in dict(base)}
    return tuple((dict(base) | beside).items())


def _changes(base: dict[str, str | None], pools: dict[str, list[str | None]]) -> Iterator[dict[str, str | None]]:
    for name, pool in pools.items():
        yield from ({name: value} for value in pool if value != base[name])
    pairs = (
        {one: first, other: second}
        for one, other in itertools.combinations(pools, 2)
        for first, second in itertools.product(pools[one], pools[other])
        if first != base[one] and second != base[other]
    )
    yield from itertools.islice(pairs, MOST_ROWS)


def _apart(kind: Type, before: str | None, after: str | None) -> float:
    """Give how far a cell was moved, from 0 to 9: near to 0 where the two differ by little."""
    if NOT_READABLE in {before, after} or before is None or after is None:
        return 9 if after is not None else 5
    if kind in ELEMENTS:
        one, other = before.split(";"), after.split(";")
        return min(8.0, len(set(one) ^ set(other)) / 2 + abs(len(one) - len(other)))
    if kind is Type.NUMBER and before.isdecimal() and after.isdecimal():
        return 8 * (1 - 1 / (1 + abs(int(before) - int(after))))
    return 4


def _constants(agreement: Agreement, tree: exp.Expression) -> list[str]:
    """Give the texts that a rule compares with: its literals and the entries of its schedules."""
    schedules = {schedule.name: schedule.values for schedule in agreement.schedules}
    named = [column.name for column in tree.find_all(exp.Column) if column.name in schedules]
    texts = [str(node.this) for node in tree.find_all(exp.Literal) if node.is_string]
    return list(dict.fromkeys([*texts, *(value for name in named for value in schedules[name])]))


class Values:
    """What a cell may be changed to."""

    def __init__(self, compared: Iterable[object], constants: Sequence[str]) -> None:
        near = {value for at in compared if type(at) is int for value in (at - 1, at, at + 1)}
        self.numbers = sorted(value for value in near if value >= 0)
        self.dates = sorted({day for at in compared if isinstance(at, date) for day in _days(at)})
        self.constants = constants

    def of(self, kind: Type, held: Sequence[str | None]) -> list[str | None]:
        """Give the values for a column of this type, whose examples have ``held``."""
        cells = [cell for cell in held if cell is not None]
        if kind is Type.YES_NO:
            found = ["yes", "no"]
        elif kind is Type.NUMBER:
            found = [*cells, *map(str, self.numbers), "0", "1"]
        elif kind is Type.DATE:
            read = [date.fromisoformat(cell) for cell in cells if _is_day(cell)]
            found = [*cells, *(day.isoformat() for at in [*read, *self.dates] for day in _days(at))]
        elif kind in ELEMENTS:
            found = [*cells, *self._lists(kind, cells)]
        else:
            found = [*cells, *self.constants]
        return list(dict.fromkeys([*found, NOT_READABLE, None]))

    def _lists(self, kind: Type, cells: Sequence[str]) -> Iterator[str]:
        """Give small lists: none, one or two entries, and as many as a comparison counts to."""
        entries = [entry.strip() for cell in cells for entry in cell.split(";") if entry.strip()]
        if kind is Type.YEARS:
            entries = [entry for entry in entries if entry.isdecimal()]
            entries += [f"{number:04}" for number in self.numbers if number > MOST_LENGTH]
        else:
            entries += self.constants
        pool = list(dict.fromkeys(entries))
        yield NO_ENTRY
        yield from pool
        yield from (";".join(pair) for pair in itertools.combinations(pool[:MOST_ENTRIES], 2))
        for length in (number for number in self.numbers if 0 < number <= MOST_LENGTH):
            more = [f"{pool[-1] if pool else 'X'}-{number}" for number in range(2, length + 2)]
            yield ";".join([*pool, *(more if kind is Type.TEXTS else pool[:1] * length)][:length])


def _days(day: date) -> list[date]:
    return [day + timedelta(days=by) for by in (-1, 0, 1) if date.min < day < date.max]


def _is_day(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
