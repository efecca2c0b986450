"""Where one engine spills: a folder of its own that goes with it, and is taken away later where it was killed.

What spills is rows in the clear: DuckDB 2.0.0 encrypts its temporary files only with an extension that is loaded from
elsewhere. DuckDB removes its own files, and those of a process that was killed only once another spills too; so rows
could lie there for as long as no run is large. Here the next engine of any kind takes them away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from pathlib import Path

OWN = "engine-"
HELD = "held"
MOST = 16 << 30
"""Bytes that an engine may spill at most, wherever it is."""

LOOSE = "duckdb_temp_*"
"""Files of earlier versions, which lay beside one another."""


class Spill:
    """A folder under ``root`` that is this engine's alone, readable by its owner alone.

    ``most`` is how many bytes may lie there: half of what is free on its disk at the start, and never more than
    ``MOST``. A request of any size leaves room for the ledger, which may be on the same disk. Raises OSError where
    it cannot be made.
    """

    def __init__(self, root: Path) -> None:
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
        gate = os.open(root, os.O_RDONLY | os.O_CLOEXEC)  # nobody sweeps between the folder and its lock
        try:
            fcntl.flock(gate, fcntl.LOCK_EX)
            _sweep(root)
            self.folder = Path(tempfile.mkdtemp(prefix=OWN, dir=root))
            self._held = os.open(self.folder / HELD, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(self._held, fcntl.LOCK_EX)
        finally:
            os.close(gate)
        self.most = min(MOST, shutil.disk_usage(self.folder).free // 2)

    def close(self) -> None:
        """Take the folder away."""
        if self._held >= 0:
            shutil.rmtree(self.folder, ignore_errors=True)
            os.close(self._held)
            self._held = -1


def _sweep(root: Path) -> None:
    """Take away what engines left that are no more: the system let go of their locks."""
    for loose in root.glob(LOOSE):
        loose.unlink(missing_ok=True)
    for folder in root.glob(f"{OWN}*"):
        try:
            held = os.open(folder / HELD, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            shutil.rmtree(folder, ignore_errors=True)
            continue
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            continue
        finally:
            os.close(held)
