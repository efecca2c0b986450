"""``counterseal open``: the recipient's own program, for those who have the whole product."""

from __future__ import annotations

import typer

from counterseal_open import recipient


def open_package(context: typer.Context) -> None:
    """Open a sealed package: proof, conditions, answer, acknowledgement."""
    raise typer.Exit(recipient.main(list(context.args)))
