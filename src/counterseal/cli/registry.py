"""``counterseal registry``: make the index that identity reads."""

from __future__ import annotations

import json
from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

from counterseal.cli.output import progress
from counterseal.flow.registry import build_registry

app = typer.Typer(help="The registry against which requests are held.", no_args_is_help=True)


@app.callback()
def _registry() -> None:
    """Keep ``build`` a word of its own while it is the only one."""


@app.command(epilog="Example: counterseal registry build custodian/ --out registry/")
def build(
    source: Annotated[Path, typer.Argument(help="Folder with accounts and addresses, CSV or Parquet.")],
    out: Annotated[Path, typer.Option(help="The index to write; an index already there is replaced.")],
    memory_limit: Annotated[str, typer.Option(help="What sorting may take before it spills.")] = "1GB",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was built as JSON.")] = False,
) -> None:
    """Read and check the two tables of a registry and write the index that identity uses."""
    with progress() as says:
        about = build_registry(source, out, progress=says, memory_limit=memory_limit)
    if as_json:
        typer.echo(json.dumps(about))
        return
    typer.echo(f"{about['accounts']:,} accounts, {about['addresses']:,} addresses, {about['keys']:,} keys in {out}")
    for what, count in about["left_out"].items():
        if count:
            typer.echo(f"  {count:,} x {what}: counted as not written")


def mount(root: typer.Typer) -> None:
    """Put ``registry`` under ``root``."""
    root.add_typer(app, name="registry")
