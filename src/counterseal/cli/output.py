"""How commands speak: answers on standard output, progress on standard error when a person watches."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from counterseal.core.workspace import read_workspace
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

SAY_SO_THEMSELVES = {"run", "serve"}
RegistryKey = Annotated[
    Path | None,
    typer.Option(
        "--key", envvar="COUNTERSEAL_REGISTRY_KEY", help="The file of the index's key; without it REGISTRY.key."
    ),
]


DEMONSTRATION = "This workspace is a demonstration: its people are made up, and no agency has asked for anything."
_shown: ContextVar[bool] = ContextVar("of_a_demonstration", default=False)
"""Whether the command that runs is on a demonstration; every answer says so."""


@contextmanager
def saying_whose(arguments: Sequence[str]) -> Iterator[None]:
    """Let every answer of a call say so where the workspace that it names is a demonstration."""
    shown = any(_is_demonstration(Path(one)) for one in _workspaces(arguments))
    before = _shown.set(shown)
    try:
        yield
        if shown and "--json" not in arguments and arguments[0] not in SAY_SO_THEMSELVES:
            typer.echo(DEMONSTRATION)
    finally:
        _shown.reset(before)


def _workspaces(arguments: Sequence[str]) -> list[str]:
    named = [after for before, after in pairwise(arguments) if before == "--workspace"]
    named += [one.partition("=")[2] for one in arguments if one.startswith("--workspace=")]
    return named + [one for one in arguments[2:] if arguments[:2] == ["ledger", "fsck"] and not one.startswith("-")]


def _is_demonstration(root: Path) -> bool:
    try:
        return read_workspace(root).demonstration
    except CountersealError:
        return False


def console() -> Console:
    """Give the console for answers."""
    return Console(highlight=False)


def answer_json(answer: object) -> None:
    """Print the answer for a program."""
    if _shown.get() and isinstance(answer, dict):
        answer = {**answer, "demonstration": True}
    sys.stdout.write(json.dumps(answer, ensure_ascii=False, default=str) + "\n")


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Show what is being done on standard error; nothing when it is no terminal."""
    watched = Console(stderr=True)
    shown = Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TimeElapsedColumn(),
        console=watched,
        transient=True,
        disable=not watched.is_terminal,
    )
    with shown:
        task = shown.add_task("Beginning", total=None)

        def says(what: str, done: int, of: int) -> None:
            shown.update(task, description=what, completed=done, total=of or None)

        yield says


def day_of_receipt(text: str | None) -> date:
    """Read the day of receipt, today where none is given. Raises CountersealError ``date``."""
    if text is None:
        from counterseal import wiring

        return wiring.today()
    try:
        return datetime.strptime(text, "%Y-%m-%d").date()  # noqa: DTZ007  # a day has no zone
    except ValueError:
        raise CountersealError(
            "date", "This is not a date.", where="--received-on", next_step="Write it as 2026-11-23."
        ) from None
