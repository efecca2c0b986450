"""A registry on disk: ``accounts`` and ``addresses``, as ``counterseal registry build`` reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.csv as arrow_csv
from pyarrow import parquet

from counterseal.errors import CountersealError
from counterseal.synth.chance import Chance

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from counterseal.synth.people import World

ACCOUNT_FIELDS = ("account_id", "tin", "given_name", "middle_name", "family_name", "suffix", "date_of_birth")
ADDRESS_FIELDS = ("account_id", "line_1", "line_2", "city", "state", "zip", "from_year", "to_year")
CANARY = {
    "account_id": "A00000000",
    "tin": "987654321",
    "given_name": "CANARY",
    "middle_name": "QUILL",
    "family_name": "ZZYZXWORTH",
    "suffix": "",
    "date_of_birth": "1971-07-17",
    "line_1": "7117 CANARYTOKEN LN",
    "line_2": "",
    "city": "SCHENECTADY",
    "state": "NY",
    "zip": "12305",
}
"""The person who stands in every registry and every submission made here, and nowhere else.

Search logs, metrics, addresses of pages and the ledger for ``ZZYZXWORTH``, ``CANARYTOKEN`` or the number:
none may hold it (987-65-4320 to 4329 are never given to anybody).
"""


def account_ids(world: World, seed: int) -> NDArray[np.object_]:
    """An account number for each person, in an order that says nothing; ``''`` for those without account."""
    holders = np.flatnonzero(world.has_account)
    ids = np.full(len(world.has_account), "", dtype=object)
    rank = Chance(seed, "account numbers").order(len(holders))
    ids[holders] = np.array([f"A{number + 1:08d}" for number in rank.tolist()], dtype=object)
    return ids


def registry_tables(world: World, ids: NDArray[np.object_]) -> tuple[pa.Table, pa.Table]:
    """The two tables of a registry, sorted by account, the canary first."""
    holders = np.flatnonzero(world.has_account)
    holders = holders[np.argsort(ids[holders].astype(str), kind="stable")]
    people = {
        "account_id": ids, "tin": world.tin, "given_name": world.given_name, "middle_name": world.middle_name,
        "family_name": world.family_name, "suffix": world.suffix, "date_of_birth": world.date_of_birth,
    }  # fmt: skip
    accounts = pa.table(
        {name: pa.array([CANARY[name], *people[name][holders]], pa.string()) for name in ACCOUNT_FIELDS}
    )
    kept = np.flatnonzero(world.has_account[world.span_person])
    order = np.lexsort((world.span_from[kept], ids[world.span_person[kept]].astype(str)))
    kept = kept[order]
    place, home = world.span_dwelling[kept], world.dwellings
    texts = {
        "account_id": ids[world.span_person[kept]], "line_1": home.line_1[place],
        "line_2": home.line_2[place],
        "city": home.city[place], "state": home.state[place], "zip": home.zip_code[place],
    }  # fmt: skip
    addresses = {name: pa.array([CANARY[name], *texts[name]], pa.string()) for name in ADDRESS_FIELDS[:6]}
    years = {"from_year": world.span_from[kept], "to_year": world.span_to[kept]}
    for name, first in (("from_year", 2018), ("to_year", 2025)):
        addresses[name] = pa.array([first, *years[name].tolist()], pa.int64())
    return accounts, pa.table(addresses)


def write_table(table: pa.Table, folder: Path, name: str, form: str) -> Path:
    """Write a table as ``name.parquet`` or ``name.csv`` (UTF-8, header, quoted where needed)."""
    path = folder / f"{name}.{form}"
    if form == "parquet":
        parquet.write_table(table, path)
    else:
        arrow_csv.write_csv(table, path, arrow_csv.WriteOptions(quoting_style="needed"))
    return path


def read_table(folder: Path, name: str) -> pa.Table:
    """Read ``name.parquet`` or ``name.csv``, all columns as text.

    Raises ``CountersealError`` when neither is there.
    """
    if (path := folder / f"{name}.parquet").is_file():
        return parquet.read_table(path)
    if (path := folder / f"{name}.csv").is_file():
        fields = ACCOUNT_FIELDS if name == "accounts" else ADDRESS_FIELDS
        types = {field: pa.int64() if field.endswith("_year") else pa.string() for field in fields}
        return arrow_csv.read_csv(path, convert_options=arrow_csv.ConvertOptions(column_types=types))
    raise CountersealError(
        "synth-no-registry",
        f"There is no {name}.parquet or {name}.csv.",
        where=str(folder),
        next_step="Make one with: python -m counterseal.synth registry --people 10000 --seed 1 --out DIR",
    )
