"""The requester's pages: what is checked and kept, what is sent and refused, and who sees whose."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from tests.api.conftest import SUBMISSION, Agencies, agencies, signed_request  # noqa: F401  # a fixture
from tests.conftest import CANARY
from tests.web.test_stop_order_pages import just_now

if TYPE_CHECKING:
    from pathlib import Path

    from django.test import Client

SMALL = 1_500_000


@pytest.fixture
def two(agencies: Agencies) -> Agencies:  # noqa: F811
    """Give each agency one person who signs in."""
    from counterseal.core.official import Role
    from counterseal.store.officials import add_official, set_sign_in

    for name, agency in (("ira", "ice"), ("oto", "other")):
        add_official(name, Role.REQUESTER, agency)
    add_official("nobody", Role.REQUESTER)
    for name in ("ira", "oto"):
        set_sign_in(name, Role.REQUESTER, "correct horse battery staple")
    return agencies


def client_of(name: str) -> Client:
    from django.contrib.auth import get_user_model
    from django.test import Client

    client = Client(SERVER_NAME="127.0.0.1")
    client.force_login(get_user_model().objects.get(username=name))
    return client


def files(folder: Path, *leave: str, **other: bytes) -> dict[str, Any]:
    manifest = json.loads((folder / "manifest.json").read_text())
    held = {"rows": folder / manifest["rows"], "manifest": folder / "manifest.json",
            "signature": folder / "manifest.json.sig"}  # fmt: skip
    read = {name: other.get(name, path.read_bytes()) for name, path in held.items() if name not in leave}
    return {name: SimpleUploadedFile(held[name].name, raw) for name, raw in read.items()}


def everything(two: Agencies) -> dict[str, bytes]:
    """Every file of the office that holds anything, but for the database's own log."""
    root = two.office.workspace.root
    return {str(path): path.read_bytes() for path in root.rglob("*") if path.is_file() and "-shm" not in path.name}


def entries() -> int:
    from counterseal.store.models import LedgerEntry

    return LedgerEntry.objects.count()


def test_a_check_that_keeps_something(two: Agencies, monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Not a file, not an entry, not a row in the database; and no registry is opened."""
    from counterseal.flow import identify, requester
    from counterseal.store.models import Submission, Upload

    def opened(*_: object, **__: object) -> None:
        raise AssertionError("a registry was opened")

    monkeypatch.setattr(identify, "identify_rows", opened)
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    client = client_of("ira")
    before, count = everything(two), entries()
    answer = client.post("/requester/check/", files(two.request, "signature"))
    told = answer.content.decode()
    assert answer.status_code == 200, told
    assert "What to mend before it is signed" in told
    assert "Nothing of it was kept" in told
    assert list(scratch.iterdir()) == []
    assert {path for path in everything(two) if "sqlite3" not in path} == {p for p in before if "sqlite3" not in p}
    assert (entries(), Submission.objects.count(), Upload.objects.count()) == (count, 0, 0)
    assert not any(one in told for one in CANARY)
    assert requester.LARGEST_BY_PAGE > SMALL


def test_a_check_that_disagrees_with_the_answer(two: Agencies):
    """What the check says of each facial rule is what the run then finds, but for what only the register knows."""
    from counterseal.flow.inbox import work_inbox
    from counterseal.flow.requester import Sent, check, read_response

    def sent() -> Sent:
        manifest = json.loads((two.request / "manifest.json").read_text())
        raw = (two.request / manifest["rows"]).read_bytes()
        return Sent([raw], len(raw), (two.request / "manifest.json").read_bytes())

    found = check(two.office, sent())
    client = client_of("ira")
    answer = client.post("/requester/send/", files(two.request))
    assert answer["Location"] == f"/requester/requests/{SUBMISSION}/"
    assert [one.state for one in work_inbox(two.office, two.registry)] == ["taken"]
    read = read_response(two.office, "ice", SUBMISSION)
    checked = {one.rule: one.rows for one in found.reasons}
    run: dict[str, int] = {}
    for one in read.reasons:
        run[one.rule] = run.get(one.rule, 0) + one.rows
    assert len(run) > 3
    assert all(rows <= checked[rule] for rule, rows in run.items()), "a pending row has reasons too, and tells none"
    pending = found.outcomes["admitted"] + found.outcomes["judgement"]
    told = (found.outcomes["refused"], found.outcomes["cure"], pending)
    assert told == (read.answers["refused"], read.answers["cure"], read.answers["pending"])
    assert sum(read.answers.values()) == found.rows
    page = client.get(f"/requester/requests/{SUBMISSION}/").content.decode()
    for rule in run:
        assert f">{rule}</th>" in page
    assert not any(one in page for one in CANARY)


@pytest.mark.parametrize(
    ("change", "code"),
    [("rows", "The rows file is not the one that was announced"), ("signature", "signature"),
     ("manifest", "This key is missing"), ("nothing", "Choose")],
)  # fmt: skip
def test_a_request_that_is_refused_and_leaves_something(two: Agencies, change: str, code: str):
    """Nothing of it stays in the inbox, and the right files can follow under the same id."""
    from counterseal.store.models import Upload

    other = {"rows": b"a,b\n1,2\n", "signature": b"not a signature", "manifest": b"{}"}
    client = client_of("ira")
    given = files(two.request, **({change: other[change]} if change in other else {}))
    answer = client.post("/requester/send/", {} if change == "nothing" else given)
    assert answer.status_code == 409
    assert code in answer.content.decode()
    assert not list(two.office.workspace.root.glob("inbox/*/*"))
    assert not Upload.objects.filter(state__in=["open", "complete"]).exists()
    assert client.post("/requester/send/", files(two.request)).status_code == 302


def test_a_key_of_another_agency_that_signs(two: Agencies, made_up: Path, tmp_path: Path):
    forged = signed_request(made_up, tmp_path / "forged", two.other.folder / "secretary.key")
    answer = client_of("ira").post("/requester/send/", files(forged))
    assert answer.status_code == 409
    assert "No registered key of this agency has signed" in answer.content.decode()


def test_a_request_in_the_name_of_another_agency(two: Agencies):
    """Whoever signs in for one agency sends for that one: the manifest cannot say otherwise."""
    answer = client_of("oto").post("/requester/send/", files(two.request))
    assert answer.status_code == 409
    assert "not of the agency that sends it" in answer.content.decode()
    page = client_of("oto").get(f"/requester/requests/{SUBMISSION}/").content.decode()
    assert "upload-differs" in page, "its own attempt, refused, and nothing else"
    assert client_of("ira").get(f"/requester/requests/{SUBMISSION}/").status_code == 404


def test_an_agency_that_sees_another_s_request(two: Agencies):
    """Role × route × owner: to its own agency it is there, to the other it never was, to an account of none nothing is."""
    from counterseal.flow.inbox import work_inbox

    assert client_of("ira").post("/requester/send/", files(two.request)).status_code == 302
    work_inbox(two.office, two.registry)
    one = f"/requester/requests/{SUBMISSION}/"
    for address in (one, f"{one}letter.pdf", f"{one}response.jsonl", f"{one}withdraw/"):
        assert just_now("ira").get(address).status_code == 200, address
        assert just_now("oto").get(address).status_code == 404, address
        assert just_now("oto").post(address).status_code in {404, 405}, address
        assert just_now("nobody").get(address).status_code == 403, address
    for address in ("/requester/", "/requester/check/", "/requester/send/"):
        assert client_of("nobody").get(address).status_code == 403
    assert SUBMISSION in client_of("ira").get("/requester/").content.decode()
    assert SUBMISSION not in client_of("oto").get("/requester/").content.decode()
    assert SUBMISSION not in client_of("oto").get("/requester/send/").content.decode()
    never = client_of("oto").get("/requester/requests/NEVER-1/").content
    own = client_of("oto").get(one).content
    assert re.sub(rb"csrf\S+|value=\S+", b"", never) == re.sub(rb"csrf\S+|value=\S+", b"", own)


def test_a_request_that_is_withdrawn_by_a_page(two: Agencies):
    client = just_now("ira")
    assert client.post("/requester/send/", files(two.request)).status_code == 302
    address = f"/requester/requests/{SUBMISSION}/"
    assert client_of("ira").post(f"{address}withdraw/")["Location"].startswith("/account/reauthenticate/")
    assert client.post(f"{address}withdraw/")["Location"] == address
    page = client.get(address).content.decode()
    assert "Withdrawn" in page
    assert "Withdraw this request" not in page
