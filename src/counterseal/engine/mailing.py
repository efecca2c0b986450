"""The last known mailing address of one account: the one element that an answer may hold.

Read from the registry's ``mailing.parquet``, which the build writes sorted by account: a look-up opens one row
group, in memory. It gives one account's address and cannot give a list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from counterseal.engine.sealed import SCHEME, SealedFiles
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

    from counterseal.core.files import Files

MAILING = "mailing.parquet"
PARTS = ("line_1", "line_2", "city", "state", "zip")
_WRITE = f"""
    COPY (SELECT account_id, {", ".join(PARTS)}, CAST(to_year AS SMALLINT) AS year FROM addresses
          QUALIFY row_number() OVER (PARTITION BY account_id
              ORDER BY CAST(to_year AS INTEGER) DESC, CAST(from_year AS INTEGER) DESC, source_row) = 1
          ORDER BY account_id) TO '{{}}' (FORMAT parquet, ROW_GROUP_SIZE 20000, USE_TMP_FILE false)"""
"""An account's last known address is the one of its newest return (26 U.S.C. 6103(m)(2) names the same)."""


def write_mailing(connection: duckdb.DuckDBPyConnection, folder: Path, files: Files) -> None:
    """Write the addresses of a registry that is being built, from its table ``addresses``, sealed."""
    connection.register_filesystem(SealedFiles(files))
    path = str((folder / MAILING).resolve()).replace("'", "''")
    connection.execute(_WRITE.format(f"{SCHEME}://{path}"))


def last_known_address(registry: Path, account: str, files: Files) -> dict[str, str]:
    """Give the parts of the address that the account's newest return bore.

    Raises CountersealError ``registry-mailing`` when the registry is not there or cannot be read, ``mailing-address``
    when it holds no address for this account, and what ``files`` says of a key or a file that does not hold.
    """
    try:
        with files.open(registry / MAILING) as file:
            found = pq.read_table(file, columns=list(PARTS), filters=[("account_id", "=", account)]).to_pylist()
    except (OSError, pa.ArrowException) as failure:
        raise CountersealError(
            "registry-mailing",
            "The registry holds no mailing addresses, or is no longer where the run found it.",
            next_step="Build it anew: counterseal registry build.",
        ) from failure
    if len(found) != 1:
        raise CountersealError("mailing-address", "The registry holds no address for this account.")
    return {part: found[0][part] or "" for part in PARTS}
