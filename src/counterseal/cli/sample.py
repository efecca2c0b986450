"""``sample``: decisions drawn so that nobody chose them, for oversight to review again."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from counterseal.cli.output import answer_json
from counterseal.errors import CountersealError

commands = typer.Typer(help="Samples of decisions that nobody chose, for oversight.", no_args_is_help=True)

Place = Annotated[Path, typer.Option(help="What `counterseal init` made.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer for a program.")]
Day = Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], metavar="DATE")]
By = Annotated[str, typer.Option(help="The sign-in name of an official of oversight.")]


@commands.callback()
def samples() -> None:
    """Samples of decisions that nobody chose, for oversight."""


@commands.command(epilog="Example: counterseal sample share --out share")
def share(
    out: Annotated[Path, typer.Option(help="The file for the share; it must not exist.")],
    as_json: AsJson = False,
) -> None:
    """Make oversight's share of a seed, and print the commitment to it. Run it where the custodian does not look."""
    from counterseal.oversight.sample import SHARE, commitment_to

    made = os.urandom(SHARE)
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(f"{made.hex()}\n")
    except OSError as error:
        raise CountersealError(
            "share-file", "The share cannot be written.", where=str(out), next_step="Name a new file."
        ) from error
    if as_json:
        answer_json({"commitment": commitment_to(made), "share": str(out)})
    else:
        typer.echo(commitment_to(made))


@commands.command(
    epilog="Example: counterseal sample announce --workspace office --cases-decided-from 2026-10-01 --to 2026-10-31 "
    "--size 30 --commitment 6f0c… --by olga"
)
def announce(
    workspace: Place,
    cases_decided_from: Day,
    to: Day,
    size: Annotated[int, typer.Option(min=1, help="How many decisions are drawn.")],
    commitment: Annotated[str, typer.Option(help="What `counterseal sample share` printed.")],
    by: By,
    stratum: Annotated[str, typer.Option(help="all, approved, refused or returned.")] = "all",
    as_json: AsJson = False,
) -> None:
    """Enter who can be drawn and how many, and have the witnesses cosign it, before anybody can know who will be."""
    from counterseal import sample_wiring  # Django is loaded only when a command needs it

    told = sample_wiring.announce_sample(workspace, cases_decided_from.date(), to.date(), stratum, size, commitment, by)
    if as_json:
        answer_json(told)
    else:
        typer.echo(f"Entry {told['entry']}: {size} of {told['population']} decisions are to be drawn.")
        given = f"--workspace {workspace} --announced {told['entry']} --share FILE --by {by}"
        typer.echo(f"Next: counterseal sample draw {given}")


@commands.command(epilog="Example: counterseal sample draw --workspace office --announced 412 --share share --by olga")
def draw(
    workspace: Place,
    announced: Annotated[int, typer.Option(min=0, help="The announcement's entry.")],
    share: Annotated[Path, typer.Option(help="The file that `counterseal sample share` wrote.")],
    by: By,
    as_json: AsJson = False,
) -> None:
    """Open the share and draw. `counterseal-verify sample FOLDER` draws again from the published files."""
    from counterseal import sample_wiring

    told = sample_wiring.draw_sample(workspace, announced, _read(share), by)
    if as_json:
        answer_json(told)
    else:
        typer.echo(f"Entry {told['entry']}: drawn are the decisions at {', '.join(map(str, told['drawn']))}.")


def _read(share: Path) -> bytes:
    try:
        return bytes.fromhex(share.read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise CountersealError(
            "share-file", "This is no file of a share.", where=str(share), next_step="Give what `sample share` wrote."
        ) from error
