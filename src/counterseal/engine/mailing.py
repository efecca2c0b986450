"""The last known mailing address of one account: the one element that an answer may hold.

Read from the registry's ``mailing.parquet``, which the build writes sorted by account: a look-up reads one row
group. It gives one account's address and cannot give a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

MAILING = "mailing.parquet"
PARTS = ("line_1", "line_2", "city", "state", "zip")
WRITE_MAILING = f"""
    COPY (SELECT account_id, {", ".join(PARTS)}, CAST(to_year AS SMALLINT) AS year FROM addresses
          QUALIFY row_number() OVER (PARTITION BY account_id
              ORDER BY CAST(to_year AS INTEGER) DESC, CAST(from_year AS INTEGER) DESC, source_row) = 1
          ORDER BY account_id) TO '{{}}' (FORMAT parquet, ROW_GROUP_SIZE 20000)"""
"""An account's last known address is the one of its newest return (26 U.S.C. 6103(m)(2) names the same)."""


def last_known_address(registry: Path, account: str) -> dict[str, str]:
    """Give the parts of the address that the account's newest return bore.

    Raises CountersealError ``registry-mailing`` when the registry was built without them, and
    ``mailing-address`` when it holds none for this account.
    """
    path = registry / MAILING
    if not path.is_file():
        raise CountersealError(
            "registry-mailing",
            "The registry holds no mailing addresses, or is no longer where the run found it.",
            next_step="Build it anew: counterseal registry build.",
        )
    query = f"SELECT {', '.join(PARTS)} FROM read_parquet(?) WHERE account_id = ?"
    with duckdb.connect(config={"threads": 1, "memory_limit": "256MB"}) as connection:
        found = connection.execute(query, [str(path), account]).fetchall()
    if len(found) != 1:
        raise CountersealError("mailing-address", "The registry holds no address for this account.")
    return dict(zip(PARTS, (part or "" for part in found[0]), strict=True))
