"""C2SP tlog-tiles: where each hash and each entry of the log lies, and in what bytes.

A tile holds up to 256 hashes; a bundle the same number of entries, each after its length in two bytes,
which is what limits an entry to 65,535 bytes.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.ledger.tree import HASH, LARGEST, fold_level

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

WIDTH = 256
TOP = 63
LARGEST_ENTRY = 65_535
ENTRIES = "entries"
_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9][0-9]?)/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """Name a tile, or with level ``entries`` a bundle, under the log's prefix.

    Raises CountersealError ``tile-name`` for a level above 63, a negative index or a width not in 1…256.
    """
    right = level == ENTRIES if isinstance(level, str) else 0 <= level <= TOP
    if not right or not 0 <= index <= LARGEST or not 1 <= width <= WIDTH:
        raise CountersealError("tile-name", "There is no such tile.")
    digits = f"{index % 1000:03d}"
    rest = index // 1000
    while rest:
        digits = f"x{rest % 1000:03d}/{digits}"
        rest //= 1000
    return f"tile/{level}/{digits}" + ("" if width == WIDTH else f".p/{width}")


def read_tile_path(path: str) -> tuple[int | str, int, int]:
    """Read ``(level, index, width)`` from a tile's name; the one name that each tile has.

    Raises CountersealError ``tile-name`` for anything that ``tile_path`` would not write.
    """
    match = _PATH.fullmatch(path, 0) if path.isascii() else None
    if match is None:
        raise CountersealError("tile-name", "This is not the name of a tile.")
    level = match["level"] if match["level"] == ENTRIES else int(match["level"])
    index = int(match["index"].replace("x", "").replace("/", ""))
    width = int(match["width"] or WIDTH)
    if (match["width"] and width == WIDTH) or tile_path(level, index, width) != path:
        raise CountersealError("tile-name", "This is not the name of a tile.")
    return level, index, width


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """Lay entries in a row, each after its length.

    Raises CountersealError ``entry-too-large`` when one is longer than 65,535 bytes.
    """
    if any(len(entry) > LARGEST_ENTRY for entry in entries):
        raise CountersealError("entry-too-large", f"An entry is at most {LARGEST_ENTRY} bytes long.")
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2), entry))


def read_bundle(bundle: bytes) -> list[bytes]:
    """Take a bundle apart.

    Raises CountersealError ``bundle-form`` when it ends within an entry.
    """
    entries, at = [], 0
    while at < len(bundle):
        end = at + 2 + int.from_bytes(bundle[at : at + 2])
        if end > len(bundle) or at + 2 > len(bundle):
            raise CountersealError("bundle-form", "The bundle ends within an entry.")
        entries.append(bundle[at + 2 : end])
        at = end
    return entries


def tiles_between(old: int, new: int) -> Iterator[tuple[int, int, int]]:
    """Name the tiles ``(level, index, width)`` that a log of ``new`` entries has beyond one of ``old``."""
    level = 0
    while new:
        for index in range(old // WIDTH, (new + WIDTH - 1) // WIDTH):
            width = min(WIDTH, new - index * WIDTH)
            if index * WIDTH + width > old:
                yield level, index, width
        old //= WIDTH
        new //= WIDTH
        level += 1


def tile_nodes(read_tile: Callable[[int, int, int], bytes], size: int) -> Callable[[int, int], bytes]:
    """Give ``node`` for ``tree``'s proofs over the tiles of a log of ``size`` entries.

    ``read_tile(level, index, width)`` gives a tile's bytes. A node between the levels of tiles is hashed
    from the tile below it.
    """

    def node(level: int, index: int) -> bytes:
        row, height = divmod(level, 8)
        first = index << height
        tile, offset = divmod(first, WIDTH)
        width = min(WIDTH, (size >> (8 * row)) - tile * WIDTH)
        hashes = bytearray(read_tile(row, tile, width)[offset * HASH : (offset + (1 << height)) * HASH])
        for _ in range(height):
            hashes = fold_level(hashes)
        if len(hashes) != HASH:
            raise CountersealError("tile-short", "A tile holds fewer hashes than its name says.")
        return bytes(hashes)

    return node
