"""``counterseal explain``: why a row may go on, or may not."""

from __future__ import annotations

from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

from counterseal.cli.output import answer_json, day_of_receipt, progress
from counterseal.core.outcome import Answer
from counterseal.core.shown import in_one_line

ANSWERS = {
    Answer.REFUSE: "refused",
    Answer.CURE: "returned, to be mended",
    Answer.JUDGE: "a person judges it before any look-up",
}


def explain(
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="The folder with manifest.json.")],
    row: Annotated[int, typer.Option(min=1, help="The number of the row, in the order of the file, from 1.")],
    agreement: Annotated[str | None, typer.Option(help="An agreement's id or folder, for the manifest's.")] = None,
    received_on: Annotated[str | None, typer.Option(help="The day of receipt (2026-11-23); today without it.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Say of one row which rule found what, by which law and values, and what would have to be different."""
    from counterseal import wiring

    with progress() as says:
        found = wiring.explain(submission, row, agreement, received_on=day_of_receipt(received_on), progress=says)
    if as_json:
        answer_json({
            "row": row,
            "rules": [
                {"rule": e.rule.id, "title": e.rule.title, "cite": e.rule.cite, "finding": e.finding,
                 "answer": e.answer,
                 "conditions": [
                     {"expression": c.expression, "finding": c.finding, "values": dict(c.values)} for c in e.conditions
                 ]}
                for e in found
            ],
        })  # fmt: skip
        return
    open_rules = [e for e in found if e.finding != "holds"]
    held = f"{len(found) - len(open_rules)} of {len(found)} rules hold"
    typer.echo(f"Row {row}: {held}; " + ("it may not go on." if open_rules else "on its face it may go on."))
    for e in [*open_rules, *(e for e in found if e.finding == "holds")]:
        typer.echo(f"\n{e.rule.id} {e.rule.title}: {e.finding} ({e.rule.cite})")
        if e.answer:
            typer.echo(f"    so the answer is: {ANSWERS[e.answer]}")
        for condition in e.to_be_different or e.conditions:
            typer.echo(f"    {'must hold: ' if e.to_be_different else ''}{condition.expression}")
            for name, value in condition.values:
                typer.echo(f"        {name} = {'(empty)' if value is None else in_one_line(str(value)) or '(no text)'}")
