"""Files that are there whole after a power cut, or not at all.

Write aside, synchronise, rename, synchronise the folder. What remains: after an input/output error the
page cache may lie, so such an error is never retried here; it ends the act.
"""

from __future__ import annotations

import fcntl
import os
import threading
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def write_durably(path: Path, content: bytes | Iterable[bytes], *, mode: int = 0o644) -> None:
    """Put ``content`` at ``path``, replacing what was there, so that a reader sees the old or the new.

    It may come in pieces. Folders that are missing are made. Raises OSError when the disk refuses; the old file then
    stands.
    """
    make_folder(path.parent)
    aside = path.with_name(f".{path.name}.{os.getpid()}.{threading.get_ident()}.new")
    try:
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        try:
            os.fchmod(descriptor, mode)
            for piece in [content] if isinstance(content, bytes) else content:
                left = memoryview(piece)
                while left:
                    left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        aside.replace(path)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise
    synchronise_folder(path.parent)


def destroy(path: Path) -> None:
    """Overwrite a small file and take it away, durably; nothing where it is gone already.

    What the disk keeps of what was overwritten is the disk's to say.
    """
    if not path.exists():
        return
    with path.open("r+b") as file:
        overwrite(file)
    path.unlink()
    synchronise_folder(path.parent)


def overwrite(file: IO[bytes]) -> None:
    """Write noughts over all of an open small file, durably, whether it still has a name or not."""
    file.write(bytes(os.fstat(file.fileno()).st_size))
    file.flush()
    os.fsync(file.fileno())


def make_folder(folder: Path, *, mode: int = 0o777) -> None:
    """Make a folder and those above it, each durably entered in its parent. ``mode`` is the lowest one's."""
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(mode, exist_ok=True)
    synchronise_folder(folder.parent)


def synchronise_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def synchronise_files(folder: Path) -> None:
    """Make what stands in the files of a folder durable, and their names."""
    for path in folder.iterdir():
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    synchronise_folder(folder)


@contextmanager
def worked_on_alone(folder: Path) -> Iterator[None]:
    """Let one process of this machine work in ``folder``; the system lets go of it when that process ends.

    Raises CountersealError ``being-worked-on`` at once when another does.
    """
    make_folder(folder.parent)
    with (folder.parent / f".{folder.name}.lock").open("wb") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CountersealError(
                "being-worked-on",
                "Another run is working on this.",
                where=folder.name,
                next_step="Wait for it, or end it; then run the same command again.",
            ) from None
        yield
