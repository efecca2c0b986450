"""An array in a sealed file, of which only the pieces that are asked for are opened.

A piece holds whole records, so that a record is never cut. An array that is searched has the key of each piece's first
record in a second array above it, which is searched in the same way, up to one of a single piece: so a look-up opens
one piece on each level, and nothing that grows with the array is held in memory. Pieces that were opened lie in a room
of fixed size, those used last.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import IO, TYPE_CHECKING, NamedTuple, Self

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
        numbers = pieces.tolist()
        absent = []
        for number in numbers:  # what is asked for now goes last
            if (file, number) in places:
                places.move_to_end((file, number))
            else:
                absent.append(number)
        self._free += [places.popitem(last=False)[1] for _ in range(len(absent) - len(self._free))]
        taken = self._free[: len(absent)]
        file.open_pieces(absent, self._room, [place * PIECE for place in taken])
        del self._free[: len(absent)]
        for number, place in zip(absent, taken, strict=True):
            places[file, number] = place
        return np.array([places[file, number] for number in numbers], np.int64)


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

    def bounds(self, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Give where the records of each of the sorted ``wanted`` keys begin and end, as ``np.searchsorted`` does."""
        left, right = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.int64)
        for found in self._found(wanted):
            left[found.at], right[found.at] = found.begin + found.before_begin, found.end + found.before_end
        return left, right

    def runs(self, wanted: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the records that bear each of the sorted, distinct ``wanted`` keys.

        The answer is how many bear each, where they begin in the third answer, and the records; of a key that more
        than ``limit`` bear, none is given. Each piece is opened once.
        """
        count, start = np.zeros(len(wanted), np.int64), np.zeros(len(wanted), np.int64)
        records, total = [np.empty(0, self.dtype)], 0
        over: list[int] = []  # keys whose records lie in more than two pieces
        for found in self._found(wanted):
            apart = found.before_end - found.before_begin
            count[found.at] = found.end - found.begin + apart
            given = np.where((count[found.at] <= limit) & (apart == 0), count[found.at], 0)
            slot, within = np.divmod(spread(found.begin, given), self._each)
            records.append(self._records[found.places[slot], within])
            start[found.at] = total + np.cumsum(given) - given
            total += len(records[-1])
            over += (found.at.start + np.flatnonzero((apart > 0) & (count[found.at] <= limit))).tolist()
        for one in over:
            left = int(self.bounds(wanted[one : one + 1])[0][0])
            records.append(self.span(left, left + int(count[one])))
            start[one], total = total, total + len(records[-1])
        return count, start, np.concatenate(records)

    def _found(self, wanted: np.ndarray) -> Iterator[_Found]:
        """Look the sorted ``wanted`` up; the pieces of a portion lie open until the next portion is asked for."""
        whole = -(-self._length // self._each)
        if self._above is None or whole <= min(TOGETHER, len(wanted)):  # all of it costs less than to ask which
            with self._opened.held:
                places, begin, end = self._looked_up(np.arange(whole), wanted)
                yield _Found(slice(0, len(wanted)), places, begin, end)
            return
        reached, ended = (np.maximum(bound - 1, 0) for bound in self._above.bounds(wanted))
        distinct, slots = _of_sorted(reached)
        for some, at in _portions(distinct, slots):
            pieces, first = some, slots[at] - slots[at.start]
            last, beyond = first, np.flatnonzero(ended[at] != reached[at])
            if len(beyond):
                pieces = np.union1d(some, ended[at][beyond])
                first = np.searchsorted(pieces, some)[first]
                last = first.copy()
                last[beyond] = np.searchsorted(pieces, ended[at][beyond])
            with self._opened.held:
                places, begin, end = self._looked_up(pieces, wanted[at])
                yield _Found(
                    at, places, begin, end, (reached[at] - first) * self._each, (ended[at] - last) * self._each
                )

    def _looked_up(self, pieces: np.ndarray, wanted: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Open pieces; give where they lie, and where each of ``wanted`` begins and ends among their keys."""
        places = self._opened.places(self._file, pieces)
        keys: np.ndarray = self._records[self._key][places].ravel()  # sorted, as the pieces are
        keys = keys[: len(keys) - max(len(pieces) and (int(pieces[-1]) + 1) * self._each - self._length, 0)]
        begin = np.searchsorted(keys, wanted)
        end = begin.copy()
        borne = np.flatnonzero(np.take(keys, begin, mode="clip") == wanted) if len(keys) else begin[:0]
        end[borne] = np.searchsorted(keys, wanted[borne], "right")
        return places, begin, end


class _Found(NamedTuple):
    """A portion of what is looked up: which, where its pieces lie, where each begins and ends in them.

    ``before_begin`` and ``before_end`` count the records before the one and the other that are not in these pieces.
    """

    at: slice
    places: np.ndarray
    begin: np.ndarray
    end: np.ndarray
    before_begin: np.ndarray | int = 0
    before_end: np.ndarray | int = 0


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
