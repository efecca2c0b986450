"""The files of the log, derived from the committed entries; a crash in between is mended by deriving again.

The checkpoint's file is written last, so what it names is always there.
"""

from __future__ import annotations

import fcntl
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.ledger.folder import CHECKPOINT
from counterseal.ledger.note import read_head
from counterseal.ledger.tiles import ENTRIES, WIDTH, tile_path, tiles_between, write_bundle
from counterseal.ledger.tree import HASH, leaf_hash, root_of
from counterseal.store.models.ledger import LedgerCosignature, LedgerEntry, kept_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.ports import FileWriter
    from counterseal.store.models.ledger import LedgerCheckpoint


@contextmanager
def one_publisher(folder: Path) -> Iterator[None]:
    """Let one process or thread of this machine at a time sign and write files; the others wait."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f".{folder.name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def published_head(folder: Path) -> TreeHead | None:
    """Give the tree head that the folder's checkpoint states; None when there is none yet.

    Raises CountersealError ``note-form`` or ``checkpoint-form`` when the file is not a checkpoint.
    """
    path = folder / CHECKPOINT
    return read_head(path.read_text(encoding="utf-8")) if path.exists() else None


def checkpoint_note(signed: LedgerCheckpoint, alias: str) -> str:
    """Give a signed checkpoint with the cosignatures that have been gathered for it."""
    lines = LedgerCosignature.objects.using(alias).filter(checkpoint_id=signed.size).order_by("id")
    return signed.note + "".join(lines.values_list("line", flat=True))


def derive_tiles(folder: Path, alias: str, head: TreeHead, note: str, write_file: FileWriter) -> None:
    """Write the tiles and bundles that a log of this head has beyond the published one, then the checkpoint.

    Raises CountersealError ``log-forked`` when the published checkpoint is not of this history.
    """
    published = published_head(folder)
    if published is not None and published.size > head.size:
        return
    if published is not None and published.size == head.size and published.root != head.root:
        raise CountersealError("log-forked", "The published ledger is not of this database's history.")
    write_tiles(folder, alias, 0 if published is None else published.size, head.size, write_file)
    if not (folder / CHECKPOINT).exists() or (folder / CHECKPOINT).read_bytes() != note.encode():
        write_file(folder / CHECKPOINT, note.encode())


def write_tiles(folder: Path, alias: str, old: int, new: int, write_file: FileWriter) -> None:
    """Write every tile and bundle of a log of ``new`` entries that one of ``old`` did not have."""
    for level, index, width in tiles_between(old, new):
        if level == 0:
            entries = [
                kept_bytes(entry)
                for entry in LedgerEntry.objects.using(alias)
                .filter(index__gte=index * WIDTH, index__lt=index * WIDTH + width)
                .order_by("index")
                .values_list("entry", flat=True)
            ]
            write_file(folder / tile_path(ENTRIES, index, width), write_bundle(entries))
            hashes = [leaf_hash(entry) for entry in entries]
        else:
            hashes = [_full_tile_root(folder, level - 1, index * WIDTH + at) for at in range(width)]
        write_file(folder / tile_path(level, index, width), b"".join(hashes))
    for level, index, width in tiles_between(old, new):
        if width == WIDTH:
            for kind in (ENTRIES, level) if level == 0 else (level,):
                shutil.rmtree(folder / f"{tile_path(kind, index)}.p", ignore_errors=True)


def _full_tile_root(folder: Path, level: int, index: int) -> bytes:
    tile = (folder / tile_path(level, index)).read_bytes()
    return root_of(tile[at : at + HASH] for at in range(0, len(tile), HASH))
