"""How commands speak: answers on standard output, progress on standard error when a person watches."""

from __future__ import annotations

import json
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def console() -> Console:
    """Give the console for answers."""
    return Console(highlight=False)


def answer_json(answer: object) -> None:
    """Print the answer for a program."""
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
