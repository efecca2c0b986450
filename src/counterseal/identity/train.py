"""Learns the weights from requests whose answer is known.

What is maximised is the likelihood of the truth among *all* hypotheses that a decision weighs: every
candidate, an unregistered co-resident, an unregistered namesake, a stranger. So a sister at the same
address teaches what tells sisters apart, which agreement of random pairs (or expectation-maximisation over
them) cannot. A ridge holds every weight near its starting value, so that what labelled requests do not show
stays where reasoning put it. Full-batch gradient steps in a fixed order: the same input gives the same model.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.compare import LEVELS
from counterseal.identity.decide import sum_by_row, weigh
from counterseal.identity.model import RIVALS, Model

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_STEPS = 400
_RATE = 0.15
_RIDGE = np.array([0.3, 30.0])
"""How firmly a base and a slope are held; a slope is multiplied by ten bits of gain and more."""
_LN2 = float(np.log(2.0))


@dataclass(frozen=True)
class LabelledPairs:
    """One set's compared pairs. ``truth`` gives for each request the position of the right pair, -1 for nobody."""

    size: int
    rows: np.ndarray
    levels: dict[str, np.ndarray]
    gains: dict[str, np.ndarray]
    truth: np.ndarray


def train(
    start: Model,
    sets: Sequence[LabelledPairs],
    *,
    steps: int = _STEPS,
    progress: Callable[[int, int], None] | None = None,
) -> Model:
    """Give ``start`` with the weights and rivals that make the truth of ``sets`` most likely."""
    here = _packed(start)
    origin = here.copy()
    total = sum(len(one.truth) for one in sets)
    ridge = np.concatenate([np.tile(_RIDGE, (len(here) - len(RIVALS)) // 2), np.full(len(RIVALS), _RIDGE[0])])
    mean, spread = np.zeros_like(here), np.zeros_like(here)
    for step in range(1, steps + 1):
        model = _unpacked(start, here)
        slope = ridge * (here - origin)
        for one in sets:
            slope += _gradient(model, one)
        slope /= total
        mean = 0.9 * mean + 0.1 * slope
        spread = 0.999 * spread + 0.001 * slope**2
        rate = _RATE * min(1.0, 2.0 * (1.0 - step / (steps + 1.0)))
        here -= rate * (mean / (1 - 0.9**step)) / (np.sqrt(spread / (1 - 0.999**step)) + 1e-9)
        if progress is not None:
            progress(step, steps)
    return _unpacked(start, here)


def loss(model: Model, one: LabelledPairs) -> float:
    """Give the mean surprise of the truth under ``model``, in bits a request."""
    person, _, _, everything, nobody = _hypotheses(model, one)
    true = np.where(one.truth >= 0, person[one.truth] if len(person) else 0.0, nobody)
    return float(np.mean(everything - true))


def _hypotheses(model: Model, one: LabelledPairs) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    weighing = weigh(model, one.size, one.levels, one.gains)
    count = len(one.truth)
    home = np.logaddexp2(weighing.coresident, weighing.namesake)
    nobody = np.logaddexp2(sum_by_row(home, one.rows, count), 0.0)
    everything = np.logaddexp2(sum_by_row(weighing.person, one.rows, count), nobody)
    return weighing.person, weighing.coresident, weighing.namesake, everything, nobody


def _gradient(model: Model, one: LabelledPairs) -> np.ndarray:
    """Give the slope of the total surprise in every weight, in the order of ``_packed``."""
    person, coresident, namesake, everything, nobody = _hypotheses(model, one)
    total, none = everything[one.rows], nobody[one.rows]
    absent = (one.truth < 0)[one.rows]
    of_person = np.exp2(person - total)
    of_person[one.truth[one.truth >= 0]] -= 1.0
    of_home = np.exp2(coresident - total) - np.where(absent, np.exp2(coresident - none), 0.0)
    of_name = np.exp2(namesake - total) - np.where(absent, np.exp2(namesake - none), 0.0)
    shares = dict.fromkeys(LEVELS, of_person)
    shares["family"] = shares["address"] = of_person + of_home + of_name
    shares["given"] = of_person + of_name
    parts = []
    for name, levels in LEVELS.items():
        base = np.bincount(one.levels[name], shares[name], len(levels))
        slope = np.bincount(one.levels[name], shares[name] * one.gains[name], len(levels))
        parts.append(np.column_stack([base, slope]).ravel())
    parts.append(np.array([of_person.sum(), of_home.sum(), of_name.sum()]))
    return np.concatenate(parts) * _LN2


def _packed(model: Model) -> np.ndarray:
    weights = [model.weights[name].ravel() for name in LEVELS]
    return np.concatenate([*weights, np.array([model.rivals[name] for name in RIVALS])])


def _unpacked(like: Model, packed: np.ndarray) -> Model:
    weights, at = {}, 0
    for name, levels in LEVELS.items():
        weights[name] = packed[at : at + 2 * len(levels)].reshape(-1, 2).copy()
        at += 2 * len(levels)
        weights[name][0] = 0.0  # what is missing says nothing
    return replace(like, weights=weights, rivals=dict(zip(RIVALS, packed[at:].tolist(), strict=True)))
