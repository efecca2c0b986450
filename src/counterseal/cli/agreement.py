"""``counterseal agreement``: the law as code, for counsel and for machines."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import Annotated, Any

import typer

from counterseal.cli.agreement_page import show
from counterseal.cli.amendment import adopt, propose, versions
from counterseal.cli.output import answer_json, progress
from counterseal.errors import CheckFailedError

app = typer.Typer(help="The law as code: check, test, prove, compare and print an agreement.", no_args_is_help=True)
Document = Annotated[Path, typer.Argument(metavar="AGREEMENT", help="The folder with agreement.md, or the file.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]

app.command(epilog="Example: counterseal agreement show agreements/irs-ice-2025 --out agreement.pdf")(show)
app.command(epilog="Example: counterseal agreement propose new --workspace w --by Ada --why 'P.L. 119-1'")(propose)
app.command(epilog="Example: counterseal agreement adopt 412 --workspace office --by Bo")(adopt)
app.command(epilog="Example: counterseal agreement versions --workspace office")(versions)


@app.command(epilog="Example: counterseal agreement check agreements/irs-ice-2025")
def check(
    document: Document,
    law: Annotated[Path, typer.Option(help="The folder of citations; they are not checked without it.")] = Path("law"),
    as_json: AsJson = False,
) -> None:
    """Check form, names, types, citations, examples and proofs. Exit 1 when anything is to be mended."""
    from counterseal.flow import agreement as acts  # loads the prover

    with progress() as says:
        says("Checking", 0, 0)
        faults = list(acts.check_agreement(document, law))
    if as_json:
        answer_json({"agreement": str(document), "faults": [{"line": f.line, "message": f.message} for f in faults]})
    else:
        for fault in faults:
            typer.echo(f"line {fault.line}: {fault.message}")
    if faults:
        raise CheckFailedError("agreement-check", f"{len(faults)} things are to be mended.", where=str(document))
    if not as_json:
        citations = "citations, " if law.is_dir() else ""
        typer.echo(f"Well-formed: names, types, {citations}examples and proofs hold.")
        if not citations:
            typer.echo(f"Citations were not checked: there is no folder {law}.")


@app.command(epilog="Example: counterseal agreement test agreements/irs-ice-2025")
def test(document: Document, as_json: AsJson = False) -> None:  # noqa: PT028  # a command, no test
    """Run every example through the SQL that a request runs through, and name what none of them tries.

    Exit 1 where an example does not hold, or a rule has none that holds, fails or is unknown, or none on both sides
    of a boundary; what the prover shows can never be is not asked for.
    """
    from counterseal.flow import agreement as acts  # loads the prover

    with progress() as says:
        says("Running the examples", 0, 0)
        tested = acts.test_agreement(document)
    wrong = [finding for finding in tested.examples if not finding.agrees]
    missing = [gap for gap in tested.untried if gap.is_missing]
    if as_json:
        answer_json({
            "examples": len(tested.examples),
            "wrong": [
                {"rule": w.rule.id, "line": w.example.line, "says": w.example.outcome, "found": w.found} for w in wrong
            ],
            "untried": [
                {"rule": gap.rule.id, "line": gap.rule.line, "what": gap.what, "example": dict(gap.nearest),
                 "outcome": gap.outcome, "write": gap.table and gap.table[1], "impossible": gap.impossible}
                for gap in tested.untried
            ],
        })  # fmt: skip
    else:
        for w in wrong:
            typer.echo(f"line {w.example.line}: {w.rule.id} is {w.found}, and the example says {w.example.outcome}.")
        for gap in tested.untried:
            _say_untried(gap)
        typer.echo(f"{len(tested.examples) - len(wrong)} of {len(tested.examples)} examples hold.")
        typer.echo(f"{len(missing)} things are tried by no example." if missing else "Every rule is tried whole.")
    if wrong:
        raise CheckFailedError("agreement-test", f"{len(wrong)} examples do not hold.", where=str(document))
    if missing:
        raise CheckFailedError("agreement-untried", f"{len(missing)} examples are to be written.", where=str(document))


def _say_untried(gap: Any) -> None:
    if gap.impossible:
        typer.echo(f"line {gap.rule.line}: {gap.rule.id}, {gap.what}: proved that there can be none.")
        return
    typer.echo(f"line {gap.rule.line}: {gap.rule.id}, {gap.what}.")
    if gap.table is not None:
        typer.echo(f"{'':10}the nearest to write:")
        for line in gap.table:
            typer.echo(f"{'':10}{line}")


@app.command(epilog="Example: counterseal agreement prove agreements/irs-ice-2025 --json")
def prove(document: Document, as_json: AsJson = False) -> None:
    """Prove every promise of every row there can be; show the row that refutes one that is not true."""
    from counterseal.flow import agreement as acts  # loads the prover

    proofs = []
    with progress() as says:
        for proof in acts.prove_agreement(document):
            proofs.append(proof)
            says(proof.name, len(proofs), 0)
    open_claims = [proof for proof in proofs if proof.verdict != "proved"]
    if as_json:
        answer_json({"proofs": [_as_json(proof) for proof in proofs], "proved": len(proofs) - len(open_claims)})
    else:
        for proof in proofs:
            typer.echo(f"{proof.verdict:10}{proof.seconds * 1000:8.0f} ms  {proof.name}: {proof.claim}")
            if proof.verdict == "refuted" and proof.witness:
                _say_row(proof.witness)
        seconds = sum(proof.seconds for proof in proofs)
        typer.echo(f"{len(proofs) - len(open_claims)} of {len(proofs)} proved in {seconds:.1f} s.")
    if open_claims:
        raise CheckFailedError("agreement-prove", f"{len(open_claims)} claims are not proved.", where=str(document))


@app.command(epilog="Example: counterseal agreement diff agreements/irs-ice-2025 amended/irs-ice-2025")
def diff(
    earlier: Annotated[Path, typer.Argument(metavar="EARLIER", help="The version that was.")],
    later: Annotated[Path, typer.Argument(metavar="LATER", help="The version that is to be.")],
    no_loosening: Annotated[
        bool, typer.Option("--no-loosening", help="Exit 1 when a row is admitted that was kept back, or may be.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Say what changed, in words; each loosening with a row that is now admitted."""
    from counterseal.flow import agreement as acts  # loads the prover

    changes = []
    with progress() as says:
        for change in acts.compare_agreements(earlier, later):
            changes.append(change)
            says(change.part, len(changes), 0)
    if as_json:
        answer_json({
            "whole": changes[0].direction,
            "changes": [
                {"part": c.part, "words": c.words, "direction": c.direction, "now_admitted": _row(c.admitted),
                 "now_kept_back": _row(c.kept_back)}
                for c in changes
            ],
        })  # fmt: skip
    else:
        for change in changes:
            typer.echo(f"{change.part}: {change.words} [{change.direction}]")
            for words, row in (("now admitted", change.admitted), ("now kept back", change.kept_back)):
                if row is not None:
                    typer.echo(f"    {words}:")
                    _say_row(row)
    if no_loosening and changes[0].direction not in {"tightened", "admits the same"}:
        raise CheckFailedError(
            "agreement-diff", "The later version is not proved to admit nothing more.", where=str(later)
        )


def _row(witness: Any) -> dict[str, Any] | None:
    return None if witness is None else {"row": dict(witness.given), "replayed": witness.replayed}


def _say_row(witness: Any) -> None:
    for name, value in witness.given:
        typer.echo(f"{'':22}{name} = {'(empty)' if value is None else value!r}")
    if witness.replayed is not None:
        typer.echo(f"{'':22}{'the engine finds the same' if witness.replayed else 'THE ENGINE FINDS OTHERWISE'}")


def _as_json(proof: Any) -> dict[str, Any]:
    row = proof.witness
    return {
        "name": proof.name,
        "claim": proof.claim,
        "line": proof.line,
        "verdict": proof.verdict,
        "seconds": round(proof.seconds, 4),
        "row": None if row is None else dict(row.given),
        "replayed": None if row is None else row.replayed,
    }
