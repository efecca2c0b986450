"""An array in a sealed file, of which only the pieces that are asked for are opened.

A piece holds whole records, so that a record is never cut. An array that is searched has the key of each piece's first
record in a second array above it, which is searched in the same way, up to one of a single piece: so a look-up opens
one piece on each level, and nothing that grows with the array is held in memory. Pieces that were opened are kept, as
many as the caller allows, those used last.
"""

from __future__ import annotations

import functools
from typing import IO, TYPE_CHECKING, Literal, Self, TypeAlias, cast

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path
    from types import TracebackType

    from counterseal.core.files import PieceFiles, Pieces

PIECE = 1 << 14
"""Bytes of a piece at the most: measured with ``bench/registry_at_rest.py``, see ``docs/design/at-rest.md``."""
TOGETHER = 512
"""Pieces that lie open beside one another while one call is answered."""
FIRST = np.dtype([("key", "<u8")])
_ABOVE = ".above"

Opened: TypeAlias = "Callable[[Pieces, int], bytes]"


def opener(cache: int) -> Opened:
    """Give the function by which arrays open pieces: it keeps those used last, ``cache`` bytes of them."""

    @functools.lru_cache(maxsize=cache // PIECE)
    def opened(file: Pieces, number: int) -> bytes:
        return file.piece(number)

    return cast("Opened", opened)


def _in_a_piece(dtype: np.dtype) -> int:
    return max(1, PIECE // dtype.itemsize)


class SealedArray:
    """The array in the file at ``path``. ``key`` is the field by which it is sorted, if it is to be searched.

    Raises CountersealError where a piece does not hold, ValueError where the file is none of such records.
    """

    def __init__(self, files: PieceFiles, path: Path, dtype: np.dtype, opened: Opened, key: str = "") -> None:
        self.dtype = dtype
        self._key, self._opened = key, opened
        self._each = _in_a_piece(dtype)
        self._file = files.pieces(path, self._each * dtype.itemsize)
        self._length, left = divmod(self._file.size, dtype.itemsize)
        if left:
            raise ValueError(path.name)
        self._above = (
            SealedArray(files, path.with_name(path.name + _ABOVE), FIRST, opened, "key")
            if key and self._length > self._each
            else None
        )

    def __len__(self) -> int:
        return self._length

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Give the records at ``positions``, in their order. Each piece is opened once."""
        pieces, within = np.divmod(positions, self._each)
        distinct, slot = np.unique(pieces, return_inverse=True)
        if len(distinct) <= TOGETHER:
            return self._beside(distinct)[slot * self._each + within]
        taken = np.empty(len(positions), self.dtype)
        order = np.argsort(slot, kind="stable")
        for some, at in self._portions(distinct, slot[order]):
            these = order[at]
            first = int(slot[these[0]])
            taken[these] = self._beside(some)[(slot[these] - first) * self._each + within[these]]
        return taken

    def span(self, start: int, stop: int) -> np.ndarray:
        """Give the records from ``start`` to before ``stop``, as a slice would."""
        start, stop, _ = slice(start, stop).indices(self._length)
        if start >= stop:
            return np.empty(0, self.dtype)
        first = start // self._each
        beside = self._beside(np.arange(first, (stop - 1) // self._each + 1))
        return beside[start - first * self._each : stop - first * self._each]

    def search(self, wanted: np.ndarray, side: Literal["left", "right"] = "left") -> np.ndarray:
        """Give where each of the sorted ``wanted`` stands among the keys, as ``np.searchsorted`` does."""
        if not len(wanted) or not self._length:
            return np.zeros(len(wanted), np.int64)
        pieces = np.zeros(len(wanted), np.int64)
        if self._above is not None:
            pieces = np.maximum(self._above.search(wanted, side) - 1, 0)
        begins = np.flatnonzero(np.append(True, pieces[1:] != pieces[:-1]))
        distinct, slot = pieces[begins], np.repeat(np.arange(len(begins)), np.diff(begins, append=len(wanted)))
        found = np.empty(len(wanted), np.int64)
        for some, at in self._portions(distinct, slot):
            # Pieces of a sorted array, in their order, are a sorted array; no place found lies outside its own piece.
            places = np.searchsorted(np.ascontiguousarray(self._beside(some)[self._key]), wanted[at], side=side)
            slots = slot[at]
            found[at] = places + (pieces[at] - (slots - slots[0])) * self._each
        return found

    def _portions(self, distinct: np.ndarray, slot: np.ndarray) -> Iterator[tuple[np.ndarray, slice]]:
        """Cut ``distinct`` pieces into as many as may lie open together, with the part of ``slot`` of each."""
        for start in range(0, len(distinct), TOGETHER):
            some = distinct[start : start + TOGETHER]
            begin, end = np.searchsorted(slot, [start, start + len(some)])
            yield some, slice(int(begin), int(end))

    def _beside(self, pieces: np.ndarray) -> np.ndarray:
        """Open pieces and lay them beside one another, in the order given."""
        opened, file = self._opened, self._file
        return np.frombuffer(b"".join([opened(file, number) for number in pieces.tolist()]), self.dtype)


class SealedArrayWriter:
    """Writes one array from its first record to its last, and what stands above it where it is to be searched.

    ``key`` is the field by which the records come sorted. Used as a context; whole when that ends without a fault.
    """

    def __init__(self, files: PieceFiles, path: Path, dtype: np.dtype, key: str = "") -> None:
        self._files, self._path, self._dtype, self._key = files, path, dtype, key
        self._each = _in_a_piece(dtype)
        self._file: IO[bytes] = files.create_pieces(path, self._each * dtype.itemsize)
        self._length = 0
        self._first: np.ndarray = np.empty(0, FIRST)
        self._above: SealedArrayWriter | None = None

    def append(self, records: np.ndarray) -> None:
        """Write what comes next."""
        if self._key:
            self._lay_above(records[-self._length % self._each :: self._each][self._key])
        self._file.write(np.ascontiguousarray(records, self._dtype).tobytes())
        self._length += len(records)

    def _lay_above(self, keys: np.ndarray) -> None:
        """Write the first keys of pieces above; the first of all waits until there is a second."""
        first = np.zeros(len(keys), FIRST)
        first["key"] = keys
        first = np.concatenate([self._first, first])
        if self._above is None and len(first) > 1:
            self._above = SealedArrayWriter(self._files, self._path.with_name(self._path.name + _ABOVE), FIRST, "key")
        if self._above is None:
            self._first = first
            return
        self._first = first[:0]
        self._above.append(first)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._above is not None:
            self._above.__exit__(kind, value, trace)
        self._file.__exit__(kind, value, trace)
