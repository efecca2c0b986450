"""How the files of a batch are opened and written: the one seam between what an act does and how files lie."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class Files(Protocol):
    """Opens and writes files, each known by its path."""

    def open(self, path: Path) -> IO[bytes]:
        """Open a file to be read from anywhere in it."""
        ...

    def create(self, path: Path) -> IO[bytes]:
        """Begin a file; it is whole when it is closed. It stands at its own path, and is not to be renamed."""
        ...

    def covers(self, path: Path) -> bool:
        """Tell whether a file lies sealed here, or is to."""
        ...


class PlainFiles:
    """Files in the clear: those of a command without a workspace."""

    def open(self, path: Path) -> IO[bytes]:
        """Open a file."""
        return path.open("rb")

    def create(self, path: Path) -> IO[bytes]:
        """Begin a file."""
        return path.open("wb")

    def covers(self, path: Path) -> bool:  # noqa: ARG002  # none is covered
        """Say no."""
        return False
