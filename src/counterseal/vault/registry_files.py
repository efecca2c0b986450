"""A registry's index, sealed under a key of its own that lies outside it: without the key nothing of it can be read.

The key lies in ``REGISTRY.key`` beside the index, or in the file that the caller names: on another medium, or among a
service's credentials. An index that is being built has its key in memory alone until it is whole.
"""

from __future__ import annotations

import os
import stat
from contextlib import nullcontext
from typing import IO, TYPE_CHECKING, cast

from counterseal.core.files import REGISTRY_ABOUT
from counterseal.errors import CountersealError
from counterseal.vault.durable import destroy, overwrite, write_durably
from counterseal.vault.sealed_file import SealedReader, SealedWriter

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KEY = 32


class RegistryFiles:
    """Opens the files of registry indexes, each under the key of its folder. ``key`` is the key's file, if named."""

    def __init__(self, entropy: Callable[[int], bytes], key: Path | None = None, *, new: bytes | None = None) -> None:
        self._entropy = entropy
        self._named = key
        self._new = new

    def key_path(self, registry: Path) -> Path:
        """Give where the key of an index lies; of a link, where it leads."""
        whole = registry.resolve()
        return (self._named or whole.parent / f"{whole.name}.key").resolve()

    def anew(self, registry: Path) -> RegistryFiles:
        """Give the files of an index that is to stand at ``registry``, under a fresh key that ``keep`` will write.

        Raises CountersealError ``registry-key`` where the key may not lie, or where it would replace something else:
        a file that is no key, or a key that was named and opens another index.
        """
        path = self.key_path(registry)
        if path.is_relative_to(registry.resolve()):
            raise _key_fault("Keys do not lie beside what they open.", path, "Name a file outside the index.")
        if self._named and not os.access(path.parent, os.W_OK | os.X_OK):
            raise _key_fault(
                "The folder in which this key is to lie is not there, or cannot be written.", path,
                "Make it, or mount it.",
            )  # fmt: skip
        if path.exists() and (_read(path) is None or (self._named and not self._opens(registry))):
            raise _key_fault(
                "What stands here is not the key of the index that is replaced.", path,
                "Move it away, or name another file.",
            )  # fmt: skip
        return RegistryFiles(self._entropy, self._named, new=self._entropy(KEY))

    def keep(self, registry: Path) -> None:
        """Write the fresh key, durably, readable by its owner alone; the key that it replaces is destroyed.

        Raises OSError when the disk refuses; the old key then stands.
        """
        if self._new is None:
            raise TypeError
        path = self.key_path(registry)
        with path.open("r+b") if path.exists() else nullcontext() as old:
            write_durably(path, self._new.hex().encode() + b"\n", mode=0o600)
            if old is not None:
                overwrite(old)

    def destroy_key(self, registry: Path) -> None:
        """Destroy an index's key: overwritten, then gone, durably. Nothing if it is gone already.

        A copy of it that was made before still opens the index; destroy it there too.
        """
        destroy(self.key_path(registry))

    def open(self, path: Path) -> IO[bytes]:
        """Open a file of an index. Raises CountersealError ``registry-key`` or ``sealed-file``; OSError as any file."""
        return cast("IO[bytes]", SealedReader(path, self._key(path)))

    def create(self, path: Path) -> IO[bytes]:
        """Begin a file of an index. Raises CountersealError ``registry-key``."""
        return cast("IO[bytes]", SealedWriter(path, self._key(path), self._entropy))

    def pieces(self, path: Path, size: int) -> SealedReader:
        """Open a file of pieces of ``size`` bytes. Raises as ``open``."""
        return SealedReader(path, self._key(path), size)

    def create_pieces(self, path: Path, size: int) -> IO[bytes]:
        """Begin a file of pieces of ``size`` bytes. Raises as ``create``."""
        return cast("IO[bytes]", SealedWriter(path, self._key(path), self._entropy, size))

    def try_key(self, registry: Path) -> None:
        """See whether the key opens the index. Raises as ``open``."""
        self.open(registry / REGISTRY_ABOUT).close()

    def covers(self, path: Path) -> bool:  # noqa: ARG002  # every one is
        """Say yes: every file is sealed."""
        return True

    def _opens(self, registry: Path) -> bool:
        try:
            self.try_key(registry)
        except (CountersealError, OSError):
            return False
        return True

    def _key(self, path: Path) -> bytes:
        if self._new is not None:
            return self._new
        lies = self.key_path(path.parent)
        key = _read(lies)
        if key is None:
            raise _key_fault(
                "The key of this registry index was destroyed, or is not here: nothing of it can be read.", lies,
                "Put its copy back, or name its file with COUNTERSEAL_REGISTRY_KEY. Where it is lost: build the index "
                "again.",
            )  # fmt: skip
        if lies.stat().st_mode & stat.S_IRWXO:
            raise _key_fault("Everybody may read this key.", lies, "chmod 600, and find out who did.")
        return key


def _read(path: Path) -> bytes | None:
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None
    return key if len(key) == KEY else None


def _key_fault(says: str, path: Path, next_step: str) -> CountersealError:
    return CountersealError("registry-key", says, where=str(path), next_step=next_step)
