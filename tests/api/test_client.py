"""The typed client against the real interface: what it sends is taken, what it is told it tells."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import httpx
import pytest
from tests.api.conftest import SUBMISSION, Agencies, signed_request

from counterseal_client import Client, ProblemError, ProgramKey, Upload

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def client(agencies: Agencies) -> Client:
    """The first agency's program."""
    return client_of(agencies, "ice")


def client_of(agencies: Agencies, agency: str) -> Client:
    from counterseal.web.wsgi import application

    folder = agencies.ice.folder if agency == "ice" else agencies.other.folder
    http = httpx.Client(transport=httpx.WSGITransport(app=application), base_url="http://127.0.0.1")
    return Client(http, agency, ProgramKey.read(folder / "client.key"))


def work(agencies: Agencies) -> None:
    from counterseal import agency_wiring

    agency_wiring.work(agencies.office, agencies.registry, None)


def test_a_request_that_never_gets_its_response(client: Client, agencies: Agencies):
    upload = client.submit(agencies.request)
    assert (upload.state, upload.offset) == ("complete", upload.size)
    work(agencies)
    found = client.submission(SUBMISSION)
    assert (found.status, found.desired_status) == ("determined", "answered")
    answers = list(client.response(SUBMISSION))
    assert len(answers) == found.rows == 900
    refused = next(one for one in answers if one.answer == "refused")
    assert refused.reasons[0].cite
    assert client.notice(SUBMISSION).startswith(b"%PDF")
    assert client.history(SUBMISSION, 1)[0].row == 1
    with pytest.raises(ProblemError) as early:
        client.packages(SUBMISSION)
    assert (early.value.status, early.value.code) == (409, "not-answered")
    assert client.withdraw(SUBMISSION).desired_status == "withdrawn"
    assert [one.submission for one in client.submissions()] == [SUBMISSION]


def test_an_upload_that_does_not_go_on_after_a_cut(client: Client, agencies: Agencies, monkeypatch: pytest.MonkeyPatch):
    """The connection breaks after each piece; the client asks where to go on."""
    monkeypatch.setattr(client, "_piece", 20_000)
    rows = agencies.request / json.loads((agencies.request / "manifest.json").read_text())["rows"]
    told = agencies.ice.announce(agencies.request).json()
    upload, pieces = Upload.read(told), 0
    send = client._send

    class Cut(Exception):  # noqa: N818
        pass

    def cut(*words: object, **named: object) -> httpx.Response:
        send(*words, **named)
        raise Cut

    while upload.offset < upload.size:
        with monkeypatch.context() as broken, pytest.raises(Cut):
            broken.setattr(client, "_send", cut)
            client.send_rows(upload, rows)
        upload, pieces = client.upload(upload.id), pieces + 1
    assert pieces > 5
    assert client.send_rows(upload, rows) == upload


def test_somebody_else_s_submission(client: Client, agencies: Agencies):
    client.submit(agencies.request)
    work(agencies)
    other = client_of(agencies, "other")
    for ask in (
        lambda: other.submission(SUBMISSION), lambda: other.notice(SUBMISSION), lambda: list(other.response(SUBMISSION)),
        lambda: other.packages(SUBMISSION), lambda: other.history(SUBMISSION, 1),
        lambda: other.acknowledge(SUBMISSION, 1, b"{}"), lambda: other.withdraw(SUBMISSION),
    ):  # fmt: skip
        with pytest.raises(ProblemError) as refused:
            ask()
        assert (refused.value.status, refused.value.code) == (404, "not-found")


def test_a_manifest_that_was_changed_after_it_was_signed(
    client: Client, agencies: Agencies, made_up: Path, tmp_path: Path
):
    changed = signed_request(made_up, tmp_path / "changed", agencies.ice.folder / "secretary.key")
    manifest = (changed / "manifest.json").read_text()
    (changed / "manifest.json").write_text(manifest.replace("sole-use", "sole-use "))
    with pytest.raises(ProblemError) as refused:
        client.submit(changed)
    assert refused.value.code == "signature-wrong"


def test_a_small_program_that_loads_the_office():
    told = "import sys, counterseal_client; print([m for m in sys.modules if m.split('.')[0] in ('counterseal', 'django')])"
    done = subprocess.run((sys.executable, "-c", told), check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "[]"
