"""A registry read back for asking: who holds which address, who shares it, who can be mistaken for whom."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow.compute as pc

from counterseal.errors import CountersealError
from counterseal.synth.registry import ACCOUNT_FIELDS, ADDRESS_FIELDS, CANARY, read_table

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa
    from numpy.typing import NDArray

QUARTERS_FROM = 30
"""An address that so many accounts ever held is taken for group quarters."""


@dataclass(frozen=True)
class Holdings:
    """Accounts and addresses by position, and what can be told from them.

    ``holder`` and ``dwelling`` give for every address row the account's position and the number of the
    address as a place; ``residents`` how many accounts ever held that place.
    """

    account: dict[str, NDArray[np.object_]]
    address: dict[str, NDArray[np.object_]]
    to_year: NDArray[np.int64]
    holder: NDArray[np.int64]
    dwelling: NDArray[np.int64]
    residents: NDArray[np.int64]
    of_dwelling: NDArray[np.int64]
    starts: NDArray[np.int64]
    same_name_here: NDArray[np.bool_]
    twin_here: NDArray[np.bool_]
    borrowed_tin: NDArray[np.bool_]
    numbers: frozenset[str]
    canary: int | None

    def person(self, account: int) -> dict[str, str]:
        """The account's fields."""
        return {field: self.account[field][account] for field in ACCOUNT_FIELDS}

    def place(self, row: int) -> dict[str, str]:
        """The fields of one address row."""
        return {field: self.address[field][row] for field in ADDRESS_FIELDS[1:6]}

    def together(self, row: int) -> list[int]:
        """Positions of the accounts that ever held the place of this address row."""
        place = self.dwelling[row]
        rows = self.of_dwelling[self.starts[place] : self.starts[place + 1]]
        return sorted(set(self.holder[rows].tolist()))


def _codes(*columns: pa.ChunkedArray | pa.Array) -> NDArray[np.int64]:
    joined = pc.binary_join_element_wise(*columns, "\x1f")
    coded = pc.dictionary_encode(joined).combine_chunks()
    indices = coded.indices if hasattr(coded, "indices") else coded.chunk(0).indices
    return np.asarray(indices.to_numpy(zero_copy_only=False), dtype=np.int64)


def _repeated(*keys: NDArray[np.int64]) -> NDArray[np.bool_]:
    """True where the combination of keys occurs more than once."""
    combined = np.zeros(len(keys[0]), dtype=np.int64)
    for key in keys:
        _, combined = np.unique(combined * (int(key.max(initial=0)) + 1) + key, return_inverse=True)
    return np.asarray(np.bincount(combined)[combined] > 1)


def read_holdings(folder: Path) -> Holdings:
    """Read a registry folder (Parquet or CSV).

    Raises ``CountersealError`` when a table is missing, empty, or an address belongs to no account.
    """
    accounts, addresses = read_table(folder, "accounts"), read_table(folder, "addresses")
    if not accounts.num_rows or not addresses.num_rows:
        raise CountersealError("synth-empty-registry", "The registry is empty.", where=str(folder))
    holder = pc.index_in(addresses["account_id"], accounts["account_id"].combine_chunks())
    if holder.null_count:
        raise CountersealError("synth-broken-registry", "An address belongs to no account.", where=str(folder))
    holder_at = np.asarray(holder.combine_chunks().to_numpy(), dtype=np.int64)
    dwelling = _codes(*(addresses[f] for f in ("line_1", "line_2", "city", "state", "zip")))
    pairs = np.unique(dwelling * accounts.num_rows + holder_at)
    residents = np.bincount(pairs // accounts.num_rows, minlength=int(dwelling.max()) + 1)
    full = _codes(accounts["given_name"], accounts["family_name"])
    born = _codes(accounts["family_name"], accounts["date_of_birth"])
    place, who = pairs // accounts.num_rows, pairs % accounts.num_rows

    def marked(repeated: NDArray[np.bool_]) -> NDArray[np.bool_]:
        mark = np.zeros(accounts.num_rows, dtype=bool)
        mark[who[repeated]] = True
        return mark

    known_birth = np.asarray(pc.not_equal(accounts["date_of_birth"], "").combine_chunks())[who].astype(bool)
    texts = {name: accounts[name].to_numpy() for name in ACCOUNT_FIELDS}
    canary = np.flatnonzero(texts["account_id"] == CANARY["account_id"])
    order = np.argsort(dwelling, kind="stable")
    return Holdings(
        texts, {name: addresses[name].to_numpy() for name in ADDRESS_FIELDS[:6]},
        np.asarray(addresses["to_year"].to_numpy(), dtype=np.int64), holder_at, dwelling, residents, order,
        np.searchsorted(dwelling[order], np.arange(len(residents) + 1)),
        marked(_repeated(place, full[who])), marked(_repeated(place, born[who]) & known_birth),
        _repeated(_codes(accounts["tin"])), frozenset(texts["tin"].tolist()),
        int(canary[0]) if len(canary) and texts["family_name"][canary[0]] == CANARY["family_name"] else None,
    )  # fmt: skip
