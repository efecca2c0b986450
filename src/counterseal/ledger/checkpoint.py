"""C2SP tlog-checkpoint: a log's origin, size and root, as the text of a signed note."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from counterseal.errors import CountersealError
from counterseal.ledger.tree import HASH, LARGEST

_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,18}")


@dataclass(frozen=True, slots=True)
class TreeHead:
    """How large a log is and what its root is. ``extensions`` are read, and never written here."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def __str__(self) -> str:
        root = base64.b64encode(self.root).decode("ascii")
        return "".join(f"{line}\n" for line in (self.origin, str(self.size), root, *self.extensions))


def read_body(text: str) -> TreeHead:
    """Read a checkpoint's text.

    Raises CountersealError ``checkpoint-form`` for anything but origin, size without leading zeros, a
    root of 32 bytes and extension lines, all of them lines that are not empty.
    """
    if _CONTROL.search(text):
        raise _bad("it holds a control character")
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() or not all(lines):
        raise _bad("it is not three lines that are not empty")
    origin, size, root, *extensions = lines
    try:
        raw = base64.b64decode(root, validate=True)
    except (binascii.Error, ValueError):
        raise _bad("its root is not base64") from None
    if len(raw) != HASH or base64.b64encode(raw).decode("ascii") != root:
        raise _bad("its root is not the base64 of 32 bytes")
    return TreeHead(origin, read_decimal(size), raw, tuple(extensions))


def read_decimal(text: str) -> int:
    """Read a size or an index: ASCII digits without leading zeros, below 2**63.

    Raises CountersealError ``checkpoint-form``.
    """
    if not _DECIMAL.fullmatch(text) or int(text) > LARGEST:
        raise _bad("a size is not a decimal number without leading zeros")
    return int(text)


def _bad(why: str) -> CountersealError:
    return CountersealError("checkpoint-form", f"This is no checkpoint: {why}.")
