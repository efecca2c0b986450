"""The log: entries in the case database, and the signed files that are derived from them.

How an act uses it::

    with one_act():                                    # the caller's transaction
        ...                                            # what the act changes
        index = log.append("signed", {"case": digest}, {"official": official_id})
    log.publish()                                      # after the commit: checkpoint, then tiles

``append(kind, body, commitments) -> index`` writes one entry inside the caller's transaction, so the act and
its entry are durable together or not at all. ``body`` holds strings, integers, lists and objects of them
and nothing that describes a person; each value in ``commitments`` is entered as a salted commitment and
its opening is sealed apart. ``publish()`` runs outside any transaction: it reads the committed bytes
through a second connection, hashes them again, signs a checkpoint of the new size (one a size, ever)
and writes the tiles; what a crash cut short it completes. ``size_and_root()`` gives the durable head.

Two writers: entries are appended one transaction at a time, and of two checkpoints of one size the
database takes one. Time must move forward, or nothing is entered or signed.
"""

from __future__ import annotations

import base64
import json
from contextlib import contextmanager
from functools import partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any, TypeAlias

from django.db import DEFAULT_DB_ALIAS, IntegrityError, connections, transaction

from counterseal.errors import CountersealError
from counterseal.ledger.checkpoint import TreeHead
from counterseal.ledger.entry import SALT, EntryKind, Opening, stamp, write_entry
from counterseal.ledger.note import MOST_SIGNATURES, read_head, sign_note
from counterseal.ledger.tree import EMPTY_ROOT, grow, leaf_hash, peaks_root
from counterseal.store.act import open_act
from counterseal.store.ledger_tiles import checkpoint_note, derive_tiles, one_publisher, published_head
from counterseal.store.ledger_triggers import check_guard
from counterseal.store.models.ledger import (
    LedgerCheckpoint,
    LedgerCosignature,
    LedgerEntry,
    LedgerOpening,
    kept_bytes,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from django.db.backends.base.base import BaseDatabaseWrapper

    from counterseal.core.clock import Clock
    from counterseal.ledger.entry import Fact
    from counterseal.ledger.note import NoteSigner, VerifierKey
    from counterseal.ledger.ports import Entropy, FileWriter, Seal

    Execute: TypeAlias = Callable[..., Any]
    """Runs one statement, with values or without, and gives the driver's cursor."""

APPEND_LOCK = 0x6C6F67
"""PostgreSQL's advisory lock under which entries are appended, one transaction at a time."""


KINDS = frozenset(map(str, EntryKind))
_LAST = 'SELECT "index", CAST(at AS TEXT), peaks FROM store_ledgerentry ORDER BY "index" DESC LIMIT 1'
_APPEND = 'INSERT INTO store_ledgerentry ("index", kind, at, entry, peaks) VALUES (?, ?, ?, ?, ?)'
"""Plain SQL, by the driver, on the one path that a release waits for: the mapper's work takes longer than the disk."""

_FOLLOW = _APPEND.removesuffix("?)") + (
    'CASE WHEN (SELECT peaks FROM store_ledgerentry ORDER BY "index" DESC LIMIT 1) = ? THEN ? END)'
)
"""The same, refused (no entry is without peaks) unless the last entry's peaks are those that the writer takes for it.

Peaks are hashes of all that stands before: where they are the same, so are the size, the time and the entries.
"""

_NOTHING = (0, "", b"")
"""Size, time and peaks before the first entry."""

_POSTGRESQL = {
    _LAST: _LAST.replace("CAST(at AS TEXT)", "to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US')"),
    _APPEND: _APPEND.replace("?, ?, ?, ?, ?", "%s, %s, CAST(%s AS timestamp) AT TIME ZONE 'UTC', %s, %s"),
}


class LedgerLog:
    """The log of one installation. Made in ``flow.book``, from the workspace's keys and clock."""

    def __init__(
        self,
        folder: Path,
        signers: Sequence[NoteSigner],
        *,
        seal: Seal,
        clock: Clock,
        entropy: Entropy,
        write_file: FileWriter,
        alias: str = DEFAULT_DB_ALIAS,
    ) -> None:
        self.folder = folder
        self.origin = signers[0].key.name
        self._signers = signers
        self._seal = seal
        self._clock = clock
        self._entropy = entropy
        self._write_file = write_file
        self._alias = alias
        self._entered = _NOTHING
        self._elsewhere: Callable[[], Iterable[TreeHead]] | None = None

    @property
    def keys(self) -> tuple[VerifierKey, ...]:
        """The keys that verify this log's checkpoints."""
        return tuple(one.key for one in self._signers)

    def look_elsewhere(self, seen: Callable[[], Iterable[TreeHead]]) -> None:
        """Before this process first signs a checkpoint, hold the log against the tree heads that ``seen`` gives.

        A database and its folder that were both put back by hand know of nothing later; whoever cosigned does.
        """
        self._elsewhere = seen

    def append(self, kind: str, body: Mapping[str, Fact], commitments: Mapping[str, str | int] | None = None) -> int:
        """Append one entry inside the caller's transaction and give its index.

        Raises CountersealError ``ledger-transaction`` outside a transaction, ``entry-kind``, ``entry-value``
        or ``entry-too-large`` for what cannot be an entry, ``clock-back`` when time has gone backwards,
        and ``salt-repeated`` when the random generator gives what it gave before.
        """
        execute = self._alone()
        if kind not in KINDS:
            raise CountersealError("entry-kind", f"There is no kind of entry called {kind}.")
        at = stamp(self._clock.now())
        openings: list[Opening] = []
        if commitments:
            openings = [Opening(field, self._entropy(SALT), value) for field, value in sorted(commitments.items())]
        committed = {one.field: one.commitment for one in openings} if openings else {}
        entry = write_entry(kind, at, body, committed)
        index = self._enter(execute, kind, f"{at[:10]} {at[11:26]}", entry)
        if openings:
            self._keep(index, openings)
        return index

    def _enter(self, execute: Execute, kind: str, told: str, entry: bytes) -> int:
        """Write an entry's row after the last one; ``told`` is its time as the database writes it.

        What this process entered last is taken for the last entry. The statement is refused when it is not: another
        process has appended, or the transaction was rolled back. Then, and on PostgreSQL, the last entry is read.
        """
        leaf = leaf_hash(entry)
        size, since, peaks = self._entered
        if size and since <= told:
            grown = grow(peaks, size, leaf)
            # the driver looks for an adapter of bytes, anew each time, and takes a bytearray as it is
            blobs = bytearray(entry), bytearray(peaks), bytearray(grown)
            try:
                execute(_FOLLOW, (size, kind, told.removesuffix(".000000"), *blobs))
            except IntegrityError:
                pass
            else:
                self._entered = size + 1, told, grown
                return size
        size, since, peaks = _last(execute)
        if told < since:
            raise CountersealError(
                "clock-back",
                "The clock stands before the ledger's last entry.",
                next_step="Set the machine's clock right; nothing is entered until then.",
            )
        grown = grow(peaks, size, leaf)
        execute(_APPEND, (size, kind, told.removesuffix(".000000"), entry, grown))
        self._entered = (size + 1, told, grown) if open_act(self._alias) is not None else _NOTHING
        return size

    def lock(self) -> None:
        """Let no other transaction append until this one ends: what is read from here on stays true.

        Raises CountersealError ``ledger-transaction`` outside a transaction.
        """
        self._alone()

    def _alone(self) -> Execute:
        """See that no other transaction appends until this one ends; give what runs a statement in it."""
        act = open_act(self._alias)
        if act is not None:  # SQLite has one writer, and this is it
            return act.execute
        connection = connections[self._alias]
        if not connection.in_atomic_block:
            raise CountersealError("ledger-transaction", "An entry is made within the transaction of its act.")
        if connection.vendor == "postgresql":
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [APPEND_LOCK])
        return partial(_execute, connection)

    def _keep(self, index: int, openings: Sequence[Opening]) -> None:
        kept = [
            LedgerOpening(
                entry_id=index,
                field=one.field,
                salt_sha256=sha256(one.salt).hexdigest(),
                sealed=self._seal.seal(json.dumps([one.salt.hex(), one.value]).encode(), _context(index, one.field)),
            )
            for one in openings
        ]
        try:
            with transaction.atomic(using=self._alias):
                LedgerOpening.objects.using(self._alias).bulk_create(kept)
        except IntegrityError as error:
            raise CountersealError(
                "salt-repeated",
                "The random generator has repeated itself; this machine may be a copy of another.",
                next_step="Stop it, and find out what was copied or restored.",
            ) from error

    def opening(self, index: int, field: str) -> Opening:
        """Open one commitment. Raises CountersealError ``opening`` when it was destroyed or is not there."""
        kept = LedgerOpening.objects.using(self._alias).filter(entry_id=index, field=field).first()
        if kept is None:
            raise CountersealError("opening", "This opening was destroyed, or never was.")
        salt, value = json.loads(self._seal.open(bytes(kept.sealed), _context(index, field)))
        return Opening(field, bytes.fromhex(salt), value)

    def destroy_openings(self, index: int) -> int:
        """Destroy what opens an entry's commitments, for good; the entry stays. Give how many there were.

        SQLite's write-ahead log, which has them still, is folded back and cut. What PostgreSQL keeps of a deleted row
        until it is vacuumed, and what the disk keeps, are theirs to say.
        """
        gone = LedgerOpening.objects.using(self._alias).filter(entry_id=index).delete()[0]
        connection = connections[self._alias]
        if connection.vendor == "sqlite" and not connection.in_atomic_block:
            with connection.cursor() as cursor:
                cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def entry(self, index: int) -> bytes:
        """Give one entry's bytes. Raises CountersealError ``no-such-entry``."""
        found = LedgerEntry.objects.using(self._alias).filter(index=index).values_list("entry", flat=True).first()
        if found is None:
            raise CountersealError("no-such-entry", f"There is no entry {index} in the ledger.")
        return kept_bytes(found)

    def size_and_root(self) -> tuple[int, str]:
        """Give the size of the log as committed and its root in base64."""
        size, _, peaks = _last(partial(_execute, connections[self._alias]))
        return size, base64.b64encode(peaks_root(peaks)).decode("ascii")

    def publish(self) -> str:
        """Sign a checkpoint over every durable entry, write the tiles, and give the checkpoint.

        Raises CountersealError ``ledger-transaction`` within a transaction, ``entry-damaged`` when the bytes
        read back do not hash to what was entered, ``clock-back`` when time has not moved on since the
        last checkpoint, ``log-forked`` when the folder's checkpoint, or one that was seen elsewhere, is not of
        this history, ``log-rolled-back`` when either is of more entries than are here.
        """
        if connections[self._alias].in_atomic_block:
            raise CountersealError("ledger-transaction", "A checkpoint is signed after the act is durable.")
        with one_publisher(self.folder):
            self.check_not_behind(published_head(self.folder))
            with _second_connection(self._alias) as second:
                size, root = self._read_back(second)
                signed = LedgerCheckpoint.objects.using(second).filter(size=size).first()
            if signed is None:
                for head in self._elsewhere() if self._elsewhere is not None else ():
                    self.check_not_behind(head)
                self._elsewhere = None
                signed = self._sign(TreeHead(self.origin, size, root))
            note = checkpoint_note(signed, self._alias)
            derive_tiles(self.folder, self._alias, read_head(signed.note), note, self._write_file)
            return note

    def newest_checkpoint(self) -> str | None:
        """Give the newest signed checkpoint with its cosignatures; None before the first."""
        signed = LedgerCheckpoint.objects.using(self._alias).order_by("-size").first()
        return None if signed is None else checkpoint_note(signed, self._alias)

    def checkpoint_of(self, size: int) -> str | None:
        """Give the signed checkpoint of exactly this size with its cosignatures; None where none was signed."""
        signed = LedgerCheckpoint.objects.using(self._alias).filter(size=size).first()
        return None if signed is None else checkpoint_note(signed, self._alias)

    def stood(self) -> dict[str, int]:
        """Give the size that each witness has cosigned last, as far as is kept among the newest cosignatures."""
        kept = LedgerCosignature.objects.using(self._alias).order_by("-checkpoint_id")
        found: dict[str, int] = {}
        for witness, size in kept.values_list("witness", "checkpoint_id")[:MOST_SIGNATURES]:
            found.setdefault(witness, size)
        return found

    def cosigned(self, size: int, lines: Mapping[str, str]) -> str:
        """Keep witnesses' signature lines (verified by the caller) under a checkpoint and publish it with them.

        ``lines`` are by the witness's verifier key name and id. Gives the checkpoint with all of them.
        """
        with one_publisher(self.folder), transaction.atomic(using=self._alias, durable=True):
            signed = LedgerCheckpoint.objects.using(self._alias).get(size=size)
            LedgerCosignature.objects.using(self._alias).bulk_create(
                [LedgerCosignature(checkpoint=signed, witness=witness, line=line) for witness, line in lines.items()],
                ignore_conflicts=True,  # a line that is kept already stays
            )
            note = checkpoint_note(signed, self._alias)
        with one_publisher(self.folder):
            derive_tiles(self.folder, self._alias, read_head(signed.note), note, self._write_file)
        return note

    def start(self) -> None:
        """Look that the log may be served: guarded, durable, whole, and not older than what was published.

        Raises CountersealError ``ledger-unguarded``, ``ledger-not-durable``, ``entry-damaged``,
        ``log-forked`` or ``log-rolled-back``.
        """
        check_guard(connections[self._alias])
        peaks = b""
        entries = LedgerEntry.objects.using(self._alias).order_by("index").values_list("entry", "peaks")
        for index, (entry, kept) in enumerate(entries.iterator()):
            peaks = grow(peaks, index, leaf_hash(kept_bytes(entry)))
            if peaks != kept_bytes(kept):
                raise _damaged(index)
        self.check_not_behind(published_head(self.folder))
        newest = self.newest_checkpoint()
        if newest is not None:
            self.check_not_behind(read_head(newest))

    def check_not_behind(self, seen: TreeHead | None) -> None:
        """Refuse to go on when someone holds a tree head that this database cannot have grown from.

        Raises CountersealError ``log-rolled-back`` when the head is larger than the log, ``log-forked`` when
        it is another history.
        """
        if seen is None:
            return
        size, _, _ = _last(partial(_execute, connections[self._alias]))
        if seen.size > size:
            raise CountersealError(
                "log-rolled-back",
                f"The ledger was published with {seen.size} entries and this database holds {size}.",
                next_step="An older copy was restored. Restore the newest one; never append to this.",
            )
        if seen.origin != self.origin or self._root_at(seen.size) != seen.root:
            raise CountersealError(
                "log-forked",
                "The published ledger is not of this database's history.",
                next_step="Stop. Keep both, and call the inspector.",
            )

    def _root_at(self, size: int) -> bytes:
        if size == 0:
            return EMPTY_ROOT
        entries = LedgerEntry.objects.using(self._alias)
        return peaks_root(kept_bytes(entries.values_list("peaks", flat=True).get(index=size - 1)))

    def _read_back(self, second: str) -> tuple[int, bytes]:
        """Hash again, from the disk, every entry since the last checkpoint; give size and root."""
        signed = LedgerCheckpoint.objects.using(second).order_by("-size").first()
        size, peaks = 0, b""
        entries = LedgerEntry.objects.using(second)
        if signed is not None and signed.size:
            head = read_head(signed.note)
            size = head.size
            peaks = kept_bytes(entries.values_list("peaks", flat=True).get(index=size - 1))
            if peaks_root(peaks) != head.root:
                raise _damaged(size - 1)
        since = entries.filter(index__gte=size).order_by("index").values_list("entry", "peaks")
        for entry, kept in since.iterator():
            peaks = grow(peaks, size, leaf_hash(kept_bytes(entry)))
            if peaks != kept_bytes(kept):
                raise _damaged(size)
            size += 1
        return size, peaks_root(peaks)

    def _sign(self, head: TreeHead) -> LedgerCheckpoint:
        before = LedgerCheckpoint.objects.using(self._alias).order_by("-size").first()
        at = self._clock.now()
        if before is not None and at <= before.at:
            raise CountersealError(
                "clock-back",
                "The clock has not moved on since the last checkpoint.",
                next_step="Set the machine's clock right; nothing is signed until then.",
            )
        note = str(sign_note(str(head), self._signers, int(at.timestamp())))
        try:
            with transaction.atomic(using=self._alias):
                return LedgerCheckpoint.objects.using(self._alias).create(size=head.size, at=at, note=note)
        except IntegrityError:
            newest = LedgerCheckpoint.objects.using(self._alias).order_by("-size").first()
            if newest is None or newest.size < head.size:
                raise
            return newest  # another process signed this size, or a larger one, first


def _damaged(index: int) -> CountersealError:
    return CountersealError(
        "entry-damaged",
        f"Entry {index} does not hash to what was entered.",
        next_step="Nothing is signed or served. Compare the database with its copies and the mirror.",
    )


def _context(index: int, field: str) -> bytes:
    return f"opening/v1/{index}/{field}".encode()


def _last(execute: Execute) -> tuple[int, str, bytes]:
    """Give the log's size, its last entry's time as text ("" before the first) and its peaks."""
    row = execute(_LAST).fetchone()
    if row is None:
        return _NOTHING
    index, at, peaks = row
    return index + 1, at, peaks


def _execute(connection: BaseDatabaseWrapper, query: str, values: tuple[object, ...] = ()) -> Any:
    """Run one statement of the append path on the driver's connection, with the mapper's errors and none of its work.

    Times go to and fro as text in UTC, so that what is compared is what is kept.
    """
    if connection.connection is None:
        connection.ensure_connection()
    if connection.needs_rollback:
        connection.validate_no_broken_transaction()  # raises
    if connection.vendor == "postgresql":
        query = _POSTGRESQL[query]
    with connection.wrap_database_errors:
        return connection.connection.execute(query, values)


@contextmanager
def _second_connection(alias: str) -> Iterator[str]:
    """Open the database once more: what is read is what was committed, not this writer's memory."""
    name = f"{alias}.second"
    connections.databases[name] = dict(connections.databases[alias])
    try:
        yield name
    finally:
        connections[name].close()
        del connections[name]
        del connections.databases[name]
