"""The registry as identity reads it: a folder of sorted arrays, mapped into memory and searched by key.

Opening costs nothing that grows with the registry; a look-up touches a few pages. The folder is written
by ``engine.identity_index`` and never changed afterwards.

===================  ==========================================================================
``index.json``       format version, counts, digests of the sources, when it was built
``accounts.npy``     ACCOUNT records in the order of account_id
``account_ids.npy``  the identifiers in the same order, fixed-width bytes
``addresses.npy``    ADDRESS records, each account's together, the last one held first
``keys.npy``         block keys, sorted; ``owners.npy``: the account filed under each
``given.npy`` …      COUNT records: how many accounts bear each value
``mailing.parquet``  each account's last known address as written; identity does not read it
===================  ==========================================================================
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from counterseal.errors import CountersealError
from counterseal.identity.coding import PERSON, PLACE

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
_COUNTED_OF_ACCOUNT = [("given_count", "<u4"), ("family_count", "<u4"), ("tin_count", "<u2")]
ACCOUNT = np.dtype(
    [(name, PERSON[name]) for name in PERSON.names or ()] + [*_COUNTED_OF_ACCOUNT, ("start", "<u8"), ("held", "<u2")]
)
_COUNTED_OF_ADDRESS = [("residents", "<u4"), ("families", "<u4")]
ADDRESS = np.dtype(
    [(name, PLACE[name]) for name in PLACE.names or ()]
    + [*_COUNTED_OF_ADDRESS, ("from_year", "<i2"), ("to_year", "<i2")]
)
COUNT = np.dtype([("value", "<u8"), ("accounts", "<u4"), ("families", "<u4")])
COUNTED = ("given", "family", "birth", "dwelling", "street", "zip", "city")


@dataclass(frozen=True)
class RegistryIndex:
    """An open registry. ``about`` is ``index.json``; arrays are mapped read-only."""

    about: dict[str, Any]
    accounts: np.ndarray
    account_ids: np.ndarray
    addresses: np.ndarray
    keys: np.ndarray
    owners: np.ndarray
    counts: dict[str, np.ndarray]
    initials: np.ndarray

    @property
    def size(self) -> int:
        """How many accounts there are."""
        return len(self.accounts)

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of the digests of its sources."""
        return sha256(json.dumps(self.about["source"], sort_keys=True).encode()).hexdigest()[:12]

    def filed_under(self, keys: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give for each key the first and one past the last position in ``owners``."""
        wanted, back = np.unique(keys, return_inverse=True)  # in order, the search stays in near pages
        left = np.searchsorted(self.keys, wanted, side="left")
        found = left < len(self.keys)
        found[found] = self.keys[left[found]] == wanted[found]
        found &= wanted != 0
        right = left.copy()
        right[found] = np.searchsorted(self.keys, wanted[found], side="right")
        return left[back], right[back]

    def count(self, what: str, values: np.ndarray) -> np.ndarray:
        """Give how many accounts bear each value of ``what`` (one of COUNTED); 0 for values unknown."""
        return self._counted(what, values, "accounts")

    def families(self, what: str, values: np.ndarray) -> np.ndarray:
        """Give how many different family names are borne at each value of ``what``."""
        return self._counted(what, values, "families")

    def _counted(self, what: str, values: np.ndarray, column: str) -> np.ndarray:
        table = self.counts[what]
        if not len(table):
            return np.zeros(len(values), np.int64)
        wanted = values.astype(np.uint64)
        at = np.minimum(np.searchsorted(table["value"], wanted), len(table) - 1)
        return np.where(table["value"][at] == wanted, table[column][at].astype(np.int64), 0)


def open_registry(folder: Path) -> RegistryIndex:
    """Open the index in ``folder``. Raises ``registry-unreadable`` or ``registry-version``."""
    try:
        about = json.loads((folder / "index.json").read_text(encoding="utf-8"))
        names = ("accounts", "account_ids", "addresses", "keys", "owners", "initials")
        arrays = {name: _mapped(folder / f"{name}.npy") for name in names}
        counts = {name: _mapped(folder / f"{name}.npy") for name in COUNTED}
    except (OSError, ValueError) as failure:
        raise CountersealError(
            "registry-unreadable",
            "This is no registry index, or a part of it is missing.",
            where=str(folder),
            next_step="Build it with: counterseal registry build SOURCE --out REGISTRY.",
        ) from failure
    if about.get("format") != FORMAT:
        raise CountersealError(
            "registry-version",
            f"The registry index has format {about.get('format')}, this version reads {FORMAT}.",
            where=str(folder),
            next_step="Build it again from its source.",
        )
    return RegistryIndex(about=about, counts=counts, **arrays)


def _mapped(path: Path) -> np.ndarray:
    """Map an array read-only; one that is empty cannot be mapped and is read."""
    try:
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False))
    except ValueError:
        return np.asarray(np.load(path, allow_pickle=False))
