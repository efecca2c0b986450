"""Audit: nothing opens without a reason, nothing is changed, and what is taken away proves itself."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import zipfile
from typing import TYPE_CHECKING

import pytest
from tests.web.conftest import ROOT
from tests.web.databases import copy_workspace
from tests.web.test_casework_pages import entries, tin_of, with_tin
from tests.web.test_doors import client_of, served_here

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def worked(workspace: Path, tmp_path: Path) -> Iterator[Path]:
    """A copy of the office in which a specialist has acted on two cases."""
    from counterseal import wiring

    folder = tmp_path / "office"
    copy_workspace(workspace, folder)
    with served_here(folder):
        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        client = client_of("specialist")
        for case in (1, 2):
            client.post(f"/cases/{case}/take/")
            client.get(f"/cases/{case}/")
        client.post("/cases/2/give-back/", {"why": "=HYPERLINK(1) in the note"})
        client_of("releasing").get("/cases/1/")
        yield folder


def test_a_case_that_opens_without_a_reason(worked: Path):
    """Oversight reads a case after its reason is entered, and finds no number in clear and nothing to press."""
    case = with_tin(worked)
    client, before = client_of("oversight"), len(entries("inspected"))
    assert client.get(f"/cases/{case}/").status_code == 403
    asked = client.get(f"/audit/cases/{case}/").content.decode()
    assert "What the request says" not in asked
    refused = client.post(f"/audit/cases/{case}/", {"reason": " "})
    assert (refused.status_code, "What the request says" in refused.content.decode()) == (409, False)
    assert len(entries("inspected")) == before
    shown = client.post(f"/audit/cases/{case}/", {"reason": "sample 12"}).content.decode()
    assert "What the request says" in shown
    assert tin_of(worked, case) not in shown
    assert "Reveal" not in shown
    assert shown.count("<form") == 1, "only signing out"
    (entry,) = entries("inspected")[before:]
    assert entry["body"] == {"what": "case", "role": "oversight"}
    assert set(entry["commitments"]) == {"case", "official", "reason"}


def test_an_act_or_a_look_that_no_audit_finds(worked: Path):
    from counterseal.store.audit import audit_page, looks_without_entry
    from counterseal.store.casework import official_named

    sam = official_named("specialist")
    every = audit_page(case=None, official=None, number=1, size=50)
    assert [one.entry for one in every.lines] == sorted((one.entry for one in every.lines), reverse=True)
    assert [(one.what, one.official, one.case) for one in every.lines][::-1] == [
        ("take", "specialist", 1), ("look: case", "specialist", 1), ("take", "specialist", 2),
        ("look: case", "specialist", 2), ("give back", "specialist", 2), ("look: case", "releasing", 1),
    ]  # fmt: skip
    assert {one.case for one in audit_page(case=1, official=None, number=1, size=50).lines} == {1}
    assert audit_page(case=1, official=sam, number=1, size=50).total == 2
    assert (
        audit_page(case=None, official=sam, number=2, size=3).lines
        == audit_page(case=None, official=sam, number=1, size=50).lines[3:]
    )
    assert looks_without_entry() == (3, 3)
    page = client_of("oversight").get("/audit/", {"case": "2"}).content.decode()
    assert "HYPERLINK" not in page, "words about a case stand on no list"
    from counterseal.store.models import Inspection

    Inspection.objects.all().delete()
    assert "Looks are missing here" in client_of("oversight").get("/audit/").content.decode()


def test_an_export_that_does_not_prove_itself(worked: Path, tmp_path: Path):
    """Each line's receipt verifies with the second verifier, from the files of the export alone."""
    client, before = client_of("oversight"), len(entries("inspected"))
    answer = client.post("/audit/export/", {"case": "", "official": ""})
    assert answer["Content-Type"] == "application/zip"
    assert entries("inspected")[before:][0]["body"]["what"] == "audit"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        packed.extractall(tmp_path / "taken")
    taken = tmp_path / "taken"
    lines = list(csv.DictReader(io.StringIO((taken / "audit.csv").read_text())))
    assert len(lines) == 6
    assert not any(value.startswith(("=", "+", "-", "@")) for line in lines for value in line.values())
    for line in lines:
        entry = taken / "entries" / f"entry-{line['entry']}.json"
        assert _verifies(taken / line["receipt"], entry, taken / "log.vkey")
    entry.write_bytes(entry.read_bytes().replace(b"2026", b"2025"))
    assert not _verifies(taken / line["receipt"], entry, taken / "log.vkey")


def _verifies(receipt: Path, entry: Path, key: Path) -> bool:
    call = ["receipt", receipt, "--entry", entry, "--key", key.read_text().strip()]
    told = subprocess.run(
        [sys.executable, "-m", "counterseal_verify.verify", *map(str, call)],
        cwd=ROOT, env={"PYTHONPATH": str(ROOT / "src")}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert told.returncode in {0, 1}, told.stderr
    return told.returncode == 0


@pytest.mark.parametrize("query", ["?case=x", "?official=-1", "?case=1%27", "?official=9999999999999999999999"])
def test_a_filter_that_is_none(worked: Path, query: str):
    assert client_of("oversight").get(f"/audit/{query}").status_code == 404


def test_an_audit_taken_by_somebody_else(worked: Path):
    for role in ("specialist", "releasing", "counsel", "administrator", "requester", "clerk"):
        assert client_of(role).post("/audit/export/").status_code == 403
        assert client_of(role).post("/audit/cases/1/", {"reason": "curious"}).status_code == 403
