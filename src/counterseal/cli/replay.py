"""``replay``: what a request would get under this version of an agreement, or that one."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from counterseal.cli.output import answer_json, console, progress
from counterseal.errors import CountersealError


def replay(
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="The folder with manifest.json.")],
    agreement: Annotated[list[str], typer.Option(help="An agreement's id or folder; twice, to compare two.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Hold a request against one version of an agreement or two. Opens no registry, enters nothing."""
    if len(agreement) > 2:
        raise CountersealError("replay", "Two versions are compared at most.", where="--agreement")
    from counterseal import wiring  # noqa: PLC0415  # commands that need no engine do not wait for it

    with progress() as says:
        answers, moved = wiring.replay(submission, agreement, progress=says)
    if as_json:
        told = [{name: value for name, value in asdict(one).items() if name != "titles"} for one in answers]
        answer_json({"answers": told, "moved": [asdict(change) for change in moved]})
        return
    for what, counts in (("outcome", [one.outcomes for one in answers]), ("rule", [one.rules for one in answers])):
        table = Table(title=f"Rows by {what}", title_justify="left")
        table.add_column(what)
        if what == "rule":
            table.add_column("what it asks")
        for one in answers:
            table.add_column(f"{one.agreement} {one.version}", justify="right")
        for word in sorted(
            {word for one in counts for word in one}, key=lambda word: -max(c.get(word, 0) for c in counts)
        ):
            title = next((one.titles[word] for one in answers if word in one.titles), "")
            asks = [title] if what == "rule" else []
            table.add_row(word, *asks, *(f"{one.get(word, 0):,}" for one in counts))
        console().print(table)
    for change in moved:
        console().print(f"{change.rows:,} rows: {change.before} under the first, {change.after} under the second")
    if len(answers) == 2 and not moved:
        console().print("Both answer every row alike.")
