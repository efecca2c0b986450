"""The registry as identity reads it: a folder of sorted arrays that lie sealed, searched by key.

Opening costs nothing that grows with the registry; a look-up opens a few pieces of a few arrays. The folder is written
by ``engine.identity_index`` and never changed afterwards; every file of it but the first is sealed under a key that
lies elsewhere (``vault.registry_files``).

===================  ==========================================================================
``index.json``       format version, in the clear
``about.json``       counts, digests of the sources
``accounts``         ACCOUNT records in the order of account_id
``account_ids``      the identifiers in the same order, fixed-width bytes
``addresses``        ADDRESS records, each account's together, the last one held first
``filed``            FILED records, sorted: block keys, and the account filed under each
``given`` …          COUNT records: how many accounts bear each value
``initials``         how many accounts bear each middle initial
``mailing.parquet``  each account's last known address as written; identity does not read it
===================  ==========================================================================
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from counterseal.core.files import REGISTRY_ABOUT
from counterseal.errors import CountersealError
from counterseal.identity.coding import PERSON, PLACE
from counterseal.identity.sealed_array import OpenedPieces, SealedArray

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.core.files import PieceFiles

FORMAT = 2
CACHE = 64 << 20
"""Bytes of opened pieces that an open registry keeps."""
_COUNTED_OF_ACCOUNT = [("given_count", "<u4"), ("family_count", "<u4"), ("tin_count", "<u2")]
ACCOUNT = np.dtype(
    [(name, PERSON[name]) for name in PERSON.names or ()] + [*_COUNTED_OF_ACCOUNT, ("start", "<u8"), ("held", "<u2")]
)
_COUNTED_OF_ADDRESS = [("residents", "<u4"), ("families", "<u4")]
ADDRESS = np.dtype(
    [(name, PLACE[name]) for name in PLACE.names or ()]
    + [*_COUNTED_OF_ADDRESS, ("from_year", "<i2"), ("to_year", "<i2")]
)
FILED = np.dtype([("key", "<u8"), ("owner", "<u4")])
COUNT = np.dtype([("value", "<u8"), ("accounts", "<u4"), ("families", "<u4")])
COUNTED = ("given", "family", "birth", "dwelling", "street", "zip", "city")


@dataclass(frozen=True)
class RegistryIndex:
    """An open registry. ``about`` is ``about.json``."""

    about: dict[str, Any]
    accounts: SealedArray
    account_ids: SealedArray
    addresses: SealedArray
    filed: SealedArray
    counts: dict[str, SealedArray]
    initials: np.ndarray

    @property
    def size(self) -> int:
        """How many accounts there are."""
        return len(self.accounts)

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of the digests of its sources."""
        return sha256(json.dumps(self.about["source"], sort_keys=True).encode()).hexdigest()[:12]

    def filed_under(self, keys: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give how many accounts are filed under each key, where they begin in the third answer, and the accounts.

        Of a key under which more than ``limit`` are filed, none is given.
        """
        wanted, back = np.unique(keys, return_inverse=True)
        count, start, found = self.filed.runs(wanted, limit)
        return count[back], start[back], found["owner"].astype(np.int64)

    def count(self, what: str, values: np.ndarray) -> np.ndarray:
        """Give how many accounts bear each value of ``what`` (one of COUNTED); 0 for values unknown."""
        return counted(self.counts[what], values, "accounts")

    def families(self, what: str, values: np.ndarray) -> np.ndarray:
        """Give how many different family names are borne at each value of ``what``."""
        return counted(self.counts[what], values, "families")


def counted(table: SealedArray, values: np.ndarray, column: str) -> np.ndarray:
    """Give a column of the COUNT record of each value; 0 for values that have none."""
    wanted, back = np.unique(values.astype(np.uint64), return_inverse=True)
    known, _, found = table.runs(wanted, 1)
    answer = np.zeros(len(wanted), np.int64)
    answer[known == 1] = found[column]
    return answer[back]


def open_registry(folder: Path, files: PieceFiles, *, cache: int = CACHE) -> RegistryIndex:
    """Open the index in ``folder``, of which at most ``cache`` bytes are kept open at a time.

    Raises ``registry-unreadable``, ``registry-version``, and what ``files`` says of a key or a file that does not
    hold: ``registry-key``, ``sealed-file``.
    """
    try:
        found = json.loads((folder / "index.json").read_text(encoding="utf-8")).get("format")
        if found != FORMAT:
            raise CountersealError(
                "registry-version",
                f"The registry index has format {found}, this version reads {FORMAT}.",
                where=str(folder),
                next_step="Build it again from its source: counterseal registry build SOURCE --out REGISTRY.",
            )
        with files.open(folder / REGISTRY_ABOUT) as file:
            about = json.loads(file.read())
        with files.open(folder / "initials") as file:
            initials = np.frombuffer(file.read(), "<i8")
        opened = OpenedPieces(cache)
        arrays = {
            name: SealedArray(files, folder / name, dtype, opened, key)
            for name, (dtype, key) in array_forms(about["identifier_bytes"]).items()
        }
    except (OSError, ValueError, AttributeError) as failure:
        raise CountersealError(
            "registry-unreadable",
            "This is no registry index, or a part of it is missing.",
            where=str(folder),
            next_step="Build it with: counterseal registry build SOURCE --out REGISTRY.",
        ) from failure
    counts = {name: arrays.pop(name) for name in COUNTED}
    return RegistryIndex(about=about, initials=initials, counts=counts, **arrays)


def array_forms(identifier_bytes: int) -> dict[str, tuple[np.dtype, str]]:
    """Give the arrays of an index by file name: of what records, and sorted by which field they are searched."""
    return {
        "accounts": (ACCOUNT, ""),
        "account_ids": (np.dtype(f"S{identifier_bytes}"), ""),
        "addresses": (ADDRESS, ""),
        "filed": (FILED, "key"),
        **dict.fromkeys(COUNTED, (COUNT, "value")),
    }
