"""Proofs: what is true of every row that an agreement admits, whatever the row.

Serves ``docs/law/language.md``, Promises. A row is admitted when every screened rule is TRUE of it. Facts
of the request are any facts; parameters are those of the document. The logic is SQL's own, so what is
proved is proved of unknown values too. What is not decided within the solver's steps is never called proved.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import z3

from counterseal.agreements.logic import Reading, Space, Term
from counterseal.agreements.model import Kind
from counterseal.agreements.search import Model, Search
from counterseal.agreements.witness import Rows, Witness, is_exact, replay, shown, value_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from counterseal.agreements.model import Agreement, Measure, Rule


class Verdict(StrEnum):
    """What became of a claim."""

    PROVED = "proved"
    REFUTED = "refuted"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Proof:
    """One claim about an agreement. ``witness`` is the row that refutes it, or that shows that it can be."""

    name: str
    claim: str
    line: int
    verdict: Verdict
    seconds: float
    witness: Witness | None


class Prover:
    """One agreement, its rules translated once, ready for claims."""

    def __init__(
        self, agreement: Agreement, engine: Rows | None = None, space: Space | None = None, search: Search | None = None
    ) -> None:
        self.agreement = agreement
        self.engine = engine
        self.reading = Reading(agreement, space or Space())
        self.search = search or Search()
        self.rules: dict[str, Term] = {
            rule.id: self.reading.expression(rule.sql_line, rule.sql) for rule in agreement.screened_rules
        }
        self.holding = {rule: term.holds for rule, term in self.rules.items()}

    def admitted(self, *, but: str = "") -> Any:
        """Say that every rule holds, ``but`` one."""
        return z3.And([holds for rule, holds in self.holding.items() if rule != but])

    @cached_property
    def _row(self) -> Model | None:
        """A row that is admitted."""
        return self.find(self.admitted())[1]

    def find(self, *claims: Any, well: bool = False) -> tuple[Any, Model | None]:
        """Give the solver's answer to all claims together, and a model where there is one, to be read ``well``."""
        space = self.reading.space
        return self.search.solve([*space.facts(), *claims], space.soft if well else [])

    def witness(self, model: Any, names: Sequence[str]) -> Witness:
        """Give the model in the document's words, held against the engine."""
        given = tuple((name, shown(value_of(self.reading, model, self.reading.name(name)))) for name in names)
        claims = [(rule.sql_line, rule.sql, self.rules[rule.id]) for rule in self.agreement.screened_rules]
        return Witness(given, replay(self.reading, model, claims, self.engine) if self.engine else None)

    def inputs(self, model: Any) -> list[str]:
        """Give the names whose values decide: fields and facts that are known, and opaque measures."""
        open_names = [*self.reading.fields, *(fact.name for fact in self.agreement.facts)]
        chosen = [name for name in open_names if name in self.reading.named]
        chosen += [m.name for m in self.agreement.measures if m.name in self.reading.named and self._is_chosen(m)]
        return [n for n in chosen if value_of(self.reading, model, self.reading.name(n)) is not None]

    def _is_chosen(self, measure: Measure) -> bool:
        """Whether a measure's value is the prover's choice and not computed from the row."""
        if measure.kind is not Kind.ROW:
            return True
        return not is_exact(self.reading, measure.sql_line, measure.sql)

    def never(self, name: str, claim: str, line: int, *claims: Any, turns_on: Sequence[str] = ()) -> Proof:
        """Prove that no row fulfils ``claims``; a row that does refutes it."""
        began = time.perf_counter()
        answer, model = self.find(*claims, well=True)
        verdict = _verdict(answer, wanted=z3.unsat)
        seconds = time.perf_counter() - began
        return Proof(name, claim, line, verdict, seconds, self._seen(model, turns_on))

    def once(
        self, name: str, claim: str, line: int, *claims: Any, turns_on: Sequence[str] = (), turned: Any = None
    ) -> Proof:
        """Prove that some row fulfils ``claims``, and show it: one that is admitted but for ``turned``, if there is."""
        began = time.perf_counter()
        row = None if turned is None else self._row
        model = row and self.search.near([*self.reading.space.facts(), *claims], row, turned)
        answer, model = (z3.sat, model) if model else self.find(*claims)
        verdict = _verdict(answer, wanted=z3.sat)
        return Proof(name, claim, line, verdict, time.perf_counter() - began, self._seen(model, turns_on))

    def _seen(self, model: Any, turns_on: Sequence[str]) -> Witness | None:
        if model is None:
            return None
        return self.witness(model, list(dict.fromkeys([*turns_on, *self.inputs(model)])))

    def rule(self, rule: Rule) -> Proof:
        """Prove that a rule decides of itself; or, where it says so, that the others imply it."""
        claims = (self.admitted(but=rule.id), z3.Not(self.rules[rule.id].holds))
        if rule.implied:
            return self.never(
                f"{rule.id} implied", f"{rule.id} is implied by the other rules, as it says", rule.line, *claims
            )
        return self.once(
            f"{rule.id} decides", f"there is a row that {rule.id} alone keeps from being admitted", rule.line, *claims,
            turned=claims[1],
        )  # fmt: skip


def _verdict(answer: Any, *, wanted: Any) -> Verdict:
    if answer == z3.unknown:
        return Verdict.UNDECIDED
    return Verdict.PROVED if answer == wanted else Verdict.REFUTED


def prove(agreement: Agreement, engine: Rows | None = None) -> Iterator[Proof]:
    """Prove every built-in promise and every promise of the document, one after another.

    ``engine`` replays what the prover found. Raises CountersealError ``agreement`` where an expression has
    no meaning.
    """
    prover = Prover(agreement, engine)
    promised = [(p, prover.reading.expression(p.sql_line, p.sql)) for p in agreement.promises]
    yield prover.once("admission", "some row is admitted", 1, prover.admitted())
    for item in agreement.fields:
        if not item.may_be_empty:
            empty = prover.reading.name(item.name).null
            claim = f"nothing is admitted while {item.name} is empty or unreadable"
            yield prover.never(
                f"{item.name} required", claim, item.line, prover.admitted(), empty, turns_on=[item.name]
            )
    for rule in agreement.screened_rules:
        yield prover.rule(rule)
    for promise, term in promised:
        broken = z3.Not(term.holds)
        yield prover.never(promise.name, promise.text or promise.name, promise.line, prover.admitted(), broken)
