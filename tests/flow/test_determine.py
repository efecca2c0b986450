"""Silence is not an answer: what identity did not say is not disclosed."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from counterseal.agreements import load_agreement
from counterseal.agreements.model import IDENTITY_FACTS, Type
from counterseal.engine.duck import DuckEngine
from counterseal.flow.determine import determined

AGREEMENT = load_agreement(Path(__file__).parents[2] / "agreements" / "irs-ice-2025")
AGREES = {
    "identity": "identified", "address_confirmed": True, "evidence_class": "A", "given_agrees": "exact",
    "middle_agrees": "name", "family_agrees": "exact", "suffix_agrees": "missing", "birth_agrees": "exact",
    "tin_agrees": "exact", "address_agrees": "dwelling", "address_families": 1,
}  # fmt: skip


def outcome(**changes: object) -> tuple[str, list[str]]:
    """Determine one admitted row whose identity agrees in everything but the changes; None for no answer at all."""
    said = {**AGREES, **changes}
    types = {Type.YES_NO: pa.bool_(), Type.NUMBER: pa.int64()}
    table = {
        ("outcome" if name == "identity" else name): pa.array([said[name]], types.get(kind, pa.string()))
        for name, kind in IDENTITY_FACTS.items()
    }
    with DuckEngine() as engine:
        engine.table("answered", pa.table({
            "row": [1], "request_ref": ["R"], "outcome": pa.array([None], pa.string()),
            "rules": pa.array([[]], pa.list_(pa.string())),
        }))  # fmt: skip
        engine.table("identified", pa.table({"row": [changes.get("row", 1)], **table}))
        engine.run([determined(AGREEMENT)])
        return engine.rows("SELECT outcome, rules FROM determined")[0]


def test_one_person_at_a_confirmed_address_is_kept_back():
    assert outcome() == ("reviewable", [])


def test_a_row_that_identity_never_answered():
    assert outcome(row=2) == ("not_disclosed", ["R-26", "R-27"])


@pytest.mark.parametrize("name", ["identity", "address_confirmed", "given_agrees", "tin_agrees", "address_families"])
def test_an_answer_with_a_hole_in_it(name: str):
    found, rules = outcome(**{name: None})

    assert found == "not_disclosed"
    assert rules != []


@pytest.mark.parametrize(
    "changes",
    [{"identity": "ambiguous"}, {"address_confirmed": False}, {"tin_agrees": "other"}, {"birth_agrees": "slip"},
     {"given_agrees": "nickname"}, {"suffix_agrees": "one_sided"}, {"address_families": 200}],
)  # fmt: skip
def test_what_does_not_agree_opens_a_case(changes: dict[str, object]):
    assert outcome(**changes)[0] == "not_disclosed"
