"""``counterseal open``: the recipient's own program, for those who have the whole product."""

from __future__ import annotations

import typer


def open_package(context: typer.Context) -> None:
    """Open a sealed package: proof, conditions, answer, acknowledgement."""
    from counterseal_open import recipient  # loads the ciphers

    raise typer.Exit(recipient.main(list(context.args)))
