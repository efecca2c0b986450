"""The case database: SQLite in the workspace, or the PostgreSQL that the environment names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.db import connections

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

DURABLE = "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA secure_delete=ON;"
"""One fdatasync a commit, and no acknowledged entry lost at a power cut (measured: 396 of 396 states).

What is deleted is overwritten; Debian's SQLite does so unasked, others do not.
"""

PAGE = "PRAGMA page_size=2048;"
"""A new database's pages, half of SQLite's usual: what a commit writes lies in one block of the disk more often."""

SETTING_UP = f"{PAGE} PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF; PRAGMA foreign_keys=ON;"
"""While a new, still empty database is being made; it is synchronised before it is used."""


def sqlite(path: Path, *, setting_up: bool = False) -> dict[str, Any]:
    """Give Django's description of the SQLite file at ``path``: one writer, durable at each commit.

    Only setting up makes the file. One that vanished is missed, and not begun anew without its ledger.
    """
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path) if setting_up else f"{path.resolve().as_uri()}?mode=rw",
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "init_command": SETTING_UP if setting_up else DURABLE,
            "timeout": 20,
        },
    }


def postgresql(url: str) -> dict[str, Any]:
    """Give Django's description of the PostgreSQL at ``url``.

    Raises CountersealError ``database-url`` when it is no PostgreSQL address; the address, which may
    hold a password, is not repeated.
    """
    parts = urlsplit(url)
    if parts.scheme not in {"postgresql", "postgres"} or not parts.path.strip("/"):
        raise CountersealError(
            "database-url",
            "COUNTERSEAL_DATABASE_URL is not the address of a PostgreSQL database.",
            next_step="Write postgresql://user:password@host:port/name, or unset it to use SQLite.",
        )
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.strip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
    }


def database(url: str | None, workspace: Path | None) -> dict[str, Any]:
    """Give the database that the environment and the workspace together name."""
    if url:
        return postgresql(url)
    if workspace is None:
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}
    return sqlite(workspace / "counterseal.sqlite3")


def ready() -> None:
    """Start Django with the product's settings, once a process."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "counterseal.settings.django")
    if not apps.ready:
        django.setup()


def point_at(workspace: Path, *, setting_up: bool = False) -> None:
    """Let the default connection be the case database of ``workspace``.

    The PostgreSQL that the environment names comes first; ``setting_up`` relaxes durability of SQLite
    while a new database is still empty.
    """
    ready()
    url = settings.ENVIRONMENT.database_url
    described = (
        postgresql(url.get_secret_value()) if url else sqlite(workspace / "counterseal.sqlite3", setting_up=setting_up)
    )
    connections.close_all()
    connections.settings = connections.configure_settings({"default": described})
    if hasattr(connections["default"], "close"):
        del connections["default"]


def make_tables() -> None:
    """Bring the tables and triggers of the database up to date."""
    call_command("migrate", verbosity=0, interactive=False)
