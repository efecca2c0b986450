"""``agency``, ``hold`` and ``sign``: who may ask, registered by two people; an agency's own key and signature."""

from __future__ import annotations

import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.table import Table

from counterseal.cli.output import RegistryKey, answer_json, console, progress
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from counterseal.flow.office import Office
    from counterseal.store.registration import Line

YEAR = 365
KINDS = ("key", "officer", "root")

Workspace = Annotated[Path, typer.Option(help="What `counterseal init` made.")]
By = Annotated[str, typer.Option(help="Who does this; entered in the ledger as a commitment.")]
Agency = Annotated[str, typer.Argument(metavar="AGENCY", help="The agency's id.")]

app = typer.Typer(help="Who may ask: agencies, their keys, officers and roots.", no_args_is_help=True)
hold = typer.Typer(help="Submissions held for a person before anything is judged.", no_args_is_help=True)


def mount(program: typer.Typer) -> None:
    """Add these commands to the program."""
    program.add_typer(app, name="agency")
    program.add_typer(hold, name="hold")
    program.command(epilog="Example: counterseal sign request --key secretary.key")(sign)
    program.command(epilog="Example: counterseal work --workspace office --registry registry")(work)
    program.command(epilog="Example: counterseal answer SYN-2026-0001 --workspace office")(answer)


def _office(workspace: Path, registry_key: Path | None = None) -> Office:
    from counterseal import wiring  # Django is loaded only when a command needs it

    return wiring.open_office(workspace, registry_key=registry_key)


def _wired() -> Any:
    from counterseal import agency_wiring

    return agency_wiring


def _said(line: Line) -> None:
    typer.echo(f"{line.kind} {line.id} of {line.agency}: {line.state}, valid {line.valid_from} to {line.valid_to}")
    if line.state == "proposed":
        typer.echo(f"Another person confirms it: counterseal agency confirm {line.kind} {line.id} --by NAME …")


def sign(
    submission: Annotated[Path, typer.Argument(metavar="SUBMISSION", help="The folder with manifest.json.")],
    key: Annotated[Path, typer.Option(help="The signer's key, made by `counterseal agency new-key`.")],
) -> None:
    """Sign a submission, at the agency: writes manifest.json.sig. Needs no workspace."""
    typer.echo(f"Signed: {_wired().sign(submission, key)}")


def work(
    workspace: Workspace,
    registry: Annotated[Path, typer.Option(help="What `counterseal registry build` made.")],
    key: RegistryKey = None,
    every: Annotated[float, typer.Option(min=0, help="Seconds between two looks; 0 looks once and ends.")] = 0,
) -> None:
    """Run what agencies have sent through the interface, one at a time. May be stopped and begun again at any time."""
    office = _office(workspace, key)
    while True:
        with progress() as says:
            done = _wired().work(office, registry, says)
        for one in done:
            typer.echo(f"{one.submission}: {one.state}{f' [{one.code}]' if one.code else ''}")
        if not every:
            raise typer.Exit(1 if any(one.state == "waiting" for one in done) else 0)
        time.sleep(every)


def answer(
    submission: Annotated[str, typer.Argument(metavar="SUBMISSION", help="Its id.")],
    workspace: Workspace,
) -> None:
    """Answer a submission as a whole, once no row of it waits for anybody. Only then can its packages be fetched."""
    path = _wired().answer(_office(workspace), submission)
    typer.echo(f"Answered: {path}")


@app.command("new-key", epilog="Example: counterseal agency new-key ice.secretary --out secretary.key")
def new_key(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The key's name: letters, digits, dots.")],
    out: Annotated[Path, typer.Option(help="The new private file; it never leaves the agency.")],
) -> None:
    """Make a key, at the agency. Prints what the custodian registers. Needs no workspace."""
    typer.echo(_wired().new_key(name, out))


@app.command(epilog='Example: counterseal agency register oig --title "Inspector General" --by "A. One" --workspace w')
def register(
    agency: Agency,
    title: Annotated[str, typer.Option(help="Its name in full.")],
    by: By,
    workspace: Workspace,
    name: Annotated[list[str] | None, typer.Option(help="Another name that it signs under; may be repeated.")] = None,
) -> None:
    """Enter an agency: safeguards not in force, no key, so nothing that it sends is taken yet."""
    _wired().register_agency(_office(workspace), agency, title, name or [], by=by)
    typer.echo(f"Agency {agency} registered. It has no key yet.")


@app.command(
    epilog="Example: counterseal agency key ice --vkey ice.secretary+… --signer 'A. Signer' "
    "--office 'Secretary of Homeland Security' --by 'A. One' --workspace office"
)
def key(
    agency: Agency,
    vkey: Annotated[str, typer.Option(help="What `agency new-key` printed.")],
    signer: Annotated[str, typer.Option(help="The official, or what the program is called.")],
    by: By,
    workspace: Workspace,
    office: Annotated[str, typer.Option(help="The office held; leave it out for a program's key.")] = "",
    memo: Annotated[Path | None, typer.Option(help="The memorandum by which somebody acts in the office.")] = None,
    valid: Annotated[str, typer.Option(help="First and last day: 2026-11-23..2027-11-22. A year without it.")] = "",
) -> None:
    """Propose a key: an official's, which signs requests, or without an office a program's."""
    line = _wired().propose_key(
        _office(workspace),
        agency,
        vkey,
        signer=signer,
        office_held=office,
        valid=_valid(valid),
        memo=memo,
        by=by,
    )
    _said(line)


def _valid(written: str) -> tuple[date, date]:
    from counterseal import wiring

    if not written:
        return wiring.today(), wiring.today() + timedelta(days=YEAR - 1)
    try:
        first, last = written.split("..")
        return date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        raise CountersealError(
            "date", "These are not two days.", where="--valid", next_step="Write 2026-11-23..2027-11-22."
        ) from None


Certificate = Annotated[Path, typer.Option(help="One X.509 certificate in PEM.")]


@app.command(
    epilog="Example: counterseal agency officer ice --name OFC-00001 --certificate o.pem --by 'A. One' --workspace w"
)
def officer(
    agency: Agency,
    name: Annotated[str, typer.Option(help="The officer as requests name them.")],
    certificate: Certificate,
    by: By,
    workspace: Workspace,
    certification: Annotated[
        Path | None, typer.Option(help="A contractor's certification under 26 U.S.C. 6103(p)(9).")
    ] = None,
) -> None:
    """Propose an officer who may receive, with the certificate that answers are sealed to."""
    office = _office(workspace)
    _said(_wired().propose_officer(office, agency, name, certificate, by=by, certification=certification))


@app.command(epilog="Example: counterseal agency root ice --certificate root.pem --by 'A. One' --workspace office")
def root(agency: Agency, certificate: Certificate, by: By, workspace: Workspace) -> None:
    """Propose the authority under which an agency's officers have their certificates."""
    _said(_wired().propose_root(_office(workspace), agency, certificate, by=by))


Kind = Annotated[str, typer.Argument(metavar="KIND", help="key, officer or root.")]
Number = Annotated[int, typer.Argument(metavar="NUMBER", help="Its number, as `agency list` shows it.")]


def _kind(kind: str) -> str:
    if kind not in KINDS:
        raise CountersealError("register-kind", "This is no key, officer or root.", where="KIND")
    return kind


@app.command(epilog="Example: counterseal agency confirm key 3 --by 'B. Two' --workspace office")
def confirm(kind: Kind, number: Number, by: By, workspace: Workspace) -> None:
    """Confirm what another person proposed, after checking it over another line. From then on it counts."""
    _said(_wired().confirm_registration(_office(workspace), _kind(kind), number, by=by))


@app.command(epilog="Example: counterseal agency end key 3 --by 'A. One' --why 'reported lost' --workspace office")
def end(
    kind: Kind,
    number: Number,
    by: By,
    why: Annotated[str, typer.Option(help="Why; entered as a commitment.")],
    workspace: Workspace,
) -> None:
    """End a line of the register at once. One person is enough: ending only closes."""
    _said(_wired().end_registration(_office(workspace), _kind(kind), number, by=by, why=why))


@app.command("list", epilog="Example: counterseal agency list --workspace office --agency ice")
def list_lines(
    workspace: Workspace,
    agency: Annotated[str | None, typer.Option(help="Only this agency's.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the answer for a program.")] = False,
) -> None:
    """Show the register: keys, officers, roots, and where each stands."""
    _office(workspace)
    lines = _wired().register_lines(agency)
    if as_json:
        answer_json([{name: getattr(one, name) for name in (*one.__slots__, "state")} for one in lines])
        return
    table = Table("kind", "number", "agency", "whose", "office", "valid", "state", title_justify="left")
    for one in lines:
        valid = f"{one.valid_from} to {one.valid_to}"
        table.add_row(one.kind, str(one.id), one.agency, one.whose, one.office, valid, one.state)
    console().print(table)


@hold.command("list", epilog="Example: counterseal hold list --workspace office")
def list_held(workspace: Workspace) -> None:
    """Show what is held and what was let go on."""
    _office(workspace)
    for one in _wired().held_submissions():
        state = f"let go on {one.released_at:%Y-%m-%d %H:%M}" if one.released_at else "held"
        typer.echo(f"{one.submission}  {one.agency}  {', '.join(one.reasons)}  {state}")


@hold.command("release", epilog="Example: counterseal hold release S-1 --by 'Counsel' --why 'called' --workspace w")
def release(
    submission: Annotated[str, typer.Argument(metavar="SUBMISSION", help="Its id.")],
    by: By,
    why: Annotated[str, typer.Option(help="What was asked and answered over another line.")],
    workspace: Workspace,
) -> None:
    """Let a held submission go on, by counsel's word. Run it again afterwards."""
    _wired().release_hold(_office(workspace), submission, by=by, why=why)
    typer.echo(f"Submission {submission} may go on.")
