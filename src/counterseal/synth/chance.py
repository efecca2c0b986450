"""Chance that is an argument and comes out the same on every machine.

numpy promises that the raw output of a bit generator stays the same from version to version; it does not
promise that of the distributions drawn from it. So only ``random_raw`` is used, and every draw is made
from it here by whole numbers and by the operations that IEEE 754 rounds alike everywhere (no powers, no
logarithms).
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

Item = TypeVar("Item")
_AT_ONCE = 8192


class Chance:
    """A stream of chance named by a seed and by words: streams of other words are independent of it."""

    def __init__(self, seed: int, *words: str) -> None:
        key = hashlib.sha256("/".join((str(seed), *words)).encode()).digest()
        self._bits = np.random.PCG64(np.frombuffer(key, dtype="<u4").tolist())
        self._ready: list[float] = []

    def uniform(self, count: int) -> NDArray[np.float64]:
        """``count`` numbers, evenly spread over 0 ≤ x < 1."""
        raw = np.asarray(self._bits.random_raw(count), dtype=np.uint64)
        return (raw >> np.uint64(11)).astype(np.float64) * 2.0**-53

    def below(self, count: int, high: int | NDArray[np.int64]) -> NDArray[np.int64]:
        """``count`` whole numbers, evenly spread over 0 ≤ x < high (one bound, or one for each)."""
        return np.floor(self.uniform(count) * high).astype(np.int64)

    def happens(self, count: int, share: float) -> NDArray[np.bool_]:
        """``count`` yes/no answers, yes with the share given."""
        return self.uniform(count) < share

    def weighted(self, count: int, weights: NDArray[np.int64]) -> NDArray[np.int64]:
        """``count`` positions of ``weights``, each as likely as its whole-number weight."""
        upto = np.cumsum(weights)
        return np.searchsorted(upto, self.below(count, int(upto[-1])), side="right").astype(np.int64)

    def order(self, count: int) -> NDArray[np.int64]:
        """The numbers 0 ≤ x < count in a chance order."""
        raw = np.asarray(self._bits.random_raw(count), dtype=np.uint64)
        return np.argsort(raw, kind="stable").astype(np.int64)

    def one(self) -> float:
        """One number over 0 ≤ x < 1."""
        if not self._ready:
            self._ready = self.uniform(_AT_ONCE).tolist()
        return self._ready.pop()

    def number(self, low: int, high: int) -> int:
        """One whole number, low ≤ x ≤ high."""
        return low + int(self.one() * (high - low + 1))

    def early(self, count: int) -> int:
        """One whole number, 0 ≤ x < count, low ones more likely than high ones."""
        drawn = self.one()
        return int(drawn * drawn * count)

    def yes(self, share: float) -> bool:
        """Yes with the share given."""
        return self.one() < share

    def of(self, items: Sequence[Item]) -> Item:
        """One of the items, each as likely as the other."""
        return items[int(self.one() * len(items))]

    def date(self, first_year: int, last_year: int) -> str:
        """One ISO date of the years given, the 28th of a month at the latest."""
        return f"{self.number(first_year, last_year)}-{self.number(1, 12):02d}-{self.number(1, 28):02d}"
