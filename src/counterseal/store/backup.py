"""A consistent copy of the case database, and its way back.

SQLite by its own online copy; PostgreSQL by ``pg_dump`` and ``pg_restore``, whose password travels in the
environment of that one process and in no argument.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING

from django.db import connection, connections

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

SQLITE, POSTGRESQL = "database.sqlite3", "database.dump"


def copy_database(folder: Path) -> str:
    """Copy the database as it stands at one moment into ``folder``; give the file's name.

    Raises CountersealError ``backup-database`` when that cannot be done.
    """
    if connection.vendor == "sqlite":
        with (
            closing(sqlite3.connect(connection.settings_dict["NAME"].replace("?mode=rw", "?mode=ro"), uri=True)) as one,
            closing(sqlite3.connect(folder / SQLITE)) as other,
        ):
            one.backup(other)
        (folder / SQLITE).chmod(0o600)
        return SQLITE
    _postgresql("pg_dump", "--format=custom", "--no-owner", f"--file={folder / POSTGRESQL}")
    (folder / POSTGRESQL).chmod(0o600)
    return POSTGRESQL


def load_database(copy: Path, into: Path) -> None:
    """Put a copy back: an SQLite file at ``into``, or a dump into the empty PostgreSQL that the environment names.

    Raises CountersealError ``restore-database`` where copy and database are of two kinds or the database is not
    empty, ``backup-database`` where it cannot be done.
    """
    if (connection.vendor == "sqlite") != (copy.name == SQLITE):
        raise CountersealError(
            "restore-database",
            f"The copy is {copy.name}, the database {connection.vendor}.",
            next_step="Set COUNTERSEAL_DATABASE_URL to an empty PostgreSQL for a dump; unset it for SQLite.",
        )
    if copy.name == SQLITE:
        shutil.copyfile(copy, into)
        into.chmod(0o600)
        return
    if connection.introspection.table_names():
        raise CountersealError("restore-database", "The PostgreSQL database is not empty.", next_step="Make a new one.")
    connections.close_all()
    _postgresql(
        "pg_restore", "--exit-on-error", "--no-owner", f"--dbname={connection.settings_dict['NAME']}", str(copy)
    )


def _postgresql(program: str, *words: str) -> None:
    told = connection.settings_dict
    environment = {
        **os.environ, "PGHOST": told["HOST"], "PGPORT": str(told["PORT"]), "PGUSER": told["USER"],
        "PGPASSWORD": told["PASSWORD"], "PGDATABASE": told["NAME"],
    }  # fmt: skip
    try:
        subprocess.run((program, *words), check=True, env=environment, capture_output=True)  # noqa: S603  # no shell
    except FileNotFoundError:
        raise CountersealError(
            "backup-database", f"{program} is not installed here.", next_step="Install PostgreSQL's client programs."
        ) from None
    except subprocess.CalledProcessError as failed:
        raise CountersealError("backup-database", f"{program} ended with {failed.returncode}.") from None
