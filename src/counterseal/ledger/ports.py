"""What the ledger needs of others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pathlib import Path


class FileWriter(Protocol):
    """Puts a file in place durably, whole or not at all."""

    def __call__(self, path: Path, content: bytes) -> None:
        """Write ``content`` at ``path``. Raises OSError; the old file then stands."""
        ...


class Seal(Protocol):
    """Seals what is kept apart from the ledger."""

    def seal(self, plain: bytes, context: bytes) -> bytes:
        """Seal bytes under a context."""
        ...

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Open them again under the same context. Raises CountersealError ``opening``."""
        ...


class Entropy(Protocol):
    """Gives random bytes that nobody can guess."""

    def __call__(self, length: int, /) -> bytes:
        """Give ``length`` fresh random bytes."""
        ...
