"""The Merkle tree of RFC 9162, section 2.1, over SHA-256.

Every proof is computed from one function ``node(level, index)``, the hash of the complete subtree of
``2**level`` leaves that begins at leaf ``index << level``. Dense levels in memory and tiles on disk both
give it, so there is one proof algorithm. Sizes and roots are the checkpoint's, never the proof's.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

HASH = 32
EMPTY_ROOT = sha256(b"").digest()
LARGEST = 2**63 - 1
"""The largest tree size and index that any of the formats can carry."""
_LEAF, _NODE = sha256(b"\x00"), sha256(b"\x01")
"""Begun and copied: to begin a hash takes longer than to hash an entry."""


def leaf_hash(entry: bytes) -> bytes:
    """Hash one entry as a leaf (RFC 9162, 2.1.1)."""
    hashed = _LEAF.copy()
    hashed.update(entry)
    return hashed.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Hash two children (RFC 9162, 2.1.1)."""
    hashed = _NODE.copy()
    hashed.update(left + right)
    return hashed.digest()


def fold_level(hashes: bytes | bytearray) -> bytearray:
    """Hash a level's concatenated hashes pairwise; a last one without a partner is left out."""
    above = bytearray()
    view = bytes(hashes)
    for at in range(0, len(view) - 63, 64):
        pair = _NODE.copy()
        pair.update(view[at : at + 64])
        above += pair.digest()
    return above


class Tree:
    """All complete subtrees, level by level, in memory: 64 bytes a leaf. Grows only."""

    def __init__(self, leaves: Iterable[bytes] = ()) -> None:
        self.levels: list[bytearray] = [bytearray()]
        self.extend(leaves)

    @property
    def size(self) -> int:
        """How many leaves there are."""
        return len(self.levels[0]) // HASH

    def extend(self, leaves: Iterable[bytes]) -> None:
        """Append leaf hashes of 32 bytes each."""
        added = b"".join(leaves)
        if len(added) % HASH:
            raise CountersealError("leaf-length", "A leaf hash is 32 bytes long.")
        level = 0
        while added:
            if level == len(self.levels):
                self.levels.append(bytearray())
            row = self.levels[level]
            done = len(row) // (2 * HASH) * (2 * HASH)
            row.extend(added)
            added = bytes(fold_level(row[done:]))
            level += 1

    def join(self, levels: Sequence[bytes]) -> None:
        """Append the levels of another tree.

        Trees are joined that are complete and of one height, save that the last may be smaller.
        """
        for level, added in enumerate(levels):
            if level == len(self.levels):
                self.levels.append(bytearray())
            self.levels[level] += added
        level = len(levels) - 1
        while True:
            done = 2 * len(self.levels[level + 1]) if level + 1 < len(self.levels) else 0
            above = fold_level(self.levels[level][done:])
            if not above:
                return
            level += 1
            if level == len(self.levels):
                self.levels.append(bytearray())
            self.levels[level] += above

    def append(self, leaf: bytes) -> None:
        """Append one leaf hash."""
        levels = self.levels
        levels[0] += leaf
        level, count = 0, len(levels[0]) // HASH
        while count % 2 == 0:
            row = levels[level]
            level += 1
            if level == len(levels):
                levels.append(bytearray())
            levels[level] += sha256(b"\x01" + row[-64:]).digest()
            count //= 2

    def node(self, level: int, index: int) -> bytes:
        """Give the hash of one complete subtree."""
        return bytes(self.levels[level][index * HASH : (index + 1) * HASH])

    def root(self, size: int | None = None) -> bytes:
        """Give the root of the first ``size`` leaves, or of all."""
        return range_root(self.node, 0, self.size if size is None else size)

    def inclusion(self, index: int, size: int | None = None) -> list[bytes]:
        """Prove that leaf ``index`` is in the first ``size`` leaves."""
        return inclusion_path(self.node, index, self.size if size is None else size)

    def consistency(self, first: int, second: int | None = None) -> list[bytes]:
        """Prove that the first ``second`` leaves begin with the first ``first``."""
        return consistency_path(self.node, 0, first, self.size if second is None else second)


def root_of(leaves: Iterable[bytes]) -> bytes:
    """Give the root over leaf hashes, keeping no more than one level in memory."""
    joined = b"".join(leaves)
    if len(joined) % HASH:
        raise CountersealError("leaf-length", "A leaf hash is 32 bytes long.")
    if not joined:
        return EMPTY_ROOT
    level = bytearray(joined)
    while len(level) > HASH:
        above = fold_level(level)
        if len(level) % (2 * HASH):
            above += level[-HASH:]
        level = above
    return bytes(level)


def range_root(node: Callable[[int, int], bytes], start: int, end: int) -> bytes:
    """Give the hash of the subtree of leaves ``start`` to ``end``; ``start`` is a multiple of its width.

    The leaves decompose into complete subtrees, largest first, which are joined from the right.
    """
    if start == end:
        return EMPTY_ROOT
    at, peaks = start, []
    while at < end:
        level = (end - at).bit_length() - 1
        peaks.append(node(level, at >> level))
        at += 1 << level
    root = peaks.pop()
    while peaks:
        root = node_hash(peaks.pop(), root)
    return root


def inclusion_path(node: Callable[[int, int], bytes], index: int, size: int) -> list[bytes]:
    """Compute an inclusion proof, leaf's sibling first (RFC 9162, 2.1.3.1).

    Raises CountersealError ``no-such-entry`` when the tree of that size has no such leaf.
    """
    if not 0 <= index < size:
        raise CountersealError("no-such-entry", f"There is no entry {index} in a ledger of {size}.")
    path, here, last, level = [], index, size - 1, 0
    while last:
        if here & 1:
            path.append(node(level, here - 1))
        elif here < last:
            if (here + 2) << level <= size:
                path.append(node(level, here + 1))
            else:
                path.append(range_root(node, (here + 1) << level, size))
        here >>= 1
        last >>= 1
        level += 1
    return path


def inclusion_root(leaf: bytes, index: int, size: int, path: Sequence[bytes]) -> bytes | None:
    """Compute the root that an inclusion proof leads to (RFC 9162, 2.1.3.2).

    None when index, size and the proof's length cannot belong together.
    """
    if not 0 <= index < size or len(leaf) != HASH or any(len(step) != HASH for step in path):
        return None
    here, last, root = index, size - 1, leaf
    for step in path:
        if last == 0:
            return None
        if here & 1 or here == last:
            root = node_hash(step, root)
            while not here & 1 and here:
                here >>= 1
                last >>= 1
        else:
            root = node_hash(root, step)
        here >>= 1
        last >>= 1
    return root if last == 0 else None


def included(leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes) -> bool:
    """Tell whether the proof shows the leaf at that index under that root."""
    return inclusion_root(leaf, index, size, path) == root


def consistency_path(node: Callable[[int, int], bytes], start: int, end: int, size: int) -> list[bytes]:
    """Prove that the leaves ``start`` to ``end`` are the same in the tree of ``size``.

    With ``start`` 0 this is the consistency proof of RFC 9162, 2.1.4.1; otherwise the subtree
    consistency proof that mirrors take. Raises CountersealError ``no-such-subtree`` when the range is
    empty, is no subtree or is not within the tree.
    """
    if not is_subtree(start, end) or end > size:
        raise CountersealError("no-such-subtree", f"Leaves {start} to {end} are no subtree of a tree of {size}.")
    path: list[bytes] = []
    low, high, known = 0, size, True
    while (start, end) != (low, high):
        middle = low + split(high - low)
        if end <= middle:
            path.append(range_root(node, middle, high))
            high = middle
        else:
            path.append(range_root(node, low, middle))
            if start < middle:
                start, known = middle, False
            low = middle
    if not known:
        path.append(range_root(node, low, high))
    return path[::-1]


def consistent(start: int, end: int, size: int, path: Sequence[bytes], subtree: bytes, root: bytes) -> bool:
    """Tell whether the proof shows the subtree's hash and the root to be of one history.

    Of one size, the roots must be the same and the proof empty. An empty first tree proves nothing about a
    larger one and is refused (RFC 9162 wants 0 < first).
    """
    if start == 0 and end == size:
        return 0 <= size <= LARGEST and not path and subtree == root
    if not is_subtree(start, end) or end > size or any(len(step) != HASH for step in path):
        return False
    turns, low, high, known = [], 0, size, True
    while (start, end) != (low, high):
        middle = low + split(high - low)
        if end <= middle:
            turns.append("right")
            high = middle
        else:
            turns.append("left" if start >= middle else "both")
            if start < middle:
                start, known = middle, False
            low = middle
    steps = list(path)
    if len(steps) != len(turns) + (not known):
        return False
    old = new = subtree if known else steps.pop(0)
    for step, turn in zip(steps, reversed(turns), strict=True):
        if turn == "right":
            new = node_hash(new, step)
        else:
            new = node_hash(step, new)
            if turn == "both":
                old = node_hash(step, old)
    return old == subtree and new == root


def is_subtree(start: int, end: int) -> bool:
    """Tell whether the leaves are a subtree: ``start`` is a multiple of the width, rounded up to 2**n."""
    return 0 <= start < end <= LARGEST and start % (1 << (end - start - 1).bit_length()) == 0


def split(width: int) -> int:
    """Give the largest power of two smaller than ``width`` (RFC 9162, 2.1.1)."""
    return 1 << ((width - 1).bit_length() - 1)


def grow(peaks: bytes, size: int, leaf: bytes) -> bytes:
    """Append a leaf hash to the peaks (complete subtrees, largest first) of a tree of ``size`` leaves."""
    while size & 1:
        leaf = node_hash(peaks[-HASH:], leaf)
        peaks = peaks[:-HASH]
        size >>= 1
    return peaks + leaf


def peaks_root(peaks: bytes) -> bytes:
    """Give the root of the tree that has these peaks."""
    if not peaks:
        return EMPTY_ROOT
    root = peaks[-HASH:]
    for at in range(len(peaks) - 2 * HASH, -1, -HASH):
        root = node_hash(peaks[at : at + HASH], root)
    return root
