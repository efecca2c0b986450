"""The acts on a document of law: check it, run its examples, prove it, compare two versions, explain a row."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.agreements import load_agreement, reference_tables
from counterseal.agreements.check import Fault, check_citations, check_document
from counterseal.agreements.compare import Change, compare
from counterseal.agreements.coverage import Gap, gaps
from counterseal.agreements.examples import ExampleFinding, run_examples
from counterseal.agreements.prove import Proof, Verdict, prove
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import bring

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def _engine() -> Iterator[DuckEngine]:
    with DuckEngine(memory_limit="500MB", threads=1) as engine:
        yield engine


@dataclass(frozen=True, slots=True)
class Tested:
    """What the examples of a document find, and what none of them tries."""

    examples: list[ExampleFinding]
    untried: list[Gap]


def test_agreement(document: Path) -> Tested:
    """Run every example of the document, and ask what none tries. Raises CountersealError ``agreement``."""
    agreement = load_agreement(document)
    with _engine() as engine:
        bring(engine, reference_tables(agreement))
        found = run_examples(agreement, engine)
        return Tested(found, list(gaps(agreement, found, engine)))


test_agreement.__test__ = False  # type: ignore[attr-defined]  # the name is the command's; it is no test of ours


def prove_agreement(document: Path) -> Iterator[Proof]:
    """Prove every promise, one after another; what the prover finds is replayed. Raises CountersealError."""
    agreement = load_agreement(document)
    with _engine() as engine:
        yield from prove(agreement, engine)


def compare_agreements(earlier: Path, later: Path) -> Iterator[Change]:
    """Give every change from one version to another. Raises CountersealError ``agreement``."""
    a, b = load_agreement(earlier), load_agreement(later)
    with _engine() as engine:
        yield from compare(a, b, engine)


def check_agreement(document: Path, law: Path | None = None) -> Iterator[Fault]:
    """Give every fault: of form, of citation (where there is a ``law`` folder), of an example, of a proof.

    Raises CountersealError ``agreement`` for a document that cannot be read.
    """
    agreement = load_agreement(document)
    yield from check_document(agreement)
    if law is not None and law.is_dir():
        yield from check_citations(agreement, law)
    tested = test_agreement(document)
    for finding in tested.examples:
        if not finding.agrees:
            yield Fault(
                finding.example.line,
                f"The example says that {finding.rule.id} {finding.example.outcome}; it is {finding.found}.",
            )
    for gap in tested.untried:
        if gap.is_missing:
            write = f" The nearest to write, under {gap.table[0]}: {gap.table[1]}" if gap.table else ""
            yield Fault(gap.rule.line, f"{gap.rule.id}, {gap.what}.{write}")
    with _engine() as engine:
        for proof in prove(agreement, engine):
            if proof.verdict is not Verdict.PROVED:
                yield Fault(proof.line, f"Not true, or not decided: {proof.claim}.")
            if proof.witness is not None and proof.witness.replayed is False:
                yield Fault(proof.line, f"{proof.name}: the prover and the engine disagree about a row.")
