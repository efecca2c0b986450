"""The tree against RFC 9162's recursive definition, a second library, and damage of every kind."""

from __future__ import annotations

from hashlib import sha256

import pymerkle
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterseal.errors import CountersealError
from counterseal.ledger.tree import (
    EMPTY_ROOT,
    Tree,
    consistency_path,
    consistent,
    grow,
    included,
    is_subtree,
    leaf_hash,
    node_hash,
    peaks_root,
    root_of,
    split,
)

LEAVES = [leaf_hash(bytes([n])) for n in range(200)]
TREE = Tree(LEAVES)


def defined_root(leaves: list[bytes]) -> bytes:
    """MTH of RFC 9162, 2.1.1, as it is written there."""
    if not leaves:
        return EMPTY_ROOT
    if len(leaves) == 1:
        return leaves[0]
    k = split(len(leaves))
    return node_hash(defined_root(leaves[:k]), defined_root(leaves[k:]))


def test_a_root_that_is_not_the_defined_one():
    grown, peaks = Tree(), b""
    for size in range(len(LEAVES) + 1):
        expected = defined_root(LEAVES[:size])
        assert TREE.root(size) == root_of(LEAVES[:size]) == grown.root() == peaks_root(peaks) == expected
        if size < len(LEAVES):
            grown.append(LEAVES[size])
            peaks = grow(peaks, size, LEAVES[size])


def test_a_root_that_another_library_does_not_find():
    other = pymerkle.InmemoryTree(algorithm="sha256")
    tree = Tree()
    for n in range(130):
        entry = str(n).encode()
        other.append_entry(entry)
        tree.append(leaf_hash(entry))
        assert other.get_root() == tree.root()


@given(st.integers(0, 200), st.integers(0, 5))
def test_a_tree_joined_from_parts_that_is_another_tree(size: int, height: int):
    joined, width = Tree(), 1 << height
    for first in range(0, size, width):
        joined.join(Tree(LEAVES[first : min(first + width, size)]).levels)
    assert joined.levels == Tree(LEAVES[:size]).levels


def test_a_proof_that_does_not_prove():
    for size in range(1, 130):
        root = TREE.root(size)
        for index in range(size):
            assert included(LEAVES[index], index, size, TREE.inclusion(index, size), root)
        for first in range(1, size + 1):
            path = TREE.consistency(first, size)
            assert consistent(0, first, size, path, TREE.root(first), root)


def test_a_subtree_proof_that_does_not_prove():
    for size in range(1, 40):
        for start in range(size):
            for end in range(start + 1, size + 1):
                if is_subtree(start, end):
                    path = consistency_path(TREE.node, start, end, size)
                    inner = defined_root(LEAVES[start:end])
                    assert consistent(start, end, size, path, inner, TREE.root(size))
                    assert not consistent(start, end, size, path, sha256(inner).digest(), TREE.root(size))


damage = st.sampled_from(["flip", "drop", "double", "add", "swap"])


def damaged(path: list[bytes], how: str, at: int, bit: int) -> list[bytes]:
    path = list(path)
    if how == "add" or not path:
        return [*path[:at], sha256(bytes([bit % 256])).digest(), *path[at:]]
    at %= len(path)
    if how == "flip":
        path[at] = (int.from_bytes(path[at]) ^ (1 << (bit % 256))).to_bytes(32)
    elif how == "drop":
        del path[at]
    elif how == "double":
        path.insert(at, path[at])
    else:
        path[at], path[at - 1] = path[at - 1], path[at]
    return path


@settings(max_examples=300)
@given(st.data(), damage, st.integers(0, 8), st.integers(0, 255))
def test_a_damaged_proof_that_still_proves(data: st.DataObject, how: str, at: int, bit: int):
    size = data.draw(st.integers(1, 200))
    index = data.draw(st.integers(0, size - 1))
    path = TREE.inclusion(index, size)
    broken = damaged(path, how, at, bit)
    assert (broken == path) == included(LEAVES[index], index, size, broken, TREE.root(size))
    first = data.draw(st.integers(1, size))
    path = TREE.consistency(first, size)
    broken = damaged(path, how, at, bit)
    assert (broken == path) == consistent(0, first, size, broken, TREE.root(first), TREE.root(size))


@settings(max_examples=200)
@given(st.integers(0, 199), st.integers(1, 200), st.integers(0, 210), st.integers(0, 210))
def test_a_proof_that_holds_for_another_place_or_size(index: int, size: int, other_index: int, other_size: int):
    """The verifier takes index and size from the checkpoint; a proof for others must not pass."""
    if index >= size:
        return
    path = TREE.inclusion(index, size)
    moved = included(LEAVES[index], other_index, other_size, path, TREE.root(size))
    assert moved is (other_index == index and other_size == size) or other_index == index


@pytest.mark.parametrize(("first", "second"), [(0, 5), (6, 5), (-1, 3)])
def test_a_consistency_proof_from_nothing(first: int, second: int):
    assert not consistent(0, first, second, [], EMPTY_ROOT, TREE.root(5))
    with pytest.raises(CountersealError):
        TREE.consistency(first, second)


@pytest.mark.parametrize("index", [-1, 200, 2**70])
def test_a_proof_of_an_entry_that_is_not_there(index: int):
    with pytest.raises(CountersealError):
        TREE.inclusion(index)
