"""A batch of requests against a registry: three words, the address confirmed or not, and the evidence."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity import names
from counterseal.identity.candidates import find_candidates
from counterseal.identity.coding import PERSON_FIELDS, code_people, code_places
from counterseal.identity.compare import LEVELS, compare
from counterseal.identity.compare_places import compare_places
from counterseal.identity.confirm import confirm_addresses
from counterseal.identity.decide import (
    RIVAL_KINDS,
    VETOES,
    decide,
    weigh,
)
from counterseal.identity.model import CLASSES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.identity.candidates import Candidates
    from counterseal.identity.decide import (
        Decision,
        Weighing,
    )
    from counterseal.identity.index import RegistryIndex
    from counterseal.identity.model import Model

REQUEST_FIELDS = (*PERSON_FIELDS, "address_line_1", "address_line_2", "city", "state", "zip")
_PLACE_OF = {
    "line_1": "address_line_1",
    "line_2": "address_line_2",
    "city": "city",
    "state": "state",
    "zip": "zip",
}
OUTCOMES = ("none", "ambiguous", "identified")


@dataclass(frozen=True)
class Compared:
    """What was found about a batch: coded requests, candidate pairs, the account of each, levels and gains."""

    people: np.ndarray
    places: np.ndarray
    candidates: Candidates
    accounts: np.ndarray
    levels: dict[str, np.ndarray]
    gains: dict[str, np.ndarray]


def compare_requests(index: RegistryIndex, columns: Mapping[str, Sequence[str | None]]) -> Compared:
    """Code a batch, find its candidates and compare every pair. ``columns`` holds REQUEST_FIELDS as text."""
    people = code_people(columns)
    places = code_places({field: columns[column] for field, column in _PLACE_OF.items()})
    given = [names.given_name(text).whole for text in columns["given_name"]]
    candidates = find_candidates(index, people, places, given)
    accounts = index.accounts.take(candidates.accounts)
    levels, gains = compare(index, people, candidates.rows, accounts)
    levels["address"], gains["address"], _ = compare_places(index, places, candidates.rows, accounts)
    return Compared(people, places, candidates, accounts, levels, gains)


def answer_requests(
    index: RegistryIndex, model: Model, columns: Mapping[str, Sequence[str | None]]
) -> dict[str, Sequence[object] | np.ndarray]:
    """Answer a batch: one element a request in every column, in the order given.

    ``outcome`` is ``identified``, ``ambiguous`` or ``none``; ``account_id`` is empty unless identified;
    ``address_confirmed`` is true only for an identified account that holds the stated address. What
    follows is evidence: weights in bits, the best rival, the class and the threshold it had to reach.
    """
    found = compare_requests(index, columns)
    weighing = weigh(model, index.size, found.levels, found.gains)
    decision = decide(model, found.candidates, weighing)
    identified = decision.identified
    accounts = _of_best(found.candidates.accounts, decision.pair, 0)
    ids = np.where(identified, index.account_ids.take(accounts), b"") if index.size else np.full(len(identified), b"")
    confirmed, latest = np.zeros(len(identified), bool), np.zeros(len(identified), bool)
    families = np.zeros(len(identified), np.int64)
    at = np.flatnonzero(identified)
    confirmed[at], latest[at], families[at] = confirm_addresses(
        index, found.places, at, found.accounts[decision.pair[at]]
    )
    answer: dict[str, Sequence[object] | np.ndarray] = {
        "outcome": [
            OUTCOMES[2 if sure else int(maybe)] for sure, maybe in zip(identified, decision.ambiguous, strict=True)
        ],
        "account_id": [text.decode("utf-8", "replace") for text in ids.tolist()],
        "address_confirmed": confirmed,
        "address_is_latest": latest,
        "address_families": families,
    }
    return answer | _evidence(model, found, weighing, decision)


def _evidence(
    model: Model, found: Compared, weighing: Weighing, decision: Decision
) -> dict[str, Sequence[object] | np.ndarray]:
    thresholds = [model.thresholds[name] for name in CLASSES]
    veto = _of_best(weighing.veto, decision.pair, 0)
    evidence: dict[str, Sequence[object] | np.ndarray] = {
        "evidence_class": [CLASSES[at] for at in decision.evidence_class],
        "posterior": decision.posterior,
        "threshold": [thresholds[at].posterior for at in decision.evidence_class],
        "bound": [thresholds[at].bound for at in decision.evidence_class],
        "rival": [RIVAL_KINDS[at] for at in decision.rival_kind],
        "rival_posterior": decision.rival,
        "veto": [VETOES[at - 1] if at else "" for at in veto],
        "settled_by": [
            "" if sure else _settles(stopped, kind)
            for sure, stopped, kind in zip(decision.identified, veto, decision.evidence_class, strict=True)
        ],
        "keys_passed_over": found.candidates.passed_over.astype(np.int32),
    }
    for name in LEVELS:
        levels = tuple(level.name.lower() for level in LEVELS[name])
        best = _of_best(found.levels[name], decision.pair, 0)
        evidence[f"{name}_agrees"] = [
            levels[level] if pair >= 0 else "" for level, pair in zip(best, decision.pair, strict=True)
        ]
        evidence[f"{name}_bits"] = _of_best(weighing.weights[name], decision.pair, 0.0)
    return evidence


def _settles(veto: int, evidence_class: int) -> str:
    """Name the field that would settle it: the most telling one that the request does not carry."""
    if veto:
        return ""
    return ("a second of date_of_birth and tin", "date_of_birth or tin", "date_of_birth or tin")[evidence_class]


def _of_best(values: np.ndarray, pair: np.ndarray, otherwise: float) -> np.ndarray:
    """Give the value of each request's best pair."""
    if not len(values):
        return np.full(len(pair), otherwise, values.dtype)
    return np.where(pair >= 0, values[pair], np.asarray(otherwise, values.dtype))
