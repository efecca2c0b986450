"""The demonstration: made-up people, a request with every kind of defect, the run, the pages."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from typing import TYPE_CHECKING

from counterseal import wiring
from counterseal.cli import status
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNED_ON = date(2026, 11, 2)
RECEIVED_ON = date(2026, 11, 3)
SUBMISSION = "SYN-2026-0001"
OFFICERS = "demonstration-officers"


def demonstrate(out: Path, make: Callable[[Path, Path], None], *, serve: bool) -> int:
    """Make everything anew below ``out``, run the request, print its table; then serve the pages.

    ``make`` writes the people and the request. Gives the exit status of the first command that fails.
    Raises CountersealError when ``out`` holds what no demonstration made.
    """
    mark = out / "demonstration"
    if out.exists() and not mark.exists() and any(out.iterdir()):
        raise CountersealError("demonstration", "This folder holds something else.", where=str(out))
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    mark.touch()
    people, request, registry, office = (out / name for name in ("people", "request", "registry", "office"))
    make(people, request)
    commands = [
        ["registry", "build", str(people), "--out", str(registry)],
        ["init", str(office), "--demo"],
        ["run", str(request / SUBMISSION), "--registry", str(registry), "--workspace", str(office),
         "--received-on", RECEIVED_ON.isoformat()],
    ]  # fmt: skip
    verify, pages = ["ledger", "verify", str(office / "ledger")], ["serve", "--workspace", str(office)]
    if failed := _run(commands):
        return failed
    staged = wiring.stage_demonstration(office)
    sys.stdout.write("\nMade-up officials have been at work on cases; one stands in each state:\n")
    for case, state in staged.items():
        sys.stdout.write(f"  case {case:<6} {state.replace('_', ' ')}\n")
    sys.stdout.write(f"The officers' keys, to try counterseal open: {office / OFFICERS}\n")
    return _run([verify, *([pages] if serve else [])])


def _run(commands: list[list[str]]) -> int:
    """Show each command and run it; give the status of the first that fails."""
    for command in commands:
        sys.stdout.write(f"\n$ counterseal {' '.join(command)}\n")
        sys.stdout.flush()
        if failed := status(command):
            return failed
    return 0
