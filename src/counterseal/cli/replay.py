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
    page: Annotated[Path | None, typer.Option(help="Write the answer as a page that anybody can read.")] = None,
    record: Annotated[
        Path | None, typer.Option(help="Beside it on the page: a matter of record, law/record/….")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Hold a request against one version of an agreement or two. Opens no registry, enters nothing.

    Example: counterseal replay august/AUGUST-2025 --agreement irs-ice-2025 --page august.html
    --record law/record/august-2025.toml
    """
    if len(agreement) > 2:
        raise CountersealError("replay", "Two versions are compared at most.", where="--agreement")
    from counterseal import wiring  # commands that need no engine do not wait for it

    with progress() as says:
        answers, moved = wiring.replay(submission, agreement, progress=says)
    if page is not None:
        from counterseal.oversight.record import read_record
        from counterseal.oversight.replay_page import replay_page  # loads what draws

        write_page(page, replay_page(submission.name, answers, read_record(record) if record else None))
    if as_json:
        told = [{**asdict(one), "rules": {line.rule: line.rows for line in one.rules}} for one in answers]
        answer_json({"answers": told, "moved": [asdict(change) for change in moved]})
        return
    titles = {line.rule: line.title for one in answers for line in one.rules}
    faults = [{line.rule: line.rows for line in one.rules} for one in answers]
    for what, counts in (("outcome", [one.outcomes for one in answers]), ("rule", faults)):
        table = Table(title=f"Rows by {what}", title_justify="left")
        table.add_column(what)
        if what == "rule":
            table.add_column("what it asks")
        for one in answers:
            table.add_column(f"{one.agreement} {one.version}", justify="right")
        for word in sorted(
            {word for one in counts for word in one}, key=lambda word: -max(c.get(word, 0) for c in counts)
        ):
            asks = [titles[word]] if what == "rule" else []
            table.add_row(word, *asks, *(f"{one.get(word, 0):,}" for one in counts))
        console().print(table)
    for change in moved:
        console().print(f"{change.rows:,} rows: {change.before} under the first, {change.after} under the second")
    if len(answers) == 2 and not moved:
        console().print("Both answer every row alike.")


def write_page(page: Path, text: str) -> None:
    """Write the page. Raises CountersealError ``out`` when it cannot be written."""
    try:
        page.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CountersealError(
            "out", "The page cannot be written here.", where="--page", next_step="Name a file in a folder of yours."
        ) from error
