"""Programs in processes of their own, each forked from one that has imported what all of them use.

As a script it is that one: it reads an order a line, as JSON, runs it in a child and answers how the child ended.
``run`` is how a test gives an order. A child has its own environment, folder, output and limits, and nothing that was
opened: the parent opens nothing and starts no thread.
"""

from __future__ import annotations

import atexit
import functools
import gc
import importlib
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

ROOT = Path(__file__).parents[1]
LOADED = (
    "counterseal.wiring", "counterseal.cli", "counterseal_open.recipient", "counterseal_verify.verify",
    "counterseal.flow.screen", "counterseal.flow.agreement", "counterseal.agreements.prove", "counterseal.engine.reference", "duckdb",
    "pyarrow.csv", "pyarrow.parquet", "counterseal.flow.identify", "counterseal.flow.registry", "typer._adapters",
    "counterseal.synth.__main__", "psycopg", "pydantic_settings", "django.core.management", "django.db.models",
    "django.db.backends.sqlite3.base", "django.http", "django.template", "django.urls",
)  # fmt: skip
"""Nothing among them reads the environment or the settings; each child does."""


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status (negative: the signal), what it wrote, and how long it took."""

    code: int
    out: str
    err: str
    seconds: float
    late: bool
    """It outlived its time and was killed."""


def run(
    program: str,
    *arguments: object,
    environment: dict[str, str],
    folder: Path = ROOT,
    seconds: float = 240,
    memory: int | None = None,
    largest: int | None = None,
) -> Ended:
    """Run ``program``, a file ending in .py or else Python itself, with its arguments.

    ``memory`` is how much address space it may take and ``largest`` how large a file of its may become, in bytes.
    """
    server, place = _server()
    out, err = place / "out", place / "err"
    order = {
        "program": program, "arguments": [str(one) for one in arguments], "environment": environment,
        "folder": str(folder), "seconds": seconds, "out": str(out), "err": str(err),
        "limits": {"RLIMIT_AS": memory, "RLIMIT_FSIZE": largest, "RLIMIT_CORE": 0},
    }  # fmt: skip
    assert server.stdin
    assert server.stdout
    server.stdin.write(json.dumps(order) + "\n")
    server.stdin.flush()
    told = json.loads(server.stdout.readline())
    return Ended(
        out=out.read_bytes().decode("utf-8", "replace"), err=err.read_bytes().decode("utf-8", "replace"), **told
    )


@functools.cache
def _server() -> tuple[subprocess.Popen[str], Path]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COUNTERSEAL_", "DJANGO_", "PYTEST_"))}
    place = tempfile.TemporaryDirectory(prefix="preloaded-")
    server = subprocess.Popen(
        [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=place.name,
        env={**kept, "PYTHONPATH": str(ROOT / "src"), "PYTHONUTF8": "1"},
    )  # fmt: skip

    def end() -> None:
        assert server.stdin
        server.stdin.close()
        server.wait(20)
        place.cleanup()

    atexit.register(end)
    return server, Path(place.name)


def begin(order: dict[str, Any]) -> NoReturn:
    """Do what an order says in this process, and end."""
    os.environ.clear()
    os.environ.update(order["environment"])
    os.chdir(order["folder"])
    for name, most in order["limits"].items():
        if most is not None:
            resource.setrlimit(getattr(resource, name), (most, most))
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    program = str(order["program"])
    code = 70
    try:
        sys.argv = [program if program.endswith(".py") else "-c", *order["arguments"]]
        if program.endswith(".py"):
            runpy.run_path(program, run_name="__main__")
        else:
            exec(compile(program, "<order>", "exec"), {"__name__": "__main__"})  # noqa: S102  # what a test says
        code = 0
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else int(left.code is not None)
    except BaseException:  # noqa: BLE001  # what the interpreter would show, shown before the end
        sys.excepthook(*sys.exc_info())
        code = 1
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def wait_for(child: int, seconds: float) -> tuple[int, bool]:
    """Give how the child ended, and whether its time was over and it had to be ended."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            return os.waitstatus_to_exitcode(status), False
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return -signal.SIGKILL, True


def main() -> None:
    for name in LOADED:
        importlib.import_module(name)
    for table in sys.modules["counterseal.engine.reference"].REFERENCE_TABLES.values():
        table()
    sys.modules["counterseal.cli"].program()
    for document in sorted(sys.modules["counterseal.wiring"].shipped_agreements().glob("*/agreement.md")):
        law = sys.modules["counterseal.agreements"].load_agreement(document)
        sys.modules["counterseal.screening"].screening_steps(law, {}, register_known=False, found=False)
    gc.freeze()
    for line in sys.stdin:
        order = json.loads(line)
        began = time.monotonic()
        output = [os.open(order[name], os.O_WRONLY | os.O_CREAT | os.O_TRUNC) for name in ("out", "err")]
        child = os.fork()
        if not child:
            os.dup2(output[0], 1)
            os.dup2(output[1], 2)
            begin(order)
        for one in output:
            os.close(one)
        code, late = wait_for(child, order["seconds"])
        sys.stdout.write(json.dumps({"code": code, "seconds": time.monotonic() - began, "late": late}) + "\n")
        sys.stdout.flush()
    os._exit(0)  # nothing is open; libraries would tell what they leave at the end of an interpreter


if __name__ == "__main__":
    main()
