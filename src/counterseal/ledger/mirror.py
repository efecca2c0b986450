"""C2SP tlog-mirror: a cosigner that holds the log. It signs no checkpoint before every entry is durable."""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from typing import TYPE_CHECKING, Protocol

from counterseal.errors import CountersealError
from counterseal.ledger.note import Signature, encode64, read_note
from counterseal.ledger.tiles import ENTRIES, WIDTH, read_tile_path, write_bundle
from counterseal.ledger.tree import Tree, consistency_path, consistent, leaf_hash, range_root
from counterseal.ledger.witness import Reply, Seen, Witness

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from counterseal.core.clock import Clock
    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.folder import LedgerFolder
    from counterseal.ledger.note import NoteSigner, SignatureCheck, VerifierKey
    from counterseal.ledger.witness import WitnessBook

INFO_TYPE = "text/x.tlog.mirror-info"
BINARY_TYPE = "application/octet-stream"
ENOUGH = 8 << 20
MOST_PACKAGES = 32
"""How many bytes the log sends at a time, about, and how many packages; the rest follows in further requests."""


class MirrorBook(Protocol):
    """Where a mirror keeps pending checkpoints, entries and its own checkpoint. Durable on return."""

    @property
    def pending(self) -> WitnessBook:
        """The newest checkpoints taken in, as a witness remembers them."""
        ...

    @property
    def mirrored(self) -> WitnessBook:
        """The newest checkpoints whose entries are all here, cosigned."""
        ...

    def pending_of_size(self, origin: str, size: int) -> Seen | None:
        """Give a pending checkpoint that was taken in with this size."""
        ...

    def count(self, origin: str) -> int:
        """Tell how many entries are here: the index of the next one."""
        ...

    def entries(self, origin: str, start: int, end: int) -> list[bytes]:
        """Give entries that are here."""
        ...

    def keep(self, origin: str, start: int, entries: Sequence[bytes]) -> None:
        """Keep entries durably; those that are here already are left as they are."""
        ...


@dataclass(frozen=True, slots=True)
class Package:
    """Up to 256 entries, ``start`` to ``end``, and the proof of the subtree that they complete."""

    start: int
    end: int
    entries: tuple[bytes, ...]
    proof: tuple[bytes, ...]


class Mirror:
    """One mirror."""

    def __init__(
        self,
        signers: Sequence[NoteSigner],
        logs: Mapping[str, Sequence[VerifierKey]],
        book: MirrorBook,
        clock: Clock,
        check: SignatureCheck,
    ) -> None:
        self._signers = signers
        self._book = book
        self._clock = clock
        self._logs = logs
        self._intake = Witness((), logs, book.pending, clock, check)
        self._published = Witness((), logs, book.mirrored, clock, check)

    def add_checkpoint(self, body: bytes) -> Reply:
        """Take a checkpoint in as pending; the answer holds no signature."""
        return self._intake.add_checkpoint(body)

    def checkpoint(self, origin_hash: str) -> Reply:
        """Give the newest checkpoint whose entries are all here."""
        return self._published.checkpoint(origin_hash)

    def add_entries(self, body: bytes) -> Reply:
        """Answer ``POST add-entries``: verify and keep each package, cosign when the last is kept."""
        try:
            origin, start, end, rest = _read_header(body)
        except (CountersealError, UnicodeDecodeError, IndexError):
            return Reply(400, b"This is not an add-entries request.\n")
        if origin not in self._logs:
            return Reply(404, b"This mirror does not keep this log.\n")
        pending = self._book.pending_of_size(origin, end)
        mirrored = self._book.mirrored.newest(origin)
        following = self._book.count(origin)
        if pending is None or (mirrored is not None and end < mirrored.head.size):
            return self._info(409, origin, None)
        if not start <= min(following, end):
            return self._info(409, origin, end)
        kept = 0
        for package in _read_packages(rest, start, end):
            if not self._sound(origin, package, pending.head):
                return Reply(422, b"A package does not belong to the checkpoint.\n")
            self._book.keep(origin, package.start, package.entries)
            kept += 1
        if self._book.count(origin) < end:
            return self._info(202, origin, end) if kept else Reply(400, b"No whole package came.\n")
        return self._cosign(pending, mirrored)

    def _sound(self, origin: str, package: Package, head: TreeHead) -> bool:
        first = package.start // WIDTH * WIDTH
        before = self._book.entries(origin, first, package.start)
        if len(before) != package.start - first:
            return False
        leaves = [leaf_hash(entry) for entry in (*before, *package.entries)]
        subtree = Tree(leaves).root()
        return consistent(first, package.end, head.size, package.proof, subtree, head.root)

    def _cosign(self, pending: Seen, mirrored: Seen | None) -> Reply:
        try:
            at = int(self._clock.now().timestamp())
        except CountersealError as leapt:
            return Reply(503, f"{leapt.message}\n".encode())
        if mirrored is not None and at < mirrored.at:
            return Reply(503, b"This mirror's clock has gone back; it signs nothing.\n")
        text = read_note(pending.note.encode()).text
        lines = "".join(str(Signature(one.key.name, one.key.id, one.sign(text, at))) for one in self._signers)
        old = 0 if mirrored is None else mirrored.head.size
        if not self._book.mirrored.advance(old, Seen(pending.head, pending.note + lines, at)):
            return self._info(409, pending.head.origin, None)
        return Reply(200, lines.encode())

    def _info(self, status: int, origin: str, size: int | None) -> Reply:
        newest = self._book.pending.newest(origin)
        stated = size if size is not None else (0 if newest is None else newest.head.size)
        lines = f"{stated}\n{self._book.count(origin)}\n{encode64(b'')}\n"
        return Reply(status, lines.encode(), INFO_TYPE)

    def tile(self, origin_hash: str, name: str) -> Reply:
        """Give a tile or bundle of what is mirrored."""
        for origin in self._logs:
            seen = self._book.mirrored.newest(origin)
            if seen is not None and sha256(origin.encode()).hexdigest() == origin_hash:
                try:
                    level, index, width = read_tile_path(name)
                except CountersealError:
                    break
                return self._tile(origin, seen.head.size, level, index, width)
        return Reply(404, b"There is no such tile.\n")

    def _tile(self, origin: str, size: int, level: int | str, index: int, width: int) -> Reply:
        span = 1 if isinstance(level, str) else WIDTH**level
        start, end = index * WIDTH * span, (index * WIDTH + width) * span
        if end > size:
            return Reply(404, b"There is no such tile.\n")
        entries = self._book.entries(origin, start, end)
        if level == ENTRIES:
            return Reply(200, write_bundle(entries), BINARY_TYPE)
        tree = Tree(leaf_hash(entry) for entry in entries)
        hashes = (range_root(tree.node, at * span, (at + 1) * span) for at in range(width))
        return Reply(200, b"".join(hashes), BINARY_TYPE)


def _read_header(body: bytes) -> tuple[str, int, int, bytes]:
    length = int.from_bytes(body[:2])
    origin = body[2 : 2 + length].decode()
    at = 2 + length
    start, end = int.from_bytes(body[at : at + 8]), int.from_bytes(body[at + 8 : at + 16])
    ticket = int.from_bytes(body[at + 16 : at + 18])
    at += 18 + ticket
    if at > len(body):
        raise CountersealError("mirror-request", "The request ends within its header.")
    return origin, start, end, body[at:]


def spans(start: int, end: int) -> Iterator[tuple[int, int]]:
    """Give the canonical packages of an upload: cut at multiples of 256."""
    while start < end:
        stop = min(end, (start // WIDTH + 1) * WIDTH)
        yield start, stop
        start = stop


def _read_packages(raw: bytes, start: int, end: int) -> Iterator[Package]:
    """Read whole packages; bytes after the last whole one are left out."""
    at = 0
    for first, last in spans(start, end):
        entries = []
        for _ in range(first, last):
            stop = at + 2 + int.from_bytes(raw[at : at + 2])
            if at + 2 > len(raw) or stop > len(raw):
                return
            entries.append(raw[at + 2 : stop])
            at = stop
        count = raw[at] if at < len(raw) else 64
        stop = at + 1 + 32 * count
        if count > 63 or stop > len(raw):
            return
        proof = tuple(raw[here : here + 32] for here in range(at + 1, stop, 32))
        at = stop
        yield Package(first, last, tuple(entries), proof)


def write_upload(folder: LedgerFolder, head: TreeHead, start: int, ticket: bytes) -> bytes:
    """Write an add-entries request with the next packages from ``start`` to the head."""
    origin = head.origin.encode()
    parts = [
        len(origin).to_bytes(2),
        origin,
        start.to_bytes(8),
        head.size.to_bytes(8),
        len(ticket).to_bytes(2),
        ticket,
    ]
    node = folder.nodes(head.size)
    for first, last in islice(spans(start, head.size), MOST_PACKAGES):
        if sum(map(len, parts)) > ENOUGH:
            break
        rounded = first // WIDTH * WIDTH
        entries = [folder.entry(index, head.size) for index in range(first, last)]
        proof = consistency_path(node, rounded, last, head.size)
        parts += [write_bundle(entries), bytes([len(proof)]), *proof]
    return b"".join(parts)
