"""What a measure counts over the batch: what is laid down of each row, how it is grouped, what each row is given.

Counts are a GROUP BY of a hash and a join, never a window over the batch. Only what more than one row has is kept
with its count; the others stand alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.agreements.model import Kind
from counterseal.core.steps import Step

if TYPE_CHECKING:
    from counterseal.agreements.model import Measure


@dataclass(frozen=True, slots=True)
class Count:
    """``laid`` are columns by their names, to be laid down with each row in the table that ``steps`` read.

    ``value`` is SQL over those rows, named s, once ``joins`` have joined the counts.
    """

    laid: dict[str, str]
    steps: tuple[Step, ...]
    value: str
    joins: tuple[str, ...]


def hashed(value: str) -> str:
    """Give 64 bits of a value to count it by; two values of one hash would count as one, which is the strict side."""
    return f"CASE WHEN ({value}) IS NOT NULL THEN hash(CAST({value} AS VARCHAR)) END"


def counted(measure: Measure, stage: str, key: str) -> Count:
    """Give how ``measure`` is counted over the rows laid down as ``stage``; ``key`` is the SQL of what it counts by."""
    says = f"Counting over the batch: {measure.name.replace('_', ' ')}"
    if measure.kind is Kind.MAX_LOAD:
        return _load(measure.name, stage, key, says)
    name, column = f"of_{measure.name}", f'"hash_{measure.name}"'
    if measure.kind is Kind.SHARED_BY:
        number, value = "count(*)", f"coalesce({name}.n, 1)"
    else:
        number, value = "min(row)", f"CASE WHEN {name}.n < s.row THEN {name}.n ELSE 0 END"
    shared = f"SELECT {column} AS k, {number} AS n FROM {stage} WHERE {column} IS NOT NULL GROUP BY 1"  # our own names
    return Count(
        {column: hashed(key)},
        (Step(name, f"{shared} HAVING count(*) > 1", says),),
        f"CASE WHEN s.{column} IS NOT NULL THEN {value} END",
        (f"LEFT JOIN {name} ON {name}.k = s.{column}",),
    )


def _load(name: str, stage: str, key: str, says: str) -> Count:
    """Count the rows in which each entry of a list stands; a row has the most of any entry of its own.

    Nearly every list is of one entry, and is then counted as a value is.
    """
    one, several = f'"one_{name}"', f'"several_{name}"'
    load, most = f"load_{name}", f"of_{name}"
    entries = f"SELECT row, unnest({several}) AS entry FROM {stage} WHERE {several} IS NOT NULL"  # our own names
    each = f"SELECT {one} AS k FROM {stage} WHERE {one} IS NOT NULL UNION ALL SELECT {hashed('entry')} FROM ({entries})"
    shared = f"SELECT k, count(*) AS n FROM ({each}) WHERE k IS NOT NULL GROUP BY 1 HAVING count(*) > 1"  # ditto
    known = f"SELECT row, {hashed('entry')} AS k FROM ({entries})"  # ditto
    held = (
        f"SELECT e.row, max(coalesce({load}.n, 1)) AS n FROM ({known}) e LEFT JOIN {load} ON {load}.k = e.k "
        "WHERE e.k IS NOT NULL GROUP BY 1"
    )
    return Count(
        {
            one: f"CASE WHEN array_length({key}) = 1 THEN {hashed(f'({key})[1]')} END",
            several: f"CASE WHEN array_length({key}) > 1 THEN list_distinct({key}) END",
        },
        (Step(load, shared, says), Step(most, held)),
        f"CASE WHEN s.{one} IS NOT NULL THEN coalesce({load}.n, 1) ELSE {most}.n END",
        (f"LEFT JOIN {load} ON {load}.k = s.{one}", f"LEFT JOIN {most} ON {most}.row = s.row"),
    )
