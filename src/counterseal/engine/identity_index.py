"""Builds the registry index that identity reads: staged, sorted and counted by DuckDB, coded by identity.

Memory is bounded by the engine's limit, by one batch of rows and by twelve bytes an account; what does not fit is
spilled into the build folder, which its owner alone may read. The engine's database and its spill lie there in the
clear until the build ends, or, where it was killed, until the next one begins; what is coded lies sealed from the
first, under a key that is in memory alone. The index appears under its name only when it is whole, after its key.
"""

from __future__ import annotations

import json
import shutil
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import pyarrow as pa

from counterseal.core.files import REGISTRY_ABOUT
from counterseal.engine.identity_source import (
    ACCOUNT_COLUMNS,
    ADDRESS_COLUMNS,
    check_tables,
    find_table,
    stage_table,
)
from counterseal.engine.mailing import write_mailing
from counterseal.errors import CountersealError
from counterseal.identity.coding import PERSON_FIELDS, PLACE_FIELDS, code_people, code_places
from counterseal.identity.index import ACCOUNT, ADDRESS, COUNT, FILED, FORMAT, array_forms, counted
from counterseal.identity.keys import account_keys, address_keys, dwelling_keys, street_keys
from counterseal.identity.sealed_array import OpenedPieces, SealedArray, SealedArrayWriter

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from counterseal.core.files import PieceFiles
    from counterseal.engine.identity_source import (
        SourceTable,
    )

    Progress = Callable[[str, int, int], None]

_BATCH = 50_000
_STAGES = 6
_OPEN = 64 << 20
_CODED = ("accounts.coded", "addresses.coded", "tin")
"""Sealed files of the build alone: records whose counts are not known yet, and how many accounts share a number."""


def build_index(
    source: Path,
    target: Path,
    files: PieceFiles,
    *,
    keep_key: Callable[[Path], None],
    progress: Progress | None = None,
    memory_limit: str = "1GB",
    threads: int = 2,
) -> dict[str, Any]:
    """Build the index of the registry in ``source`` at ``target``; give what ``about.json`` holds.

    ``files`` seals it under a fresh key, which ``keep_key`` writes once all is whole in the folder that it is given.
    ``target`` must not exist, or be an index, which is replaced. Raises CountersealError for a source that does not
    hold what it must; then nothing is left behind.
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
    work.mkdir(parents=True, mode=0o700)
    try:
        with duckdb.connect(str(work / "build.duckdb")) as connection:
            connection.execute(f"SET memory_limit = '{memory_limit}'; SET threads = {threads}")
            connection.execute("SET preserve_insertion_order = true")
            build = _Build(connection, work, files, progress or (lambda _says, _step, _steps: None))
            about = build.run(accounts, addresses)
        for left in ("build.duckdb", "build.duckdb.wal", *_CODED, "tin.above"):
            (work / left).unlink(missing_ok=True)
        shutil.rmtree(work / "build.duckdb.tmp", ignore_errors=True)
        with files.create(work / REGISTRY_ABOUT) as file:
            file.write(json.dumps(about, sort_keys=True).encode())
        (work / "index.json").write_text(json.dumps({"format": FORMAT}) + "\n", encoding="utf-8")
        _put(work, target, keep_key)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return about


def _put(whole: Path, target: Path, keep_key: Callable[[Path], None]) -> None:
    """Write the key, then give the new index its name; the old one stands again where the key cannot be written.

    Between the two no index is there: never one that another key opens.
    """
    replaced = whole / "replaced"
    if target.exists():
        target.rename(replaced)
    try:
        keep_key(whole)
    except BaseException:
        if replaced.exists():
            replaced.rename(target)
        raise
    whole.rename(target)
    shutil.rmtree(target / replaced.name, ignore_errors=True)


class _Build:
    def __init__(
        self, connection: duckdb.DuckDBPyConnection, folder: Path, files: PieceFiles, progress: Progress
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._files = files
        self._opened = OpenedPieces(_OPEN)
        self._progress = progress
        self._stage = 0
        self._left_out = {"malformed tin": 0, "malformed date_of_birth": 0, "unreadable address": 0}

    def run(self, accounts: SourceTable, addresses: SourceTable) -> dict[str, Any]:
        self._says("Reading and checking the source")
        account_count = stage_table(self._connection, accounts)
        address_count = stage_table(self._connection, addresses)
        check_tables(self._connection, accounts, addresses)
        self._connection.execute("CREATE TABLE filed (key UBIGINT, owner UINTEGER)")
        self._connection.execute("CREATE TABLE people (given UBIGINT, family UBIGINT, birth UBIGINT, tin UBIGINT)")
        self._connection.execute(
            "CREATE TABLE lived (owner UINTEGER, dwelling UBIGINT, street UBIGINT, zip UBIGINT, city UBIGINT,"
            " family UBIGINT)"
        )
        width = self._connection.execute("SELECT coalesce(max(strlen(account_id)), 1) FROM accounts").fetchall()[0][0]
        self._forms = array_forms(width)
        self._code_accounts()
        held = self._code_addresses(account_count)
        self._count()
        self._finish_accounts(held)
        self._finish_addresses()
        keys = self._sort_keys()
        write_mailing(self._connection, self._folder, self._files)
        return {
            "format": FORMAT,
            "accounts": account_count,
            "addresses": address_count,
            "keys": keys,
            "identifier_bytes": width,
            "left_out": self._left_out,
            "source": {table.path.name: _sha256(table.path) for table in (accounts, addresses)},
        }

    def _says(self, what: str) -> None:
        self._stage += 1
        self._progress(what, self._stage, _STAGES)

    def _writer(self, name: str, dtype: np.dtype, key: str = "") -> SealedArrayWriter:
        return SealedArrayWriter(self._files, self._folder / name, dtype, key)

    def _array(self, name: str, dtype: np.dtype, key: str = "") -> SealedArray:
        return SealedArray(self._files, self._folder / name, dtype, self._opened, key)

    def _batches(self, sql: str) -> Iterator[pa.RecordBatch]:
        yield from self._connection.cursor().sql(sql).to_arrow_reader(_BATCH)

    def _insert(self, table: str, **columns: np.ndarray) -> None:
        self._connection.register("arriving", pa.table({name: pa.array(column) for name, column in columns.items()}))
        self._connection.execute(f"INSERT INTO {table} SELECT * FROM arriving")  # a fixed name
        self._connection.unregister("arriving")

    def _file(self, keys: np.ndarray, owners: np.ndarray) -> None:
        filled = keys != 0
        self._insert("filed", key=keys[filled], owner=owners[filled].astype(np.uint32))

    def _code_accounts(self) -> None:
        self._says("Coding the accounts")
        identifier = self._forms["account_ids"][0]
        at = 0
        with self._writer("accounts.coded", ACCOUNT) as coded, self._writer("account_ids", identifier) as identifiers:
            for batch in self._batches("SELECT * FROM accounts ORDER BY account_id"):
                people = code_people({field: batch.column(field).to_pylist() for field in PERSON_FIELDS})
                for column, coded_as in (("tin", "tin"), ("date_of_birth", "birth")):
                    written = np.array(batch.column(column).to_pylist(), dtype=object) != ""
                    self._left_out[f"malformed {column}"] += int(np.count_nonzero(written & (people[coded_as] == 0)))
                identifiers.append(
                    np.array([text.encode() for text in batch.column("account_id").to_pylist()], identifier)
                )
                coded.append(_widened(people, ACCOUNT))
                for keys, positions in account_keys(people):
                    self._file(keys, positions + at)
                self._insert(
                    "people",
                    given=people["given"],
                    family=people["family"],
                    birth=people["birth"].astype(np.uint64),
                    tin=people["tin"].astype(np.uint64),
                )
                at += len(people)

    def _code_addresses(self, accounts: int) -> np.ndarray:
        """Code the addresses; give how many each account holds."""
        self._says("Coding the addresses")
        everyone = self._array("accounts.coded", ACCOUNT)
        held = np.zeros(accounts, np.uint32)
        sql = """SELECT owner, line_1, line_2, city, state, zip,
                        CAST(from_year AS SMALLINT) AS from_year, CAST(to_year AS SMALLINT) AS to_year
                 FROM addresses JOIN (SELECT account_id, row_number() OVER (ORDER BY account_id) - 1 AS owner
                                      FROM accounts) USING (account_id)
                 ORDER BY owner, CAST(to_year AS INTEGER) DESC, CAST(from_year AS INTEGER) DESC, source_row"""
        with self._writer("addresses.coded", ADDRESS) as coded:
            for batch in self._batches(sql):
                owners = batch.column("owner").to_numpy(zero_copy_only=False).astype(np.int64)
                people = everyone.take(owners)
                places = code_places({field: batch.column(field).to_pylist() for field in PLACE_FIELDS})
                self._left_out["unreadable address"] += int(np.count_nonzero(places["street"] == 0))
                addresses = _widened(places, ADDRESS)
                for year in ("from_year", "to_year"):
                    addresses[year] = batch.column(year).to_numpy()
                coded.append(addresses)
                for keys, positions in address_keys(people, places):
                    self._file(keys, owners[positions])
                self._insert(
                    "lived",
                    owner=owners.astype(np.uint32),
                    dwelling=dwelling_keys(places),
                    street=street_keys(places),
                    zip=places["zip"].astype(np.uint64),
                    city=places["city"],
                    family=people["family"],
                )
                np.add.at(held, owners, 1)
        return held

    def _count(self) -> None:
        self._says("Counting how common each value is")
        for value in ("given", "family", "birth", "tin"):
            self._counted(value, "count(*)", "0", "people")
        for value in ("dwelling", "street", "zip", "city"):
            self._counted(value, "count(DISTINCT owner)", "count(DISTINCT family)", "lived")

    def _counted(self, name: str, accounts: str, families: str, table: str) -> None:
        query = (
            f"FROM (SELECT {name} AS value, {accounts} AS accounts, {families} AS families FROM {table}"
            " GROUP BY 1) WHERE value <> 0"
        )
        self._write(name, COUNT, "value", f"SELECT * {query} ORDER BY value")

    def _write(self, name: str, dtype: np.dtype, key: str, sql: str) -> int:
        """Write the result of a query, which has the columns of ``dtype``, as an array; give its length."""
        length = 0
        with self._writer(name, dtype, key) as array:
            for batch in self._batches(sql):
                records = np.empty(batch.num_rows, dtype)
                for field in dtype.names or ():
                    records[field] = batch.column(field).to_numpy(zero_copy_only=False)
                array.append(records)
                length += len(records)
        return length

    def _finish_accounts(self, held: np.ndarray) -> None:
        initials = np.zeros(256, np.int64)
        shared = {name: self._array(name, COUNT, "value") for name in ("given", "family", "tin")}
        start = 0
        with self._writer("accounts", ACCOUNT) as finished:
            for at, part in self._parts("accounts.coded", ACCOUNT):
                for name, table in shared.items():
                    bound = np.iinfo(ACCOUNT[f"{name}_count"]).max
                    part[f"{name}_count"] = np.minimum(counted(table, part[name], "accounts"), bound)
                theirs = held[at : at + len(part)].astype(np.uint64)
                part["held"] = np.minimum(theirs, np.iinfo(np.uint16).max)
                part["start"] = start + np.cumsum(theirs) - theirs
                start += int(theirs.sum())
                initials += np.bincount(part["initial"], minlength=256)
                finished.append(part)
        with self._files.create(self._folder / "initials") as file:
            file.write(initials.astype("<i8").tobytes())

    def _finish_addresses(self) -> None:
        self._says("Counting who lives where")
        dwelling = self._array("dwelling", COUNT, "value")
        with self._writer("addresses", ADDRESS) as finished:
            for _, part in self._parts("addresses.coded", ADDRESS):
                dwellings = dwelling_keys(part)
                part["residents"] = counted(dwelling, dwellings, "accounts")
                part["families"] = counted(dwelling, dwellings, "families")
                finished.append(part)

    def _parts(self, name: str, dtype: np.dtype) -> Iterator[tuple[int, np.ndarray]]:
        """Give an array part by part, to be written to, each with its place."""
        whole = self._array(name, dtype)
        for start in range(0, len(whole), _BATCH):
            yield start, whole.span(start, start + _BATCH).copy()

    def _sort_keys(self) -> int:
        self._says("Sorting the keys")
        return self._write("filed", FILED, "key", "SELECT DISTINCT key, owner FROM filed ORDER BY key, owner")


def _widened(coded: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Give coded records as the wider ones of an index, what is not known yet 0."""
    wide = np.zeros(len(coded), dtype)
    for field in coded.dtype.names or ():
        wide[field] = coded[field]
    return wide


def _sha256(path: Path) -> str:
    whole = sha256()
    with path.open("rb") as file:
        while part := file.read(1 << 20):
            whole.update(part)
    return whole.hexdigest()
