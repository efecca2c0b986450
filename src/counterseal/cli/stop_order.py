"""``stop-order``: issue, lift and list, at the machine itself.

Whoever may run this may do more; the entry says that the order came by command, and under which name.
A person's number is read from a file or from standard input, because arguments stand in lists of processes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from counterseal.cli.output import answer_json, console
from counterseal.errors import CheckFailedError, CountersealError

app = typer.Typer(help="Stop disclosure, at once; lifting takes two people.", no_args_is_help=True)
Place = Annotated[Path, typer.Option(help="What `counterseal init` made.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]


@app.command(
    epilog="Example: counterseal stop-order issue --workspace office --scope agreement --reaches irs-ice-2025 "
    '--authority "D.D.C. 25-457, order of 5 February" --by "A. Counsel"'
)
def issue(  # noqa: PLR0913, PLR0917 - an order has these parts, and each is an option
    workspace: Place,
    scope: Annotated[str, typer.Option(help="everything, agency, agreement, statute, submission or person.")],
    by: Annotated[str, typer.Option(help="Who orders it.")],
    reaches: Annotated[str, typer.Option(help="Which agency, agreement, statute or submission.")] = "",
    person: Annotated[
        str, typer.Option(metavar="FILE", help="A file with the taxpayer number; - reads standard input.")
    ] = "",
    authority: Annotated[str, typer.Option(help="The order in its own words.")] = "",
    authority_file: Annotated[
        Path | None, typer.Option("--authority-file", "--order-text", help="A file with the order in its own words.")
    ] = None,
    court: Annotated[str, typer.Option(help="The court that made it; then it is served on who holds what left.")] = "",
    docket: Annotated[str, typer.Option(help="The docket number of a court's order.")] = "",
    ordered_at: Annotated[str, typer.Option(help="When the court made it, in UTC: 2026-02-05T14:00.")] = "",
    confirm_by: Annotated[
        str, typer.Option(help="The day by which the court has holders confirm, if it set one.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Issue a stop order. It is in force when this ends with 0 or 1; with 1 it is not yet witnessed."""
    from counterseal import office_wiring, wiring  # Django is loaded only when a command needs it

    if scope == "person" and reaches:
        raise CountersealError(
            "stop-order-reach", "A person's number is no argument.", where="--reaches", next_step="Give --person FILE."
        )
    if (scope == "person") != bool(person):
        raise CountersealError("stop-order-reach", "--person FILE belongs to --scope person.", where="--person")
    of_court = {"court": court, "docket": docket, "ordered_at": ordered_at, "confirm_by": confirm_by}
    if any(of_court.values()) and not (court and docket and ordered_at):
        raise CountersealError(
            "stop-order-court", "A court's order has court, docket and time.", where="--court, --docket, --ordered-at"
        )
    office = wiring.open_office(workspace)
    told = office_wiring.issue_stop_order(
        office,
        scope,
        _read(person) if person else reaches,
        _words(authority, authority_file),
        by,
        of_court if court else None,
    )
    if as_json:
        answer_json(told)
    else:
        typer.echo(f"Stop order {told['order']} is in force: entry {told['entry']}, {told['stopped']} cases stopped.")
        if court:
            typer.echo(f"Served on {len(told['served'])} who hold what had left before it. {told['unserved']}".strip())
    if not told["acknowledged"]:
        raise CheckFailedError(
            "quorum", f"The order stands and nothing is released; it is not yet witnessed. {told['waits']}"
        )


@app.command(epilog='Example: counterseal stop-order lift 3 --workspace office --by "B. Counsel"')
def lift(
    order: Annotated[int, typer.Argument(metavar="ORDER", min=1, help="The order's number.")],
    workspace: Place,
    by: Annotated[str, typer.Option(help="Who asks, or who lifts what another asked.")],
    authority: Annotated[str, typer.Option(help="On what authority; the one who asks says it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Ask that an order be lifted, saying on what authority; or lift what somebody else asked."""
    from counterseal import office_wiring, wiring

    told = office_wiring.lift_stop_order(wiring.open_office(workspace), order, by, authority)
    if as_json:
        answer_json(told)
    elif told["act"] == "asked":
        typer.echo(f"Asked. Stop order {order} stays in force until somebody else lifts it.")
    else:
        typer.echo(f"Stop order {order} is lifted: {told['opened']} cases are open again, to be signed anew.")


@app.command(epilog="Example: counterseal stop-order report 3 --workspace office --json")
def report(
    order: Annotated[int, typer.Argument(metavar="ORDER", min=1, help="The order's number.")],
    workspace: Place,
    as_json: AsJson = False,
) -> None:
    """Tell what an order met: what was on its way, what had left before it, who holds that, what they answered."""
    from counterseal import custody_wiring, wiring

    told = custody_wiring.stop_order_report(wiring.open_office(workspace), order)
    if as_json:
        answer_json(told)
        return
    of_court = f" {told['court']}, {told['docket']}, {told['ordered_at'][:16]} UTC." if told["court"] else ""
    typer.echo(f"Stop order {order}, entry {told['entry']}.{of_court}")
    typer.echo(f"On its way and stopped: {len(told['stopped'])}. In other hands before it: {len(told['holders'])}.")
    table = Table(show_edge=False)
    for column in ("delivered", "officer", "submission", "row", "since", "order", "due", "stands"):
        table.add_column(column)
    for one in told["holders"]:
        served = one["served"] or {"order": "", "due": ""}
        table.add_row(
            str(one["delivered"]), f"{one['agency']} {one['officer']}", one["submission"], str(one["row"] or ""),
            one["since"][:16], str(served["order"]), served["due"][:16], one["standing"],
        )  # fmt: skip
    if told["holders"]:
        console().print(table)


@app.command("list", epilog="Example: counterseal stop-order list --workspace office")
def listed(workspace: Place, as_json: AsJson = False) -> None:
    """List every stop order, those in force first."""
    from counterseal import office_wiring, wiring

    orders = office_wiring.list_stop_orders(wiring.open_office(workspace))
    if as_json:
        answer_json({"orders": orders})
        return
    table = Table(show_edge=False)
    for column in ("order", "reaches", "on whose authority", "issued", "state", "entry"):
        table.add_column(column)
    for one in orders:
        table.add_row(
            str(one["order"]), f"{one['scope']} {one['reaches']}".strip(), one["authority"], one["issued_at"][:16],
            one["state"], str(one["entry"]),
        )  # fmt: skip
    console().print(table if orders else "No stop order is in force, and none has been.")


def _words(text: str, file: Path | None) -> str:
    if bool(text) == bool(file):
        raise CountersealError(
            "stop-order-authority", "Give the order in its own words once.", where="--authority or --authority-file"
        )
    return text if file is None else _read(str(file))


def _read(name: str) -> str:
    """Read a small text. Raises CountersealError ``no-such-file``; its content is in no message."""
    try:
        return (sys.stdin.read(100_000) if name == "-" else Path(name).read_text(encoding="utf-8")).strip()
    except (OSError, UnicodeDecodeError):
        raise CountersealError("no-such-file", "This file cannot be read as text.", where=name) from None
