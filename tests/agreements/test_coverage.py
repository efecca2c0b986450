"""What no example tries: an outcome or a side of a boundary that is missing, and is not named."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from counterseal.agreements import Agreement, load_agreement, reference_tables
from counterseal.agreements.check import used_names
from counterseal.agreements.coverage import gaps
from counterseal.agreements.examples import run_examples
from counterseal.agreements.logic import ELEMENTS
from counterseal.agreements.model import Example, Kind, Rule
from counterseal.agreements.nearest import alone
from counterseal.core.outcome import Finding
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import bring
from counterseal.errors import CountersealError

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


def lists(folder: Path) -> list[tuple[Path, str, int]]:
    """Give every example, by its line, of a rule that reads a list or counts over one."""
    agreement = load_agreement(folder)
    listed = {name for name, kind in agreement.types().items() if kind in ELEMENTS}
    listed |= {measure.name for measure in agreement.measures if measure.kind is Kind.MAX_LOAD}
    used = used_names(agreement)
    return [
        (folder, rule.id, example.line)
        for rule in agreement.expressed_rules
        if used[rule.id] & listed
        for example in rule.examples
    ]


LISTED = [one for folder in SHIPPED for one in lists(folder)]


def test_a_document_whose_lists_no_rule_reads():
    assert {(folder.name, rule) for folder, rule, _ in LISTED} >= {
        ("irs-ice-2025", "R-06"), ("irs-ice-2025", "R-10"), ("irs-ice-2025", "R-10a"), ("irs-ice-2025", "R-20"),
        ("irs-6103-m-2", "R-06"), ("hipaa-164-512-f-2", "R-06"), ("hipaa-164-512-f-2", "R-06a"),
    }  # fmt: skip


def alone_in(folder: Path, rule: str) -> Agreement:
    agreement = load_agreement(folder)
    return alone(agreement, next(one for one in agreement.rules if one.id == rule))


@pytest.mark.parametrize(("folder", "rule", "line"), LISTED, ids=[f"{f.name}-{r}-{n}" for f, r, n in LISTED])
def test_a_suggested_example_of_a_list_that_does_not_mend_what_is_missing(
    folder: Path, rule: str, line: int, engine: DuckEngine, tmp_path: Path
):
    """The example is taken out, and what ``agreement test`` says to write is written in its place."""
    copy = tmp_path / folder.name
    shutil.copytree(folder, copy)
    lines = (copy / "agreement.md").read_text().split("\n")
    lines[line - 1] = ""
    if load_fails(copy, lines[: line - 1] + lines[line:]):
        return  # the only one that holds or fails: the document does not load without
    fewer = alone_in(copy, rule)
    missing = [gap for gap in gaps(fewer, run_examples(fewer, engine), engine) if gap.is_missing]
    assert all(gap.table and gap.table[0] == lines[fewer.rules[0].examples[0].line - 3] for gap in missing)
    write = dict.fromkeys(gap.table[1] for gap in missing if gap.table)
    (copy / "agreement.md").write_text("\n".join([*lines[: line - 1], *write, *lines[line:]]))
    mended = alone_in(copy, rule)
    found = run_examples(mended, engine)
    assert all(finding.agrees for finding in found)
    assert [gap.what for gap in gaps(mended, found, engine) if gap.is_missing] == []


def load_fails(folder: Path, lines: list[str]) -> bool:
    (folder / "agreement.md").write_text("\n".join(lines))
    try:
        load_agreement(folder)
    except CountersealError:
        return True
    return False


CONDITIONS = {
    "list_contains(years, 2024) AND len(years) <= 3": (
        "years",
        ["2024", "2025", "2024;2025;2026", "2021;2022;2023;2024"],
    ),
    "list_contains(people, 'ANA') OR len(people) > 4": ("people", ["ANA", "BO"]),
    "len(list_intersect(people, kinds)) = len(people) AND len(people) BETWEEN 1 AND 2": ("people", ["A", "C"]),
    "busiest <= 3 OR len(people) = 1": ("people", ["ANA", "ANA;BO"]),
}


@pytest.mark.parametrize("condition", CONDITIONS)
def test_a_condition_on_a_list_whose_example_is_not_given(
    condition: str, read: Callable[..., Agreement], engine: DuckEngine
):
    """Each gap comes with a row in the columns of the rule, and the row does what it is said to do."""
    column, cells = CONDITIONS[condition]
    rows = [Example(((column, cell),), Finding.HOLDS, 1) for cell in cells]
    agreement = read()
    rule = replace(agreement.rules[3], sql=condition, examples=tuple(rows))
    written = replace(agreement, rules=(rule,))
    written = replace(written, rules=(replace(rule, examples=tuple(
        replace(one.example, outcome=one.found) for one in run_examples(written, engine)
    )),))  # fmt: skip
    bring(engine, reference_tables(written))
    missing = [gap for gap in gaps(written, run_examples(written, engine), engine) if gap.is_missing]
    assert missing
    assert [gap.what for gap in missing if gap.table is None] == []
    rows = [Example(gap.nearest, gap.outcome, 1) for gap in missing if gap.outcome]
    examples = (*written.rules[0].examples, *rows)
    whole = replace(written, rules=(replace(written.rules[0], examples=examples),))
    found = run_examples(whole, engine)
    assert all(finding.agrees for finding in found)
    assert [gap.what for gap in gaps(whole, found, engine) if gap.is_missing] == []
