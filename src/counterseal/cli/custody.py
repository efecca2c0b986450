"""``custody`` and ``safeguards``: who holds what left, orders to holders and their answers; an agency's safeguards.

Whoever may run this may do more; each entry says that it came by command, and commits to the name given.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from counterseal.cli.output import answer_json, console
from counterseal.errors import CheckFailedError

if TYPE_CHECKING:
    from counterseal.flow.office import Office

Place = Annotated[Path, typer.Option("--workspace", help="What `counterseal init` made.")]
By = Annotated[str, typer.Option(help="Who does this; entered in the ledger as a commitment.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]
Order = Annotated[int, typer.Argument(metavar="ORDER", min=0, help="The order's entry, as `custody due` shows it.")]
Paper = Annotated[Path, typer.Option("--document", help="What the holder sent; its SHA-256 is entered, and no more.")]
Out = Annotated[Path | None, typer.Option(help="A folder for the orders' documents, to be sent to the holders.")]

app = typer.Typer(help="Who holds what left, what is due from them, and orders to them.", no_args_is_help=True)
safeguards = typer.Typer(help="An agency's safeguards: in force by two people, to a day.", no_args_is_help=True)


def mount(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(app, name="custody")
    program.add_typer(safeguards, name="safeguards")


def _office(workspace: Path) -> Office:
    from counterseal import wiring  # Django is loaded only when a command needs it

    return wiring.open_office(workspace)


def _wired() -> Any:
    from counterseal import custody_wiring

    return custody_wiring


@app.command("list", epilog="Example: counterseal custody list --workspace office")
def listed(workspace: Place, as_json: AsJson = False) -> None:
    """List every package in every officer's hands: overdue first, then what is still held, the newest first."""
    held = _wired().custody_list(_office(workspace))
    if as_json:
        answer_json({"held": held})
        return
    table = Table(show_edge=False)
    for column in ("entry", "officer", "submission, row", "since", "stands", "orders"):
        table.add_column(column)
    for one in held:
        orders = ", ".join(f"{order['ground']} {order['state']}" for order in one["orders"])
        table.add_row(
            str(one["delivered"]), f"{one['agency']} {one['officer']}", f"{one['submission']}, {one['row'] or '-'}",
            one["since"][:10], one["state"], orders,
        )  # fmt: skip
    console().print(table if held else "Nothing has left.")


@app.command(epilog="Example: counterseal custody due --workspace office --json")
def due(workspace: Place, as_json: AsJson = False) -> None:
    """List what is due: overdue, soon, open, continuing. Ends with 1 when anything is overdue."""
    found = _wired().custody_due(_office(workspace))
    late = sum(one["state"] == "overdue" for one in found)
    if as_json:
        answer_json({"due": found, "overdue": late})
    else:
        table = Table(show_edge=False)
        for column in ("state", "duty", "order", "officer, entry", "due", "goes to"):
            table.add_column(column)
        pressing = [one for one in found if one["state"] != "continuing"]
        for one in pressing:
            order = "" if one["order"] is None else str(one["order"])
            table.add_row(
                one["state"], one["duty"], order, f"{one['agency']} {one['officer']}, {one['delivered']}",
                (one["at"] or one["clock"])[:16], one["escalates"] if one["state"] == "overdue" else "",
            )  # fmt: skip
        console().print(table if pressing else "Nothing is due.")
        for duty, what in sorted({(one["duty"], one["what"]) for one in found if one["state"] == "continuing"}):
            typer.echo(f"As long as it is held: {duty}, {what}.")
    if late:
        raise CheckFailedError("custody-overdue", f"Overdue: {late}.", next_step="Escalate as the list says.")


@app.command(epilog='Example: counterseal custody remind --outbox outbox --by "timer" --workspace office')
def remind(
    workspace: Place,
    by: By,
    outbox: Annotated[Path, typer.Option(help="The folder for the messages; what sends them reads it.")],
    as_json: AsJson = False,
) -> None:
    """Write a message for everything that became due soon or overdue, each once; none holds anything of a person."""
    files = [str(one) for one in _wired().remind(_office(workspace), outbox, by)]
    if as_json:
        answer_json({"messages": files})
        return
    typer.echo(f"Messages: {len(files)}.")
    for one in files:
        typer.echo(one)


@app.command(
    epilog='Example: counterseal custody recall 41 --reason "matched in error" --due 2026-12-01 --by "A. Counsel" '
    "--workspace office --out orders"
)
def recall(
    delivered: Annotated[list[int], typer.Argument(metavar="ENTRY...", help="Entries that delivered, by `list`.")],
    workspace: Place,
    by: By,
    reason: Annotated[str, typer.Option(help="Why; committed to, and in no document.")],
    due: Annotated[str, typer.Option(help="The last day to certify, where the agreement sets no time.")] = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Recall answers: an order to everybody who holds them to stop, to return or destroy, and to certify."""
    _ordered(workspace, delivered, "recall", by, reason, due, out, as_json=as_json)


@app.command(
    epilog='Example: counterseal custody correct 41 --reason "address disputed" --due 2026-12-01 --by "A. Counsel" '
    "--workspace office"
)
def correct(
    delivered: Annotated[list[int], typer.Argument(metavar="ENTRY...", help="Entries that delivered, by `list`.")],
    workspace: Place,
    by: By,
    reason: Annotated[str, typer.Option(help="What was corrected or disputed; committed to, and in no document.")],
    due: Annotated[str, typer.Option(help="The last day to certify, where the agreement sets no time.")] = "",
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Tell everybody who holds an answer that the record behind it was corrected, or is in dispute."""
    _ordered(workspace, delivered, "correction", by, reason, due, out, as_json=as_json)


def _ordered(
    workspace: Path, delivered: list[int], ground: str, by: str, reason: str, due: str, out: Path | None, *,
    as_json: bool,
) -> None:  # fmt: skip
    office = _office(workspace)
    told = _wired().order_holders(office, delivered, ground, by=by, reason=reason, due=due)
    _sent(office, told, out, as_json=as_json)


def _sent(office: Office, told: dict[str, Any], out: Path | None, *, as_json: bool) -> None:
    files = [] if out is None else [str(one) for one in _wired().write_orders(office, told["orders"], out)]
    if as_json:
        answer_json({**told, "documents": files})
        return
    typer.echo(f"Orders: {len(told['orders'])}. Passed over, ordered before or holding nothing: {told['passed_over']}.")
    for one in files:
        typer.echo(one)


@app.command(epilog='Example: counterseal custody serve 3 --by "A. Counsel" --workspace office --out orders')
def serve(
    order: Annotated[int, typer.Argument(metavar="ORDER", min=1, help="The number of a court's stop order.")],
    workspace: Place,
    by: By,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Serve a court's stop order on everybody who holds what had left before it; again reaches the rest."""
    office = _office(workspace)
    _sent(office, _wired().serve_stop(office, order, by), out, as_json=as_json)


@app.command(epilog="Example: counterseal custody document 57 --out orders --workspace office")
def document(
    order: Order, workspace: Place, out: Annotated[Path, typer.Option(help="The folder that it goes into.")]
) -> None:
    """Write the document of an order, with its entry and receipt. `counterseal-verify order` verifies it."""
    for one in _wired().write_orders(_office(workspace), [order], out):
        typer.echo(str(one))


@app.command(
    epilog='Example: counterseal custody acknowledge 57 --document letter.pdf --by "A. Counsel" --workspace office'
)
def acknowledge(order: Order, paper: Paper, workspace: Place, by: By) -> None:
    """Enter that a holder has acknowledged an order."""
    typer.echo(f"Acknowledged: entry {_wired().answer_order(_office(workspace), order, '', paper, by)}.")


@app.command(
    epilog="Example: counterseal custody certify 57 --outcome destroyed --document certificate.pdf "
    '--by "A. Counsel" --workspace office'
)
def certify(
    order: Order,
    paper: Paper,
    workspace: Place,
    by: By,
    outcome: Annotated[str, typer.Option(help="returned, destroyed, kept (a court's stop) or corrected.")],
) -> None:
    """Enter what a holder has certified in answer to an order."""
    typer.echo(f"Certified: entry {_wired().answer_order(_office(workspace), order, outcome, paper, by)}.")


@app.command(
    epilog="Example: counterseal custody record 41 --officer HSI-000000 --outcome destroyed "
    '--document certificate.pdf --by "A. Clerk" --workspace office'
)
def record(
    delivered: Annotated[int, typer.Argument(metavar="ENTRY", min=0, help="The entry that delivered it.")],
    officer: Annotated[str, typer.Option(help="The officer, or the SHA-256 of their certificate.")],
    outcome: Annotated[str, typer.Option(help="used (use has ended), returned or destroyed.")],
    paper: Paper,
    workspace: Place,
    by: By,
) -> None:
    """Enter what a holder tells of their own accord, on paper."""
    entry = _wired().record_end(_office(workspace), delivered, officer, outcome, paper, by)
    typer.echo(f"Entered: {entry}.")


Agency = Annotated[str, typer.Argument(metavar="AGENCY", help="The agency's id.")]
Report = Annotated[Path, typer.Option("--document", help="What bears it out; its SHA-256 is entered, and no more.")]


@safeguards.command("list", epilog="Example: counterseal safeguards list --workspace office")
def safeguards_list(workspace: Place, as_json: AsJson = False) -> None:
    """List every agency's safeguards as they stand today."""
    found = _wired().safeguards_told(_office(workspace))
    if as_json:
        answer_json({"safeguards": found})
        return
    table = Table(show_edge=False)
    for column in ("agency", "safeguards", "last day", "entry"):
        table.add_column(column)
    for one in found:
        words = "in force" if one["in_force"] else "not in force"
        waits = "" if one["waits"] is None else "; a proposal waits for a second person"
        waits += "" if one["borne_out"] else "; the ledger does not say so"
        table.add_row(
            one["agency"], words + waits, one["until"] or "", "" if one["entry"] is None else str(one["entry"])
        )
    console().print(table)


@safeguards.command(
    epilog="Example: counterseal safeguards propose ice --since 2026-11-01 --until 2027-10-31 "
    '--document report.pdf --by "A. One" --workspace office'
)
def propose(
    agency: Agency,
    since: Annotated[str, typer.Option(help="The first day, today or before.")],
    until: Annotated[str, typer.Option(help="The last day, three years on at most.")],
    paper: Report,
    by: By,
    workspace: Place,
) -> None:
    """Propose that an agency's safeguards are in force; another person confirms it."""
    entry = _wired().propose_safeguards(_office(workspace), agency, since, until, paper, by)
    typer.echo(f"Proposed: entry {entry}. Another person confirms it: counterseal safeguards confirm {agency} …")


@safeguards.command(
    epilog='Example: counterseal safeguards confirm ice --document report.pdf --by "B. Two" --workspace office'
)
def confirm(agency: Agency, paper: Report, by: By, workspace: Place) -> None:
    """Confirm what another person proposed, with the same document. From then on they are in force."""
    typer.echo(f"In force: entry {_wired().confirm_safeguards(_office(workspace), agency, paper, by)}.")


@safeguards.command(
    epilog='Example: counterseal safeguards lapse ice --why "an open critical finding" --by "A. One" --workspace office'
)
def lapse(
    agency: Agency, why: Annotated[str, typer.Option(help="Why; entered as a commitment.")], by: By, workspace: Place
) -> None:
    """Set down that they have lapsed: nothing more is released to the agency. One person is enough."""
    typer.echo(f"Lapsed: entry {_wired().lapse_safeguards(_office(workspace), agency, why, by)}.")
