"""What a reviewer of identity needs to see: counts with bounds, weights, and one request's waterfall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from counterseal.identity.bounds import upper_bound
from counterseal.identity.compare import LEVELS
from counterseal.identity.model import CLASSES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.identity.decide import Decision, Weighing
    from counterseal.identity.model import Model

_CURVE = 1.0 - np.exp2(-np.arange(2.0, 14.0, 0.25))


@dataclass(frozen=True)
class Tally:
    """How a group of requests fared; ``bound`` is the one-sided 95 % upper bound of wrong / identified."""

    group: str
    requests: int
    present: int
    identified: int
    wrong: int
    bound: float
    recall: float | None


def tally(group: str, chosen: np.ndarray, present: np.ndarray, identified: np.ndarray, right: np.ndarray) -> Tally:
    """Count the ``chosen`` requests."""
    known, said = int(np.count_nonzero(chosen & present)), int(np.count_nonzero(chosen & identified))
    correct = int(np.count_nonzero(chosen & identified & right))
    return Tally(
        group=group,
        requests=int(np.count_nonzero(chosen)),
        present=known,
        identified=said,
        wrong=said - correct,
        bound=upper_bound(said - correct, said),
        recall=correct / known if known else None,
    )


def tallies(
    present: np.ndarray, identified: np.ndarray, right: np.ndarray, classes: np.ndarray, kinds: Sequence[str]
) -> list[Tally]:
    """Count all requests, each evidence class, and each kind of person."""
    kind = np.array(kinds)
    groups = [("all", np.ones(len(classes), bool))]
    groups += [(f"class {name}", classes == at) for at, name in enumerate(CLASSES)]
    groups += [(str(name), kind == name) for name in np.unique(kind) if name]
    return [tally(group, chosen, present, identified, right) for group, chosen in groups]


def curve(
    posterior: np.ndarray, right: np.ndarray, present: np.ndarray, classes: np.ndarray
) -> list[dict[str, float | str]]:
    """Give, by class and threshold, recall and the bound of wrong answers: the trade that a threshold makes."""
    points: list[dict[str, float | str]] = []
    for at, name in enumerate(CLASSES):
        for least in _CURVE:
            one = tally(name, classes == at, present, posterior >= least, right)
            if one.identified and one.recall is not None:
                points.append({"class": name, "threshold": float(least), "recall": one.recall, "bound": one.bound})
    return points


def waterfall(weighing: Weighing, decision: Decision, model: Model, size: int, row: int) -> list[dict[str, Any]]:
    """Give the steps in bits from the prior to the best candidate's total for request ``row``."""
    pair = int(decision.pair[row])
    if pair < 0:
        return []
    prior = float(model.rivals["present"] - np.log2(max(size, 1)))
    steps = [("one of the accounts", prior), *((name, float(weighing.weights[name][pair])) for name in LEVELS)]
    total, found = 0.0, []
    for name, bits in steps:
        found.append({"field": name, "bits": bits, "from": total, "to": total + bits})
        total += bits
    found.append({"field": "against a stranger", "bits": total, "from": 0.0, "to": total})
    return found


def curve_chart(points: list[dict[str, float | str]]) -> dict[str, Any]:
    """Give the Vega-Lite specification of recall against bound by class."""
    return {
        "width": 520, "height": 260, "data": {"values": points}, "mark": {"type": "line", "point": True},
        "encoding": {
            "x": {"field": "bound", "type": "quantitative", "scale": {"type": "log"},
                  "title": "upper bound of wrong answers", "axis": {"format": ".3~%"}},
            "y": {"field": "recall", "type": "quantitative", "axis": {"format": ".0%"}},
            "color": {"field": "class", "type": "nominal"},
            "shape": {"field": "class", "type": "nominal"},
        },
    }  # fmt: skip


def waterfall_chart(steps: list[dict[str, Any]]) -> dict[str, Any]:
    """Give the Vega-Lite specification of a waterfall."""
    return {
        "width": 520, "height": {"step": 22}, "data": {"values": steps}, "mark": "bar",
        "encoding": {
            "y": {"field": "field", "type": "nominal", "sort": None, "title": None},
            "x": {"field": "from", "type": "quantitative", "title": "bits"},
            "x2": {"field": "to"},
            "color": {"condition": {"test": "datum.bits < 0", "value": "#b50909"}, "value": "#005ea2"},
        },
    }  # fmt: skip
