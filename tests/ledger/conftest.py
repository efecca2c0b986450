"""Logs in a folder of their own, with a clock that moves and keys from a seed."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.conftest import once

from counterseal.store.connection import ready
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import LOG_KEYS, OpeningSeal
from counterseal.vault.passkeys import SoftPasskey
from counterseal.vault.signing import KeySigner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.ledger.intent import Approval, Release
    from counterseal.store.ledger_log import LedgerLog

ready()
ORIGIN = "ledger.example/tests"
GOPATH = Path("/usr/share/gocode")
"""Where Debian's golang-golang-x-mod-dev lays golang.org/x/mod."""


class TickingClock:
    """Moves on by a second at each look; can be set."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 1, tzinfo=UTC)
        self.step = timedelta(seconds=1)

    def now(self) -> datetime:
        self.at += self.step
        return self.at


class CountedEntropy:
    """Gives bytes that differ each time and are the same in each run; can be made to repeat itself."""

    def __init__(self) -> None:
        self.count = 0
        self.stuck = False

    def __call__(self, length: int, /) -> bytes:
        self.count += not self.stuck
        return hashlib.shake_256(self.count.to_bytes(8)).digest(length)


def signers(name: str, kinds: dict[str, int]) -> list[KeySigner]:
    return [KeySigner(name, kind, hashlib.sha256(f"{name} {file}".encode()).digest()) for file, kind in kinds.items()]


def open_log(folder: Path, clock: TickingClock, entropy: CountedEntropy) -> LedgerLog:
    from counterseal.store.ledger_log import LedgerLog

    return LedgerLog(
        folder / "ledger",
        signers(ORIGIN, LOG_KEYS),
        seal=OpeningSeal(b"k" * 32, entropy),
        clock=clock,
        entropy=entropy,
        write_file=write_durably,
    )


def passkey(name: str) -> SoftPasskey:
    """The passkey of a made-up official."""
    return SoftPasskey(hashlib.sha256(name.encode()).digest())


def official(name: str) -> str:
    """The digest of that key, which is how the ledger names its holder."""
    return hashlib.sha256(passkey(name).public_key).hexdigest()


def enrol(log: LedgerLog, roles: dict[str, str]) -> None:
    """Enrol the keys of officials, each in a role, as casework does; a name that is enrolled stands there anew."""
    from counterseal.store.submissions import one_act

    with one_act():
        for name, role in roles.items():
            key = base64.b64encode(passkey(name).public_key).decode()
            log.append("role", {"act": "key", "role": role, "key": key})


def enrolments(name: str) -> list[tuple[int, str]]:
    """Where that key was enrolled, and in which role."""
    from counterseal.store.models import LedgerEntry

    key = base64.b64encode(passkey(name).public_key)
    found = LedgerEntry.objects.filter(kind="role").order_by("index").values_list("index", "entry")
    return [(index, json.loads(bytes(entry))["body"]["role"]) for index, entry in found if key in bytes(entry)]


def approve(log: LedgerLog, release: Release, name: str, **other: object) -> Approval:
    """Enter one official's approval, as casework does once it has verified the signature."""
    from counterseal.ledger.intent import Approval
    from counterseal.store.submissions import one_act

    evidence = passkey(name).sign(bytes.fromhex(release.digest), origin="https://o.example", rp_id="o.example")
    enrolled, role = enrolments(name)[-1]
    with one_act():
        body = {"over": release.digest, "official": official(name), "enrolled": enrolled, "evidence": evidence}
        return Approval(official(name), release.digest, log.append("signed", {**body, **other}), role)


@pytest.fixture
def clock() -> TickingClock:
    return TickingClock()


@pytest.fixture
def entropy() -> CountedEntropy:
    return CountedEntropy()


@pytest.fixture(scope="session")
def unblocked(django_db_blocker: object) -> Iterator[None]:
    """Each test here has a database file of its own; pytest-django's guard of a shared one is lifted."""
    with contextlib.nullcontext() if django_db_blocker is None else django_db_blocker.unblock():
        yield


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory, unblocked: None) -> Path:
    """A database with its tables and nothing in them: made once, copied for each test."""
    from counterseal.store.connection import make_tables, point_at

    folder = tmp_path_factory.mktemp("empty")
    point_at(folder, setting_up=True)
    make_tables()
    from django.db import connections

    with connections["default"].cursor() as cursor:
        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connections.close_all()
    return folder / "counterseal.sqlite3"


@pytest.fixture
def office(empty_database: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with a database of its own, to which the connection points."""
    from counterseal.store.connection import point_at

    (tmp_path / "counterseal.sqlite3").write_bytes(empty_database.read_bytes())
    point_at(tmp_path)
    yield tmp_path
    from django.db import connections

    connections.close_all()


@pytest.fixture
def log(office: Path, clock: TickingClock, entropy: CountedEntropy) -> LedgerLog:
    return open_log(office, clock, entropy)


def find_go() -> str | None:
    """Debian's golang-go is on the path; golang-1.19-go alone is not."""
    return shutil.which("go") or next(map(str, sorted(Path("/usr/lib").glob("go-1.*/bin/go"))), None)


@pytest.fixture(scope="session")
def foreign(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The foreign reader in Go, built once. Where CI has no Go that is a failure: .ci/provide installs it."""
    go = find_go()
    if go is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        lacking = "no Go with golang.org/x/mod: on Debian, golang-1.19-go and golang-golang-x-mod-dev"
        if os.environ.get("CI") == "true":
            pytest.fail(lacking)
        pytest.skip(lacking)

    def build(folder: Path) -> None:
        offline = {"GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "GOCACHE": str(folder / "cache")}
        source = Path(__file__).parent / "foreign"
        subprocess.run([go, "build", "-o", folder / "foreign", "."], cwd=source, env=os.environ | offline, check=True)

    return once(tmp_path_factory, "foreign", build) / "foreign"
