"""Small cells withheld from a published table, and as many others as keep them from being worked out.

A table whose lines add up is a graph: each withheld cell joins its row to its column. A withheld cell can be
worked out exactly when it is a bridge of that graph (Gusfield, "A graph theoretic approach to statistical data
security", SIAM J. Comput. 17, 1988). Cells are withheld, the smallest first, until no bridge is left. Totals are
cells like others. A zero is never withheld beside others: whoever knows that counts are not negative could work a
ring with a zero in it out, while in a ring of counts above zero each may be one more or one less.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SMALLEST = 5
"""A count from 1 to 4 could point at a person."""

Cell = tuple[int, int]


def with_totals(table: Sequence[Sequence[int]]) -> list[list[int]]:
    """Give the table with a total at the end of each row and column."""
    rows = [[*row, sum(row)] for row in table]
    return [*rows, [sum(column) for column in zip(*rows, strict=True)]] if rows else []


def withheld(table: Sequence[Sequence[int]], *, smallest: int = SMALLEST) -> set[Cell]:
    """Give the cells (row, column) of a table with its totals that are not published.

    Every cell from 1 to ``smallest`` - 1, and others, so that no withheld cell follows from the rest. Where
    nothing else can hide a cell, the whole table is withheld.
    """
    cells = {(r, c): value for r, row in enumerate(table) for c, value in enumerate(row)}
    hidden = {cell for cell, value in cells.items() if 0 < value < smallest}
    by_size = sorted(cells, key=lambda cell: (cells[cell], cell))
    while exposed := bridges(hidden):
        wanted = _rectangle(min(exposed), cells, hidden)
        if wanted is None:
            return set(by_size)
        hidden |= wanted
    return hidden


def withheld_lines(table: Sequence[Sequence[int]], *, smallest: int = SMALLEST) -> set[int]:
    """Give the lines withheld whole, where only the columns add up and the last line is their sum.

    Every line with a count from 1 to ``smallest`` - 1; and others, the smallest first, while the ones withheld follow:
    one alone does, and so do lines of which each must be 1, because no zero is withheld.
    """
    last = len(table) - 1
    hidden = {at for at, row in enumerate(table) if any(0 < value < smallest for value in row)}
    while hidden and (len(hidden) == 1 or (last not in hidden and _each_is_one(table, hidden))):
        others = [at for at, row in enumerate(table) if at not in hidden and row[0]]
        hidden.add(min(others, key=lambda at: (tuple(table[at]), at)))
    return hidden


def _each_is_one(table: Sequence[Sequence[int]], hidden: set[int]) -> bool:
    return any(sum(table[at][column] for at in hidden) == len(hidden) for column in range(len(table[0])))


def _rectangle(cell: Cell, cells: Mapping[Cell, int], hidden: set[Cell]) -> set[Cell] | None:
    """Give the cheapest three cells that close a ring with this one."""
    row, column = cell
    best: tuple[int, set[Cell]] | None = None
    for r in {r for r, _ in cells} - {row}:
        for c in {c for _, c in cells} - {column}:
            ring = {(row, c), (r, column), (r, c)}
            if not ring <= set(cells) or not all(cells[one] for one in ring):
                continue
            cost = sum(cells[one] + 1 for one in ring - hidden)
            if best is None or (cost, sorted(ring)) < (best[0], sorted(best[1])):
                best = cost, ring
    return None if best is None else best[1]


def bridges(hidden: set[Cell]) -> set[Cell]:
    """Give the withheld cells that can be worked out: those whose row and column no other way joins."""
    return {cell for cell in hidden if not _joined(cell, hidden - {cell})}


def _joined(cell: Cell, edges: set[Cell]) -> bool:
    rows, columns = {cell[0]}, set[int]()
    while True:
        more_columns = {c for r, c in edges if r in rows}
        more_rows = {r for r, c in edges if c in more_columns} | rows
        if cell[1] in more_columns:
            return True
        if more_rows == rows and more_columns == columns:
            return False
        rows, columns = more_rows, more_columns
