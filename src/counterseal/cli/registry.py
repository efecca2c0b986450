"""``counterseal registry``: make the index that identity reads."""

from __future__ import annotations

import json
import os
from pathlib import Path  # typer reads the annotations
from typing import Annotated

import typer

from counterseal.cli.output import RegistryKey, progress

app = typer.Typer(help="The registry against which requests are held.", no_args_is_help=True)


@app.command(epilog="Example: counterseal registry build custodian/ --out registry/")
def build(
    source: Annotated[Path, typer.Argument(help="Folder with accounts and addresses, CSV or Parquet.")],
    out: Annotated[Path, typer.Option(help="The index to write; an index already there is replaced.")],
    key: RegistryKey = None,
    memory_limit: Annotated[str, typer.Option(help="What sorting may take before it spills.")] = "1GB",
    as_json: Annotated[bool, typer.Option("--json", help="Print what was built as JSON.")] = False,
) -> None:
    """Read and check the two tables of a registry and write the index that identity uses, sealed under a fresh key."""
    from counterseal.flow.registry import build_registry  # loads the engine
    from counterseal.vault.registry_files import RegistryFiles  # loads the ciphers

    files = RegistryFiles(os.urandom, key)
    with progress() as says:
        about = build_registry(source, out, files, progress=says, memory_limit=memory_limit)
    if as_json:
        typer.echo(json.dumps(about))
        return
    typer.echo(f"{about['accounts']:,} accounts, {about['addresses']:,} addresses, {about['keys']:,} keys in {out}")
    typer.echo(f"  sealed; nothing of it can be read without {files.key_path(out)}")
    for what, count in about["left_out"].items():
        if count:
            typer.echo(f"  {count:,} x {what}: counted as not written")


@app.command(epilog="Example: counterseal registry destroy registry/")
def destroy(
    registry: Annotated[Path, typer.Argument(help="A registry index, made by: counterseal registry build.")],
    key: RegistryKey = None,
) -> None:
    """Destroy the key of an index: nothing of it can be read again. Destroy the copies of the key as well."""
    from counterseal.flow.registry import destroy_registry
    from counterseal.vault.registry_files import RegistryFiles

    destroy_registry(registry, RegistryFiles(os.urandom, key))
    typer.echo(f"The key of {registry} is destroyed; a copy of it still opens the index.")


def mount(root: typer.Typer) -> None:
    """Put ``registry`` under ``root``."""
    root.add_typer(app, name="registry")
