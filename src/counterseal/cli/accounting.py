"""``report accounting``, ``index`` and ``withhold``: what a clerk gives one person, and what an official keeps back.

Who asks, and why something is withheld, is read from a file or from standard input, because arguments stand in lists
of processes.
"""

from __future__ import annotations

import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from counterseal.cli.output import answer_json
from counterseal.errors import CountersealError

Place = Annotated[Path, typer.Option(help="What `counterseal init` made.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]


def accounting(
    workspace: Place,
    person: Annotated[str, typer.Option(metavar="FILE", help="Who asks, as JSON; - reads standard input.")],
    by: Annotated[str, typer.Option(help="The clerk's sign-in name.")],
    out: Annotated[Path, typer.Option(help="The folder for letter.pdf, letter.html and accounting.json.")],
    as_json: AsJson = False,
) -> None:
    """Give one person the accounting of requests about them (26 U.S.C. 6103(p)(3)(A); 5 U.S.C. 552a(c))."""
    from counterseal import accounting_wiring  # Django is loaded only when a command needs it

    told = accounting_wiring.give_accounting(workspace, read_words(person), by, out)
    if as_json:
        answer_json(told)
    else:
        typer.echo(
            f"{told['requests']} requests and {told['disclosures']} disclosures are listed, under entry "
            f"{told['entry']}. The letter and its proof are in {out}."
        )


def index(
    workspace: Place,
    out: Annotated[Path | None, typer.Option(help="Write the index for an inspector: digests, no words.")] = None,
    as_json: AsJson = False,
) -> None:
    """Enter the index by person over every batch, so that no list can be made up later."""
    from counterseal import accounting_wiring

    told = accounting_wiring.enter_index(workspace, out)
    if as_json:
        answer_json(told)
    else:
        typer.echo(
            f"Entry {told['entry']}: {told['rows']} rows of {told['batches']} batches and "
            f"{told['disclosures']} disclosures are in the index."
        )


def withhold(
    workspace: Place,
    submission: Annotated[str, typer.Option(help="The submission's id.")],
    row: Annotated[int, typer.Option(min=1, help="The row, counted from 1.")],
    until: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="The day from which it is listed again.")],
    reason: Annotated[str, typer.Option(metavar="FILE", help="The reason in words; - reads standard input.")],
    by: Annotated[str, typer.Option(help="The sign-in name of counsel.")],
    as_json: AsJson = False,
) -> None:
    """Leave a row out of the person's accounting until a day (5 U.S.C. 552a(c)(3)); the reason is an entry."""
    from counterseal import accounting_wiring

    told = accounting_wiring.withhold(workspace, submission, row, until.date(), by, read_words(reason))
    if as_json:
        answer_json(told)
    else:
        typer.echo(f"Entry {told['entry']}: the row is left out of the accounting until {told['until']}.")


def release(
    delivered: Annotated[int, typer.Argument(metavar="ENTRY", help="The entry that delivered.")],
    workspace: Place,
    by: Annotated[str, typer.Option(help="The sign-in name of oversight.")],
    out: Annotated[Path, typer.Option(help="Where to write the evidence. It is as confidential as the case.")],
) -> None:
    """Write what an inspector needs to follow one release: `counterseal-verify release` reads it."""
    from counterseal import accounting_wiring

    accounting_wiring.release_evidence(workspace, delivered, by, out)
    typer.echo(f"The evidence of the delivery at entry {delivered}: {out}")


def safeguards(
    workspace: Place,
    year: Annotated[int, typer.Option(min=2000, max=9998, help="The calendar year, in UTC.")],
    out: Annotated[Path, typer.Option(help="The folder for safeguards.html, .pdf, .csv and .json.")],
) -> None:
    """Draw up the safeguards of every recipient agency and what it holds (26 U.S.C. 6103(p)(4), (p)(5))."""
    from counterseal import accounting_wiring

    accounting_wiring.safeguards_report(workspace, year, out)
    typer.echo(f"{year}: see {out / 'safeguards.html'}")


def read_words(name: str) -> str:
    """Read a small text. Raises CountersealError ``no-such-file``; its content is in no message."""
    try:
        return (sys.stdin.read(100_000) if name == "-" else Path(name).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError):
        raise CountersealError("no-such-file", "This file cannot be read as text.", where=name) from None
