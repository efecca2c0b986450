"""The demonstration: a case in every state that acts lead to, and nobody who could sign in somebody's name."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from tests.flow.casework import copy_office
from tests.flow.test_casework import refused

from counterseal import wiring

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def staged(tmp_path: Path, office_that_ran: Path) -> tuple[Path, dict[int, str]]:
    folder = copy_office(office_that_ran, tmp_path / "office")
    wiring.open_office(folder)
    (tmp_path / "keys-before").write_text(" ".join(sorted(one.name for one in (folder / "keys").iterdir())))
    return folder, wiring.stage_demonstration(folder)


def test_a_demonstration_without_a_case_in_each_state(staged: tuple[Path, dict[int, str]]):
    from counterseal.store.models import Case

    _, told = staged
    assert set(told.values()) >= {
        "in_review", "signed_once", "signed_twice", "intended", "released", "refused", "returned", "held", "stopped",
    }  # fmt: skip
    found = Counter(Case.objects.values_list("state", flat=True))
    assert found["open"]
    assert {case: Case.objects.get(pk=case).state for case in told} == told


def test_a_key_that_signs_after_the_staging(staged: tuple[Path, dict[int, str]]):
    """No seed of a software passkey is kept, and who signs in has no key that is not their own."""
    from counterseal.store.casework import credentials, official_named
    from counterseal.store.models import Official

    folder, _ = staged
    for name in ("specialist", "releasing", "counsel"):
        assert credentials(official_named(name)) == []
    assert not Official.objects.get(username="dana").has_usable_password()
    kept = (folder.parent / "keys-before").read_text().split()
    assert sorted(one.name for one in (folder / "keys").iterdir()) == kept


def test_an_officer_whose_key_is_not_that_of_the_certificate(staged: tuple[Path, dict[int, str]]):
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key

    from counterseal.store.models import AgencyRoot, Officer

    folder, _ = staged
    kept = folder / "demonstration-officers"
    root = x509.load_pem_x509_certificate(AgencyRoot.objects.get().certificate.encode())
    officers = list(Officer.objects.all())
    assert officers
    for one in officers:
        certificate = x509.load_pem_x509_certificate(one.certificate.encode())
        certificate.verify_directly_issued_by(root)
        key = load_pem_private_key((kept / f"{one.officer}.key").read_bytes(), None)
        form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        assert key.public_key().public_bytes(*form) == certificate.public_key().public_bytes(*form)
        assert (kept / f"{one.officer}.key").stat().st_mode & 0o077 == 0


def test_an_office_of_people_that_is_staged(tmp_path: Path, empty_database: None):
    wiring.establish(tmp_path / "office", demonstration=False)
    with refused("not-a-demonstration"):
        wiring.stage_demonstration(tmp_path / "office")
