"""Where training starts, and what it is held near: weights by reasoning alone, in bits."""

from __future__ import annotations

import numpy as np

from counterseal.identity.compare import LEVELS
from counterseal.identity.model import CLASSES, Model, Threshold

_NAME = {
    "MISSING": (0, 0), "EXACT": (-0.2, 1), "PART": (-2, 1), "NICKNAME": (-2, 1), "INITIAL": (0, 0),
    "SLIP": (-1.5, 1), "SLIPS": (-2, 1), "PREFIX": (-3, 1), "LOOSE": (-3, 1), "OTHER": (-8, 0.2),
    "SWAPPED": (-6, 1),
}  # fmt: skip
_WEIGHTS: dict[str, dict[str, tuple[float, float]]] = {
    "given": _NAME,
    "middle": {"MISSING": (0, 0), "NAME": (1, 1), "INITIAL": (0, 1), "OTHER": (-7, 0)},
    "family": _NAME,
    "suffix": {"MISSING": (0, 0), "EXACT": (4, 0), "ONE_SIDED": (-2, 0), "OTHER": (-9, 0)},
    "birth": {
        "MISSING": (0, 0), "EXACT": (0, 1), "EXCHANGED": (6, 0), "SLIP": (4, 0), "PARTS": (1, 0),
        "OTHER": (-9, 0),
    },
    "tin": {"MISSING": (0, 0), "EXACT": (15, 0), "SHARED": (9, 0), "SLIP": (9, 0), "OTHER": (-6, 0)},
    "address": {
        "MISSING": (0, 0), "OTHER": (-4, 0), "AREA": (-4, 1), "OTHER_STREET": (-4, 1), "HOUSE": (0, 1),
        "OTHER_HOUSE": (-6, 1), "STREET": (-2, 1), "HOUSE_SLIP": (-4, 1), "ELSEWHERE": (-4, 1), "STREET_LOOSE": (-4, 1),
        "OTHER_UNIT": (-6, 1), "STREET_SLIP": (-4, 1), "NO_UNIT": (-3, 1), "DWELLING": (-0.5, 1),
    },
}  # fmt: skip


def starting_model() -> Model:
    """Give the model that nothing has been learned into; its thresholds are set high by hand."""
    return Model(
        weights={name: np.array([_WEIGHTS[name][level.name] for level in LEVELS[name]], float) for name in LEVELS},
        rivals={"present": 1.0, "coresident": -1.0, "namesake": -9.0},
        thresholds={name: Threshold(0.996) for name in CLASSES},
        provenance={"trained_on": "nothing: weights by reasoning"},
    )
