"""What every test may use: an empty case database wherever the environment says, and people who are made up."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pickle
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.management import call_command
from django.db import connections

from counterseal.settings import django as settings
from counterseal.store import connection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pytest_django import DjangoDbBlocker

CANARY = ("ZZYZXWORTH", "CANARYTOKEN", "987654321", "987-65-4321")
"""One made-up person in every request: what of them stands outside the files of the batch is a leak."""


hypothesis.settings.register_profile("no deadline", deadline=None)  # which a busy machine misses
hypothesis.settings.load_profile("no deadline")


def pytest_configure() -> None:
    """Where several workers share one PostgreSQL, give each a database of its own in it."""
    given, worker = os.environ.get("COUNTERSEAL_DATABASE_URL"), os.environ.get("PYTEST_XDIST_WORKER")
    if not given or not worker:
        return
    import psycopg
    from pydantic import SecretStr

    own = f"{given}_{worker}"
    with psycopg.connect(given, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {own.rpartition('/')[2]}")
    os.environ["COUNTERSEAL_DATABASE_URL"], settings.ENVIRONMENT.database_url = own, SecretStr(own)


@pytest.fixture(autouse=True, scope="session")
def own_databases(django_db_blocker: DjangoDbBlocker | None) -> Iterator[None]:
    """Tests open the databases of their own offices, not one that a test run shares, in whatever order they come.

    Where no test that was collected starts Django by itself, there is nothing to unblock.
    """
    with contextlib.nullcontext() if django_db_blocker is None else django_db_blocker.unblock():
        yield


@pytest.fixture(autouse=True, scope="session")
def tables_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new office begins with a copy of the tables that the first one's migrations made in this process."""
    made = tmp_path_factory.mktemp("tables") / "empty.sqlite3"
    servers: set[str] = set()

    def copied(command: str, **told: Any) -> None:
        if command != "migrate":
            call_command(command, **told)
        elif connections["default"].vendor == "sqlite":
            copied_file(Path(connections["default"].settings_dict["NAME"]), **told)
        else:
            copied_database(**told)

    def copied_file(name: Path, **told: Any) -> None:
        new = name.is_absolute() and not name.exists()
        if new and made.exists():
            shutil.copyfile(made, name)
            return
        call_command("migrate", **told)
        if new:
            with connections["default"].cursor() as cursor:
                cursor.execute("VACUUM INTO %s", [str(made)])

    def copied_database(**told: Any) -> None:
        from tests.flow.casework import empty_out

        own = settings.ENVIRONMENT.database_url.get_secret_value()
        kept = f"{own.rpartition('/')[0]}/tables_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"
        new = not connections["default"].introspection.table_names()
        if new and kept in servers:
            connections.close_all()
            empty_out(own, like=kept)
            return
        call_command("migrate", **told)
        if new:
            connections.close_all()
            empty_out(kept, like=own)
            servers.add(kept)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connection, "call_command", copied)
        yield


@pytest.fixture(autouse=True, scope="session")
def cheap_passwords() -> Iterator[None]:
    """Passwords are hashed as in the product, with fewer rounds: no test is about how long a guess takes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1_000)
        yield


@pytest.fixture
def empty_database() -> None:
    """Where the tests run on PostgreSQL, take everything out of it."""
    if not os.environ.get("COUNTERSEAL_DATABASE_URL"):
        return
    import psycopg

    with psycopg.connect(os.environ["COUNTERSEAL_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Give a folder that the first worker to ask made for all of this run's workers; none may write into it."""
    base = factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / name
    made = folder.with_suffix(".made")
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made.exists():
            make(folder)
            made.touch()
    return folder


def kept(factory: pytest.TempPathFactory, name: str, make: Callable[[], Any]) -> Any:
    """Give what the first worker to ask worked out for all of this run's workers."""
    path = once(factory, name, lambda path: path.write_bytes(pickle.dumps(make())))
    return pickle.loads(path.read_bytes())  # noqa: S301  # our own


@pytest.fixture(scope="session")
def made_up(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with people, their registry's index, and a request of 900 rows with its truth."""
    from datetime import datetime

    from counterseal.flow.registry import build_registry
    from counterseal.synth.__main__ import registry, submission
    from counterseal.vault.registry_files import RegistryFiles

    def make(folder: Path) -> None:
        registry(4_000, folder / "people", seed=11)
        submission(folder / "people", 900, folder / "request", datetime(2026, 11, 2), seed=12)  # noqa: DTZ001  # a day
        build_registry(folder / "people", folder / "registry", RegistryFiles(os.urandom))

    return once(tmp_path_factory, "made-up", make)


@pytest.fixture(scope="session")
def office_that_ran(tmp_path_factory: pytest.TempPathFactory, made_up: Path) -> Path:
    """An office whose run is done; each test works on a copy."""
    from tests.flow.casework import made_once, run_office

    return made_once(tmp_path_factory, "ran", lambda folder: run_office(folder, made_up))


@pytest.fixture(scope="session")
def office_at_work(tmp_path_factory: pytest.TempPathFactory, office_that_ran: Path) -> Path:
    """That office with its people; each test works on a copy."""
    from tests.flow.casework import database_of_its_own, made_once, put_to_work

    def make(folder: Path) -> None:
        with database_of_its_own("at_work", like="ran"):
            put_to_work(shutil.copytree(office_that_ran, folder))
            connections.close_all()

    return made_once(tmp_path_factory, "at-work", make)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Where the environment names a file, write down how each test ended; a later pass reads it."""
    ran = os.environ.get("COUNTERSEAL_RAN")
    ended = report.when == "call" or report.skipped or report.failed
    if ran and ended and not os.environ.get("PYTEST_XDIST_WORKER"):
        with Path(ran).open("a", encoding="utf-8") as file:
            file.write(f"{report.outcome} {report.nodeid}\n")
