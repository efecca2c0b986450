"""``python -m counterseal.synth``: synthetic registries, submissions and identity sets."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from counterseal.errors import CountersealError
from counterseal.synth.people import build_world
from counterseal.synth.registry import account_ids, registry_tables, write_table

app = typer.Typer(help="Synthetic people, registries and submissions. The same for a seed everywhere.", no_args_is_help=True)
Out = Annotated[Path, typer.Option(help="Folder to write into; made if missing.")]
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


def main() -> None:
    """Run the command; a wrong call is one line on standard error and exit 2."""
    try:
        app()
    except CountersealError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from None


if __name__ == "__main__":
    main()
