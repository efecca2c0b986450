"""A witness's or mirror's memory: one SQLite file of its own, synchronised before each answer.

It has nothing to do with the case database and runs in other hands, on another machine.
"""

from __future__ import annotations

import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from counterseal.ledger.note import read_head
from counterseal.ledger.witness import Seen

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

TABLES = """
CREATE TABLE IF NOT EXISTS seen (
    book TEXT NOT NULL, origin TEXT NOT NULL, size INTEGER NOT NULL, at INTEGER NOT NULL, note TEXT NOT NULL,
    PRIMARY KEY (book, origin, size)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entry (
    origin TEXT NOT NULL, place INTEGER NOT NULL, entry BLOB NOT NULL, PRIMARY KEY (origin, place)
) WITHOUT ROWID;
"""
RECENT = 16
"""How many pending checkpoints of a log are remembered."""


class SeenBook:
    """The newest checkpoint of each log, under one name in the file."""

    def __init__(self, file: WitnessFile, name: str) -> None:
        self._file = file
        self._name = name

    def newest(self, origin: str) -> Seen | None:
        """Give the newest checkpoint kept for the origin."""
        with self._file.reading() as database:
            return self._newest(database, origin)

    def of_size(self, origin: str, size: int) -> Seen | None:
        """Give the checkpoint of this size, while it is among the recent ones."""
        with self._file.reading() as database:
            query = "SELECT note, at FROM seen WHERE book = ? AND origin = ? AND size = ?"
            row = database.execute(query, (self._name, origin, size)).fetchone()
        return None if row is None else Seen(read_head(row[0]), row[0], row[1])

    def _newest(self, database: sqlite3.Connection, origin: str) -> Seen | None:
        query = "SELECT note, at FROM seen WHERE book = ? AND origin = ? ORDER BY size DESC LIMIT 1"
        row = database.execute(query, (self._name, origin)).fetchone()
        return None if row is None else Seen(read_head(row[0]), row[0], row[1])

    def advance(self, old: int, seen: Seen) -> bool:
        """Compare and store in one transaction, durable when this returns."""
        origin, size = seen.head.origin, seen.head.size
        with self._file.writing() as database:
            newest = self._newest(database, origin)
            if (0 if newest is None else newest.head.size) != old or size < old:
                return False
            database.execute(
                "INSERT OR REPLACE INTO seen VALUES (?, ?, ?, ?, ?)",
                (self._name, origin, size, seen.at, seen.note),
            )
            database.execute(
                "DELETE FROM seen WHERE book = ?1 AND origin = ?2 AND size < (SELECT MIN(size) FROM (SELECT"
                " size FROM seen WHERE book = ?1 AND origin = ?2 ORDER BY size DESC LIMIT ?3))",
                (self._name, origin, RECENT),
            )
        return True


class WitnessFile:
    """One SQLite file: what a witness has seen, and what a mirror holds."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._alone = threading.Lock()
        self._database = sqlite3.connect(path, timeout=20, isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode=WAL")
        self._database.execute("PRAGMA synchronous=FULL")
        self._database.executescript(TABLES)
        self.witnessed = SeenBook(self, "witnessed")
        self.pending = SeenBook(self, "pending")
        self.mirrored = SeenBook(self, "mirrored")

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """Use the connection for reading, alone among this process's threads."""
        with self._alone:
            yield self._database

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One write transaction, alone from its first read; durable when it ends.

        After a write that failed this process reads and writes the file no more: what the disk refused may still
        look written from memory. A restart reads what is truly there.
        """
        with self._alone:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield self._database
                self._database.execute("COMMIT")
            except BaseException:
                self._database.close()
                raise

    def pending_of_size(self, origin: str, size: int) -> Seen | None:
        """Give a pending checkpoint of this size."""
        return self.pending.of_size(origin, size)

    def count(self, origin: str) -> int:
        """Tell how many entries of the log are here."""
        with self.reading() as database:
            query = "SELECT COALESCE(MAX(place), -1) + 1 FROM entry WHERE origin = ?"
            return int(database.execute(query, (origin,)).fetchone()[0])

    def entries(self, origin: str, start: int, end: int) -> list[bytes]:
        """Give entries that are here."""
        with self.reading() as database:
            query = "SELECT entry FROM entry WHERE origin = ? AND place >= ? AND place < ? ORDER BY place"
            return [row[0] for row in database.execute(query, (origin, start, end))]

    def keep(self, origin: str, start: int, entries: Sequence[bytes]) -> None:
        """Keep entries durably; those that are here already are left as they are."""
        rows = [(origin, place, entry) for place, entry in enumerate(entries, start)]
        with self.writing() as database:
            database.executemany("INSERT OR IGNORE INTO entry VALUES (?, ?, ?)", rows)
