"""``counterseal agreement propose``, ``adopt`` and ``versions``: an amendment is put in force by two people."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

from counterseal.cli.output import answer_json, progress

Place = Annotated[Path, typer.Option(help="What `counterseal init` made.")]
By = Annotated[str, typer.Option(help="Your name; entered as a commitment.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]


def propose(
    document: Annotated[Path, typer.Argument(metavar="VERSION", help="The folder of the version that is to be.")],
    workspace: Place,
    by: By,
    why: Annotated[str, typer.Option(help="The law or act that the amendment comes from.")],
    law: Annotated[Path, typer.Option(help="The folder of citations; they are not checked without it.")] = Path("law"),
    as_json: AsJson = False,
) -> None:
    """Check a new version whole, say what it changes, and propose it. Changes nothing yet."""
    from counterseal import amendment_wiring  # Django is loaded only when a command needs it

    with progress() as says:
        says("Checking and comparing", 0, 0)
        made = amendment_wiring.propose(workspace, document, by, why, law)
    told = [{"part": one.part, "words": one.words, "direction": one.direction} for one in made.changes]
    if as_json:
        answer_json({"entry": made.entry, "version": made.law.version, "loosened": made.loosened, "changes": told})
        return
    for one in told:
        typer.echo(f"{one['part']}: {one['words']} [{one['direction']}]")
    typer.echo(f"{made.loosened} changes let something through that was kept back, or may.")
    typer.echo(f"Proposed in entry {made.entry}. Another person adopts: counterseal agreement adopt {made.entry}")


def adopt(
    proposal: Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="The entry of the proposal.")],
    workspace: Place,
    by: By,
    as_json: AsJson = False,
) -> None:
    """Put in force what another person proposed, for requests signed on its day or later."""
    from counterseal import amendment_wiring

    told = amendment_wiring.adopt(workspace, proposal, by)
    if as_json:
        answer_json(told)
        return
    typer.echo(f"{told['agreement']} {told['version']} decides requests signed from {told['in_force']} on.")
    typer.echo(f"Entry {told['entry']}, SHA-256 {told['sha256']}")


def versions(workspace: Place, as_json: AsJson = False) -> None:
    """Show every version of the agreements in a workspace, and from which day each decides."""
    from counterseal import amendment_wiring

    found = amendment_wiring.versions_listed(workspace)
    if as_json:
        answer_json(found)
        return
    for one in found:
        word = "" if one["entered"] else "  NOT IN THE LEDGER"
        typer.echo(f"{one['agreement']}  {one['version']}  from {one['in_force']}  {one['status']}{word}")
