"""``report``: what the law publishes, counted from the ledger alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from counterseal.cli.accounting import accounting, index, release, safeguards, withhold
from counterseal.cli.output import console
from counterseal.ledger.folder import LedgerFolder, verify_folder
from counterseal.oversight.suppress import SMALLEST
from counterseal.vault.durable import write_durably

commands = typer.Typer(help="Reports, counted from the ledger alone.", no_args_is_help=True)

commands.command(
    epilog="Example: counterseal report accounting --workspace office --person asks.json --by clara --out letter"
)(accounting)
commands.command(epilog="Example: counterseal report index --workspace office --out index.jsonl")(index)
commands.command(
    epilog="Example: counterseal report withhold --workspace office --submission SYN-2026-0001 --row 17 "
    "--until 2027-03-01 --reason statement.txt --by cora"
)(withhold)
commands.command(epilog="Example: counterseal report release 41 --workspace office --by otto --out release.json")(
    release
)
commands.command(epilog="Example: counterseal report safeguards --workspace office --year 2026 --out safeguards")(
    safeguards
)


@commands.callback()
def reports() -> None:
    """Reports, counted from the ledger alone."""


@commands.command(epilog="Example: counterseal report annual office --year 2026 --index index.jsonl --out annual")
def annual(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The ledger's folder, or its workspace.")],
    year: Annotated[int, typer.Option(min=2000, max=9998, help="The calendar year, in UTC.")],
    policy: Annotated[Path | None, typer.Option("--policy", help="A trust policy: logs, witnesses, quorum.")] = None,
    index: Annotated[Path | None, typer.Option(help="What `report index --out` wrote; counts the taxpayers.")] = None,
    agreements: Annotated[
        Path | None, typer.Option(help="The agreements' folder, for the purposes; else the workspace's own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The folder for public.* and committee.*: html, pdf, csv, json.")
    ] = None,
    due: Annotated[bool, typer.Option("--due", help="Only tell the last day, and how far it is.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the public table for a program.")] = False,
) -> None:
    """Count a year's requests, disclosures and taxpayers by agency (26 U.S.C. 6103(p)(3)(B), (C))."""
    from counterseal.oversight import annual as counting  # loads what reads agreements

    if due:
        from counterseal.wiring import today

        days = (last := counting.due(year)) - today()
        told = f"in {days.days} days" if days.days >= 0 else f"{-days.days} days ago"
        console().print(f"{year}: both tables are due by {last.isoformat()}, 90 days after the year's close ({told}).")
        return
    from counterseal.ledger_wiring import check_signature, trust  # loads the ciphers
    from counterseal.oversight import annual_page as page  # loads what draws

    ledger = LedgerFolder(folder)
    found = verify_folder(ledger, trust(ledger, None, policy), check_signature)
    entries = [json.loads(entry) for bundle in ledger.entries(found.head.size) for entry in bundle]
    counted = None if index is None else counting.read_index(index, entries)
    counts = counting.annual_counts(entries, year, counted)
    documents = agreements or folder / "agreements"
    newest = str(entries[-1]["at"]) if entries else ""
    purposes = counting.purposes(entries, documents, counts)
    report = counting.Annual(year, found.head.origin, found.head.size, newest, counts, purposes)
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        for name, public in (("public", True), ("committee", False)):
            for ending, content in page.files_of(report, public=public).items():
                write_durably(out / f"{name}.{ending}", content, mode=0o644 if public else 0o600)
    if as_json:
        typer.echo(page.annual_json(report, public=True), nl=False)
        return
    shown = report.lines(public=True)
    drawn = Table(title=f"{year}, from {report.size} entries of {report.origin}", title_justify="left")
    drawn.add_column("")
    for one in shown:
        drawn.add_column(f"{one['agency']}\n{one['agreement']}", justify="right")
    for name in report.columns if shown else ():
        said = ("withheld" if one[name] is None else f"{one[name]:,}" for one in shown)
        drawn.add_row(name.replace("_", " "), *said)
    console().print(drawn)
    console().print(f"Withheld: counts from 1 to {SMALLEST - 1}, and those from which they would follow.")
    console().print(f"Due by {report.due.isoformat()}, 90 days after the close of the year.")


@commands.command(epilog="Example: counterseal report quality office/ledger --quarter 2026Q3 --out quality")
def quality(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The ledger's folder, or its workspace.")],
    quarter: Annotated[str, typer.Option(help="The calendar quarter, in UTC, like 2026Q3.")],
    out: Annotated[Path, typer.Option(help="The folder for quality.html, .pdf, .csv and .json.")],
    workspace: Annotated[
        Path | None,
        typer.Option(help="Count cures as well, from this workspace's batches: the custodian's own figures."),
    ] = None,
    policy: Annotated[Path | None, typer.Option("--policy", help="A trust policy: logs, witnesses, quorum.")] = None,
) -> None:
    """Count a quarter's answers, reasons, times, reversals and signatures; small cells withheld."""
    from counterseal.ledger_wiring import check_signature, trust  # loads the ciphers
    from counterseal.oversight import quality_page as page  # loads what draws
    from counterseal.oversight.quality import months, with_cures
    from counterseal.oversight.quality import quality as count

    months(quarter)
    ledger = LedgerFolder(folder)
    found = verify_folder(ledger, trust(ledger, None, policy), check_signature)
    told = count((json.loads(entry) for bundle in ledger.entries(found.head.size) for entry in bundle), quarter)
    if workspace is not None:
        from counterseal import accounting_wiring

        told = with_cures(told, accounting_wiring.cures(workspace, quarter))
    under = told, found.head.origin, found.head.size
    out.mkdir(parents=True, exist_ok=True)
    (out / "quality.html").write_text(page.quality_html(*under), encoding="utf-8")
    (out / "quality.pdf").write_bytes(page.quality_pdf(*under))
    (out / "quality.csv").write_text(page.quality_csv(told), encoding="utf-8", newline="")
    (out / "quality.json").write_text(page.quality_json(*under), encoding="utf-8")
    console().print(f"{quarter}, from {found.head.size} entries of {found.head.origin}: see {out / 'quality.html'}")
    console().print("\n".join(page.notes(told)))
