"""The act of building a registry index from its two source tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.engine.identity_index import build_index
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def build_registry(
    source: Path,
    registry: Path,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    memory_limit: str = "1GB",
) -> dict[str, Any]:
    """Build the index of the registry in the folder ``source`` at ``registry``; give its counts and digests.

    Raises CountersealError that names file, row and column; then nothing is left at ``registry``.
    """
    if not source.is_dir():
        raise CountersealError(
            "registry-source",
            "This is no folder.",
            where=str(source),
            next_step="Give a folder that holds accounts and addresses as CSV or Parquet.",
        )
    return build_index(source, registry, progress=progress, memory_limit=memory_limit)
