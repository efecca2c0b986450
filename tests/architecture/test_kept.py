"""The page of what keeps each condition and duty: one without a place, or a test that is not there."""

from __future__ import annotations

import re
from pathlib import Path

from controls.table import missing

from counterseal.agreements import load_agreement

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "law" / "kept.md"
AGREEMENT = load_agreement(ROOT / "agreements" / "irs-ice-2025")
TEST = re.compile(r"`(tests/\S+\.py::\w+)`")


def rows() -> dict[str, str]:
    return {
        line[2:6]: line for line in PAGE.read_text(encoding="utf-8").splitlines() if re.match(r"\| [PD]-\d\d ", line)
    }


def test_a_test_that_is_named_and_is_not_there():
    named = TEST.findall(PAGE.read_text(encoding="utf-8"))
    assert len(named) > 40
    assert missing(named) == []


def test_a_duty_that_nothing_is_said_to_keep():
    assert {duty.id for duty in AGREEMENT.duties} == {name for name in rows() if name.startswith("D")}
    assert [name for name, line in rows().items() if not TEST.search(line)] == []


def test_an_act_whose_condition_has_no_test():
    """Every rule that an act keeps stands on the page beside its condition."""
    for rule in AGREEMENT.rules:
        for condition in re.findall(r"\bP-\d\d\b", rule.text) if rule.kept_by else ():
            assert f"| {rule.id} |" in rows()[condition], rule.id
