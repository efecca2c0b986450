"""The learned weights of identity: a small readable file with its provenance.

A weight is ``base + slope * gain`` in bits, by field and level of agreement (see ``compare``). ``rivals``
holds what an unregistered co-resident and an unregistered namesake at the address cost against the
registered person, ``thresholds`` the least posterior that each evidence class must reach, None for a class
that answers nothing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import numpy as np

from counterseal.errors import CountersealError
from counterseal.identity.compare import LEVELS

if TYPE_CHECKING:
    from pathlib import Path

FORMAT = 1
RIVALS = ("present", "coresident", "namesake")
CLASSES = ("A", "B", "C")


@dataclass(frozen=True)
class Threshold:
    """The least posterior of a class; ``bound`` is the upper bound of wrong answers it was set by."""

    posterior: float | None
    bound: float | None = None
    identified: int = 0
    wrong: int = 0


@dataclass(frozen=True)
class Model:
    """Weights by field as arrays of (base, slope) by level; rivals in bits; thresholds by class."""

    weights: dict[str, np.ndarray]
    rivals: dict[str, float]
    thresholds: dict[str, Threshold]
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """Twelve hexadecimal digits of the SHA-256 of the model's own text."""
        return sha256(self.to_json().encode()).hexdigest()[:12]

    def to_json(self) -> str:
        """Write the model as its file holds it."""
        weights = {
            name: {level.name: [round(float(bits), 4) for bits in self.weights[name][level]] for level in LEVELS[name]}
            for name in LEVELS
        }
        thresholds = {
            name: {
                "posterior": held.posterior,
                "bound": held.bound,
                "identified": held.identified,
                "wrong": held.wrong,
            }
            for name, held in self.thresholds.items()
        }
        whole = {
            "provenance": self.provenance,
            "thresholds": thresholds,
            "rivals": {name: round(bits, 4) for name, bits in self.rivals.items()},
            f"weights of format {FORMAT}": weights,
        }
        return json.dumps(whole, indent=1) + "\n"


def model_from_json(text: str, *, where: str = "") -> Model:
    """Read a model. Raises ``identity-model`` where it is none or of another format."""
    try:
        whole = json.loads(text)
        weights = {
            name: np.array([whole[f"weights of format {FORMAT}"][name][level.name] for level in LEVELS[name]], float)
            for name in LEVELS
        }
        rivals = {name: float(whole["rivals"][name]) for name in RIVALS}
        thresholds = {name: Threshold(**whole["thresholds"][name]) for name in CLASSES}
        return Model(weights, rivals, thresholds, whole["provenance"])
    except (ValueError, KeyError, TypeError) as failure:
        raise CountersealError(
            "identity-model",
            "This is no identity model of the format that this version reads.",
            where=where,
            next_step="Train one with: counterseal identity train.",
        ) from failure


def load_model(path: Path | None = None) -> Model:
    """Read the model at ``path``, or the one that is shipped."""
    if path is None:
        return model_from_json((files("counterseal.identity") / "default_model.json").read_text(encoding="utf-8"))
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        raise CountersealError("identity-model", "The model cannot be read.", where=str(path)) from failure
    return model_from_json(text, where=str(path))
