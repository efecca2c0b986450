"""How wrong an answer may be: bounds from counts, and thresholds that keep them.

Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the binomial"
(Biometrika, 1934), one-sided. Thresholds are tested from the strictest to the loosest and the first failure
stops the walk, so that one look at the labels is one test (Angelopoulos et al., "Learn then Test", 2021).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.model import CLASSES, Threshold
from counterseal.identity.targets import MARGIN

if TYPE_CHECKING:
    from collections.abc import Mapping

CONFIDENCE = 0.95
_GRID = np.arange(20.0, 3.9, -0.125)


def upper_bound(wrong: int, identified: int, confidence: float = CONFIDENCE) -> float:
    """Give the one-sided upper bound of ``wrong`` / ``identified``; 1 where nothing was identified."""
    if identified == 0 or wrong >= identified:
        return 1.0
    low, high = 0.0, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _at_most(wrong, identified, middle) > 1 - confidence else (low, middle)
    return high


def _at_most(wrong: int, identified: int, rate: float) -> float:
    """Give the chance of at most ``wrong`` in ``identified`` draws at ``rate``."""
    if rate <= 0.0:
        return 1.0
    whole = math.lgamma(identified + 1)
    return math.fsum(
        math.exp(
            whole
            - math.lgamma(count + 1)
            - math.lgamma(identified - count + 1)
            + count * math.log(rate)
            + (identified - count) * math.log1p(-rate)
        )
        for count in range(wrong + 1)
    )


def calibrate(
    posterior: np.ndarray,
    right: np.ndarray,
    classes: np.ndarray,
    targets: Mapping[str, float],
    *,
    margin: float = MARGIN,
) -> dict[str, Threshold]:
    """Give each class the loosest threshold that keeps its bound, made ``margin`` bits stricter, or none.

    ``posterior`` is 0 where a veto stands or nothing was found; ``classes`` holds positions in CLASSES.
    """
    return {
        name: _threshold(posterior[classes == at], right[classes == at], targets[name], margin)
        for at, name in enumerate(CLASSES)
    }


def _threshold(posterior: np.ndarray, right: np.ndarray, target: float, margin: float) -> Threshold:
    loosest: float | None = None
    for bits in _GRID:
        kept = _at(posterior, right, bits).bound
        if kept is not None and kept <= target:
            loosest = float(bits)
        elif loosest is not None:
            break
    return Threshold(None) if loosest is None else _at(posterior, right, loosest + margin)


def _at(posterior: np.ndarray, right: np.ndarray, bits: float) -> Threshold:
    """Count what a threshold of ``bits`` against error gives on the labels."""
    least = round(1.0 - 2.0 ** -float(bits), 9)
    said = posterior >= least
    identified, wrong = int(np.count_nonzero(said)), int(np.count_nonzero(said & ~right))
    return Threshold(least, round(upper_bound(wrong, identified), 7), identified, wrong)
