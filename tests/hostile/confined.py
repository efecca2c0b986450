"""The real commands under limits: python confined.py, then one JSON object a line on standard input.

``{"words": […], "program": "counterseal", "memory": bytes, "seconds": n, "out": file, "err": file}``. Each is run
by a process of its own, forked from one that has loaded the program with its tables of ZIP codes and has read the
agreements, and answered by its exit status (negative: the signal that ended it; -9 also for one that outlived its
time) and the seconds it took.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
from typing import NoReturn

PROGRAMS = {
    "counterseal": ("counterseal.cli", "main"),
    "counterseal-open": ("counterseal_open.recipient", "main"),
    "counterseal-verify": ("counterseal_verify.verify", "main"),
}
LOADED = (
    "counterseal.wiring", "counterseal.cli", "counterseal_open.recipient", "counterseal_verify.verify",
    "counterseal.flow.screen", "counterseal.flow.agreement", "counterseal.agreements.prove", "counterseal.engine.reference", "duckdb",
    "pyarrow.csv", "pyarrow.parquet", "counterseal.flow.identify", "counterseal.flow.registry", "typer._adapters",
)  # fmt: skip


def begin(order: dict[str, object]) -> NoReturn:
    """Run one command in this process, within its limits, and end."""
    place, function = PROGRAMS[str(order["program"])]
    resource.setrlimit(resource.RLIMIT_AS, (int(str(order["memory"])),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for number, name in ((1, "out"), (2, "err")):
        os.dup2(os.open(str(order[name]), os.O_WRONLY | os.O_CREAT | os.O_TRUNC), number)
    code = 70
    try:
        answer = getattr(sys.modules[place], function)(order["words"])
        code = answer if isinstance(answer, int) else 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # noqa: BLE001  # what the interpreter would show, shown before the end
        sys.excepthook(*sys.exc_info())
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def wait_for(child: int, seconds: float) -> int:
    """Give the child's status; end it when its time is over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    for table in sys.modules["counterseal.engine.reference"].REFERENCE_TABLES.values():
        table()
    sys.modules["counterseal.cli"].program()
    for document in sorted(sys.modules["counterseal.wiring"].shipped_agreements().glob("*/agreement.md")):
        law = sys.modules["counterseal.agreements"].load_agreement(document)
        sys.modules["counterseal.screening"].screening_steps(law, {}, register_known=False, found=False)
    for line in sys.stdin:
        order = json.loads(line)
        began = time.monotonic()
        child = os.fork()
        if not child:
            begin(order)
        code = wait_for(child, order["seconds"])
        sys.stdout.write(json.dumps({"code": code, "seconds": time.monotonic() - began}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
