"""Builds the registry index that identity reads: staged, sorted and counted by DuckDB, coded by identity.

Memory is bounded by the engine's limit and by one batch of rows; what does not fit is spilled into the
build folder. The index appears under its name only when it is whole.
"""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from counterseal.engine.identity_source import (
    ACCOUNT_COLUMNS,
    ADDRESS_COLUMNS,
    check_tables,
    find_table,
    stage_table,
)
from counterseal.engine.mailing import MAILING, WRITE_MAILING
from counterseal.errors import CountersealError
from counterseal.identity.coding import PERSON, PERSON_FIELDS, PLACE, PLACE_FIELDS, code_people, code_places
from counterseal.identity.index import ACCOUNT, ADDRESS, COUNT, FORMAT
from counterseal.identity.keys import account_keys, address_keys, dwelling_keys, street_keys

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from counterseal.engine.identity_source import (
        SourceTable,
    )

    Progress = Callable[[str, int, int], None]

_BATCH = 50_000
_STAGES = 6


def build_index(
    source: Path,
    target: Path,
    *,
    progress: Progress | None = None,
    memory_limit: str = "1GB",
    threads: int = 2,
) -> dict[str, Any]:
    """Build the index of the registry in ``source`` at ``target``; give what ``index.json`` holds.

    ``target`` must not exist, or be an index, which is replaced. Raises CountersealError for a source that
    does not hold what it must; then nothing is left behind.
    """
    if target.exists() and not (target / "index.json").is_file():
        raise CountersealError(
            "registry-target",
            "Something that is no registry index stands here already.",
            where=str(target),
            next_step="Name a folder that does not exist yet.",
        )
    accounts = find_table(source, "accounts", ACCOUNT_COLUMNS)
    addresses = find_table(source, "addresses", ADDRESS_COLUMNS)
    work = target.with_name(target.name + ".building")
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    try:
        with duckdb.connect(str(work / "build.duckdb")) as connection:
            connection.execute(f"SET memory_limit = '{memory_limit}'; SET threads = {threads}")
            connection.execute("SET preserve_insertion_order = true")
            about = _Build(connection, work, progress or (lambda _says, _step, _steps: None)).run(accounts, addresses)
        for left in ("build.duckdb", "build.duckdb.wal"):
            (work / left).unlink(missing_ok=True)
        shutil.rmtree(work / "build.duckdb.tmp", ignore_errors=True)
        (work / "index.json").write_text(json.dumps(about, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        work.rename(target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return about


class _Build:
    def __init__(self, connection: duckdb.DuckDBPyConnection, folder: Path, progress: Progress) -> None:
        self._connection = connection
        self._folder = folder
        self._progress = progress
        self._stage = 0
        self._left_out = {"malformed tin": 0, "malformed date_of_birth": 0, "unreadable address": 0}

    def run(self, accounts: SourceTable, addresses: SourceTable) -> dict[str, Any]:
        self._says("Reading and checking the source")
        account_count = stage_table(self._connection, accounts)
        address_count = stage_table(self._connection, addresses)
        check_tables(self._connection, accounts, addresses)
        self._connection.execute("CREATE TABLE filed (key UBIGINT, owner UINTEGER)")
        self._connection.execute("CREATE TABLE people (given UBIGINT, family UBIGINT, birth UBIGINT)")
        self._connection.execute(
            "CREATE TABLE lived (owner UINTEGER, dwelling UBIGINT, street UBIGINT, zip UBIGINT, city UBIGINT,"
            " family UBIGINT)"
        )
        people = self._code_accounts(account_count)
        self._code_addresses(address_count, people)
        self._count()
        self._finish_accounts(people)
        self._finish_addresses()
        keys = self._sort_keys()
        self._connection.execute(WRITE_MAILING.format(str(self._folder / MAILING).replace("'", "''")))
        return {
            "format": FORMAT,
            "accounts": account_count,
            "addresses": address_count,
            "keys": keys,
            "left_out": self._left_out,
            "source": {table.path.name: _sha256(table.path) for table in (accounts, addresses)},
        }

    def _says(self, what: str) -> None:
        self._stage += 1
        self._progress(what, self._stage, _STAGES)

    def _array(self, name: str, dtype: np.dtype, length: int) -> np.ndarray:
        """Make an array file of a length known beforehand and map it for writing."""
        path = self._folder / f"{name}.npy"
        if length == 0:
            np.save(path, np.empty(0, dtype))
            return np.empty(0, dtype)
        return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=(length,))

    def _batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        yield from self._connection.cursor().sql(sql).to_arrow_reader(_BATCH)

    def _insert(self, table: str, **columns: np.ndarray) -> None:
        self._connection.register("arriving", pa.table({name: pa.array(column) for name, column in columns.items()}))
        self._connection.execute(f"INSERT INTO {table} SELECT * FROM arriving")  # a fixed name
        self._connection.unregister("arriving")

    def _file(self, keys: np.ndarray, owners: np.ndarray) -> None:
        filled = keys != 0
        self._insert("filed", key=keys[filled], owner=owners[filled].astype(np.uint32))

    def _code_accounts(self, count: int) -> np.ndarray:
        self._says("Coding the accounts")
        width = self._connection.execute("SELECT coalesce(max(strlen(account_id)), 1) FROM accounts").fetchall()[0][0]
        coded = self._array("accounts", ACCOUNT, count)
        identifiers = self._array("account_ids", np.dtype(f"S{width}"), count)
        at = 0
        for batch in self._batches("SELECT * FROM accounts ORDER BY account_id"):
            people = code_people({field: batch.column(field).to_pylist() for field in PERSON_FIELDS})
            span = slice(at, at + len(people))
            for column, coded_as in (("tin", "tin"), ("date_of_birth", "birth")):
                written = np.array(batch.column(column).to_pylist(), dtype=object) != ""
                self._left_out[f"malformed {column}"] += int(np.count_nonzero(written & (people[coded_as] == 0)))
            identifiers[span] = [text.encode() for text in batch.column("account_id").to_pylist()]
            for field in PERSON.names or ():
                coded[field][span] = people[field]
            for keys, positions in account_keys(people):
                self._file(keys, positions + at)
            self._insert(
                "people",
                given=people["given"],
                family=people["family"],
                birth=people["birth"].astype(np.uint64),
            )
            at += len(people)
        return coded

    def _code_addresses(self, count: int, people: np.ndarray) -> None:
        self._says("Coding the addresses")
        coded = self._array("addresses", ADDRESS, count)
        held = np.zeros(len(people), np.uint32)
        at = 0
        sql = """SELECT owner, line_1, line_2, city, state, zip,
                        CAST(from_year AS SMALLINT) AS from_year, CAST(to_year AS SMALLINT) AS to_year
                 FROM addresses JOIN (SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS owner
                                      FROM accounts) USING (account_id)
                 ORDER BY owner, CAST(to_year AS INTEGER) DESC, CAST(from_year AS INTEGER) DESC, source_row"""
        for batch in self._batches(sql):
            owners = batch.column("owner").to_numpy(zero_copy_only=False).astype(np.int64)
            places = code_places({field: batch.column(field).to_pylist() for field in PLACE_FIELDS})
            span = slice(at, at + len(places))
            self._left_out["unreadable address"] += int(np.count_nonzero(places["street"] == 0))
            for field in PLACE.names or ():
                coded[field][span] = places[field]
            for year in ("from_year", "to_year"):
                coded[year][span] = batch.column(year).to_numpy()
            for keys, positions in address_keys(people[owners], places):
                self._file(keys, owners[positions])
            self._insert(
                "lived",
                owner=owners.astype(np.uint32),
                dwelling=dwelling_keys(places),
                street=street_keys(places),
                zip=places["zip"].astype(np.uint64),
                city=places["city"],
                family=people["family"][owners],
            )
            np.add.at(held, owners, 1)
            at += len(places)
        if len(people):
            people["held"] = np.minimum(held, np.iinfo(np.uint16).max)
            people["start"] = np.concatenate(([0], np.cumsum(held)[:-1]))

    def _count(self) -> None:
        self._says("Counting how common each value is")
        for value in ("given", "family", "birth"):
            self._counted(value, "count(*)", "0", "people")
        for value in ("dwelling", "street", "zip", "city"):
            self._counted(value, "count(DISTINCT owner)", "count(DISTINCT family)", "lived")

    def _counted(self, name: str, accounts: str, families: str, table: str) -> None:
        query = (
            f"FROM (SELECT {name} AS value, {accounts} AS accounts, {families} AS families FROM {table}"
            " GROUP BY 1) WHERE value <> 0"
        )
        length = self._connection.execute(f"SELECT count(*) {query}").fetchall()[0][0]
        counts = self._array(name, COUNT, length)
        at = 0
        for batch in self._batches(f"SELECT * {query} ORDER BY value"):
            span = slice(at, at + batch.num_rows)
            for field in COUNT.names or ():
                counts[field][span] = batch.column(field).to_numpy(zero_copy_only=False)
            at += batch.num_rows

    def _look_up(self, name: str, values: np.ndarray, column: str = "accounts") -> np.ndarray:
        counts = np.load(self._folder / f"{name}.npy")
        if not len(counts):
            return np.zeros(len(values), np.uint32)
        at = np.minimum(np.searchsorted(counts["value"], values), len(counts) - 1)
        return np.where(counts["value"][at] == values, counts[column][at], 0)

    def _finish_accounts(self, people: np.ndarray) -> None:
        initials = np.zeros(256, np.int64)
        values, shared = np.unique(people["tin"], return_counts=True)
        for start in range(0, len(people), _BATCH):
            part = people[start : start + _BATCH]
            part["given_count"] = self._look_up("given", part["given"])
            part["family_count"] = self._look_up("family", part["family"])
            part["tin_count"] = np.minimum(shared[np.searchsorted(values, part["tin"])], np.iinfo(np.uint16).max)
            initials += np.bincount(part["initial"], minlength=256)
        np.save(self._folder / "initials.npy", initials)

    def _finish_addresses(self) -> None:
        self._says("Counting who lives where")
        path = self._folder / "addresses.npy"
        addresses = np.load(path, mmap_mode="r+") if path.stat().st_size > 1024 else np.load(path)
        for start in range(0, len(addresses), _BATCH):
            part = addresses[start : start + _BATCH]
            dwellings = dwelling_keys(part)
            part["residents"] = self._look_up("dwelling", dwellings)
            part["families"] = self._look_up("dwelling", dwellings, "families")

    def _sort_keys(self) -> int:
        self._says("Sorting the keys")
        query = "SELECT DISTINCT key, owner FROM filed"
        length = int(self._connection.sql(query).count("*").fetchall()[0][0])
        keys = self._array("keys", np.dtype("<u8"), length)
        owners = self._array("owners", np.dtype("<u4"), length)
        at = 0
        for batch in self._batches(f"{query} ORDER BY key, owner"):
            span = slice(at, at + batch.num_rows)
            keys[span], owners[span] = batch.column("key").to_numpy(), batch.column("owner").to_numpy()
            at += batch.num_rows
        return length


def _sha256(path: Path) -> str:
    whole = sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            whole.update(part)
    return whole.hexdigest()
