"""How a durable act is committed: one transaction of its own, by the shortest way that keeps the mapper's rules.

SQLite's transaction is begun and committed on the driver's connection itself. The mapper's own way does the same
statements and takes longer than the commit's work beside the disk. Whatever is not plain goes the mapper's way: another
database, a transaction that is open already, statements that are watched, an error, anything to be rolled back.
"""

from __future__ import annotations

from sqlite3 import Error as SQLiteError
from threading import local
from typing import TYPE_CHECKING, Any

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.transaction import Atomic

if TYPE_CHECKING:
    from types import TracebackType


class _Kept:
    """What a thread keeps: the mapper takes longer to find a thread's connection than to set its marks.

    The connection is looked up anew when it was closed or opened again, or when the database that it was made for is
    no longer the one in use.
    """

    __slots__ = ("act", "connection", "driver", "execute")

    def __init__(self) -> None:
        self.act: Act | None = None
        self.connection: Any = None
        self.driver: Any = None
        self.execute: Any = None

    def find(self, using: str) -> bool:
        """Look the connection up; tell whether BEGIN IMMEDIATE is all that it needs to begin with."""
        connection: Any = connections[using]
        self.connection = connection
        driver = connection.connection
        if (
            connection.vendor != "sqlite"
            or driver is None
            or connection.health_check_enabled
            or connection.transaction_mode != "IMMEDIATE"
        ):
            self.driver = None
            return False
        self.driver, self.execute = driver, driver.cursor().execute
        return True


class _Here(local):
    def __init__(self) -> None:
        self.kept = _Kept()


_here = _Here()


class Act(Atomic):
    """One transaction: everything in it is durable together when it is left, or none of it is.

    Raises RuntimeError within another transaction, django.db.Error when the database
    refuses to begin or to commit; nothing is kept then.
    """

    savepoint = durable = True
    _from_testcase = False

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        self.using = self.alias = using
        self._kept: Any = None

    def __enter__(self) -> None:
        kept = _here.kept
        connection = kept.connection
        if (
            connection is None
            or connection.connection is not kept.driver
            or connection.settings_dict is not connections.settings[self.alias]
        ):
            plain = kept.find(self.alias)
            connection = kept.connection
        else:
            plain = kept.driver is not None
        if (
            not plain
            or not connection.autocommit
            or connection.in_atomic_block
            or connection.execute_wrappers
            or connection.force_debug_cursor
        ):
            super().__enter__()
            return
        try:
            kept.execute("BEGIN IMMEDIATE")
        except SQLiteError:
            with connection.wrap_database_errors:
                raise
        connection.commit_on_exit = True
        connection.needs_rollback = connection.autocommit = False
        connection.in_atomic_block = True
        connection.atomic_blocks.append(self)
        kept.act, self._kept = self, kept

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        kept, self._kept = self._kept, None
        if kept is None:
            super().__exit__(kind, error, traceback)
            return
        kept.act, connection = None, kept.connection
        if (
            kind is not None
            or connection.needs_rollback
            or connection.closed_in_transaction
            or connection.savepoint_ids
            or connection.run_on_commit
            or connection.force_debug_cursor
        ):
            super().__exit__(kind, error, traceback)
            return
        try:
            kept.execute("COMMIT")
        except BaseException as refused:
            super().__exit__(type(refused), refused, refused.__traceback__)  # rolled back
            with connection.wrap_database_errors:
                raise
        connection.atomic_blocks.pop()
        connection.in_atomic_block = connection.errors_occurred = False
        connection.autocommit = True

    def execute(self, query: str, values: tuple[object, ...] = ()) -> Any:
        """Run one statement of SQLite's within the act, by the driver, with the mapper's errors; give its cursor.

        The next statement of the act takes the cursor's rows away.
        """
        kept = self._kept
        connection = kept.connection
        if connection.needs_rollback:
            connection.validate_no_broken_transaction()  # raises
        try:
            return kept.execute(query, values)
        except SQLiteError:
            with connection.wrap_database_errors:
                raise


def open_act(using: str) -> Act | None:
    """Give the act that this thread has open on the driver's own connection, or None: then it is the mapper's."""
    act = _here.kept.act
    return act if act is not None and act.alias == using else None
