"""``python -m counterseal.synth``: synthetic registries, submissions and identity sets."""

from __future__ import annotations

import re
import sys
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from counterseal.errors import CountersealError
from counterseal.synth.august import write_as_filed
from counterseal.synth.demonstration import SIGNED_ON, SUBMISSION, demonstrate
from counterseal.synth.folder import (
    Asking,
    Fault,
    RowsForm,
    write_submission,
)
from counterseal.synth.holdings import read_holdings
from counterseal.synth.identity_set import write_identity_set
from counterseal.synth.people import build_world
from counterseal.synth.registry import account_ids, registry_tables, write_table

app = typer.Typer(
    help="Synthetic people, registries and submissions. The same for a seed everywhere.", no_args_is_help=True
)
Out = Annotated[Path, typer.Option(help="Folder to write into; made if missing.")]
Registry = Annotated[Path, typer.Option(help="Folder with accounts and addresses.")]
AUGUST_SIGNED_ON = datetime.fromisoformat("2025-06-27")
SUBMISSION_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
Seed = Annotated[int, typer.Option(help="Chance starts here; the same seed gives the same values.")]


class TableForm(StrEnum):
    """How a registry's tables are written."""

    parquet = "parquet"
    csv = "csv"


@app.command()
def registry(
    people: Annotated[int, typer.Option(min=10, help="People in the world; about three in four have an account.")],
    out: Out,
    seed: Seed = 1,
    form: Annotated[TableForm, typer.Option("--format", help="Form of the tables.")] = TableForm.parquet,
) -> None:
    """Write a registry: accounts and addresses.

    Example: python -m counterseal.synth registry --people 10000 --seed 1 --out registry
    """
    out.mkdir(parents=True, exist_ok=True)
    world = build_world(people, seed)
    accounts, addresses = registry_tables(world, account_ids(world, seed))
    write_table(accounts, out, "accounts", form)
    write_table(addresses, out, "addresses", form)
    sys.stdout.write(f"{accounts.num_rows} accounts, {addresses.num_rows} addresses in {out}\n")


@app.command()
def submission(
    registry: Registry,
    rows: Annotated[int, typer.Option(min=1, help="Rows, one a person; one of them is the canary.")],
    out: Out,
    signed_on: Annotated[
        datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of signing; all clocks count from it.")
    ],
    seed: Seed = 2,
    form: Annotated[RowsForm, typer.Option("--format", help="Form of the rows file.")] = RowsForm.csv,
    submission: Annotated[str, typer.Option(help="The agency's own id, and the folder's name.")] = "SYN-2026-0001",
    fault: Annotated[
        list[Fault] | None, typer.Option(help="Make the file or the request wrong; may be repeated.")
    ] = None,
) -> None:
    """Write a submission folder, and truth.parquet beside it.

    Example: python -m counterseal.synth submission --registry registry --rows 2000
    --signed-on 2026-11-02 --out asked
    """
    if not SUBMISSION_ID.fullmatch(submission):
        raise CountersealError(
            "synth-submission-id",
            "A submission id is 1 to 64 letters, digits, dots, hyphens or underscores.",
            where="--submission",
            next_step="For example SYN-2026-0001.",
        )
    out.mkdir(parents=True, exist_ok=True)
    asking = Asking(submission, signed_on.date(), form, frozenset(fault or ()))
    folder = write_submission(read_holdings(registry), rows, seed, asking, out)
    sys.stdout.write(f"{rows} rows in {folder}, their truth in {out / 'truth.parquet'}\n")


@app.command()
def august_2025(
    registry: Registry,
    out: Out,
    rows: Annotated[int, typer.Option(min=1, help="Rows.")] = 1_280_000,
    seed: Seed = 3,
    signed_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="Day of signing.")] = AUGUST_SIGNED_ON,
    mended: Annotated[bool, typer.Option("--mended", help="The same people and addresses, with sound paper.")] = False,
) -> None:
    """Write a submission in the shape of 2025: one officer, one reason, and truth.parquet beside it.

    Example: python -m counterseal.synth august-2025 --registry registry --rows 1280000 --out august
    """
    out.mkdir(parents=True, exist_ok=True)
    folder = write_as_filed(read_holdings(registry), rows, seed, signed_on.date(), out, mended=mended)
    sys.stdout.write(f"{rows} rows in {folder}, their truth in {out / 'truth.parquet'}\n")


@app.command()
def identity_set(
    people: Annotated[int, typer.Option(min=100, help="People in the world.")],
    requests: Annotated[int, typer.Option(min=1, help="Requests; two in three about registered people.")],
    out: Out,
    seed: Seed = 4,
) -> None:
    """Write a registry, requests of three levels of noise, and whom each is about.

    Example: python -m counterseal.synth identity-set --people 20000 --requests 27000 --seed 4 --out set
    """
    kinds = write_identity_set(people, requests, seed, out)
    sys.stdout.write(f"{requests} requests in {out}: {', '.join(f'{n} {kind}' for kind, n in kinds.items())}\n")


@app.command()
def demonstration(
    out: Out,
    serve: Annotated[
        int, typer.Option(min=0, max=1, help="1 serves the pages afterwards, 0 stops after the table.")
    ] = 1,
) -> None:
    """Make people and a request, run it, print the table and serve the pages.

    Example: python -m counterseal.synth demonstration --out var/demonstration --serve 0
    """

    def make(people: Path, request: Path) -> None:
        registry(10_000, people)
        submission(people, 2_000, request, datetime.combine(SIGNED_ON, datetime.min.time()), submission=SUBMISSION)

    raise SystemExit(demonstrate(out, make, serve=bool(serve)))


def main() -> None:
    """Run the command; a wrong call is one line on standard error and exit 2."""
    try:
        app()
    except CountersealError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
