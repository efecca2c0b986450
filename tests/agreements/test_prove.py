"""What could go wrong with a proof: a promise that is not kept, a row that the engine sees otherwise."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from counterseal.agreements import Agreement, load_agreement
from counterseal.agreements.prove import Proof, Verdict, prove
from counterseal.engine.duck import DuckEngine

from .conftest import DOCUMENT, SHIPPED

Read = Callable[..., Agreement]


def proofs(agreement: Agreement, engine: DuckEngine) -> dict[str, Proof]:
    found = {proof.name: proof for proof in prove(agreement, engine)}
    assert all(proof.witness is None or proof.witness.replayed for proof in found.values())
    return found


def not_proved(agreement: Agreement, engine: DuckEngine) -> dict[str, dict[str, str | None]]:
    return {
        name: dict(proof.witness.given) if proof.witness else {}
        for name, proof in proofs(agreement, engine).items()
        if proof.verdict is not Verdict.PROVED
    }


def test_a_sound_document_is_not_proved(read: Read, engine: DuckEngine):
    assert not_proved(read(DOCUMENT), engine) == {}


def test_ninety_days_that_are_ninety_already(read: Read, engine: DuckEngine):
    failed = not_proved(read(DOCUMENT.replace("days_open > least_days", "days_open >= least_days")), engine)
    assert set(failed) == {"Ninety days means more than ninety"}
    row = failed["Ninety days means more than ninety"]
    from datetime import date

    assert (date.fromisoformat(row["signed_on"] or "") - date.fromisoformat(row["opened"] or "")).days == 90


def test_an_unknown_that_passes(read: Read, engine: DuckEngine):
    failed = not_proved(
        read(DOCUMENT.replace("days_open > least_days", "coalesce(days_open > least_days, TRUE)")), engine
    )
    assert failed["opened required"]["opened"] is None
    assert "Ninety days means more than ninety" in failed


def test_an_exclusion_in_place_of_a_list_lets_the_empty_pass(read: Read, engine: DuckEngine):
    text = DOCUMENT.replace("| other | text | yes |", "| other | text | no |")
    whole = text.replace("other IS NULL OR other IN kinds", "other IN kinds")
    assert not_proved(read(whole), engine) == {}
    failed = not_proved(
        read(text.replace("other IS NULL OR other IN kinds", "coalesce(other, 'Z') NOT IN ('C')")), engine
    )
    assert failed["other required"]["other"] is None


def test_a_rule_that_can_never_decide(read: Read, engine: DuckEngine):
    text = DOCUMENT.replace(
        "AND late IS NOT TRUE", "AND late IS NOT TRUE AND length(name_words) >= 2 AND NOT regexp_full_match(name, 'X+')"
    )
    assert set(not_proved(read(text), engine)) == {"R-01 decides"}
    declared = text.replace("Unknown: cure.", "Unknown: cure. Implied: yes, because R-04 asks the same.", 1)
    assert not_proved(read(declared), engine) == {}


def test_a_rule_that_calls_itself_implied_and_is_not(read: Read, engine: DuckEngine):
    text = DOCUMENT.replace("Unknown: cure.", "Unknown: cure. Implied: yes, because somebody said so.", 1)
    assert set(not_proved(read(text), engine)) == {"R-01 implied"}


def test_rules_that_admit_nobody(read: Read, engine: DuckEngine):
    text = DOCUMENT.replace("AND busiest <= 3", "AND busiest <= 0")
    assert "admission" in not_proved(read(text), engine)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_promise_that_is_not_kept(folder: Path, engine: DuckEngine):
    found = proofs(load_agreement(folder), engine)
    assert {name for name, proof in found.items() if proof.verdict is not Verdict.PROVED} == set()
