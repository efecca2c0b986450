"""What could go wrong with the examples: a rule is changed and every example still agrees."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
import z3

from counterseal.agreements import Agreement, load_agreement, reference_tables
from counterseal.agreements.compile import Compiler
from counterseal.agreements.examples import run_examples
from counterseal.agreements.prove import Prover, Verdict
from counterseal.core.outcome import Finding
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import bring

from .conftest import SHIPPED
from .mutants import Mutant, mutants, settings

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")

WORDS = {True: Finding.HOLDS, False: Finding.FAILS, None: Finding.UNKNOWN}


def survivors(agreement: Agreement, found: Sequence[Mutant], engine: DuckEngine) -> set[str]:
    """Give the names of the mutants of rules that no example of the changed rule tells from the document."""
    cases = run_examples(agreement, engine)
    left = set()
    for rule in agreement.expressed_rules:
        own = [m for m in found if m.rule == rule.id]
        said = {row: case.example.outcome for row, case in enumerate(cases, start=1) if case.rule.id == rule.id}
        changed = [next(r for r in m.agreement.rules if r.id == rule.id) for m in own]
        compiled = [Compiler(m.agreement, None).rule(r) for m, r in zip(own, changed, strict=True)]
        if not own:
            continue
        rows = engine.rows(f"SELECT row, {', '.join(compiled)} FROM measured")  # compiled
        for place, mutant in enumerate(own, start=1):
            if all(WORDS[row[place]] is said[row[0]] for row in rows if row[0] in said):
                left.add(mutant.name)
    return left


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_rule_is_dropped_and_no_example_notices(folder: Path, engine: DuckEngine):
    agreement = load_agreement(folder)
    dropped = [mutant for mutant in mutants(agreement) if mutant.name.endswith(" dropped")]
    assert {mutant.rule for mutant in dropped} == {rule.id for rule in agreement.expressed_rules}
    assert survivors(agreement, dropped, engine) == set()


def test_a_change_that_no_example_notices_is_named(engine: DuckEngine):
    """The measure itself: an agreement that is not changed is caught by nothing."""
    agreement = load_agreement(SHIPPED[0])
    found = [mutant for mutant in mutants(agreement) if mutant.rule == agreement.expressed_rules[0].id]
    unchanged = [Mutant("nothing changed", found[0].rule, agreement)]
    assert survivors(agreement, unchanged, engine) == {"nothing changed"}


def untold(found: Sequence[Mutant], engine: DuckEngine) -> set[str]:
    """Give the names of the mutants that no example and no promise of the document tells."""
    return {
        one.name
        for one in found
        if all(case.agrees for case in run_examples(one.agreement, engine)) and all_promises_hold(one.agreement)
    }


def all_promises_hold(agreement: Agreement) -> bool:
    prover = Prover(agreement)
    for promise in agreement.promises:
        broken = z3.Not(prover.reading.expression(promise.sql_line, promise.sql).holds)
        found = prover.never(promise.name, promise.text, promise.line, prover.admitted(), broken)
        if found.verdict is not Verdict.PROVED:
            return False
    return True


def test_a_list_or_a_bound_that_changes_unseen(engine: DuckEngine):
    """A sample for every day: the parameters, and one list, of one agreement; all of all are in the long run."""
    agreement = load_agreement(next(path for path in SHIPPED if path.name == "irs-6103-m-2"))
    names = ("claim_authorities", "agents_are_judged", "least_claim_dollars")
    found = [one for one in settings(agreement) if one.name.startswith(names)]
    assert len(found) == 7
    assert untold(found, engine) == set()


@pytest.mark.long
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_schedule_or_a_parameter_that_changes_unseen(
    folder: Path, engine: DuckEngine, capsys: pytest.CaptureFixture[str]
):
    """Prints how many changes of schedules and parameters are told, by examples or by promises, and names the rest."""
    agreement = load_agreement(folder)
    bring(engine, reference_tables(agreement))
    found = list(settings(agreement))
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get(f"{folder.name}-settings", {})
    left = untold(found, engine)
    with capsys.disabled():
        told = len(found) - len(left)
        print(f"\n{folder.name}: {told} of {len(found) - len(listed)} settings told, {len(listed)} listed")  # noqa: T201
        for name in sorted(left - set(listed)):
            print(f"    survives: {name}")  # noqa: T201
    assert left == set(listed)


@pytest.mark.thorough
@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_the_score_of_the_examples(folder: Path, engine: DuckEngine, capsys: pytest.CaptureFixture[str]):
    """Prints how many changes of rules the examples catch, and names each that they do not."""
    agreement = load_agreement(folder)
    found = list(mutants(agreement))
    listed = tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get(folder.name, {})
    left = survivors(agreement, found, engine)
    same = {name for name in left if re.sub(r" #[0-9]+", "", name) in listed}
    counted, holes = len(found) - len(same), left - same
    with capsys.disabled():
        caught = counted - len(holes)
        print(f"\n{folder.name}: {caught} of {counted} caught by examples alone, {len(same)} equivalent")  # noqa: T201
        for name in sorted(holes):
            print(f"    survives: {name}")  # noqa: T201
    assert len(same) == len(listed), "a change that is listed as equivalent is caught, or is no more"
    assert holes == set()
