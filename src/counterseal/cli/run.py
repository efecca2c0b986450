"""``init``, ``run`` and ``screen``: from an empty folder to a judged request."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from counterseal.cli.output import RegistryKey, answer_json, console, day_of_receipt, progress
from counterseal.core.steps import Engine

if TYPE_CHECKING:
    from counterseal.flow.run import RunSummary

MEANING = {
    "stopped": "a stop order covers it; no record opened",
    "refused": "the law forbids it on its face; no record opened",
    "cure": "something is missing or malformed; returned; no record opened",
    "judgement": "a rule needs a person; no record opened",
    "not_disclosed": "the look-up did not confirm one person at the address",
    "reviewable": "exactly one person, address confirmed: a case for two people",
}


def mount(app: typer.Typer) -> None:
    """Add these commands to the program."""
    app.command(epilog="Example: counterseal init office --demo")(init)
    app.command(epilog="Example: counterseal administrator ada --workspace office")(administrator)
    app.command(epilog="Example: counterseal run request --registry registry --workspace office")(run)
    app.command(epilog="Example: counterseal screen request --out screened")(screen)


def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder that is empty or not there yet.")],
    demo: Annotated[bool, typer.Option("--demo", help="Agencies registered, unsigned submissions taken.")] = False,
    administrator: Annotated[str, typer.Option(help="The first administrator's sign-in name.")] = "administrator",
) -> None:
    """Make a workspace: keys, database, ledger, the agreements in force, a first administrator."""
    from counterseal import office_wiring, wiring  # Django is loaded only when a command needs it

    wiring.establish(folder, demonstration=demo)
    typer.echo(f"Workspace made: {folder}")
    if demo:
        typer.echo("This is a demonstration: its agencies are registered and need not sign.")
    else:
        typer.echo("It knows no agency yet, so every submission is refused.")
        tell_code(administrator, *office_wiring.invite_administrator(folder, administrator))


def administrator(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The administrator's sign-in name.")],
    workspace: Annotated[Path, typer.Option(help="What `counterseal init` made.")],
) -> None:
    """Make an administrator, or give one who lost every key a new code. It is an entry, and says it came by command."""
    from counterseal import office_wiring

    tell_code(name, *office_wiring.invite_administrator(workspace, name))


def tell_code(name: str, code: str, hours: int) -> None:
    """Print a one-time code; it is kept nowhere."""
    typer.echo(f"The one-time code of {name}, good for {hours} hours and shown only now:")
    typer.echo(f"  {code}")
    typer.echo("With it a first passkey is enrolled, on the pages under: Sign in, I have a one-time code.")


def run(
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="The folder with manifest.json.")],
    registry: Annotated[Path, typer.Option(help="What `counterseal registry build` made.")],
    workspace: Annotated[Path, typer.Option(help="What `counterseal init` made.")],
    key: RegistryKey = None,
    agreement: Annotated[
        str | None, typer.Option(help="An agreement's id or folder, instead of the manifest's.")
    ] = None,
    received_on: Annotated[str | None, typer.Option(help="The day of receipt (2026-11-23); today without it.")] = None,
    memory_limit: Annotated[str, typer.Option(help="What the engine may use.")] = "1GB",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Take a request in, hold it against the law, identify, open cases. Never releases anything."""
    from counterseal import wiring

    office = wiring.open_office(workspace, memory_limit=memory_limit, registry_key=key)
    with progress() as says:
        summary, seconds = wiring.run(
            office, submission, registry, received_on=day_of_receipt(received_on), agreement=agreement, progress=says
        )
    _say_spilled(summary.spilled)
    size, root = office.ledger.size_and_root()
    if as_json:
        answer_json(
            {
                "submission": summary.submission,
                "rows": summary.rows,
                "outcomes": summary.outcomes,
                "rules": summary.rules,
                "ledger": {"size": size, "root": root},
                "demonstration": office.workspace.demonstration,
            }
        )
        return
    _print(summary, seconds, size, root, demonstration=office.workspace.demonstration)


def _say_spilled(spilled: int | None) -> None:
    """Say beside the answer what lay on the disk for want of memory, where something did."""
    if spilled:
        typer.echo(f"At most {spilled / 1e6:,.0f} MB lay on the disk at once for want of memory.", err=True)


def _print(summary: RunSummary, seconds: float, size: int, root: str, *, demonstration: bool) -> None:
    out = console()
    if demonstration:
        out.print("DEMONSTRATION: synthetic people, agencies registered by the demonstration itself.")
    outcomes = Table(title=f"{summary.submission}: {summary.rows:,} rows", title_justify="left")
    outcomes.add_column("outcome")
    outcomes.add_column("rows", justify="right")
    outcomes.add_column("share", justify="right")
    outcomes.add_column("meaning")
    for outcome, count in summary.outcomes.items():
        outcomes.add_row(outcome, f"{count:,}", f"{count / summary.rows:.1%}", MEANING[outcome])
    out.print(outcomes)
    reasons = Table(title="Most frequent reasons", title_justify="left")
    reasons.add_column("rule")
    reasons.add_column("what it asks")
    reasons.add_column("law")
    reasons.add_column("rows", justify="right")
    for rule, title, cite, count in summary.reasons[:20]:
        reasons.add_row(rule, title, cite, f"{count:,}")
    out.print(reasons)
    out.print(f"{seconds:.1f} s. Ledger: {size} entries, root {root}")


def screen(
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="The folder with manifest.json.")],
    out: Annotated[Path, typer.Option(help="A folder for the determinations; made when not there.")],
    agreement: Annotated[
        str | None, typer.Option(help="An agreement's id or folder, instead of the manifest's.")
    ] = None,
    engine: Annotated[Engine, typer.Option(help="Where the work is done; the answers are the same.")] = Engine.DUCKDB,
    memory_limit: Annotated[str, typer.Option(help="What the engine may use.")] = "2GB",
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Hold a request against the law on its face alone. Opens no registry, and needs none."""
    from counterseal import wiring

    with progress() as says:
        counts, spilled = wiring.screen(
            submission, out, agreement=agreement, kind=engine, memory_limit=memory_limit, progress=says
        )
    _say_spilled(spilled)
    if as_json:
        answer_json(counts)
        return
    for outcome, rows in counts["outcomes"].items():
        typer.echo(f"{outcome:14}{rows:>12,}")
