"""``counterseal identify``: identity alone, for measuring it."""

from __future__ import annotations

import contextlib
import json
import sys
from pathlib import Path  # typer reads the annotations
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from counterseal.flow.identify import identify_rows
from counterseal.identity.model import load_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextlib.contextmanager
def progress_bar() -> Iterator[Callable[[str, int, int], None] | None]:
    """Give a function that shows a bar on standard error; None where that is no terminal."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,}/{task.total:,}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1)
        yield lambda says, done, total: bar.update(task, description=says, completed=done, total=total)


def identify(
    requests: Annotated[Path, typer.Argument(help="Requests as Parquet or CSV.")],
    registry: Annotated[Path, typer.Option(help="A registry index, made by: counterseal registry build.")],
    out: Annotated[Path, typer.Option(help="The Parquet file to write.")],
    model: Annotated[Path | None, typer.Option(help="Weights from identity train; else the shipped ones.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Say for each request whether it means exactly one account, and whether its address is confirmed.

    Example: counterseal identify requests.parquet --registry registry/ --out answers.parquet
    """
    with progress_bar() as progress:
        counts = identify_rows(requests, registry, out, model=load_model(model), progress=progress)
    if as_json:
        typer.echo(json.dumps(counts))
        return
    for word, count in counts.items():
        typer.echo(f"{word:11}{count:>12,}")
