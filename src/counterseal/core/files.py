"""How the files of a batch are opened and written: the one seam between what an act does and how files lie."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

REGISTRY_ABOUT = "about.json"
"""The small file of a registry's index by which its key is tried."""


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


class Pieces(Protocol):
    """A file that is read piece by piece, from any thread. ``size`` is in bytes."""

    size: int

    def open_pieces(self, numbers: Sequence[int], room: memoryview, places: Sequence[int]) -> None:
        """Put pieces, the first of number 0, into ``room``, each from its place on; neighbours are read together."""
        ...


class PieceFiles(Files, Protocol):
    """Files that are read piece by piece. Whoever reads one knows the size of the pieces in which it was written."""

    def pieces(self, path: Path, size: int) -> Pieces:
        """Open a file to be read piece by piece."""
        ...

    def create_pieces(self, path: Path, size: int) -> IO[bytes]:
        """Begin a file of pieces of ``size`` bytes; otherwise as ``create``."""
        ...
