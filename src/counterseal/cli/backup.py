"""``backup``, ``restore`` and ``upgrade``: keeping an office."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Workspace = Annotated[Path, typer.Option(help="What `counterseal init` made.")]


def mount(app: typer.Typer) -> None:
    """Give the program these commands."""
    app.command(epilog="Example: counterseal backup /backup/2026-11-23 --keys /safe/keys --workspace office")(backup)
    app.command(epilog="Example: counterseal restore /backup/2026-11-23 --keys /safe/keys --workspace new")(restore)
    app.command(epilog="Example: counterseal upgrade --workspace office")(upgrade)


def backup(
    out: Annotated[Path, typer.Argument(metavar="OUT", help="A new folder.")],
    workspace: Workspace,
    keys: Annotated[Path | None, typer.Option(help="Another new folder, kept apart, for the private keys.")] = None,
) -> None:
    """Copy an office while it works. Private keys are copied only where --keys says."""
    from counterseal import wiring  # Django is loaded only when a command needs it

    made = wiring.back_up(wiring.open_office(workspace), out, keys)
    typer.echo(f"{made.files} files; the ledger stood at {made.size} entries, root {made.root}.")
    if keys is None:
        typer.echo("No private key is in it. Without keys it cannot be put back: keep them by --keys, elsewhere.")


def restore(
    copy: Annotated[Path, typer.Argument(metavar="COPY", help="What `counterseal backup` made.")],
    workspace: Annotated[Path, typer.Option(help="A new folder.")],
    keys: Annotated[Path, typer.Option(help="The keys that were kept apart.")],
) -> None:
    """Put a backup back into a new workspace. Then ask the witnesses, by doctor, whether it is the newest."""
    from counterseal import wiring

    wiring.put_back(copy, workspace, keys)
    typer.echo(f"Put back. Next: counterseal doctor --workspace {workspace}")


def upgrade(workspace: Workspace) -> None:
    """Bring the tables of the database up to date, after a new version was installed. Back up first."""
    from counterseal import wiring

    wiring.upgrade(workspace)
    typer.echo(f"Up to date. Next: counterseal doctor --workspace {workspace}")
