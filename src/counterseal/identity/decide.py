"""Exactly this person, or nobody: one posterior over every candidate and over people who are not registered.

For every candidate stand three rivals: an unregistered person of the same household (family name and
address speak for both), an unregistered namesake at the address (only middle name, suffix, date of birth
and TIN can tell them apart), and a stranger. Their weights and the candidates' sum to one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.compare import (
    LEVELS,
    AddressLevel,
    BirthLevel,
    MiddleLevel,
    NameLevel,
    SuffixLevel,
    TinLevel,
)
from counterseal.identity.model import CLASSES

if TYPE_CHECKING:
    from counterseal.identity.candidates import Candidates
    from counterseal.identity.model import Model

VETOES = ("given_name", "middle_name", "suffix", "date_of_birth", "tin", "no_name", "family_name", "address")
RIVAL_KINDS = ("stranger", "coresident", "namesake", "other_account")
_PLAUSIBLE = 0.01
WRITTEN = np.array([NameLevel.EXACT, NameLevel.SLIP], np.int8)
GENERATION = 12
"""Years: two people of one name, one area and one TIN who are born further apart are parent and child."""


@dataclass(frozen=True)
class Weighing:
    """Each pair's weights by field and its hypotheses, in bits; ``veto`` is 0 or 1 + a position in VETOES."""

    weights: dict[str, np.ndarray]
    person: np.ndarray
    coresident: np.ndarray
    namesake: np.ndarray
    veto: np.ndarray
    evidence_class: np.ndarray


@dataclass(frozen=True)
class Decision:
    """One element a request. ``pair`` is the position of the best pair, -1 where there is no candidate."""

    pair: np.ndarray
    posterior: np.ndarray
    rival_kind: np.ndarray
    rival: np.ndarray
    evidence_class: np.ndarray
    identified: np.ndarray
    ambiguous: np.ndarray


def weigh(model: Model, size: int, levels: dict[str, np.ndarray], gains: dict[str, np.ndarray]) -> Weighing:
    """Give every pair its weights under ``model`` in a registry of ``size`` accounts."""
    weights = {
        name: model.weights[name][levels[name], 0] + model.weights[name][levels[name], 1] * gains[name]
        for name in LEVELS
    }
    prior = -np.log2(max(size, 1))
    home = weights["family"] + weights["address"]
    return Weighing(
        weights=weights,
        person=prior + model.rivals["present"] + sum(weights.values()),
        coresident=prior + model.rivals["coresident"] + home,
        namesake=prior + model.rivals["namesake"] + home + weights["given"],
        veto=find_vetoes(levels),
        evidence_class=evidence_classes(levels),
    )


def find_vetoes(levels: dict[str, np.ndarray]) -> np.ndarray:
    """Name the conflict that no weight may outvote: 0 for none, else 1 + its position in VETOES.

    A given name (unless date of birth and TIN agree, and the family name or one of the two crosswise), middle
    name, suffix, date of birth (unless TIN, both names and the area agree and it is no generation away) or TIN
    that is another person's; a TIN or a date of birth without any name. Where neither date of birth
    nor TIN agrees also: a suffix on one side only (father or son), no given name (that is a household), a
    family name that is another's, and no agreement of the address (a name alone is nobody's).
    """
    given, family = levels["given"], levels["family"]
    known = (levels["birth"] == BirthLevel.EXACT) | (levels["tin"] == TinLevel.EXACT)
    numbered = (levels["birth"] == BirthLevel.EXACT) & (levels["tin"] == TinLevel.EXACT)
    numbered &= (family != NameLevel.OTHER) | (levels["crossed"] != 0)
    all_else = np.isin(given, WRITTEN) & np.isin(family, WRITTEN) & (levels["tin"] == TinLevel.EXACT)
    all_else &= (levels["address"] > AddressLevel.OTHER) & (levels["years"] < GENERATION)
    unnamed, kinless = given == NameLevel.MISSING, family == NameLevel.MISSING
    conditions = (
        ((given == NameLevel.OTHER) & ~numbered) | ((given == NameLevel.LOOSE) & ~known),
        levels["middle"] == MiddleLevel.OTHER,
        (levels["suffix"] == SuffixLevel.OTHER) | ((levels["suffix"] == SuffixLevel.ONE_SIDED) & ~known),
        (levels["birth"] == BirthLevel.OTHER) & ~all_else,
        (levels["tin"] == TinLevel.OTHER) & (levels["birth"] != BirthLevel.EXACT),
        (unnamed & kinless) | (unnamed & ~known),
        ((family == NameLevel.OTHER) | (family == NameLevel.LOOSE)) & ~known,
        (levels["address"] < AddressLevel.OTHER_STREET) & ~known,
    )
    return np.select(conditions, range(1, len(VETOES) + 1), 0).astype(np.int8)


def evidence_classes(levels: dict[str, np.ndarray]) -> np.ndarray:
    """Class each pair by what could be compared: 0 = A (birth or TIN), 1 = B (middle or suffix), 2 = C.

    What the request carries and the account does not hold is no evidence.
    """
    telling = (levels["birth"] != BirthLevel.MISSING) | (levels["tin"] != TinLevel.MISSING)
    helping = (levels["middle"] != MiddleLevel.MISSING) | (levels["suffix"] == SuffixLevel.EXACT)
    return np.select([telling, helping], [0, 1], 2).astype(np.int8)


def decide(model: Model, candidates: Candidates, weighing: Weighing) -> Decision:
    """Decide every request: its best pair, posterior and rival, and which of three words it gets."""
    rows, count = candidates.rows, len(candidates.passed_over)
    sums = {name: sum_by_row(getattr(weighing, name), rows, count) for name in ("person", "coresident", "namesake")}
    everything = np.logaddexp2(np.logaddexp2(sums["person"], sums["coresident"]), np.logaddexp2(sums["namesake"], 0.0))
    best = np.full(count, -1, np.int64)
    second = np.full(count, -np.inf)
    if len(rows):
        order = np.lexsort((weighing.person, rows))
        last = np.append(np.flatnonzero(np.diff(rows[order])), len(order) - 1)
        best[rows[order[last]]] = order[last]
        follower = last[(last > 0) & (rows[order[np.maximum(last - 1, 0)]] == rows[order[last]])]
        second[rows[order[follower]]] = weighing.person[order[follower - 1]]
    found = best >= 0
    person = np.where(found, weighing.person[best] if len(rows) else 0.0, -np.inf)
    posterior = np.exp2(person - everything)
    rivals = np.stack([np.zeros(count), sums["coresident"], sums["namesake"], second])
    kind = np.argmax(rivals, axis=0)
    classes = np.full(count, len(CLASSES) - 1, np.int8)
    classes[found] = weighing.evidence_class[best[found]]
    least = np.array([_least(model.thresholds[name].posterior) for name in CLASSES])
    clear = np.zeros(count, bool)
    clear[found] = weighing.veto[best[found]] == 0
    identified = found & clear & (posterior >= least[classes])
    plausible = sum_by_row(np.where(weighing.veto == 0, weighing.person, -np.inf), rows, count)
    ambiguous = ~identified & (np.exp2(plausible - everything) >= _PLAUSIBLE)
    return Decision(
        pair=best,
        posterior=posterior,
        rival_kind=kind.astype(np.int8),
        rival=np.exp2(rivals[kind, np.arange(count)] - everything),
        evidence_class=classes,
        identified=identified,
        ambiguous=ambiguous,
    )


def _least(posterior: float | None) -> float:
    return np.inf if posterior is None else posterior


def sum_by_row(bits: np.ndarray, rows: np.ndarray, count: int) -> np.ndarray:
    """Add up weights given in bits, row by row; rows without any give minus infinity."""
    total = np.full(count, -np.inf)
    if len(rows):
        starts = np.flatnonzero(np.append(True, np.diff(rows) != 0))
        total[rows[starts]] = np.logaddexp2.reduceat(bits, starts)
    return total
