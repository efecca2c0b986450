"""What a program may do, what it may not, and what a cut or a repeated call leaves."""

from __future__ import annotations

import json
from datetime import date
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.api.conftest import Agencies

SUBMISSION = "SYN-2026-0001"


def work_inbox(*given):
    from counterseal.flow.inbox import work_inbox as work

    return work(*given)


def rows_of(submission: Path) -> bytes:
    return (submission / json.loads((submission / "manifest.json").read_text())["rows"]).read_bytes()


def test_a_registry_of_the_office_that_is_wrong_and_refuses_an_agencys_request(agencies: Agencies, tmp_path: Path):
    """The fault is the custodian's: the request waits, the agency reads nothing of it, and then it is taken."""
    agencies.ice.send(agencies.request)
    (worked,) = work_inbox(agencies.office, tmp_path / "no registry")
    assert (worked.state, worked.code) == ("waiting", "registry-unreadable")
    assert "registry" not in agencies.ice.call("GET", f"/submissions/{SUBMISSION}").text
    assert agencies.ice.call("GET", f"/submissions/{SUBMISSION}").json()["status"] != "refused"
    (worked,) = work_inbox(agencies.office, agencies.registry)
    assert worked.state == "taken"


def test_from_an_upload_to_its_response(agencies: Agencies):
    """The whole way by one agency, and at each step the other agency finds nothing there."""
    ice, other = agencies.ice, agencies.other
    upload = ice.send(agencies.request)
    assert ice.call("GET", f"/submissions/{SUBMISSION}").json()["status"] == "waiting"
    assert ice.call("GET", f"/submissions/{SUBMISSION}/response").status_code == 409
    (worked,) = work_inbox(agencies.office, agencies.registry)
    assert (worked.state, worked.code) == ("taken", "")
    assert work_inbox(agencies.office, agencies.registry) == []
    seen = ice.call("GET", f"/submissions/{SUBMISSION}").json()
    assert (seen["status"], seen["desired_status"], seen["rows"]) == ("determined", "answered", 900)
    response = ice.call("GET", f"/submissions/{SUBMISSION}/response")
    lines = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    assert len(lines) == 900
    assert {line["answer"] for line in lines} <= {"refused", "cure", "pending"}
    history = ice.call("GET", f"/submissions/{SUBMISSION}/rows/5/history").json()
    assert history[0]["row"] == 5
    assert history[0]["answer"] == lines[4]["answer"]
    assert ice.call("GET", f"/submissions/{SUBMISSION}/rows/901/history").status_code == 404
    assert ice.call("GET", f"/submissions/{SUBMISSION}/notice")["Content-Type"] == "application/pdf"

    nothing = other.call("GET", "/submissions/NO-SUCH")
    for method, path, body in (
        ("GET", f"/uploads/{upload}", None), ("GET", f"/submissions/{SUBMISSION}", None),
        ("GET", f"/submissions/{SUBMISSION}/response", None), ("GET", f"/submissions/{SUBMISSION}/notice", None),
        ("GET", f"/submissions/{SUBMISSION}/rows/5/history", None),
        ("PATCH", f"/submissions/{SUBMISSION}", {"desired_status": "withdrawn"}),
        ("POST", f"/uploads/{upload}/completion", {"manifest": "{}"}),
    ):  # fmt: skip
        answer = other.call(method, path, body)
        assert (answer.status_code, answer.content) == (404, nothing.content), path
    assert other.piece(upload, 0, b"x").content == nothing.content
    assert other.call("GET", "/submissions").json() == []
    assert other.announce(agencies.request, submission="MINE", cures=SUBMISSION).status_code == 404


def test_an_upload_that_is_cut_at_every_piece(agencies: Agencies):
    """After each cut the offset says where to go on; a piece sent twice, too early or damaged changes nothing."""
    ice, rows = agencies.ice, rows_of(agencies.request)
    upload = ice.announce(agencies.request).json()["id"]
    step = len(rows) // 6 + 1
    folder = agencies.office.workspace.inbox(upload)
    for offset in range(0, len(rows), step):
        piece = rows[offset : offset + step]
        with (folder / "rows.part").open("ab") as part:
            part.write(piece[: len(piece) // 2])  # the cut: bytes on disk that no answer told of
        assert ice.call("GET", f"/uploads/{upload}").json()["offset"] == offset
        assert ice.complete(upload, agencies.request).status_code == 409
        assert ice.piece(upload, offset + 1, piece[1:]).status_code == 409
        told = ice.call("PATCH", f"/uploads/{upload}/rows", piece[:-1] + b"?", **{
            "Upload-Offset": str(offset), "Content-Digest": f"sha-256=:{'A' * 43}=:"})  # fmt: skip
        assert told.status_code == 422
        assert ice.piece(upload, offset, piece).json()["offset"] == offset + len(piece)
        assert ice.piece(upload, offset, piece).status_code in {409, 422}
    assert ice.complete(upload, agencies.request).json()["state"] == "complete"
    assert (folder / json.loads((agencies.request / "manifest.json").read_text())["rows"]).read_bytes() == rows
    assert ice.piece(upload, len(rows), b"more").status_code in {409, 422}


def test_a_token_that_is_used_twice_or_is_for_somebody_else(agencies: Agencies):
    ice = agencies.ice
    token = ice.token()
    assert ice.call("GET", "/submissions", token=token).status_code == 200
    again = ice.call("GET", "/submissions", token=token)
    assert (again.status_code, again["Content-Type"]) == (401, "application/problem+json")
    for claims in ({"aud": "somebody.example"}, {"iss": "other"}, {"exp": 9_999_999_999}):
        assert ice.call("GET", "/submissions", token=ice.token(**claims)).status_code == 401
    ice.name = "secretary"
    assert ice.call("GET", "/submissions").status_code == 401, "a signer's key opens no interface"


def test_a_key_that_was_ended_or_is_past_its_time(agencies: Agencies):
    from counterseal.flow.register import end
    from counterseal.store.models import AgencyKey
    from counterseal.store.registration import Kind

    AgencyKey.objects.filter(pk=agencies.other.key).update(valid_to=date(2026, 1, 2))
    assert agencies.other.call("GET", "/submissions").json()["code"] == "key-expired"
    end(agencies.office, Kind.KEY, agencies.ice.key, by="A. One", why="lost")
    assert agencies.ice.call("GET", "/submissions").json()["code"] == "key-ended"


def test_a_call_that_is_repeated(agencies: Agencies):
    """Under one Idempotency-Key the same call does one thing; another call under it is refused."""
    ice = agencies.ice
    form = {"submission": "S-2", "rows": "rows.csv", "size": 10, "sha256": "0" * 64}
    first, again = (ice.call("POST", "/uploads", form, **{"Idempotency-Key": "once-only"}) for _ in range(2))
    assert (first.status_code, first.json()) == (again.status_code, again.json())
    other = ice.call("POST", "/uploads", form | {"submission": "S-3"}, **{"Idempotency-Key": "once-only"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key")
    assert ice.call("POST", "/uploads", form).json()["code"] == "upload-open"


def test_a_manifest_that_is_not_the_upload_s(agencies: Agencies, made_up: Path, tmp_path: Path):
    """Unsigned beside a wrong signature, another agency's, another submission's: each refused, the upload stays open."""
    from tests.api.conftest import signed_request

    ice, key = agencies.ice, agencies.ice.folder / "secretary.key"
    upload = ice.announce(agencies.request).json()["id"]
    ice.piece(upload, 0, rows_of(agencies.request))
    size, _ = agencies.office.ledger.size_and_root()
    for name, changes, code in (
        ("a", {"submission": "S-9"}, "upload-differs"), ("b", {"requesting_agency": "Another Agency"}, "upload-differs"),
        ("c", {"signer": {"name": "Somebody", "office": "Secretary of Homeland Security"}}, "signer-differs"),
    ):  # fmt: skip
        wrong = signed_request(made_up, tmp_path / name, key, **changes)
        told = ice.complete(upload, wrong)
        assert (told.status_code, told.json()["code"]) == (422, code)
        assert "Somebody" not in told.content.decode()
    assert agencies.office.ledger.size_and_root()[0] == size + 2, "refusals of a signature and an agency are entries"
    assert ice.complete(upload, agencies.request).status_code == 200


def test_a_submission_that_was_withdrawn_goes_on(agencies: Agencies):
    from counterseal.store.models import Case

    ice = agencies.ice
    ice.send(agencies.request)
    work_inbox(agencies.office, agencies.registry)
    assert Case.objects.filter(state="open").count() > 100
    for _ in range(2):
        answer = ice.call("PATCH", f"/submissions/{SUBMISSION}", {"desired_status": "withdrawn"})
        assert (answer.json()["status"], answer.json()["desired_status"]) == ("withdrawn", "withdrawn")
    assert set(Case.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_an_agency_that_withdraws_what_another_sent_under_the_same_id(agencies: Agencies):
    """Each agency names its own submissions; one's withdrawal neither ends the other's nor stands in its way."""
    from counterseal.store.models import Case

    ice, other = agencies.ice, agencies.other
    ice.send(agencies.request)
    work_inbox(agencies.office, agencies.registry)
    assert other.announce(agencies.request).status_code == 201
    wish = {"desired_status": "withdrawn"}
    assert other.call("PATCH", f"/submissions/{SUBMISSION}", wish).json()["status"] == "withdrawn"
    assert ice.call("GET", f"/submissions/{SUBMISSION}").json()["status"] == "determined"
    assert Case.objects.filter(state="open").count() > 100
    assert ice.call("PATCH", f"/submissions/{SUBMISSION}", wish).json()["status"] == "withdrawn"
    assert set(Case.objects.values_list("state", flat=True)) == {"withdrawn"}


def test_a_withdrawn_upload_that_is_run(agencies: Agencies):
    from counterseal import wiring

    agencies.ice.send(agencies.request)
    agencies.ice.call("PATCH", f"/submissions/{SUBMISSION}", {"desired_status": "withdrawn"})
    assert work_inbox(agencies.office, agencies.registry) == []
    with pytest.raises(Exception, match="withdrawn"):
        wiring.run(agencies.office, agencies.request, agencies.registry, received_on=date(2026, 11, 23),
                   agreement=None, progress=None)  # fmt: skip


def test_a_worker_that_dies_in_the_middle(agencies: Agencies, monkeypatch):
    from counterseal.flow import run as run_module

    agencies.ice.send(agencies.request)

    def cut(*_given, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(run_module, "screen_rows", cut)
        work_inbox(agencies.office, agencies.registry)
    assert agencies.ice.call("GET", f"/submissions/{SUBMISSION}").json()["status"] == "received"
    (worked,) = work_inbox(agencies.office, agencies.registry)
    assert worked.state == "taken"


def test_more_calls_than_an_agency_may_make(agencies: Agencies, monkeypatch):
    from counterseal.flow import caller

    monkeypatch.setattr(caller, "CALLS_A_MINUTE", 2)
    answers = [agencies.ice.call("GET", "/submissions") for _ in range(6)]
    assert 429 in {one.status_code for one in answers}
    assert answers[-1]["Retry-After"]
    assert agencies.other.call("GET", "/submissions").status_code == 200


def test_a_certificate_that_the_proxy_did_not_tell(agencies: Agencies):
    """``Client-Cert`` counts from a trusted address alone, and only with a registered key in it."""
    import base64
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import serialization
    from django.conf import settings
    from django.test import Client

    from counterseal.vault.signing import read_signer

    def told(key: Path) -> str:
        private = read_signer(key)._private
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "program")])
        days = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
        made = x509.CertificateBuilder(name, name, private.public_key(), 7, *days).sign(private, None)
        return f":{base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()}:"

    client = Client(SERVER_NAME="127.0.0.1")
    own, signer = told(agencies.ice.folder / "client.key"), told(agencies.ice.folder / "secretary.key")

    def status(certificate: str) -> int:
        return client.get("/api/v1/submissions", headers={"Client-Cert": certificate}).status_code

    assert status(own) == 401
    before, settings.ENVIRONMENT.client_certificate_from = settings.ENVIRONMENT.client_certificate_from, "127.0.0.1"
    try:
        assert [status(one) for one in (own, signer, ":AAAA:", "x")] == [200, 401, 401, 401]
    finally:
        settings.ENVIRONMENT.client_certificate_from = before


def test_an_officer_whom_only_the_agency_knows(agencies: Agencies):
    from tests.cli.test_agency import self_signed

    form = {"officer": "OFC-00001", "certificate": self_signed("OFC-00001").decode()}
    assert agencies.ice.call("POST", "/officers", form).json()["state"] == "proposed"
    assert agencies.ice.call("POST", "/officers", form).status_code == 409
    assert agencies.ice.call("POST", "/officers", form | {"officer": "OFC-2", "certificate": "x"}).status_code == 422
    assert [one["state"] for one in agencies.ice.call("GET", "/officers").json()] == ["proposed"]
    assert agencies.other.call("GET", "/officers").json() == []
