"""The demonstration: made-up people, a request with every kind of defect, the run, the pages."""

from __future__ import annotations

import shutil
import sys
from datetime import date
from typing import TYPE_CHECKING

from counterseal.cli import status
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIGNED_ON = date(2026, 11, 2)
RECEIVED_ON = date(2026, 11, 3)
SUBMISSION = "SYN-2026-0001"


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
        ["ledger", "verify", str(office / "ledger")],
    ]  # fmt: skip
    if serve:
        commands.append(["serve", "--workspace", str(office)])
    for command in commands:
        sys.stdout.write(f"\n$ counterseal {' '.join(command)}\n")
        sys.stdout.flush()
        if failed := status(command):
            return failed
    return 0
