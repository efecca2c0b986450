"""In how many rows of a request each officer is named.

Whether an officer is personally and directly engaged in one person's matter (26 U.S.C. 6103(i)(2)(A)) is for a person
to judge, who has to see how many others the same officer stands for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow.parquet as pq

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from counterseal.core.files import Files

FIELD = "officers"
ROWS_NAMING = (
    "WITH named AS (SELECT DISTINCT row, unnest(string_split(officers, ';')) AS officer FROM rows "
    "WHERE malformed IS NULL), "
    "marked AS (SELECT row, officer, coalesce(nullif(regexp_replace(upper(officer), '[^A-Z0-9]', '', 'g'), ''), "
    "trim(officer)) AS mark FROM named WHERE trim(officer) <> ''), "
    "counted AS (SELECT mark, count(*) AS rows FROM (SELECT DISTINCT row, mark FROM marked) GROUP BY mark) "
    "SELECT officer, rows FROM (SELECT DISTINCT officer, mark FROM marked) JOIN counted USING (mark) ORDER BY officer"
)
"""Each officer as the request writes the name, with the rows that name that officer: case, blanks and signs aside.

A name that is nothing but signs, or in no Latin letter, is only itself.
"""


def engagements_path(folder: Path) -> Path:
    """Give where a batch keeps them."""
    return folder / "officers.parquet"


def rows_naming(files: Files, folder: Path, officers: Sequence[str]) -> Mapping[str, int]:
    """Give for each of the ``officers``, as the request writes them, in how many of its rows they are named.

    Those of a batch that an earlier version judged are not told. Raises CountersealError as ``Files.open`` does.
    """
    path = engagements_path(folder)
    if not path.exists():
        return {}
    with files.open(path) as file:
        found = pq.read_table(file, filters=[("officer", "in", list(officers))]) if officers else None
    return {} if found is None else dict(zip(found["officer"].to_pylist(), found["rows"].to_pylist(), strict=True))
