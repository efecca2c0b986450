"""An array in a sealed file, of which only the pieces that are asked for are opened.

A piece holds whole records, so that a record is never cut. An array that is searched has the key of each piece's first
record in a second array above it, which is searched in the same way, up to one of a single piece: so a look-up opens
one piece on each level, and nothing that grows with the array is held in memory. Pieces that were opened lie in a room
of fixed size, those used last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import IO, TYPE_CHECKING, Literal, Self, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from counterseal.core.files import PieceFiles, Pieces

PIECE = 1 << 13
"""Bytes of a piece at the most: measured with ``bench/registry_at_rest.py``, see ``docs/design/at-rest.md``."""
TOGETHER = 256
"""Pieces that a call has open at once, or a few more where what is searched ends in others than it begins in."""
FIRST = np.dtype([("key", "<u8")])
_ABOVE = ".above"

Side: TypeAlias = Literal["left", "right"]


class OpenedPieces:
    """Room for the pieces that lie open, ``size`` bytes of it, shared by the arrays of one registry.

    A piece stays until its room is needed; the one that was not used for longest goes first. ``held`` is held by who
    asks for places, until what lies there was read.
    """

    def __init__(self, size: int) -> None:
        count = max(size // PIECE, 2 * TOGETHER)
        self.held = threading.Lock()
        self._room = np.empty(count * PIECE, np.uint8).data
        self._free = list(range(count))
        self._places: OrderedDict[tuple[Pieces, int], int] = OrderedDict()

    def records(self, dtype: np.dtype) -> np.ndarray:
        """Give all the room as records, those of one piece in a row."""
        shape, strides = (len(self._room) // PIECE, _in_a_piece(dtype)), (PIECE, dtype.itemsize)
        return np.ndarray(shape, dtype, self._room, strides=strides)

    def places(self, file: Pieces, pieces: np.ndarray) -> np.ndarray:
        """Open pieces of a file, at most as many as there is room for; give the row in which each lies."""
        places = self._places
        found = []
        for number in pieces.tolist():
            place = places.pop((file, number), None)
            if place is None:
                place = self._free.pop() if self._free else places.popitem(last=False)[1]
                file.open_piece(number, self._room[place * PIECE : (place + 1) * PIECE])
            places[file, number] = place
            found.append(place)
        return np.array(found, np.int64)


def _in_a_piece(dtype: np.dtype) -> int:
    return max(1, PIECE // dtype.itemsize)


class SealedArray:
    """The array in the file at ``path``. ``key`` is the field by which it is sorted, if it is to be searched.

    Raises CountersealError where a piece does not hold, ValueError where the file is none of such records.
    """

    def __init__(self, files: PieceFiles, path: Path, dtype: np.dtype, opened: OpenedPieces, key: str = "") -> None:
        self.dtype = dtype
        self._key, self._opened, self._records = key, opened, opened.records(dtype)
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
        distinct, slot = self._distinct(pieces)
        if len(distinct) <= TOGETHER:
            return self._read(distinct, slot, within)
        taken = np.empty(len(positions), self.dtype)
        order = np.argsort(slot.astype(np.min_scalar_type(len(distinct))), kind="stable")  # short ones sort faster
        for some, at in _portions(distinct, slot[order]):
            these = order[at]
            taken[these] = self._read(some, slot[these] - slot[these[0]], within[these])
        return taken

    def _read(self, pieces: np.ndarray, slot: np.ndarray, within: np.ndarray) -> np.ndarray:
        """Open pieces, and copy from each what stands at a place within it."""
        with self._opened.held:
            places = self._opened.places(self._file, pieces)
            found: np.ndarray = self._records[places[slot], within]
        return found

    def _keys(self, places: np.ndarray, pieces: np.ndarray) -> np.ndarray:
        """Copy the keys of pieces that lie open: pieces of a sorted array, in their order, are a sorted array."""
        keys: np.ndarray = self._records[self._key][places].ravel()
        beyond = (int(pieces[-1]) + 1) * self._each - self._length if len(pieces) else 0
        return keys[: len(keys) - max(beyond, 0)]

    def _distinct(self, pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give the distinct pieces, in order, and for each of ``pieces`` its place among them."""
        whole = -(-self._length // self._each)
        if whole > len(pieces):
            return np.unique(pieces, return_inverse=True)
        wanted = np.zeros(whole, bool)  # what np.unique does, without sorting
        wanted[pieces] = True
        return np.flatnonzero(wanted), (np.cumsum(wanted) - 1)[pieces]

    def span(self, start: int, stop: int) -> np.ndarray:
        """Give the records from ``start`` to before ``stop``, as a slice would."""
        return self.take(np.arange(*slice(start, stop).indices(self._length)))

    def search(self, wanted: np.ndarray, side: Side = "left") -> np.ndarray:
        """Give where each of the sorted ``wanted`` stands among the keys, as ``np.searchsorted`` does."""
        reached = self._reached(wanted, side)
        found = np.zeros(len(wanted), np.int64)
        for some, at in _portions(*_of_sorted(reached)):
            with self._opened.held:
                keys = self._keys(self._opened.places(self._file, some), some)
            # No place that is found lies outside its own piece.
            skipped = (reached[at] - np.searchsorted(some, reached[at])) * self._each
            found[at] = np.searchsorted(keys, wanted[at], side) + skipped
        return found

    def runs(self, wanted: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the records that bear each of the sorted, distinct ``wanted`` keys.

        The answer is how many bear each, where they begin in the third answer, and the records; of a key that more
        than ``limit`` bear, none is given. Each piece is opened once.
        """
        reached, ended = self._reached(wanted, "left"), self._reached(wanted, "right")
        count, start = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.int64)
        records, total = [np.empty(0, self.dtype)], 0
        for some, at in _portions(*_of_sorted(reached)):
            pieces = np.union1d(some, ended[at])
            with self._opened.held:
                places = self._opened.places(self._file, pieces)
                keys = self._keys(places, pieces)
                begin, end = np.searchsorted(keys, wanted[at], "left"), np.searchsorted(keys, wanted[at], "right")
                apart = (
                    ended[at] - reached[at] - np.searchsorted(pieces, ended[at]) + np.searchsorted(pieces, reached[at])
                )
                count[at] = end - begin + apart * self._each
                given = np.where((count[at] <= limit) & (apart == 0), count[at], 0)
                slot, within = np.divmod(spread(begin, given), self._each)
                records.append(self._records[places[slot], within])
            start[at] = total + np.cumsum(given) - given
            total += len(records[-1])
            for one in at.start + np.flatnonzero((apart > 0) & (count[at] <= limit)):  # over more than two pieces
                left = int(self.search(wanted[one : one + 1])[0])
                records.append(self.span(left, left + int(count[one])))
                start[one], total = total, total + len(records[-1])
        return count, start, np.concatenate(records)

    def _reached(self, wanted: np.ndarray, side: Side) -> np.ndarray:
        """Give the piece in which each of the sorted ``wanted`` would stand."""
        reached = np.zeros(len(wanted), np.int64)
        return reached if self._above is None else np.maximum(self._above.search(wanted, side) - 1, reached)


def spread(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Give every position of every run, run by run."""
    positions: np.ndarray = np.repeat(starts - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())
    return positions


def _of_sorted(pieces: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give the distinct ones of sorted ``pieces``, and for each of ``pieces`` its place among them."""
    new = np.diff(pieces, prepend=-1) != 0
    return pieces[new], np.cumsum(new) - 1


def _portions(distinct: np.ndarray, slot: np.ndarray) -> Iterator[tuple[np.ndarray, slice]]:
    """Cut ``distinct`` pieces into as many as may lie open together, with the part of the sorted ``slot`` of each."""
    for start in range(0, len(distinct), TOGETHER):
        some = distinct[start : start + TOGETHER]
        begin, end = np.searchsorted(slot, [start, start + len(some)])
        yield some, slice(int(begin), int(end))


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
