"""A batch's working files, sealed under a key of that batch: destroy the key and nothing of them can be read.

``keys/batches/<submission>.key`` opens what lies in ``unfinished/<submission>`` and ``batches/<submission>``. The files
that others read by contract lie in the clear: determinations, the response and the letter (``docs/design/at-rest.md``).
What an accounting needs of a batch that was destroyed lies in ``retained``, sealed under a key of its own.
"""

from __future__ import annotations

import os
from typing import IO, TYPE_CHECKING, cast

from counterseal.errors import CountersealError
from counterseal.vault.durable import destroy, synchronise_folder, write_durably
from counterseal.vault.sealed_file import SealedReader, SealedWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PLACES = frozenset({"batches", "unfinished"})
RETAINED = "retained"
IN_THE_CLEAR = frozenset({"determinations.parquet"})
KEY = 32


class BatchFiles:
    """The files of a workspace's batches. ``keys`` is the folder of its keys."""

    def __init__(self, keys: Path, entropy: Callable[[int], bytes]) -> None:
        self._root = keys.resolve().parent
        self._keys = keys / "batches"
        self._retained = keys / f"{RETAINED}.key"
        self._entropy = entropy

    def make_key(self, submission: str) -> None:
        """Make a batch's key, durably, where it has none: a run that was cut goes on under the one it had."""
        self._make(self._path(submission))

    def make_retained_key(self) -> None:
        """Make, at first use, the one key of what is kept for accountings when batches are destroyed."""
        self._make(self._retained)

    def _make(self, path: Path) -> None:
        if not path.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_durably(path, self._entropy(KEY).hex().encode() + b"\n", mode=0o600)

    def destroy_key(self, submission: str) -> None:
        """Destroy a batch's key: overwritten, then gone, durably. Nothing if it is gone already.

        A copy of the keys that was taken before still opens the batch; destroy it there too.
        """
        destroy(self._path(submission))

    def open(self, path: Path) -> IO[bytes]:
        """Open a file of a batch. Raises CountersealError ``batch-key`` or ``sealed-file``; OSError as any file."""
        if not self.covers(path):
            return path.open("rb")
        return cast("IO[bytes]", SealedReader(path, self._key(path)))

    def create(self, path: Path) -> IO[bytes]:
        """Begin a file of a batch, sealed where ``covers`` says so. Raises CountersealError ``batch-key``."""
        if not self.covers(path):
            return path.open("wb")
        return cast("IO[bytes]", SealedWriter(path, self._key(path), self._entropy))

    def write(self, path: Path, content: bytes) -> None:
        """Write a small file of a batch, readable by its owner alone, and make it durable."""
        with self.create(path) as file:
            file.write(content)
        path.chmod(0o600)
        with path.open("rb") as written:
            os.fsync(written.fileno())
        synchronise_folder(path.parent)

    def read(self, path: Path) -> bytes:
        """Read a small file of a batch. Raises as ``open``."""
        with self.open(path) as file:
            return file.read()

    def covers(self, path: Path) -> bool:
        """Tell whether a file is sealed: every one of a batch but those that others read, and what is retained."""
        return path.name not in IN_THE_CLEAR and self._key_path(path) is not None

    def _path(self, submission: str) -> Path:
        return self._keys / f"{submission}.key"

    def _key_path(self, path: Path) -> Path | None:
        """Give where the key of a file lies, by the folder in which the file does."""
        whole = path.resolve()
        if not whole.is_relative_to(self._root):
            return None
        place, *below = whole.relative_to(self._root).parts
        if place == RETAINED and below:
            return self._retained
        return self._path(below[0]) if place in PLACES and len(below) > 1 else None

    def _key(self, path: Path) -> bytes:
        held = self._key_path(path)
        try:
            key = bytes.fromhex(held.read_text(encoding="ascii")) if held else b""
        except (OSError, ValueError):
            key = b""
        if len(key) != KEY:
            raise CountersealError(
                "batch-key", "The key of this batch was destroyed, or is not here: its files cannot be read.",
                where=held.stem if held else path.name, next_step="Where it was lost: put back the copy of the keys.",
            )  # fmt: skip
        return key
