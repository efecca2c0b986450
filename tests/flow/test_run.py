"""The main job, end to end, on whatever database the environment names."""

from __future__ import annotations

import json
import logging
import os
import pickle
import shutil
from collections import Counter
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.batch import bytes_of, table_of
from tests.conftest import CANARY
from tests.flow.casework import POSTGRESQL, copy_office, empty_out, summary_of

from counterseal import wiring
from counterseal.errors import CountersealError

RECEIVED_ON = date(2026, 11, 3)
SUBMISSION = "SYN-2026-0001"


def office(folder: Path, *, demonstration: bool = True):
    wiring.establish(folder, demonstration=demonstration)
    return wiring.open_office(folder)


def run(at, made_up: Path, registry: Path | None = None):
    return wiring.run(
        at, made_up / "request" / SUBMISSION, registry or made_up / "registry",
        received_on=RECEIVED_ON, agreement=None, progress=None,
    )[0]  # fmt: skip


def determinations(folder: Path) -> list[dict]:
    return pq.read_table(folder / "batches" / SUBMISSION / "determinations.parquet").to_pylist()


@pytest.fixture
def ran(tmp_path: Path, office_that_ran: Path):
    """A copy of an office whose run is done."""
    folder = copy_office(office_that_ran, tmp_path / "office")
    summary = pickle.loads(summary_of(office_that_ran).read_bytes())  # noqa: S301  # our own
    return wiring.open_office(folder), summary, folder


def test_a_defect_that_reaches_two_people(ran, made_up: Path):
    """No row becomes reviewable that the truth does not allow to; every row has the outcome allowed to it."""
    _, _, folder = ran
    truth = {row["row"]: row for row in pq.read_table(made_up / "request" / "truth.parquet").to_pylist()}
    wrong, abstained, sound = [], 0, 0
    for row in determinations(folder):
        told = truth[row["row"]]
        if row["outcome"] == "reviewable" and "reviewable" not in told["expected"]:
            wrong.append((told["kind"], row["row"]))
        if told["kind"] == "sound":
            sound += 1
            abstained += row["outcome"] == "not_disclosed"
            assert row["outcome"] in {"reviewable", "not_disclosed"}, row

    assert wrong == []
    assert sound > 300
    assert abstained / sound < 0.1


def test_rows_in_are_determinations_out(ran, made_up: Path):
    _, summary, folder = ran
    held = determinations(folder)
    lines = [json.loads(line) for line in (folder / "batches" / SUBMISSION / "response.jsonl").open(encoding="utf-8")]

    assert [row["row"] for row in held] == list(range(1, 901))
    assert Counter(row["outcome"] for row in held) == Counter(summary.outcomes)
    assert [line["request_ref"] for line in lines] == [row["request_ref"] or "" for row in held]


def test_a_person_stands_outside_the_batch(ran, caplog: pytest.LogCaptureFixture):
    """The canary is in the rows as received, and in no log, no letter, no ledger entry, no database column."""
    at, _, folder = ran
    rows = table_of(folder / "batches" / SUBMISSION / "rows.parquet").column("family_name").to_pylist()
    caplog.set_level(logging.DEBUG)
    at.ledger.publish()
    elsewhere = [p for p in folder.rglob("*") if p.is_file() and p.parent.name != SUBMISSION]
    elsewhere += [folder / "batches" / SUBMISSION / name for name in ("notice.html", "notice.pdf")]

    assert any("ZZYZXWORTH" in (name or "") for name in rows)
    for path in elsewhere:
        content = path.read_bytes()
        assert [token for token in CANARY if token.encode() in content] == [], path
    assert [token for token in CANARY if token in caplog.text] == []


def test_another_registry_changes_what_the_requester_is_told(tmp_path: Path, made_up: Path, empty_database: None):
    """The response and the letters are those of a run against a registry of nobody that was asked about."""
    from counterseal.flow.registry import build_registry
    from counterseal.synth.__main__ import registry
    from counterseal.vault.registry_files import RegistryFiles

    first = office(tmp_path / "one")
    run(first, made_up)
    told = tmp_path / "one" / "batches" / SUBMISSION
    kept = {name: (told / name).read_bytes() for name in ("response.jsonl", "notice.html")}
    screened = table_of(told / "screened.parquet")
    shutil.rmtree(tmp_path / "one")
    registry(50, tmp_path / "others", seed=99)
    build_registry(tmp_path / "others", tmp_path / "elsewhere", RegistryFiles(os.urandom))
    _clear()
    second = office(tmp_path / "two")
    summary = run(second, made_up, tmp_path / "elsewhere")
    again = tmp_path / "two" / "batches" / SUBMISSION

    assert summary.outcomes.get("reviewable", 0) <= 1
    assert {name: (again / name).read_bytes() for name in kept} == kept
    assert table_of(again / "screened.parquet") == screened


def _clear() -> None:
    import os

    if os.environ.get("COUNTERSEAL_DATABASE_URL"):
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute("DROP SCHEMA public CASCADE")
            cursor.execute("CREATE SCHEMA public")


def test_a_submission_that_is_run_twice(ran, made_up: Path):
    at, _, folder = ran
    before = {p: p.read_bytes() for p in (folder / "batches").rglob("*") if p.is_file()}
    size = at.ledger.size_and_root()

    with pytest.raises(CountersealError, match="already received"):
        run(at, made_up)

    assert {p: p.read_bytes() for p in (folder / "batches").rglob("*") if p.is_file()} == before
    assert at.ledger.size_and_root() == size


def test_an_agency_that_nobody_registered(tmp_path: Path, made_up: Path, empty_database: None):
    """A workspace that is no demonstration knows no agency: refused, and on record."""
    at = office(tmp_path / "office", demonstration=False)
    size, _ = at.ledger.size_and_root()

    with pytest.raises(CountersealError, match="agency-unknown"):
        run(at, made_up)

    assert at.ledger.size_and_root()[0] == size + 1
    assert list((tmp_path / "office" / "batches").iterdir()) == []


@pytest.mark.parametrize(
    ("scope", "reaches"),
    [
        ("everything", ""),
        ("agency", "ice"),
        ("agreement", "irs-ice-2025"),
        ("submission", SUBMISSION),
        ("statute", "8 USC 1253"),
    ],
)
def test_a_look_up_under_a_stop_order(tmp_path: Path, made_up: Path, empty_database: None, scope: str, reaches: str):
    at = office(tmp_path / "office")
    from django.utils.timezone import now

    from counterseal.store.models import StopOrder

    StopOrder.objects.create(scope=scope, reaches=reaches, authority="A court's order", issued_at=now(), issue_entry=1)
    summary = run(at, made_up)

    assert summary.outcomes.get("reviewable", 0) == summary.outcomes.get("not_disclosed", 0) == 0
    assert summary.outcomes["stopped"] > 0
    letter = (tmp_path / "office" / "batches" / SUBMISSION / "notice.html").read_text(encoding="utf-8")
    assert "No order in force forbids the disclosure" in letter
    assert not (tmp_path / "office" / "batches" / SUBMISSION / "identified.parquet").exists()


def test_a_run_that_was_cut_leaves_a_gap(tmp_path: Path, made_up: Path, empty_database: None, monkeypatch):
    """Cut after receipt, the same file is taken up again and comes out whole; the receipt is entered once."""
    from counterseal.flow import run as run_module

    at = office(tmp_path / "office")

    def cut(*_given, **_named):
        raise KeyboardInterrupt

    with monkeypatch.context() as broken, pytest.raises(KeyboardInterrupt):
        broken.setattr(run_module, "screen_rows", cut)
        run(at, made_up)
    assert list((tmp_path / "office" / "batches").iterdir()) == []
    summary = run(at, made_up)
    kinds = [json.loads(at.ledger.entry(n))["kind"] for n in range(at.ledger.size_and_root()[0])]

    assert sum(summary.outcomes.values()) == 900
    assert Counter(kinds)["received"] == Counter(kinds)["determined"] == 1


def test_one_row_is_proved_and_another_is_not(ran):
    """The entry's root holds each determination with its salt, and no other."""
    from counterseal.ledger.batch import batch_root

    at, _, folder = ran
    secret = bytes_of(folder / "batches" / SUBMISSION / "rows.secret")
    rows = [{**row, "request_ref": row["request_ref"] or ""} for row in determinations(folder)]
    entry = json.loads(at.ledger.entry(at.ledger.size_and_root()[0] - 1))
    root = entry["body"]["rows_root"]

    assert batch_root(secret, rows) == root
    assert batch_root(secret, [*rows[:-1], {**rows[-1], "rules": [*rows[-1]["rules"], "R-99"]}]) != root


def test_the_as_filed_shape_of_august_2025(tmp_path: Path, made_up: Path, empty_database: None):
    """One officer, one reason: nothing is looked up, whatever the addresses say."""
    from counterseal.synth.__main__ import august_2025

    august_2025(made_up / "people", tmp_path / "august", rows=3_000)
    at = office(tmp_path / "office")
    folder = next(path for path in (tmp_path / "august").iterdir() if path.is_dir())
    summary, _ = wiring.run(
        at, folder, made_up / "registry", received_on=date(2026, 11, 20), agreement=None, progress=None
    )

    assert set(summary.outcomes) == {"refused"}
    assert summary.rules["R-10a"] > 2_500
    assert summary.rules["R-23a"] > 2_500


def without_number(folder: Path, made_up: Path) -> tuple[int, str]:
    """A row that became a case although it states no number, and the number of whom it means."""
    batch = folder / "batches" / SUBMISSION
    stated = {row["row"]: row["tin"] for row in table_of(batch / "rows.parquet").to_pylist()}
    meant = {row["row"]: row["account_id"] for row in table_of(batch / "identified.parquet").to_pylist()}
    row = next(
        one["row"] for one in determinations(folder) if one["outcome"] == "reviewable" and not stated[one["row"]]
    )
    accounts = pq.read_table(made_up / "people" / "accounts.parquet").to_pylist()
    return row, next(one["tin"] for one in accounts if one["account_id"] == meant[row])


def test_a_person_under_an_order_whom_a_request_describes_without_the_number(ran, tmp_path: Path, made_up: Path):
    """The case stops; in a run that comes after the order the row is not disclosed, and the requester learns nothing."""
    from django.db import connections

    from counterseal.flow import orders

    at, _, folder = ran
    row, number = without_number(folder, made_up)
    before = (folder / "batches" / SUBMISSION / "response.jsonl").read_bytes()
    assert orders.issue(at, "person", number, "D.D.C. 25-457", "cora").stopped >= 1

    if POSTGRESQL in os.environ:  # one database serves one office
        connections.close_all()
        empty_out(os.environ[POSTGRESQL])
    later = office(tmp_path / "later")
    orders.issue(later, "person", number, "D.D.C. 25-457", "cora")
    run(later, made_up)
    found = next(one for one in determinations(tmp_path / "later") if one["row"] == row)
    assert (found["outcome"], found["phase"]) == ("not_disclosed", "identity")
    assert "stop-order" in found["rules"]
    batch = tmp_path / "later" / "batches" / SUBMISSION
    assert ("stop-order" in (batch / "notice.html").read_text(encoding="utf-8")) == (
        "stopped" in {one["outcome"] for one in determinations(tmp_path / "later")}
    )
    after = (batch / "response.jsonl").read_bytes()
    assert after.splitlines()[row - 1] == before.splitlines()[row - 1]


def _kinds(at) -> list[tuple[str, str]]:
    size = at.ledger.size_and_root()[0]
    entries = [json.loads(at.ledger.entry(index)) for index in range(size)]
    return [(one["kind"], one.get("body", {}).get("why", "")) for one in entries]


def test_a_wrong_registry_that_is_found_when_the_request_is_entered(
    tmp_path: Path, made_up: Path, empty_database: None
):
    """It would lie there unfinished and bound to that day."""
    at = office(tmp_path / "office")
    with pytest.raises(CountersealError, match="registry-unreadable"):
        run(at, made_up, tmp_path / "none")

    assert "received" not in [kind for kind, _ in _kinds(at)]
    assert run(at, made_up).rows == 900


def test_a_request_under_an_agreement_that_nobody_knows_and_of_which_no_record_is_kept(
    tmp_path: Path, made_up: Path, empty_database: None
):
    """Every request is recorded, granted or not (26 U.S.C. 6103(p)(3)(A)); a folder that a clerk mistypes is none."""
    at = office(tmp_path / "office")
    request = Path(shutil.copytree(made_up / "request" / SUBMISSION, tmp_path / SUBMISSION))
    with pytest.raises(CountersealError, match="agreement-unknown"):
        wiring.run(
            at, request, made_up / "registry", received_on=RECEIVED_ON, agreement="nowhere/at/all", progress=None
        )
    assert "refused" not in [kind for kind, _ in _kinds(at)]
    manifest = json.loads((request / "manifest.json").read_bytes())
    (request / "manifest.json").write_text(json.dumps({**manifest, "agreement": "unheard-of"}))
    with pytest.raises(CountersealError, match="agreement-unknown"):
        wiring.run(at, request, made_up / "registry", received_on=RECEIVED_ON, agreement=None, progress=None)

    assert _kinds(at)[-1] == ("refused", "agreement-unknown")
