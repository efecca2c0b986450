"""How a durable act is committed: one transaction of its own, by the shortest way that keeps the mapper's rules.

SQLite's transaction is begun and committed on the driver's connection itself. The mapper's own way does the same
statements and takes longer than the commit's work beside the disk. Whatever is not plain goes the mapper's way: another
database, a transaction that is open already, statements that are watched, an error, anything to be rolled back.
"""

from __future__ import annotations

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
        self._alias = using

    def __enter__(self) -> None:
        self._connection = connection = connections[self._alias]
        if not _plain(connection):
            super().__enter__()
            return
        with connection.wrap_database_errors:
            connection.connection.execute("BEGIN IMMEDIATE")
        connection.commit_on_exit = True
        connection.needs_rollback = False
        connection.autocommit = False
        connection.in_atomic_block = True
        connection.atomic_blocks.append(self)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        connection = self._connection
        if (
            kind is not None
            or connection.needs_rollback
            or connection.closed_in_transaction
            or connection.savepoint_ids
            or connection.run_on_commit
            or connection.vendor != "sqlite"
            or connection.queries_logged
        ):
            super().__exit__(kind, error, traceback)
            return
        try:
            with connection.wrap_database_errors:
                connection.connection.execute("COMMIT")
        except BaseException as refused:
            super().__exit__(type(refused), refused, refused.__traceback__)  # rolled back
            raise
        connection.atomic_blocks.pop()
        connection.in_atomic_block = False
        connection.autocommit = True
        connection.errors_occurred = False


def _plain(connection: Any) -> bool:
    """Tell whether nothing but BEGIN IMMEDIATE is to be done to begin: else it is the mapper's to begin."""
    return (
        connection.vendor == "sqlite"
        and connection.connection is not None
        and connection.autocommit
        and not connection.in_atomic_block
        and not connection.health_check_enabled
        and not connection.execute_wrappers
        and not connection.queries_logged
        and connection.transaction_mode == "IMMEDIATE"
    )
