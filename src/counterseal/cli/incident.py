"""``incident``: a suspected wrong disclosure, from the moment it is noticed to the day two people close it.

Whoever may run this may do more; each entry says that it came by command, and commits to the name given. Words that
may be about a person are read from a file or from standard input, because arguments stand in lists of processes.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from counterseal.cli.accounting import read_words
from counterseal.cli.output import answer_json, console
from counterseal.errors import CheckFailedError

if TYPE_CHECKING:
    from counterseal.flow.office import Office

Place = Annotated[Path, typer.Option("--workspace", help="What `counterseal init` made.")]
By = Annotated[str, typer.Option(help="Who does this; entered in the ledger as a commitment.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]
Number = Annotated[int, typer.Argument(metavar="INCIDENT", min=0, help="The incident's entry, as `list` shows it.")]
Words = Annotated[str, typer.Option(metavar="FILE", help="In words; - reads standard input. Committed to, not shown.")]
Out = Annotated[Path, typer.Option(help="The folder for what is written.")]

app = typer.Typer(help="A suspected wrong disclosure: open, contain, report, tell, close.", no_args_is_help=True)


def mount(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(app, name="incident")


def _office(workspace: Path) -> Office:
    from counterseal import wiring  # Django is loaded only when a command needs it

    return wiring.open_office(workspace)


def _wired() -> Any:
    from counterseal import incident_wiring

    return incident_wiring


@app.command("open", epilog='Example: counterseal incident open 41 --source oversight --identified 2026-11-23T09:00 --words what.txt --by "A. Counsel" --workspace office')  # fmt: skip  # noqa: E501
def opened(
    delivered: Annotated[list[int], typer.Argument(metavar="ENTRY...", help="Entries that delivered, by custody.")],
    workspace: Place,
    by: By,
    words: Words,
    source: Annotated[str, typer.Option(help="Who noticed: holder, office, oversight, court or person.")],
    identified: Annotated[str, typer.Option(help="When a possible issue was identified, in UTC: 2026-11-23T09:00.")],
    as_json: AsJson = False,
) -> None:
    """Open an incident over what was delivered; the report is due 24 hours after it was identified."""
    told = _wired().open_incident(_office(workspace), delivered, source, identified, read_words(words), by)
    _print(told, as_json=as_json)


@app.command(epilog='Example: counterseal incident contain 57 --words why.txt --due 2026-11-28 --by "A. Counsel" --workspace office')  # fmt: skip  # noqa: E501
def contain(
    number: Number,
    workspace: Place,
    by: By,
    words: Words,
    due: Annotated[str, typer.Option(help="The last day to certify, where the agreement sets no time.")] = "",
    as_json: AsJson = False,
) -> None:
    """Recall what left from everybody who holds it. To stop what has not left: counterseal stop-order issue."""
    told = _wired().contain(_office(workspace), number, read_words(words), due, by)
    if as_json:
        answer_json(told)
        return
    typer.echo(f"Orders: {len(told['orders'])}. Passed over, ordered before or holding nothing: {told['passed_over']}.")


@app.command(epilog='Example: counterseal incident report 57 --out report --by "A. Counsel" --workspace office')
def report(number: Number, workspace: Place, by: By, out: Out, as_json: AsJson = False) -> None:
    """Write the report as HTML, PDF and JSON, without a word of a person, and enter that it was made."""
    told = _wired().report(_office(workspace), number, out, by)
    if as_json:
        answer_json(told)
    else:
        typer.echo(
            f"Entry {told['entry']}: {'late' if told['late'] else 'in time'}. The report is in {told['folder']}."
        )


@app.command(epilog='Example: counterseal incident charge 57 41 --ground "criminal charge" --document charge.pdf --by "A. Counsel" --workspace office')  # fmt: skip  # noqa: E501
def charge(
    number: Number,
    delivered: Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="The delivery that it is about.")],
    workspace: Place,
    by: By,
    ground: Annotated[str, typer.Option(help='"criminal charge" or "proposed discipline".')],
    document: Annotated[Path, typer.Option(help="What says so; its SHA-256 is entered, and no more.")],
) -> None:
    """Enter that somebody is charged, or discipline is proposed: the person must be told (26 U.S.C. 7431(e))."""
    entry = _wired().charge(_office(workspace), number, delivered, ground, document, by)
    typer.echo(f"Entry {entry}: a notice is owed, as soon as practicable. counterseal incident notice {number}")


@app.command(epilog='Example: counterseal incident notice 57 41 --ground "criminal charge" --person who.json --out letter --by "A. Counsel" --workspace office')  # fmt: skip  # noqa: E501
def notice(
    number: Number,
    delivered: Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="The delivery that was about the person.")],
    workspace: Place,
    by: By,
    out: Out,
    ground: Annotated[
        str,
        typer.Option(
            help='"criminal charge", "proposed discipline", "order of a court" or "decision of counsel"; '
            "the last wants --words."
        ),
    ],
    person: Annotated[str, typer.Option(metavar="FILE", help="To whom, as JSON; - reads standard input.")],
    words: Annotated[str, typer.Option(metavar="FILE", help="Why, in words; committed to, not shown.")] = "",
) -> None:
    """Write the letter that tells the person of the disclosure and their rights; refused before the report."""
    reason = read_words(words) if words else ""
    told = _wired().notify(_office(workspace), number, delivered, ground, read_words(person), out, reason, by)
    typer.echo(f"Entry {told['entry']}. The letter is in {told['folder']}; keep it as you keep return information.")


@app.command("propose-close", epilog='Example: counterseal incident propose-close 57 --by "A. Counsel" --workspace office')  # fmt: skip  # noqa: E501
def propose_close(
    number: Number,
    workspace: Place,
    by: By,
    words: Annotated[str, typer.Option(metavar="FILE", help="Why it is closed with what waits or was late.")] = "",
) -> None:
    """Propose to close an incident; what waits, or was late, must be explained."""
    entry = _wired().propose_close(_office(workspace), number, read_words(words) if words else "", by)
    typer.echo(f"Entry {entry}: proposed. Another person closes it with: counterseal incident close {number}")


@app.command(epilog='Example: counterseal incident close 57 --by "B. Counsel" --workspace office')
def close(number: Number, workspace: Place, by: By) -> None:
    """Close what another person proposed to close."""
    typer.echo(f"Entry {_wired().close(_office(workspace), number, by)}: closed.")


@app.command("list", epilog="Example: counterseal incident list --workspace office")
def listed(workspace: Place, as_json: AsJson = False) -> None:
    """List incidents, the open ones first. Ends with 1 when a report is overdue."""
    found = _wired().incidents_told(_office(workspace))
    late = sum(one["late"] and one["state"] == "to be reported" for one in found)
    if as_json:
        answer_json({"incidents": found, "overdue": late})
    else:
        table = Table(show_edge=False)
        for column in ("incident", "stands", "noticed by", "identified", "report due", "deliveries"):
            table.add_column(column)
        for one in found:
            late_word = " late" if one["late"] else ""
            table.add_row(
                str(one["incident"]), one["state"], one["source"], one["identified"][:16],
                one["due"][:16] + late_word, str(one["deliveries"]),
            )  # fmt: skip
        console().print(table if found else "No incident was opened.")
    if late:
        raise CheckFailedError("incident-overdue", f"Reports overdue: {late}.", next_step="counterseal incident report")


@app.command(epilog="Example: counterseal incident show 57 --workspace office")
def show(number: Number, workspace: Place, as_json: AsJson = False) -> None:
    """Show one incident: its acts, what left, what was done, what waits, and the count for 26 U.S.C. 7431."""
    _print(_wired().incident_told(_office(workspace), number), as_json=as_json)


@app.command(epilog="Example: counterseal incident drill --workspace var/demonstration/office --out drill")
def drill(
    workspace: Annotated[Path, typer.Option("--workspace", help="A demonstration; it is copied and left as it was.")],
    out: Out,
) -> None:
    """Practise an incident from end to end on a copy of a demonstration; each step with the time it took."""
    number = _wired().drill(workspace, out, lambda words, seconds: typer.echo(f"{seconds:6.2f} s  {words}"))
    typer.echo(f"Incident {number} stands in {out / 'office'}. Show it: counterseal incident show {number}")


def _print(told: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        answer_json(told)
        return
    table = Table(show_edge=False, show_header=False)
    for name in ("incident", "state", "source", "identified", "due", "deliveries", "people", "recipients", "still_held",
                 "ordered", "certified", "overdue", "notices"):  # fmt: skip
        table.add_row(name.replace("_", " "), str(told[name]))
    table.add_row("acts (7431)", f"{told['acts']}: at least ${told['least_damages_usd']:,}; arithmetic, not a finding")
    for event in told["events"]:
        table.add_row(event["act"], f"{event['at'][:16]} UTC, entry {event['entry']}")
    table.add_row("waits", "; ".join(told["waits"]) or "nothing")
    console().print(table)
