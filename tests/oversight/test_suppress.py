"""A small number that is withheld, and worked out all the same from the totals beside it."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from counterseal.oversight.annual import COLUMNS, TAXPAYERS, committee_lines, public_lines
from counterseal.oversight.suppress import with_totals, withheld, withheld_lines
from counterseal_verify.figures import kept_back

tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(st.integers(0, 30), min_size=width, max_size=width), min_size=1, max_size=4)
)


def solutions_differ(table: list[list[int]], hidden: set[tuple[int, int]], cell: tuple[int, int]) -> bool:
    """Whether every line still adds up when this cell is another number: linear algebra, not the graph."""
    from fractions import Fraction

    unknowns = sorted(hidden)
    lines = [
        [Fraction(one[axis] == at) for one in unknowns]
        for axis, end in ((0, len(table)), (1, len(table[0])))
        for at in range(end)
    ]
    wanted = [Fraction(one == cell) for one in unknowns]
    return rank([*lines, wanted]) > rank(lines)


def rank(rows: list[list]) -> int:
    rows, found = [list(row) for row in rows], 0
    for column in range(len(rows[0]) if rows else 0):
        pivot = next((at for at in range(found, len(rows)) if rows[at][column]), None)
        if pivot is None:
            continue
        rows[found], rows[pivot] = rows[pivot], rows[found]
        for at in range(len(rows)):
            if at != found and rows[at][column]:
                factor = rows[at][column] / rows[found][column]
                rows[at] = [a - factor * b for a, b in zip(rows[at], rows[found], strict=True)]
        found += 1
    return found


@given(tables)
def test_a_withheld_cell_that_follows_from_the_others(table: list[list[int]]):
    whole = with_totals(table)
    hidden = withheld(whole)
    for cell in itertools.product(range(len(whole)), range(len(whole[0]))):
        if 0 < whole[cell[0]][cell[1]] < 5:
            assert cell in hidden
    for cell in hidden:
        assert solutions_differ(whole, hidden, cell)


def test_a_table_without_small_cells_that_is_withheld():
    assert withheld(with_totals([[10, 0], [7, 9]])) == set()


def test_one_small_cell_hides_three_others():
    assert len(withheld(with_totals([[1, 50, 50], [50, 50, 50], [50, 50, 50]]))) == 4


def others(table: list[list[int]], hidden: set[tuple[int, int]], cell: tuple[int, int]) -> bool:
    """Whether counts that are not negative, with this cell another, add up as well: by exhaustive search near them."""
    unknowns = [cell, *sorted(hidden - {cell})]
    last = len(table) - 1, len(table[0]) - 1

    def weighed(one: tuple[int, int]) -> list[tuple[tuple[int, int], int]]:
        return [((axis, one[axis]), -1 if one[1 - axis] == last[1 - axis] else 1) for axis in (0, 1)]

    left = Counter(line for one in unknowns for line, _ in weighed(one))
    sums: Counter[tuple[int, int]] = Counter()

    def filled(at: int) -> bool:
        if at == len(unknowns):
            return True
        r, c = unknowns[at]
        for more in (0, 1, -1) if at else (1, -1):
            if table[r][c] + more < 0:
                continue
            for line, weight in weighed((r, c)):
                sums[line] += weight * more
                left[line] -= 1
            fits = all(abs(sums[line]) <= left[line] for line, _ in weighed((r, c)))
            if fits and filled(at + 1):
                return True
            for line, weight in weighed((r, c)):
                sums[line] -= weight * more
                left[line] += 1
        return False

    return filled(0)


few = st.lists(st.lists(st.integers(0, 7), min_size=3, max_size=3), min_size=3, max_size=3)


@settings(max_examples=300)
@given(few)
def test_a_withheld_count_pinned_by_knowing_that_counts_are_not_negative(table: list[list[int]]):
    whole = with_totals(table)
    hidden = withheld(whole)
    if len(hidden) < len(whole) * len(whole[0]):
        for cell in hidden:
            assert others(whole, hidden, cell), (whole, hidden, cell)


def test_a_zero_taken_to_hide_a_one():
    whole = with_totals([[1, 0, 60], [0, 9, 60], [60, 60, 60]])
    assert all(whole[r][c] for r, c in withheld(whole))


pairs = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=3).map(
    lambda rows: [[max(row), min(max(row), max(1, min(row)))] for row in rows]
)


def _also(table: list[list[int]], hidden: set[int], cell: tuple[int, int]) -> bool:
    """Whether other counts of disclosures and of no more taxpayers fill the withheld lines: by exhaustive search."""
    lines = sorted(hidden - {len(table) - 1})
    free = len(table) - 1 in hidden
    near = [[(d, t) for d in range(1, row[0] + 3) for t in range(1, d + 1)] for row in (table[at] for at in lines)]
    for filled in itertools.product(*near):
        made = [list(row) for row in table]
        for at, (disclosures, taxpayers) in zip(lines, filled, strict=True):
            made[at] = [disclosures, taxpayers]
        made[-1] = [sum(row[c] for row in made[:-1]) for c in (0, 1)]
        if (free or made[-1] == table[-1]) and made[cell[0]][cell[1]] != table[cell[0]][cell[1]]:
            return True
    return False


@settings(max_examples=150)
@given(pairs)
def test_taxpayers_worked_out_because_they_are_never_more_than_the_disclosures(rows: list[list[int]]):
    whole = [*rows, [sum(row[c] for row in rows) for c in (0, 1)]]
    hidden = withheld_lines(whole)
    for at, row in enumerate(whole):
        assert at in hidden or not any(0 < value < 5 for value in row)
    for at in hidden:
        for column in (0, 1):
            assert _also(whole, hidden, (at, column)), (whole, hidden, at, column)


counts = st.fixed_dictionaries({name: st.integers(0, 12) for name in (*COLUMNS, TAXPAYERS)})


@given(st.dictionaries(st.sampled_from("abcd").map(lambda name: (name, "memo")), counts, min_size=1))
def test_the_verifier_withholds_other_cells_than_the_office(found: dict[tuple[str, str], dict[str, int]]):
    for row in found.values():
        row["people"] = sum(row[name] for name in ("stopped", "refused", "cure", "judgement", "looked_up"))
        row[TAXPAYERS] = min(row["disclosures"], max(1, row[TAXPAYERS]))
    found = dict(sorted(found.items()))
    shown = public_lines(found)
    whole = {(str(one["agency"]), str(one["agreement"])): one for one in committee_lines(found)}
    lines = {name: {word: one[word] for word in (*COLUMNS, TAXPAYERS)} for name, one in whole.items()}
    hidden = {(name, word) for name, one in zip(whole, shown, strict=True) for word in lines[name] if one[word] is None}
    assert hidden == kept_back(lines, taxpayers=True)
