"""``retention``: batches whose time is up are destroyed, one person proposing and another confirming."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from counterseal.cli.output import answer_json

app = typer.Typer(no_args_is_help=True, help="Destroy batches whose retention has run out; their accounting stays.")

Place = Annotated[Path, typer.Option(help="What `counterseal init` made.")]
Before = Annotated[
    datetime, typer.Option(formats=["%Y-%m-%d"], help="Batches that were answered or withdrawn before this day.")
]
By = Annotated[str, typer.Option(help="Your name; entered as a commitment.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]


@app.command("list", epilog="Example: counterseal retention list --before 2026-01-01 --workspace office")
def list_batches(workspace: Place, before: Before, as_json: AsJson = False) -> None:
    """Show which batches may be destroyed, and what keeps the others. Changes nothing."""
    from counterseal import accounting_wiring  # Django is loaded only when a command needs it

    found = accounting_wiring.retention_list(workspace, before.date())
    if as_json:
        answer_json(found)
        return
    for one in found:
        state = "; ".join(one["kept_by"]) or "may be destroyed"
        typer.echo(f"{one['submission']}  closed {one['closed_on']}  {one['rows']:,} rows  {state}")
    if not found:
        typer.echo("No batch was closed before this day.")


@app.command(epilog="Example: counterseal retention propose --before 2026-01-01 --by Ada --why 'GRS 4.2' --workspace w")
def propose(
    workspace: Place,
    before: Before,
    by: By,
    why: Annotated[str, typer.Option(help="The schedule or law that the period comes from.")],
) -> None:
    """Propose to destroy every batch closed before a day that nothing keeps. Destroys nothing yet."""
    from counterseal import accounting_wiring

    entry = accounting_wiring.retention_propose(workspace, before.date(), by, why)
    typer.echo(f"Proposed in entry {entry}. Another person confirms: counterseal retention confirm {entry}")


@app.command(epilog="Example: counterseal retention confirm 412 --by Bo --workspace office")
def confirm(
    workspace: Place,
    proposal: Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="The entry of the proposal.")],
    by: By,
) -> None:
    """Destroy what another person proposed, for good. What an accounting needs is kept first."""
    from counterseal import accounting_wiring

    for submission in accounting_wiring.retention_confirm(workspace, proposal, by):
        typer.echo(f"Destroyed: {submission}")
    typer.echo("Destroy these batches' keys in every copy of keys/ as well.")
