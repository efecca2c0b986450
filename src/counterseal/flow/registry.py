"""The acts of building a registry index from its two source tables, and of destroying its key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.engine.identity_index import build_index
from counterseal.errors import CountersealError
from counterseal.vault.durable import synchronise_files, synchronise_folder, worked_on_alone

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.vault.registry_files import RegistryFiles


def build_registry(
    source: Path,
    registry: Path,
    files: RegistryFiles,
    *,
    progress: Callable[[str, int, int], None] | None = None,
    memory_limit: str = "1GB",
) -> dict[str, Any]:
    """Build the index of the registry in the folder ``source`` at ``registry``; give its counts and digests.

    It is sealed under a fresh key, where ``files`` says that keys lie. Raises CountersealError that names file, row and
    column, a key that may not be replaced, or ``being-worked-on`` while another builds there; then nothing is left, and
    what stood at ``registry`` stands.
    """
    if not source.is_dir():
        raise CountersealError(
            "registry-source",
            "This is no folder.",
            where=str(source),
            next_step="Give a folder that holds accounts and addresses as CSV or Parquet.",
        )
    registry = registry.resolve()  # a link to an index is where it leads
    fresh = files.anew(registry)

    def keep_key(whole: Path) -> None:
        synchronise_files(whole)  # the key of the old index is destroyed: the new one has to outlive a power cut
        fresh.keep(registry)

    with worked_on_alone(registry):
        about = build_index(source, registry, fresh, keep_key=keep_key, progress=progress, memory_limit=memory_limit)
        synchronise_folder(registry.parent)
    return about


def destroy_registry(registry: Path, files: RegistryFiles) -> None:
    """Destroy the key of the index at ``registry``: nothing of it can be read again, wherever it was copied to.

    Raises CountersealError ``registry-unreadable``, and as ``RegistryFiles.open`` does, where this is no index that
    the key opens: no other key is destroyed.
    """
    try:
        files.try_key(registry)
    except OSError as failure:
        raise CountersealError("registry-unreadable", "This is no registry index.", where=str(registry)) from failure
    files.destroy_key(registry)
