"""Which accounts could be meant: the accounts filed under any key of the request."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.keys import LOOSE_LIMIT, request_keys
from counterseal.identity.sealed_array import spread

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.identity.index import RegistryIndex


@dataclass(frozen=True)
class Candidates:
    """Pairs sorted by request row, then account. ``passed_over`` counts over-full keys for each request."""

    rows: np.ndarray
    accounts: np.ndarray
    passed_over: np.ndarray


def find_candidates(
    index: RegistryIndex, people: np.ndarray, places: np.ndarray, given_names: Sequence[str]
) -> Candidates:
    """Look every request's keys up. ``given_names`` are the requests' given names in compared form."""
    looked = [(keys[keys != 0], rows[keys != 0]) for keys, rows in request_keys(people, places, given_names)]
    keys, rows = (np.concatenate(part) for part in zip(*looked, strict=True))
    found, start, accounts = index.filed_under(keys, LOOSE_LIMIT)
    loose = found > LOOSE_LIMIT
    passed_over = np.bincount(rows[loose], minlength=len(people))
    start, found, rows = start[~loose], found[~loose], rows[~loose]
    pairs = np.unique((np.repeat(rows, found).astype(np.int64) << 32) | accounts[spread(start, found)])
    return Candidates(pairs >> 32, pairs & 0xFFFFFFFF, passed_over)
