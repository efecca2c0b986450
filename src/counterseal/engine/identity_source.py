"""The two source tables of a registry, read and checked before anything is built on them.

Accounts and addresses come as CSV or Parquet. A fault of structure stops the build and names file, row and
column, never a value; a malformed number or date in a cell is counted and counts as not written.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import duckdb

from counterseal.engine.duck import name, quoted
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT_COLUMNS = ("account_id", "tin", "given_name", "middle_name", "family_name", "suffix", "date_of_birth")
ADDRESS_COLUMNS = ("account_id", "line_1", "line_2", "city", "state", "zip", "from_year", "to_year")
_LONGEST_IDENTIFIER = 64
_LINE = re.compile(r"(?:Line|line|Row|row)[: ]+(\d+)")


@dataclass(frozen=True)
class SourceTable:
    """One source file and the name under which the engine knows it."""

    path: Path
    table: str
    columns: tuple[str, ...]


def find_table(source: Path, table: str, columns: tuple[str, ...]) -> SourceTable:
    """Find ``table``.parquet or ``table``.csv in ``source``. Raises ``registry-source`` for neither."""
    for ending in ("parquet", "csv"):
        path = source / f"{table}.{ending}"
        if path.is_file():
            return SourceTable(path, table, columns)
    raise CountersealError(
        "registry-source",
        f"There is no {table}.parquet and no {table}.csv here.",
        where=str(source),
        next_step="Give a folder that holds accounts and addresses.",
    )


def stage_table(connection: duckdb.DuckDBPyConnection, source: SourceTable) -> int:
    """Copy a source into the build's own table, every column as text and ``row`` 1-based; give the count.

    Raises ``registry-column`` for a missing column, ``registry-unreadable`` for a file that does not parse.
    """
    reader = _reader(source)
    try:
        found = set(connection.sql(f"FROM {reader}").columns)
    except duckdb.Error as failure:
        raise _unreadable(source, failure) from None
    missing = [column for column in source.columns if column not in found]
    if missing:
        raise CountersealError(
            "registry-column",
            f"The column {missing[0]} is missing.",
            where=source.path.name,
            next_step=f"The columns are: {', '.join(source.columns)}.",
        )
    row = "file_row_number + 1" if source.path.suffix == ".parquet" else "row_number() OVER ()"
    cells = ", ".join(f"coalesce(CAST({name(column)} AS VARCHAR), '') AS {name(column)}" for column in source.columns)
    try:
        connection.execute(
            f"CREATE TABLE {name(source.table)} AS SELECT {row} AS source_row, {cells} FROM {reader}"  # quoted
        )
    except duckdb.Error as failure:
        raise _unreadable(source, failure) from None
    return int(connection.execute(f"SELECT count(*) FROM {name(source.table)}").fetchall()[0][0])  # quoted


def _reader(source: SourceTable) -> str:
    """Give the SQL that reads the file: for CSV by its own header, with nothing guessed from its rows."""
    if source.path.suffix == ".parquet":
        return f"read_parquet({quoted(source.path)}, file_row_number = true)"
    try:
        with source.path.open(encoding="utf-8-sig", newline="") as file:
            header = next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as failure:
        raise _unreadable(source, failure) from None
    named = [column for column in dict.fromkeys(header) if column] or ["none"]
    columns = ", ".join(f"{quoted(column)}: 'VARCHAR'" for column in named)
    return (
        f"read_csv({quoted(source.path)}, auto_detect = false, header = true, columns = {{{columns}}},"
        " delim = ',', quote = '\"', escape = '\"', strict_mode = true, null_padding = false)"
    )


def _unreadable(source: SourceTable, failure: Exception) -> CountersealError:
    """Say where a file does not parse, without the engine's text: it may quote the line."""
    found = _LINE.search(str(failure))
    line = f", line {found.group(1)}" if found else ""
    kind = "Parquet" if source.path.suffix == ".parquet" else "CSV in UTF-8 with a header"
    return CountersealError(
        "registry-unreadable",
        f"This is not well-formed {kind}.",
        where=f"{source.path.name}{line}",
        next_step="Mend the file and build again.",
    )


def check_tables(connection: duckdb.DuckDBPyConnection, accounts: SourceTable, addresses: SourceTable) -> None:
    """Hold the staged tables to what the index relies on. Raises with the first row that breaks it."""
    rules = (
        (accounts, "account_id", "trim(account_id) = ''", "An account has no identifier."),
        (
            accounts,
            "account_id",
            f"strlen(account_id) > {_LONGEST_IDENTIFIER}",
            f"An identifier is longer than {_LONGEST_IDENTIFIER} bytes.",
        ),
        (
            accounts,
            "account_id",
            "source_row IN (SELECT max(source_row) FROM accounts GROUP BY account_id HAVING count(*) > 1)",
            "The identifier stands in an earlier row too.",
        ),
        (
            addresses,
            "account_id",
            "account_id NOT IN (SELECT account_id FROM accounts)",
            "The address is of an account that is not in accounts.",
        ),
        (
            addresses,
            "from_year",
            "NOT coalesce(TRY_CAST(from_year AS INTEGER) BETWEEN 1900 AND 2200, false)",
            "This is no tax year.",
        ),
        (
            addresses,
            "to_year",
            "NOT coalesce(TRY_CAST(to_year AS INTEGER) BETWEEN 1900 AND 2200, false)",
            "This is no tax year.",
        ),
        (
            addresses,
            "to_year",
            "CAST(to_year AS INTEGER) < CAST(from_year AS INTEGER)",
            "The last year lies before the first.",
        ),
    )
    for source, column, broken, says in rules:
        first = connection.execute(
            f"SELECT min(source_row) FROM {name(source.table)} WHERE {broken}"  # fixed texts
        ).fetchall()[0][0]
        if first is not None:
            raise CountersealError(
                "registry-row",
                says,
                where=f"{source.path.name}, row {first}, column {column}",
                next_step="Mend the row and build again; nothing was written.",
            )
