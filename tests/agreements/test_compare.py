"""An amendment must not slip: what it lets in is shown as a row."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from counterseal.agreements import Agreement
from counterseal.agreements.compare import Change, Direction, compare
from counterseal.engine.duck import DuckEngine

from .conftest import DOCUMENT

Read = Callable[..., Agreement]


def changes(read: Read, engine: DuckEngine, old: str, new: str) -> list[Change]:
    assert old in DOCUMENT
    found = list(compare(read(DOCUMENT, "earlier"), read(DOCUMENT.replace(old, new), "later"), engine))
    for change in found:
        assert change.admitted is None or change.admitted.replayed
        assert change.kept_back is None or change.kept_back.replayed
    return found


def test_the_same_document_differs_from_itself(read: Read, engine: DuckEngine):
    assert [(c.part, c.direction) for c in changes(read, engine, "Small.", "Small.")] == [("whole", Direction.NONE)]


@pytest.mark.parametrize(
    ("old", "new", "whole"),
    [
        ("days_open > least_days", "days_open >= least_days", Direction.LOOSENED),
        ("days_open > least_days", "days_open > 91", Direction.TIGHTENED),
        ("days_open > least_days", "NOT days_open <= least_days", Direction.NONE),
        ("days_open > least_days", "days_open > 30 AND days_open < 1000", Direction.BOTH),
        ("| least_days | number | 90 |", "| least_days | number | 89 |", Direction.LOOSENED),
        ("other IN kinds", "other NOT IN ('C')", Direction.LOOSENED),
        ("| BB | the law |\n", "| BB | the law |\n| B | the law |\n", Direction.LOOSENED),
        ("| BB | the law |\n", "", Direction.TIGHTENED),
        ("regexp_full_match(name, 'X+')", "regexp_full_match(name, 'X|X{2,}')", Direction.NONE),
        ("late IS NOT TRUE", "coalesce(NOT late, TRUE)", Direction.NONE),
        ("signed_on - opened", "signed_on - opened + 1", Direction.LOOSENED),
    ],
)
def test_an_amendment_slips(read: Read, engine: DuckEngine, old: str, new: str, whole: Direction):
    found = changes(read, engine, old, new)
    assert found[0].direction is whole
    assert (found[0].admitted is not None) == (whole in {Direction.LOOSENED, Direction.BOTH})
    assert len(found) > 1


def test_a_measure_made_otherwise_is_taken_for_the_same(read: Read, engine: DuckEngine):
    found = changes(read, engine, "Kind: shared_by. Type: number. Range: 1 to 9999.\n\n```sql\nname_words", "Kind: shared_by. Type: number. Range: 1 to 9999.\n\n```sql\nname")  # fmt: skip
    assert found[0].direction is Direction.BOTH
    assert "rows_with_name" in found[0].words


def test_a_rule_that_is_gone(read: Read, engine: DuckEngine):
    start, end = DOCUMENT.index("## R-02"), DOCUMENT.index("## R-03")
    found = changes(read, engine, DOCUMENT[start:end], "")
    gone = next(change for change in found if "is gone" in change.words and change.part == "rules")
    assert gone.direction is Direction.LOOSENED
    assert gone.admitted is not None
