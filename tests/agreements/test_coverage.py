"""What no example tries: an outcome or a side of a boundary that is missing, and is not named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from counterseal.agreements import Agreement, load_agreement, reference_tables
from counterseal.agreements.coverage import gaps
from counterseal.agreements.examples import run_examples
from counterseal.agreements.model import Rule
from counterseal.core.outcome import Finding
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import bring

from .conftest import SHIPPED


def untried(agreement: Agreement, engine: DuckEngine) -> list[tuple[str, str]]:
    bring(engine, reference_tables(agreement))
    found = run_examples(agreement, engine)
    return [(gap.rule.id, gap.what) for gap in gaps(agreement, found, engine) if gap.is_missing]


def without(agreement: Agreement, rule: Rule, outcome: Finding) -> Agreement:
    kept = replace(rule, examples=tuple(one for one in rule.examples if one.outcome is not outcome))
    return replace(agreement, rules=tuple(kept if one is rule else one for one in agreement.rules))


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_rule_that_no_example_tries_whole(folder: Path, engine: DuckEngine):
    assert untried(load_agreement(folder), engine) == []


@pytest.mark.parametrize("outcome", list(Finding))
def test_an_outcome_without_an_example_that_is_not_named(outcome: Finding, engine: DuckEngine):
    agreement = load_agreement(next(one for one in SHIPPED if one.name.startswith("hipaa")))
    rule = next(one for one in agreement.expressed_rules if one.id == "R-24")
    told = untried(without(agreement, rule, outcome), engine)
    assert {name for name, _ in told} == {"R-24"}
    word = {Finding.HOLDS: "holds", Finding.FAILS: "fails", Finding.UNKNOWN: "unknown"}[outcome]
    assert any("no example in which it" in what and word in what for _, what in told)


def test_a_boundary_that_is_tried_from_afar(engine: DuckEngine):
    agreement = load_agreement(next(one for one in SHIPPED if one.name.startswith("hipaa")))
    rule = next(one for one in agreement.expressed_rules if one.id == "R-24")
    near = [
        one for one in rule.examples if ("suspends_accounting_until", "2026-11-03") in tuple(dict(one.given).items())
    ]
    assert len(near) == 1
    kept = replace(rule, examples=tuple(one for one in rule.examples if one is not near[0]))
    fewer = replace(agreement, rules=tuple(kept if one is rule else one for one in agreement.rules))
    bring(engine, reference_tables(fewer))
    found = [gap for gap in gaps(fewer, run_examples(fewer, engine), engine) if gap.is_missing]
    assert [gap.rule.id for gap in found] == ["R-24"]
    assert "one above it" in found[0].what
    assert dict(found[0].nearest)["suspends_accounting_until"] == "2026-11-03"
    assert found[0].outcome is Finding.HOLDS
