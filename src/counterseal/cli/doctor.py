"""``doctor``: whether a workspace is fit for work."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from counterseal.cli.output import answer_json, console
from counterseal.errors import CheckFailedError


def doctor(
    workspace: Annotated[Path, typer.Option(help="What `counterseal init` made.")],
    metrics: Annotated[Path | None, typer.Option(help="Write counts for a collector (Prometheus).")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Look at everything that an office needs: exit 0 when nothing is broken, 1 when something is."""
    from counterseal import wiring  # Django is loaded only when a command needs it

    office = wiring.open_office(workspace)
    found = wiring.examine(office)
    if metrics is not None:
        wiring.write_metrics(office, found, metrics)
    broken = [one for one in found if one.state == "broken"]
    if as_json:
        answer_json(
            {
                "ok": not broken,
                "checks": [
                    {"name": one.name, "state": one.state, "says": one.says, "next_step": one.next_step}
                    for one in found
                ],
            }
        )
    else:
        table = Table(show_edge=False)
        for column in ("looked at", "state", "found", "what to do"):
            table.add_column(column)
        for one in found:
            table.add_row(one.name, one.state, one.says, one.next_step if one.state != "sound" else "")
        console().print(table)
    if broken:
        raise CheckFailedError("doctor", f"{len(broken)} checks did not hold: {', '.join(one.name for one in broken)}.")
