"""A small number that is withheld, and worked out all the same from the totals beside it."""

from __future__ import annotations

import itertools

from hypothesis import given
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
