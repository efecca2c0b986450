"""A small number that is withheld, and worked out all the same from the totals beside it."""

from __future__ import annotations

import itertools
from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from counterseal.oversight.suppress import with_totals, withheld

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


@settings(max_examples=300, deadline=None)
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
