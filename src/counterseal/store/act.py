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


class Act(Atomic):
    """One transaction: everything in it is durable together when it is left, or none of it is.

    Raises RuntimeError within another transaction, django.db.Error when the database
    refuses to begin or to commit; nothing is kept then.
    """

    def __init__(self, using: str = DEFAULT_DB_ALIAS) -> None:
        super().__init__(using, True, True)
        self.alias = using
        self._connection: Any = None

    def __enter__(self) -> None:
        connection = _here.connection
        known = connection is not None and connection.settings_dict is connections.settings[self.alias]
        if not (known and _plain(connection)):
            connection = _here.connection = connections[self.alias]
            if not _plain(connection):
                super().__enter__()
                return
        self._execute = connection.connection.cursor().execute
        try:
            self._execute("BEGIN IMMEDIATE")
        except SQLiteError:
            with connection.wrap_database_errors:
                raise
        connection.commit_on_exit = True
        connection.needs_rollback = False
        connection.autocommit = False
        connection.in_atomic_block = True
        connection.atomic_blocks.append(self)
        self._connection = connection
        _here.act = self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            _here.act = None
        if (
            connection is None
            or kind is not None
            or connection.needs_rollback
            or connection.closed_in_transaction
            or connection.savepoint_ids
            or connection.run_on_commit
            or connection.force_debug_cursor
        ):
            super().__exit__(kind, error, traceback)
            return
        try:
            self._execute("COMMIT")
        except BaseException as refused:
            super().__exit__(type(refused), refused, refused.__traceback__)  # rolled back
            with connection.wrap_database_errors:
                raise
        connection.atomic_blocks.pop()
        connection.in_atomic_block = False
        connection.autocommit = True
        connection.errors_occurred = False

    def execute(self, query: str, values: tuple[object, ...] = ()) -> Any:
        """Run one statement of SQLite's within the act, by the driver, with the mapper's errors; give its cursor.

        The next statement of the act takes the cursor's rows away.
        """
        connection = self._connection
        if connection.needs_rollback:
            connection.validate_no_broken_transaction()  # raises
        try:
            return self._execute(query, values)
        except SQLiteError:
            with connection.wrap_database_errors:
                raise


class _Here(local):
    """What a thread keeps: the mapper takes longer to find a thread's connection than to set its marks.

    It is looked up anew when it was closed, or when the database that it was made for is no longer the one in use.
    """

    connection: Any = None
    act: Act | None = None


_here = _Here()


def open_act(using: str) -> Act | None:
    """Give the act that this thread has open on the driver's own connection, or None: then it is the mapper's."""
    act = _here.act
    return act if act is not None and act.alias == using else None


def _plain(connection: Any) -> bool:
    """Tell whether nothing but BEGIN IMMEDIATE is to be done to begin: else it is the mapper's to begin."""
    return (
        connection.vendor == "sqlite"
        and connection.connection is not None
        and connection.autocommit
        and not connection.in_atomic_block
        and not connection.health_check_enabled
        and not connection.execute_wrappers
        and not connection.force_debug_cursor
        and connection.transaction_mode == "IMMEDIATE"
    )
