"""What could go wrong with a proof: a promise that is not kept, a row that the engine sees otherwise."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import z3

from counterseal.agreements import Agreement, load_agreement
from counterseal.agreements.prove import Proof, Prover, Verdict, prove
from counterseal.agreements.search import NICER_STEPS, STEPS, Search
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


def test_what_is_not_decided_is_called_proved(read: Read):
    agreement = read(DOCUMENT)
    for rule in agreement.screened_rules:
        assert Prover(agreement, search=Search(steps=1)).rule(rule).verdict is Verdict.UNDECIDED
        assert Prover(agreement).rule(rule).verdict is Verdict.PROVED


def test_a_clock_decides_what_is_proved(read: Read, monkeypatch: pytest.MonkeyPatch):
    """No solver is given a limit but its steps; Z3's own default is none."""
    given: set[tuple[Any, ...]] = set()

    class Watched(z3.Solver):
        def set(self, *args: Any, **keys: Any) -> None:
            given.add((*args, *keys.items()))
            super().set(*args, **keys)

    monkeypatch.setattr(z3, "Solver", Watched)
    agreement = read(DOCUMENT.replace("days_open > least_days", "days_open >= least_days"))
    assert {proof.verdict for proof in prove(agreement)} == {Verdict.PROVED, Verdict.REFUTED}
    assert given == {("rlimit", STEPS), ("rlimit", NICER_STEPS)}
    assert z3.get_param("timeout") == "4294967295"


def test_an_answer_that_depends_on_what_was_asked_before(read: Read):
    """The row that is shown is the solver's choice: the same one in a process that has done other work."""
    agreement = read(DOCUMENT.replace("days_open > least_days", "days_open >= least_days"))
    first = [(proof.verdict, proof.witness) for proof in prove(agreement)]
    others = [z3.Int(f"another {n}") + n > 0 for n in range(1_000)]
    z3.Solver().check(*others)
    assert [(proof.verdict, proof.witness) for proof in prove(agreement)] == first


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_promise_that_is_not_kept(folder: Path, engine: DuckEngine, monkeypatch: pytest.MonkeyPatch):
    """Proved with a quarter of the steps that there are, so that there is room."""
    monkeypatch.setattr("counterseal.agreements.prove.Search", partial(Search, steps=STEPS // 4))
    found = proofs(load_agreement(folder), engine)
    assert {name for name, proof in found.items() if proof.verdict is not Verdict.PROVED} == set()
