"""An office at work, for tests: a run behind it, officials with passkeys, officers with certificates."""

from __future__ import annotations

import hashlib
import os
import pickle
import shutil
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from django.db import connections
from pydantic import SecretStr
from tests.batch import table_of
from tests.conftest import once

from counterseal import wiring
from counterseal.core.official import Role
from counterseal.settings import django as settings
from counterseal.vault.passkeys import SoftPasskey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from counterseal.flow.office import Office

POSTGRESQL = "COUNTERSEAL_DATABASE_URL"
ORIGIN, RP_ID = "https://office.example", "office.example"
SUBMISSION = "SYN-2026-0001"
RECEIVED_ON = date(2026, 11, 3)


def certificate(name: str) -> tuple[ec.EllipticCurvePrivateKey, str]:
    """An officer's key and self-signed certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .sign(key, SHA256())
    )
    return key, made.public_bytes(Encoding.PEM).decode()


def register_officers(office: Office, names: set[str], agency: str) -> None:
    """Enter officers as two people would."""
    from counterseal.store.models import Officer
    from counterseal.vault.certificates import certificate_sha256

    now, entered = office.clock.now(), []
    for name in sorted(names):
        pem = certificate(name)[1]
        entered.append(Officer(
            agency_id=agency, officer=name, certificate=pem, sha256=certificate_sha256(pem),
            valid_from=date(2020, 1, 1), valid_to=date(2100, 1, 1), proposed_by="a", proposed_at=now,
            proposal_entry=0, confirmed_by="b", confirmed_at=now, confirmation_entry=0,
        ))  # fmt: skip
    Officer.objects.bulk_create(entered)


@dataclass
class People:
    """Officials by name, each with a software passkey."""

    ids: dict[str, int]
    keys: dict[str, SoftPasskey]


def passkey_of(name: str) -> SoftPasskey:
    """Give the passkey of an official, the same wherever it is made."""
    return SoftPasskey(hashlib.sha256(name.encode()).digest())


def staff(office: Office, *names: tuple[str, Role]) -> People:
    """Make officials and enrol their passkeys."""
    from counterseal.flow.people import enrol_key
    from counterseal.store.models import Official

    ids, keys = {}, {}
    for name, role in names:
        ids[name] = Official.objects.create(username=name, role=role.value).pk
        keys[name] = passkey_of(name)
        enrol_key(office, ids[name], keys[name].credential, keys[name].public_key)
    return People(ids, keys)


@dataclass
class FakeSealer:
    """Stands for the sealer's process where a test is about what comes before it."""

    asked: list[Mapping[str, object]]

    def __call__(self, request: Mapping[str, object], package: Path) -> None:
        self.asked.append(request)
        package.write_bytes(b"sealed")


@dataclass
class AtWork:
    office: Office
    people: People
    sealer: FakeSealer
    folder: Path

    def cases(self) -> list[int]:
        from counterseal.store.models import Case

        return list(Case.objects.order_by("pk").values_list("pk", flat=True))

    def evidence(self, name: str, case: int, **other: str) -> dict[str, str]:
        from counterseal.flow.casework import ready_to_sign

        over = bytes.fromhex(ready_to_sign(self.office, case).release.digest)
        return self.people.keys[name].sign(over, **{"origin": ORIGIN, "rp_id": RP_ID, **other})

    def sign(self, name: str, case: int, *, second: bool = False, evidence: dict[str, str] | None = None) -> None:
        from counterseal.flow.casework import Site, sign_first, sign_second

        (sign_second if second else sign_first)(
            self.office, case, self.people.ids[name], self.people.keys[name].credential,
            evidence or self.evidence(name, case), Site(ORIGIN, RP_ID),
        )  # fmt: skip

    def reviewed(self, case: int, name: str = "sam") -> None:
        from counterseal.flow.casework import determine, take

        take(self.office, case, self.people.ids[name])
        determine(self.office, case, self.people.ids[name], "Nothing identifies an informant.")

    def state(self, case: int) -> str:
        from counterseal.store.casework import held_case

        return held_case(case).state.value


def run_office(folder: Path, made_up: Path) -> Path:
    """Make an office and run the made-up request in it."""
    with database_of_its_own("ran"):
        wiring.establish(folder, demonstration=True)
        at = wiring.open_office(folder)
        summary, _ = wiring.run(
            at, made_up / "request" / SUBMISSION, made_up / "registry", received_on=RECEIVED_ON, agreement=None,
            progress=None,
        )  # fmt: skip
        connections.close_all()
    summary_of(folder).write_bytes(pickle.dumps(summary))
    return folder


def summary_of(office_that_ran: Path) -> Path:
    """Where it stands what the run in that office said."""
    return office_that_ran.with_suffix(".summary")


def copy_office(office: Path, folder: Path, name: str = "ran") -> Path:
    """Copy an office that was made in ``database_of_its_own``, folder and case database."""
    if POSTGRESQL in os.environ:
        connections.close_all()
        empty_out(os.environ[POSTGRESQL], like=f"{os.environ[POSTGRESQL]}_{name}")
    return shutil.copytree(office, folder)


@pytest.fixture
def at_work(tmp_path: Path, office_at_work: Path) -> AtWork:
    """An office with a run behind it, two specialists, two releasing officials and counsel."""
    return back_to_work(copy_office(office_at_work, tmp_path / "office", "at_work"))


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Give an office made once for all workers; on PostgreSQL, where each has a database of its own, once for each."""
    if POSTGRESQL not in os.environ:
        return once(factory, name, make)
    folder = factory.mktemp(name) / "office"
    make(folder)
    return folder


@contextmanager
def database_of_its_own(name: str, like: str | None = None) -> Iterator[None]:
    """Where the tests run on PostgreSQL, let offices opened within keep their cases beside the tests' own database."""
    if POSTGRESQL not in os.environ:
        yield
        return
    given = os.environ[POSTGRESQL]
    empty_out(f"{given}_{name}", like=f"{given}_{like}" if like else None)
    settings.ENVIRONMENT.database_url = SecretStr(f"{given}_{name}")
    yield
    settings.ENVIRONMENT.database_url = SecretStr(given)


def empty_out(url: str, like: str | None = None) -> None:
    """Make the database of that address anew: empty, or as the one of another address is."""
    import psycopg

    server, _, name = url.rpartition("/")
    template = f" TEMPLATE {like.rpartition('/')[2]}" if like else ""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}{template}")


def put_to_work(folder: Path) -> AtWork:
    """Staff an office whose run is done, and register the officers whom its requests name."""
    sealer = FakeSealer([])
    office = replace(wiring.open_office(folder), sealer=sealer)
    people = staff(
        office, ("sam", Role.SPECIALIST), ("sue", Role.SPECIALIST), ("rae", Role.RELEASING), ("rob", Role.RELEASING),
        ("cora", Role.COUNSEL),
    )  # fmt: skip
    rows = table_of(folder / "batches" / SUBMISSION / "rows.parquet", columns=["officers"]).to_pylist()
    named = {one.strip() for row in rows for one in (row["officers"] or "").split(";") if one.strip()}
    from counterseal.store.models import Submission

    register_officers(office, named, Submission.objects.get().agency_id)
    return AtWork(office, people, sealer, folder)


def back_to_work(folder: Path) -> AtWork:
    """Open a copy of an office that ``put_to_work`` left."""
    from counterseal.store.models import Official

    sealer = FakeSealer([])
    office = replace(wiring.open_office(folder), sealer=sealer)
    ids = dict(Official.objects.values_list("username", "pk"))
    return AtWork(office, People(ids, {name: passkey_of(name) for name in ids}), sealer, folder)
