"""Two versions of an agreement compared: what changed in words, and whom the change lets in, as a row.

Whether a rule became wider is proved, not read off its text. A change that admits a row which the earlier
version kept back is a loosening, and is shown with such a row.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

import z3

from counterseal.agreements.logic import Space
from counterseal.agreements.prove import Prover
from counterseal.agreements.search import Search
from counterseal.agreements.witness import Rows, Witness

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from counterseal.agreements.model import Agreement, Rule

FRONT = (
    "title",
    "version",
    "in_force",
    "status",
    "authority",
    "accounting",
    "custodian",
    "requester",
    "requester_title",
)


class Direction(StrEnum):
    """What a change does to the rows that are admitted."""

    LOOSENED = "loosened"
    TIGHTENED = "tightened"
    BOTH = "loosened and tightened"
    UNDECIDED = "undecided"
    NONE = "admits the same"
    READ = "told with the rules that read it"


@dataclass(frozen=True, slots=True)
class Change:
    """One change: where, in words, what it does to admission, and a row that is now admitted or now kept back."""

    part: str
    words: str
    direction: Direction
    admitted: Witness | None = None
    kept_back: Witness | None = None


def compare(a: Agreement, b: Agreement, engine: Rows | None = None) -> Iterator[Change]:
    """Give every change from ``a`` to ``b``: the whole first, then part by part, in the document's order.

    ``engine`` replays every row. Raises CountersealError ``agreement`` for an expression without meaning.
    """
    both = _Both(a, b, engine)
    yield both.whole()
    for name in FRONT:
        if getattr(a, name) != getattr(b, name):
            yield _plain("front matter", f"{name}: {getattr(a, name)} became {getattr(b, name)}")
    yield from _items("fields", _fields(a), _fields(b))
    yield from _items(
        "request",
        {f.name: f"{f.type}, {f.source}" for f in a.facts},
        {f.name: f"{f.type}, {f.source}" for f in b.facts},
    )
    yield from _items("parameters", _parameters(a), _parameters(b))
    yield from _items("schedules", _schedules(a), _schedules(b))
    yield from _items("data", _tables(a), _tables(b))
    yield from _items("measures", {m.name: _measure(m) for m in a.measures}, {m.name: _measure(m) for m in b.measures})
    yield from both.rules()
    yield from _items("promises", {p.name: p.sql for p in a.promises}, {p.name: p.sql for p in b.promises})
    yield from _items("duties", {d.id: _duty(d) for d in a.duties}, {d.id: _duty(d) for d in b.duties})


def _plain(part: str, words: str) -> Change:
    return Change(part, words, Direction.NONE)


def _items(part: str, a: Mapping[str, str], b: Mapping[str, str]) -> Iterable[Change]:
    direction = Direction.NONE if part in {"promises", "duties"} else Direction.READ
    for name in dict.fromkeys([*a, *b]):
        if name not in b:
            yield Change(part, f"{name} is gone ({a[name]})", direction)
        elif name not in a:
            yield Change(part, f"{name} is new ({b[name]})", direction)
        elif a[name] != b[name]:
            yield Change(part, f"{name}: {a[name]} became {b[name]}", direction)


def _fields(agreement: Agreement) -> dict[str, str]:
    return {f.name: f"{f.type}, {'may' if f.may_be_empty else 'may not'} be empty" for f in agreement.fields}


def _parameters(agreement: Agreement) -> dict[str, str]:
    return {p.name: f"{p.value}, settled by: {p.settled_by}" for p in agreement.parameters}


def _schedules(agreement: Agreement) -> dict[str, str]:
    return {f"{s.name}: {value}": "listed" for s in agreement.schedules for value in s.values}


def _tables(agreement: Agreement) -> dict[str, str]:
    return {f"{path.stem}: {row}": "listed" for path in agreement.tables for row in _rows(path)}


def _rows(path: Path) -> list[str]:
    with path.open(encoding="utf-8", newline="") as lines:
        return [", ".join(row) for row in csv.reader(lines)][1:]


def _measure(measure: Any) -> str:
    return " ".join(
        f"{measure.kind} {measure.type} {measure.table} {measure.key} {measure.gives} {measure.sql}".split()
    )


def _duty(duty: Any) -> str:
    return f"{duty.what}; {duty.cites}; {duty.who}; {duty.clock} from {duty.starts}"


class _Both:
    def __init__(self, a: Agreement, b: Agreement, engine: Rows | None) -> None:
        space, search = Space(), Search()
        self.a, self.b = Prover(a, engine, space, search), Prover(b, engine, space, search)

    def whole(self) -> Change:
        direction, let_in, kept_back = self._between(
            [self.b.admitted(), z3.Not(self.a.admitted())], [self.a.admitted(), z3.Not(self.b.admitted())]
        )
        words = {
            Direction.NONE: "both versions admit exactly the same rows",
            Direction.LOOSENED: "the later version admits rows that the earlier kept back",
            Direction.TIGHTENED: "the later version admits nothing that the earlier kept back, and keeps back more",
            Direction.BOTH: "the later version admits rows that the earlier kept back, and keeps back others",
            Direction.UNDECIDED: "whether both admit the same could not be decided",
        }[direction]
        return Change("whole", words + self._otherwise(), direction, let_in, kept_back)

    def _otherwise(self) -> str:
        """Name the measures that are made otherwise and that the prover does not compute."""
        shared = [m.name for m in self.b.agreement.measures if m.name in self.a.reading.measured]
        opaque = self.a.reading.opaque | self.b.reading.opaque
        made = [n for n in shared if n in opaque and self.a.reading.identity(n) != self.b.reading.identity(n)]
        return f" (taken as unrelated, because they are made otherwise: {', '.join(made)})" if made else ""

    def _between(self, wider: list[Any], narrower: list[Any]) -> tuple[Direction, Witness | None, Witness | None]:
        more, let_in = self._row(wider)
        less, kept_back = self._row(narrower)
        if z3.unknown in (more, less):
            return Direction.UNDECIDED, let_in, kept_back
        found = {
            (True, True): Direction.BOTH,
            (True, False): Direction.LOOSENED,
            (False, True): Direction.TIGHTENED,
            (False, False): Direction.NONE,
        }[more == z3.sat, less == z3.sat]
        return found, let_in, kept_back

    def _row(self, claims: list[Any]) -> tuple[Any, Witness | None]:
        answer, model = self.b.find(*claims, well=True)
        if model is None:
            return answer, None
        names = list(dict.fromkeys([*self.b.inputs(model), *self.a.inputs(model)]))
        known = [name for name in names if name in self.b.reading.types]
        before, after = self.a.witness(model, []), self.b.witness(model, known)
        agree = None if after.replayed is None else bool(before.replayed and after.replayed)
        return answer, Witness(after.given, agree)

    def rules(self) -> Iterator[Change]:
        a = {rule.id: rule for rule in self.a.agreement.rules}
        b = {rule.id: rule for rule in self.b.agreement.rules}
        for name in dict.fromkeys([*a, *b]):
            if name not in b:
                yield self._gone(a[name])
            elif name not in a:
                yield self._new(b[name])
            else:
                yield from self._words(a[name], b[name])
                if a[name].sql and (a[name].is_screened or b[name].is_screened):
                    yield from self._meaning(a[name], b[name])

    def _gone(self, rule: Rule) -> Change:
        words = f"{rule.id} ({rule.title}) is gone"
        if not rule.is_screened:
            return _plain("rules", words)
        answer, row = self._row([self.b.admitted(), z3.Not(self.a.rules[rule.id].holds)])
        if answer == z3.unsat:
            return _plain("rules", f"{words}; other rules keep back what it kept back")
        return Change("rules", words, Direction.LOOSENED if row else Direction.UNDECIDED, row)

    def _new(self, rule: Rule) -> Change:
        words = f"{rule.id} ({rule.title}) is new"
        if not rule.is_screened:
            return _plain("rules", words)
        answer, row = self._row([self.a.admitted(), z3.Not(self.b.rules[rule.id].holds)])
        if answer == z3.unsat:
            return _plain("rules", f"{words}; it keeps back nothing that was admitted")
        return Change("rules", words, Direction.TIGHTENED if row else Direction.UNDECIDED, None, row)

    def _words(self, a: Rule, b: Rule) -> Iterator[Change]:
        for what in (
            "title",
            "cites",
            "phase",
            "answer",
            "unknown",
            "cure_offered",
            "implied",
            "kept_by",
            "text",
            "says",
        ):
            if getattr(a, what) != getattr(b, what):
                yield _plain("rules", f"{a.id}, {what.replace('_', ' ')}: {getattr(a, what)} became {getattr(b, what)}")
        if a.sql != b.sql and not (a.is_screened and b.is_screened):
            yield _plain("rules", f"{a.id}: {a.sql} became {b.sql}")

    def _meaning(self, a: Rule, b: Rule) -> Iterator[Change]:
        if not (a.is_screened and b.is_screened):
            return
        before, after = self.a.rules[a.id].holds, self.b.rules[b.id].holds
        if z3.eq(before, after) and a.sql == b.sql:
            return
        text = (
            f": {' '.join(a.sql.split())} became {' '.join(b.sql.split())}" if a.sql != b.sql else ", by what it reads"
        )
        alone, _, _ = self._between([after, z3.Not(before)], [before, z3.Not(after)])
        direction, let_in, kept_back = self._between(
            [self.b.admitted(), z3.Not(before)], [self.a.admitted(), z3.Not(after)]
        )
        if alone is Direction.NONE and a.sql != b.sql:
            yield _plain("rules", f"{a.id}{text}; the words differ, the meaning does not")
        elif alone is not Direction.NONE:
            besides = "; other rules hold the difference" if direction is Direction.NONE else ""
            yield Change("rules", f"{a.id} ({b.title}){text}{besides}", direction, let_in, kept_back)
