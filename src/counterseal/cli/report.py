"""``report``: what the law publishes, counted from the ledger alone."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from counterseal.cli.accounting import accounting, index, withhold
from counterseal.cli.output import answer_json, console
from counterseal.ledger.folder import LedgerFolder, verify_folder
from counterseal.oversight.annual import COLUMNS, annual_counts
from counterseal.oversight.suppress import SMALLEST, with_totals, withheld

commands = typer.Typer(help="Reports, counted from the ledger alone.", no_args_is_help=True)

commands.command(
    epilog="Example: counterseal report accounting --workspace office --person asks.json --by clara --out letter"
)(accounting)
commands.command(epilog="Example: counterseal report index --workspace office --out index.jsonl")(index)
commands.command(
    epilog="Example: counterseal report withhold --workspace office --submission SYN-2026-0001 --row 17 "
    "--until 2027-03-01 --reason statement.txt --by cora"
)(withhold)


@commands.callback()
def reports() -> None:
    """Reports, counted from the ledger alone."""


@commands.command(epilog="Example: counterseal report annual office/ledger --year 2026")
def annual(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The ledger's folder, or its workspace.")],
    year: Annotated[int, typer.Option(min=2000, max=9999, help="The calendar year, in UTC.")],
    policy: Annotated[Path | None, typer.Option("--policy", help="A trust policy: logs, witnesses, quorum.")] = None,
    out: Annotated[Path | None, typer.Option("--csv", help="Write the table here too.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Count a year's requests, people and disclosures by agency (26 U.S.C. 6103(p)(3)(C)); small cells withheld."""
    from counterseal.ledger_wiring import check_signature, trust  # noqa: PLC0415  # loads the ciphers

    ledger = LedgerFolder(folder)
    found = verify_folder(ledger, trust(ledger, None, policy), check_signature)
    entries = (json.loads(entry) for bundle in ledger.entries(found.head.size) for entry in bundle)
    counts = annual_counts(entries, year)
    table = with_totals([[line[column] for column in COLUMNS] for line in counts.values()])
    hidden = withheld(table)
    lines = [*counts, ("all", "all")] if counts else []
    shown = [
        {
            "agency": agency,
            "agreement": agreement,
            **{name: None if (at, c) in hidden else table[at][c] for c, name in enumerate(COLUMNS)},
        }
        for at, (agency, agreement) in enumerate(lines)
    ]
    if out is not None:
        with out.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["agency", "agreement", *COLUMNS])
            writer.writeheader()
            writer.writerows(shown)
    if as_json:
        answer_json({"year": year, "origin": found.head.origin, "size": found.head.size, "lines": shown})
        return
    drawn = Table(title=f"{year}, from {found.head.size} entries of {found.head.origin}", title_justify="left")
    for name in ("agency", "agreement", *COLUMNS):
        drawn.add_column(name.replace("_", " "), justify="right" if name in COLUMNS else "left")
    for one in shown:
        drawn.add_row(*("withheld" if value is None else str(value) for value in one.values()))
    console().print(drawn)
    console().print(f"Withheld: counts from 1 to {SMALLEST - 1}, and those from which they would follow.")
