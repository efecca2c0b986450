"""``counterseal`` in a process that is killed: python killed_run.py COUNT-FILE KILL-AT DELAY COMMAND…

Counts what the program does to files and databases, as the interpreter's audit tells it. At number KILL-AT (0
for never) the process kills itself, DELAY seconds later. Writes the count to COUNT-FILE when it ends by itself.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import time
from pathlib import Path

COUNTED = ("open", "os.", "shutil.", "sqlite3.", "fcntl.")


def main(count_file: str, kill_at: int, delay: float, arguments: list[str]) -> None:
    seen = 0

    def end() -> None:
        time.sleep(delay)
        os.kill(os.getpid(), signal.SIGKILL)

    def watch(event: str, _: tuple[object, ...]) -> None:
        nonlocal seen
        if event.startswith(COUNTED):
            seen += 1
            if seen == kill_at:
                threading.Thread(target=end, daemon=True).start() if delay else os.kill(os.getpid(), signal.SIGKILL)

    from counterseal import wiring  # noqa: F401  # what is imported is not what is cut
    from counterseal.cli import main as command

    atexit.register(lambda: Path(count_file).write_text(str(seen), encoding="utf-8"))
    sys.addaudithook(watch)
    command(arguments)


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:])
