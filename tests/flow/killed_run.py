"""``counterseal`` in a process that is killed: python killed_run.py COUNT-FILE KILL-AT DELAY COMMAND…

Counts what the program does to files and databases, as the interpreter's audit tells it. At number KILL-AT (0
for never) the process kills itself, DELAY seconds later. Writes the count to COUNT-FILE when it ends by itself.
Where the environment's STOPS names the process of a database server, that is stopped at once in its place; where TAKES names an office, its database file is moved away into ``taken``.
FAILS=memory lets the step itself fail once for want of memory; FAILS=disk lets it and every later write find no room.
MEGABYTES is how much memory the program may take beyond what its imports took.
"""

from __future__ import annotations

import atexit
import errno
import os
import resource
import signal
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

COUNTED = ("open", "os.", "shutil.", "sqlite3.", "fcntl.", "psycopg.")


def main(count_file: str, kill_at: int, delay: float, arguments: list[str]) -> None:
    seen = 0

    fails = os.environ.get("FAILS")
    server = int(os.environ.get("STOPS", "0"))

    def end() -> None:
        time.sleep(delay)
        if "TAKES" in os.environ:
            take_away(Path(os.environ["TAKES"]))
            return
        os.kill(server or os.getpid(), signal.SIGQUIT if server else signal.SIGKILL)

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if fails == "disk" and kill_at and seen >= kill_at and writes(event, arguments):
            raise OSError(errno.ENOSPC, "No space left on device")
        if event.startswith(COUNTED):
            seen += 1
            if seen == kill_at and fails == "memory":
                raise MemoryError
            if seen == kill_at and not fails:
                threading.Thread(target=end, daemon=True).start() if delay else end()

    from counterseal import wiring  # noqa: F401  # what is imported is not what is cut
    from counterseal.cli import main as command

    if server:
        tell_statements()

    if "MEGABYTES" in os.environ:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
        limit = pages * resource.getpagesize() + (int(os.environ["MEGABYTES"]) << 20)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    if not fails:
        atexit.register(lambda: Path(count_file).write_text(str(seen), encoding="utf-8"))
    sys.addaudithook(watch)
    command(arguments)


def writes(event: str, arguments: tuple[object, ...]) -> bool:
    """Tell whether a step needs room on the disk."""
    if event == "open":
        flags = arguments[2]
        return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))
    return event in {"os.mkdir", "os.rename", "os.link", "os.truncate"}


def take_away(office: Path) -> None:
    """Move the database of an office, with what lies beside it, while it is open."""
    (office / "taken").mkdir()
    for path in office.glob("counterseal.sqlite3*"):
        path.rename(office / "taken" / path.name)


def tell_statements() -> None:
    """Let the audit tell of each statement to PostgreSQL, which the interpreter does not."""
    import psycopg

    for one, name in ((psycopg.Cursor, "execute"), (psycopg.Connection, "commit"), (psycopg.Connection, "connect")):
        asked = getattr(one, name)

        def told(*arguments: object, asked: Callable[..., object] = asked, **named: object) -> object:
            sys.audit("psycopg.statement")
            return asked(*arguments, **named)

        setattr(one, name, told)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
