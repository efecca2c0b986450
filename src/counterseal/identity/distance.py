"""Edit distance of many short texts at once: the one definition that every engine uses.

Optimal string alignment (insertion, deletion, substitution, exchange of neighbours), bit-parallel after
Hyyrö, "A bit-vector algorithm for computing Levenshtein and Damerau edit distances" (2003).
"""

from __future__ import annotations

import numpy as np

_LONGEST = 63


def edit_distance(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Give the distance of each pair of ``left`` and ``right``, equally long arrays of fixed-width bytes.

    Texts of up to 63 bytes; bytes are compared, not letters. The result is an array of int64.
    """
    if not len(left):
        return np.zeros(0, np.int64)
    first, second = _matrix(left), _matrix(right)
    if first.shape[1] > _LONGEST:
        raise ValueError(f"texts of more than {_LONGEST} bytes are not compared")
    lengths = np.count_nonzero(first, axis=1)
    others = np.count_nonzero(second, axis=1)
    masks = _equal_positions(first, second[:, : max(int(others.max()), 1)])
    one = np.uint64(1)
    vertical_up = np.full(len(first), ~np.uint64(0))
    vertical_down = np.zeros(len(first), np.uint64)
    diagonal = np.zeros(len(first), np.uint64)
    before = np.zeros(len(first), np.uint64)
    last = one << np.maximum(lengths - 1, 0).astype(np.uint64)
    distance = lengths.astype(np.int64)
    with np.errstate(over="ignore"):
        for column in range(masks.shape[1]):
            here = column < others
            equal = masks[:, column]
            exchanged = (((~diagonal) & equal) << one) & before
            diagonal = (((equal & vertical_up) + vertical_up) ^ vertical_up) | equal | vertical_down | exchanged
            up = vertical_down | ~(diagonal | vertical_up)
            down = diagonal & vertical_up
            step = ((up & last) != 0).astype(np.int64) - ((down & last) != 0)
            distance += np.where(here, step, 0)
            up = (up << one) | one
            down = down << one
            vertical_up = down | ~(diagonal | up)
            vertical_down = up & diagonal
            before = equal
    return np.asarray(np.where(lengths == 0, others, distance))


def _matrix(texts: np.ndarray) -> np.ndarray:
    return np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), texts.dtype.itemsize)


def _equal_positions(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Give for each pair and each byte of ``second`` the bit mask of the places in ``first`` that hold it."""
    masks = np.zeros(second.shape, np.uint64)
    filled = first != 0
    for place in range(first.shape[1]):
        same = (first[:, place, None] == second) & filled[:, place, None]
        masks |= same.astype(np.uint64) << np.uint64(place)
    return masks


def lengths(texts: np.ndarray) -> np.ndarray:
    """Give the length in bytes of each text."""
    return np.count_nonzero(_matrix(texts), axis=1) if len(texts) else np.zeros(0, np.int64)


def common_prefix(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Give how many leading bytes each pair shares."""
    if not len(left):
        return np.zeros(0, np.int64)
    first, second = _matrix(left), _matrix(right)
    width = min(first.shape[1], second.shape[1])
    same = (first[:, :width] == second[:, :width]) & (first[:, :width] != 0)
    return np.asarray(np.cumprod(same, axis=1).sum(axis=1))
