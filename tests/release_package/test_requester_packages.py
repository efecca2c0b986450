"""Packages and acknowledgements through the requester's pages: one's own, and nobody else's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.flow.casework import SUBMISSION
from tests.release_package.test_packages import answered, answered_once, at_work, authority  # noqa: F401  # fixtures
from tests.web.test_doors import served_here
from tests.web.test_requester_pages import client_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.flow.office import Office

ONE = f"/requester/requests/{SUBMISSION}/"


@pytest.fixture
def sealed(answered: tuple[Office, str, int, bytes]) -> Iterator[tuple[Office, str, int, bytes]]:  # noqa: F811
    from counterseal.core.official import Role
    from counterseal.store.officials import add_official

    office, agency, _, _ = answered
    with served_here(office.workspace.root):
        add_official("ira", Role.REQUESTER, agency)
        add_official("oto", Role.REQUESTER, "creditor-agency")
        yield answered


def acknowledged(client: Any, row: int, document: bytes) -> Any:
    sent = {"acknowledgement": SimpleUploadedFile("ack.json", document)}
    return client.post(f"{ONE}packages/{row}/acknowledge/", sent)


def test_a_package_that_only_a_program_can_fetch(sealed: tuple[Office, str, int, bytes]):
    from counterseal.flow.packages import own_package
    from counterseal.store.models import LedgerEntry

    office, agency, row, document = sealed
    client = client_of("ira")
    page = client.get(ONE).content.decode()
    assert "Packages" in page
    assert "0 of 1" in page
    answer = client.get(f"{ONE}packages/{row}/")
    assert b"".join(answer.streaming_content) == own_package(office, agency, SUBMISSION, row).read_bytes()
    assert client.get(f"{ONE}packages/{row}/acknowledge/").status_code == 200
    for wrong in (b"{}", b"\xff\x00", document.replace(b'"entry":', b'"entry" :1'), b"x" * 100_000):
        assert acknowledged(client, row, wrong).status_code == 409
    assert acknowledged(client, row, document)["Location"] == ONE
    assert acknowledged(client, row, document)["Location"] == ONE
    assert LedgerEntry.objects.filter(kind="acknowledged").count() == 1
    assert "1 of 1" in client.get(ONE).content.decode()
    letter = client.get(f"{ONE}letter.pdf")
    assert b"".join(letter.streaming_content).startswith(b"%PDF")


def test_an_agency_that_fetches_another_s_package(sealed: tuple[Office, str, int, bytes]):
    """To another agency neither the package nor the page is there; and a row without one has none."""
    _, _, row, document = sealed
    other = client_of("oto")
    for address in (ONE, f"{ONE}packages/{row}/", f"{ONE}packages/{row}/acknowledge/", f"{ONE}letter.pdf"):
        assert other.get(address).status_code == 404
    assert acknowledged(other, row, document).status_code == 404
    assert client_of("ira").get(f"{ONE}packages/{row + 1}/").status_code == 404
    assert client_of("ira").get(f"{ONE}packages/{2**70}/").status_code == 404
