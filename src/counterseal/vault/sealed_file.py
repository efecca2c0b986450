"""Files that lie encrypted and can be read from anywhere in them.

A file is a heading (magic, a random salt) and pieces of 64 KiB, or of a size that its reader knows, each sealed by
AES-256-GCM. The file's own key is HKDF-SHA256 (RFC 5869) of the key of a batch or a registry with that salt and the
file's name; the nonce of a piece is its number and whether it is the last. So pieces cannot be exchanged, left out or
moved to another file, and a file cannot be cut short: STREAM (Hoang, Reyhanitabar, Rogaway, Vizár 2015), in the shape
of C2SP's age.
"""

from __future__ import annotations

import io
import os
import threading
from typing import IO, TYPE_CHECKING

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from types import TracebackType

MAGIC = b"cseal/1\n"
SALT = 32
HEADING = len(MAGIC) + SALT
PIECE = 1 << 16
TAG = 16
_TOGETHER = 32
"""Pieces that are read at once at the most."""


def _cipher(key: bytes, salt: bytes, name: str) -> AESGCM:
    return AESGCM(HKDF(SHA256(), 32, salt, b"counterseal/sealed-file/v1\0" + name.encode()).derive(key))


def _nonce(number: int, *, last: bool) -> bytes:
    return (number << 8 | last).to_bytes(12)


def _damaged(name: str) -> CountersealError:
    return CountersealError(
        "sealed-file", "The file cannot be opened: it is damaged, or its key is another.", where=name,
        next_step="Take it back from a copy, with its key.",
    )  # fmt: skip


class SealedWriter(io.RawIOBase):
    """Writes one sealed file from its start to its end, in pieces of ``piece`` bytes; it is whole when it is closed."""

    def __init__(self, path: Path, key: bytes, entropy: Callable[[int], bytes], piece: int = PIECE) -> None:
        super().__init__()
        self._piece = piece
        salt = entropy(SALT)
        self._cipher = _cipher(key, salt, path.name)
        self._file: IO[bytes] = path.open("wb")
        self._file.write(MAGIC + salt)
        self._waiting = bytearray()
        self._number = self._written = 0

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def tell(self) -> int:
        """Give how much was written."""
        return self._written

    def write(self, piece: bytes) -> int:  # type: ignore[override]  # typeshed asks for every buffer
        """Take what comes next."""
        given = memoryview(piece).cast("B")
        self._waiting += given
        self._written += len(given)
        at = 0
        while len(self._waiting) - at > self._piece:  # the last piece waits for the end
            self._seal(self._waiting[at : at + self._piece], last=False)
            at += self._piece
        del self._waiting[:at]
        return len(given)

    def _seal(self, piece: bytearray, *, last: bool) -> None:
        self._file.write(self._cipher.encrypt(_nonce(self._number, last=last), bytes(piece), None))
        self._number += 1

    def close(self) -> None:
        """Seal what waits, and close the file."""
        if not self.closed and not self._file.closed:
            self._seal(self._waiting, last=True)
            self._waiting.clear()
            self._file.close()
        super().close()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file; after a fault without its last piece, so that nobody takes it for whole."""
        if kind is not None:
            self._file.close()
            io.RawIOBase.close(self)
            return
        self.close()


class _Place(threading.local):
    """Where a thread reads, and the piece that it has open: an engine's threads share one open file."""

    at = 0
    number = -1
    held = memoryview(b"")
    sealed = memoryview(b"")


class SealedReader(io.RawIOBase):
    """Reads a sealed file from anywhere. Raises CountersealError ``sealed-file`` where a piece does not hold.

    ``piece`` is the size of the pieces in which it was written; with another none holds.
    """

    def __init__(self, path: Path, key: bytes, piece: int = PIECE) -> None:
        super().__init__()
        self._name = path.name
        self._piece = piece
        self._file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        size = os.fstat(self._file).st_size - HEADING
        heading = os.pread(self._file, HEADING, 0)
        if size < TAG or not heading.startswith(MAGIC):
            raise _damaged(self._name)
        self._cipher = _cipher(key, heading[len(MAGIC) :], path.name)
        self._pieces = -(-size // (piece + TAG))
        self.size = size - TAG * self._pieces
        self._place = _Place()
        self._open(self._pieces - 1)  # a file cut short shows here

    def readable(self) -> bool:
        """Say that it can be read."""
        return True

    def seekable(self) -> bool:
        """Say that it can be read from anywhere."""
        return True

    def tell(self) -> int:
        """Give the place that is read next."""
        return self._place.at

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Go to a place."""
        self._place.at = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place.at, os.SEEK_END: self.size}[whence]
        return self._place.at

    def open_pieces(self, numbers: Sequence[int], room: memoryview, places: Sequence[int]) -> None:
        """Open pieces, the first of number 0, into ``room``, each from its place on; neighbours are read together."""
        done = 0
        while done < len(numbers):
            run = 1
            while run < _TOGETHER and numbers[done + run : done + run + 1] == [numbers[done] + run]:
                run += 1
            self._open_run(numbers[done], room, places[done : done + run])
            done += run

    def _open_run(self, first: int, room: memoryview, places: Sequence[int]) -> None:
        """Read pieces that follow one another at once, and open each into its place."""
        piece, last, decrypt = self._piece, self._pieces - 1, self._cipher.decrypt_into
        length = len(places) * (piece + TAG)
        if len(self._place.sealed) < length:
            self._place.sealed = memoryview(bytearray(length))
        sealed = self._place.sealed
        length = os.preadv(self._file, [sealed[:length]], HEADING + first * (piece + TAG))
        begin = 0
        try:
            for number, place in enumerate(places, first):
                end = min(begin + piece + TAG, length)
                nonce = number << 8 | (number == last)
                decrypt(nonce.to_bytes(12), sealed[begin:end], None, room[place : place + end - begin - TAG])
                begin = end
        except (InvalidTag, ValueError):
            raise _damaged(self._name) from None

    def _open(self, number: int) -> memoryview:
        place = self._place
        if number != place.number:
            place.number, place.held = -1, memoryview(bytearray(min(self._piece, self.size - number * self._piece)))
            self.open_pieces([number], place.held, [0])
            place.number = number
        return place.held

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]  # typeshed asks for less
        """Fill ``buffer``; 0 at the end."""
        wanted = memoryview(buffer).cast("B")
        filled = 0
        while filled < len(wanted) and self._place.at < self.size:
            number, within = divmod(self._place.at, self._piece)
            piece = self._open(number)[within : within + len(wanted) - filled]
            wanted[filled : filled + len(piece)] = piece
            filled += len(piece)
            self._place.at += len(piece)
        return filled

    def close(self) -> None:
        """Close the file."""
        if not self.closed:
            os.close(self._file)
        super().close()
