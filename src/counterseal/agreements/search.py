"""Looking for a row: claims are cut into parts that share no unknown, and each part is solved once.

A row of forty fields is mostly independent questions. The parts are independent, so all claims can hold
together exactly when each part can; a part that was solved is not solved again. What a part may cost is counted
in the solver's steps and never in time, and each part is solved apart from every other: the same document gets the
same answer on every machine under every load, whatever was asked before.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import z3

if TYPE_CHECKING:
    from collections.abc import Sequence

STEPS = 200_000_000
"""What one part may cost, as the solver counts (``rlimit``): seven times the most that was measured."""
NICER_STEPS = 10_000_000
"""What the search for values that read well may cost beside it."""


class Claim(NamedTuple):
    """A claim that is no conjunction: its number, and the unknowns it speaks of."""

    term: Any
    number: int
    of: frozenset[int]


class Model:
    """A value for every unknown that a claim speaks of."""

    def __init__(self, values: Sequence[tuple[Any, Any]], search: Search) -> None:
        self.chosen = {unknown.get_id(): (unknown, value) for unknown, value in values}
        self.values = dict(self.chosen)
        self.search = search

    @cached_property
    def kept(self) -> list[tuple[int, Any]]:
        """That each unknown keeps its value, by the unknown's number: in one order, whatever was asked before."""
        chosen = sorted(self.chosen.items(), key=lambda one: str(one[1][0]))
        return [(name, unknown == value) for name, (unknown, value) in chosen]

    def eval(self, term: Any) -> Any:
        """Give a term's value, worked out once; an unknown that nothing asked for gets the simplest value."""
        if term.get_id() not in self.values:
            self.values[term.get_id()] = (term, self._worked_out(term))
        return self.values[term.get_id()][1]

    def _worked_out(self, term: Any) -> Any:
        here = [self.chosen[name] for name in self.search.of(term) if name in self.chosen]
        left = z3.simplify(z3.substitute(term, *here)) if here else z3.simplify(term)
        return left if not left.children() and not _is_unknown(left) else _solved(left)


def _is_unknown(term: Any) -> bool:
    return bool(z3.is_const(term)) and term.decl().kind() == z3.Z3_OP_UNINTERPRETED


def _solved(term: Any) -> Any:
    solver = z3.Solver()
    solver.check()
    return solver.model().eval(term, model_completion=True)


@dataclass
class Search:
    """The solver, with what it has found so far. ``steps`` is what one part may cost."""

    steps: int = STEPS
    unknowns: dict[int, frozenset[int]] = field(default_factory=dict)
    found: dict[tuple[int, ...], tuple[Any, list[tuple[Any, Any]]]] = field(default_factory=dict)
    kept: list[Any] = field(default_factory=list)
    terms: dict[int, Any] = field(default_factory=dict)
    apart: dict[int, list[Claim]] = field(default_factory=dict)

    def solve(
        self, claims: Sequence[Any], soft: Sequence[Any] = (), steps: int | None = None
    ) -> tuple[Any, Model | None]:
        """Give the answer to all claims together, and a model where there is one.

        ``soft`` are wishes: kept where that is possible within few steps, and never part of the answer. ``steps``
        is what one part may cost here, where that is not the search's own.
        """
        values: list[tuple[Any, Any]] = []
        answers = []
        for part in self.parts(claims):
            answer, held = self._part(part, soft, steps or self.steps)
            if answer == z3.unsat:
                return answer, None
            answers.append(answer)
            values += held
        if any(answer != z3.sat for answer in answers):
            return z3.unknown, None
        return z3.sat, Model(values, self)

    def near(self, claims: Sequence[Any], row: Model, turned: Any) -> Model | None:
        """Give a model of ``claims`` that is ``row`` but for what ``turned`` speaks of, or else for what that touches.

        Few unknowns are left to choose, so it is found, or is not, in a fraction of the steps. It fulfils the claims
        like any other: an unknown that keeps its value is one claim more. None says nothing about the claims.
        """
        own = self.of(turned)
        touched = own.union(*(claim.of for part in self.parts(claims) for claim in part if claim.of & own))
        for free in (own, touched):
            kept = [claim for name, claim in row.kept if name not in free]
            found = self.solve([*claims, *kept], steps=min(self.steps, NICER_STEPS))[1]
            if found is not None:
                return found
        return None

    def parts(self, claims: Sequence[Any]) -> list[list[Claim]]:
        """Cut the claims, conjunctions taken apart, into parts that share no unknown."""
        flat = [part for claim in claims for part in self._apart(claim)]
        owner: dict[int, int] = {}
        groups: dict[int, list[Claim]] = {}
        names: dict[int, set[int]] = {}
        for number, claim in enumerate(flat):
            mine = set(claim.of)
            group = [claim]
            for other in {owner[name] for name in mine if name in owner}:
                group = [*groups.pop(other), *group]
                mine |= names.pop(other)
            groups[number], names[number] = group, mine
            owner.update(dict.fromkeys(mine, number))
        return list(groups.values())

    def _apart(self, claim: Any) -> list[Claim]:
        """Take a conjunction apart, once."""
        key = claim.get_id()
        if key not in self.apart:
            self.kept.append(claim)  # or another might come to stand under its number
            if z3.is_and(claim):
                self.apart[key] = [part for child in claim.children() for part in self._apart(child)]
            else:
                self.apart[key] = [Claim(claim, key, self.of(claim))]
        return self.apart[key]

    def of(self, term: Any) -> frozenset[int]:
        """Give the unknowns of a term."""
        key = term.get_id()
        if key not in self.unknowns:
            self.kept.append(term)
            if _is_unknown(term):
                self.terms[key] = term
                self.unknowns[key] = frozenset({key})
            else:
                self.unknowns[key] = frozenset().union(*(self.of(child) for child in term.children()))
        return self.unknowns[key]

    def _part(self, part: list[Claim], soft: Sequence[Any], steps: int) -> tuple[Any, list[tuple[Any, Any]]]:
        key = (bool(soft), *sorted(claim.number for claim in part))
        if key not in self.found:
            names = frozenset().union(*(claim.of for claim in part))
            unknowns = [self.terms[name] for name in sorted(names)]
            wishes = [wish for wish in soft if self.of(wish) and self.of(wish) <= names]
            terms = [claim.term for claim in part]
            answer, values = _asked([*terms, *wishes], unknowns, NICER_STEPS) if wishes else (z3.unknown, [])
            if answer != z3.sat:
                answer, values = _asked(terms, unknowns, steps)
            self.found[key] = (answer, list(zip(unknowns, values, strict=False)))
        return self.found[key]


def _asked(claims: Sequence[Any], unknowns: Sequence[Any], steps: int) -> tuple[Any, list[Any]]:
    """Give the answer to the claims, and a value for each unknown where there is one, in a context of their own."""
    own = z3.Context()
    solver = z3.Solver(ctx=own)
    solver.set("rlimit", steps)
    solver.add(*(claim.translate(own) for claim in claims))
    answer = solver.check()
    if answer != z3.sat:
        return answer, []
    model = solver.model()
    found = [model.eval(unknown.translate(own), model_completion=True) for unknown in unknowns]
    return answer, [value.translate(unknown.ctx) for unknown, value in zip(unknowns, found, strict=True)]
