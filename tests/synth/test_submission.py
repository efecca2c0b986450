"""Submissions: sound rows are sound, a defect is one defect, and the truth tells the truth."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections import Counter
from datetime import date, timedelta
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet
from python_calamine import CalamineWorkbook
from tests.synth.conftest import SIGNED_ON
from tests.synth.test_registry import digest

from counterseal.core.outcome import Outcome
from counterseal.errors import CountersealError
from counterseal.synth.august import write_as_filed
from counterseal.synth.chance import Chance
from counterseal.synth.defects import FACIAL, Spoiling
from counterseal.synth.folder import Asking, Fault, RowsForm, write_submission
from counterseal.synth.mistaken import MISTAKES
from counterseal.synth.reasons import Reasons
from counterseal.synth.submission import FIELDS, GROUPS, SOUND, compose_rows

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.synth.defects import Defect
    from counterseal.synth.holdings import Holdings

ADDRESS = {"address_line_1", "address_line_2", "city", "state", "zip"}
ORDER = {"final_order_date", "final_order_case", "judicial_review_date", "stay_in_force", "case_opened"}
FIELDS_OF = {
    "P-10": {"officers"},
    "P-13": {"given_name", "middle_name", "family_name", "date_of_birth", "tin"},
    **dict.fromkeys(("P-14", "P-15", "P-16", "P-17", "P-18"), ADDRESS),
    "P-20": {"taxable_periods"},
    "P-21": {"statute"},
    "P-22": {"stage", "case_number", "case_opened"},
    "P-23": {"reason"},
    "P-24": ORDER,
    "P-25": {"order_basis", "final_order_date", "judicial_review_date"},
}
SOUND_ROW = {
    "request_ref": "R1", "given_name": "ADA", "middle_name": "B", "family_name": "MOCK", "suffix": "",
    "date_of_birth": "1980-02-03", "tin": "123456789", "address_line_1": "12 MAPLE ST", "address_line_2": "",
    "city": "SCHENECTADY", "state": "NY", "zip": "12305", "taxable_periods": "2024",
    "statute": "8 USC 1253(a)(1)(A)", "stage": "investigation", "case_number": "HSI-2026-CR-000001",
    "case_opened": "2026-08-01", "final_order_date": "2024-01-10", "final_order_case": "A200000001",
    "order_basis": "8 USC 1227(a)(1)(B)", "judicial_review_date": "", "stay_in_force": "no",
    "reason": "A neighbour told the case agent of the lease.", "officers": "HSI-1",
}  # fmt: skip


def asking(form: RowsForm = RowsForm.csv, *faults: Fault) -> Asking:
    return Asking("SYN-1", SIGNED_ON, form, frozenset(faults))


def folded(reason: str) -> str:
    return re.sub(r"[\s\d]+", "", reason).lower()


def assert_sound(row: dict[str, str]) -> None:
    """The strict defaults of the contract that one row can show."""
    assert row["given_name"]
    assert row["family_name"]
    assert re.match(r"(\d+ \S|PO BOX|P\.?O\.? BOX|P O BOX|POST OFFICE BOX|RR |RURAL|R\.R\.|HC |H\.C\.|HIGHWAY|PSC|CMR|UNIT)",
                    row["address_line_1"].upper())  # fmt: skip
    assert row["city"]
    assert row["state"]
    assert re.fullmatch(r"\d{5}(-\d{4})?", row["zip"])
    years = [int(year) for year in row["taxable_periods"].split(";")]
    assert years == sorted(set(years))
    assert all(SIGNED_ON.year - 7 < year < SIGNED_ON.year for year in years)
    assert row["statute"] == "8 USC 1253(a)(1)(A)"
    assert row["stage"] in {"preparation", "investigation", "grand_jury"}
    final = date.fromisoformat(row["judicial_review_date"] or row["final_order_date"])
    assert date.fromisoformat(row["final_order_date"]) <= final
    assert SIGNED_ON - final > timedelta(days=90)
    assert SIGNED_ON - date.fromisoformat(row["final_order_date"]) < timedelta(days=5 * 365)
    assert final + timedelta(days=90) < date.fromisoformat(row["case_opened"]) <= SIGNED_ON
    assert re.fullmatch(r"A\d{9}", row["final_order_case"])
    assert row["case_number"] != row["final_order_case"]
    assert row["order_basis"].startswith("8 USC 1227(a)(")
    assert row["stay_in_force"] == "no"
    assert len(row["reason"]) > 60
    assert row["officers"]
    assert re.fullmatch(r"(|\d{9}|\d{3}-\d\d-\d{4})", row["tin"])


@settings(max_examples=8)
@given(seed=st.integers(0, 2**40), rows=st.integers(1, 900))
def test_a_sound_row_that_is_not_sound(holdings: Holdings, seed: int, rows: int):
    composed = list(compose_rows(holdings, rows, seed, SIGNED_ON))

    assert len(composed) == rows
    for one in composed:
        assert tuple(one.row) == FIELDS
        if one.kind in SOUND or one.kind in {kind.kind for kind in MISTAKES}:
            assert_sound(one.row)
    assert len({one.row["request_ref"] for one in composed}) == rows


@settings(max_examples=5)
@given(seed=st.integers(0, 2**40))
def test_sound_rows_that_are_wrong_together(holdings: Holdings, seed: int):
    """Nothing is shared beyond the limits but by the groups that are made to share it."""
    groups = {group.kind for group in GROUPS}
    composed = list(compose_rows(holdings, 1500, seed, SIGNED_ON))
    alone = [one for one in composed if one.kind not in groups and not one.kind.startswith("reason")]
    officers = Counter(
        name for one in composed if one.kind != "officer_overloaded" for name in one.row["officers"].split(";") if name
    )
    addresses = Counter(tuple(one.row[name].upper() for name in sorted(ADDRESS)) for one in alone if one.kind in SOUND)

    assert max(Counter(folded(one.row["reason"]) for one in alone).values()) == 1
    assert max(officers.values()) <= 25
    assert max(addresses.values()) <= 10
    assert groups <= {one.kind for one in composed}
    for group in GROUPS:
        members = [one.row for one in composed if one.kind == group.kind]
        assert group.least <= len(members) <= group.most
    shared = {folded(one.row["reason"]) for one in composed if one.kind == "reason_shared_but_respelled"}
    assert len(shared) == 1
    assert len({one.row["reason"] for one in composed if one.kind == "reason_shared_but_respelled"}) > 1


@pytest.mark.parametrize("defect", FACIAL, ids=lambda defect: defect.kind)
def test_a_defect_that_spoils_more_than_it_says(defect: Defect):
    for seed in range(12):
        row = dict(SOUND_ROW)
        defect.spoil(row, Spoiling(Chance(seed, "spoil"), SIGNED_ON))
        changed = {name for name in FIELDS if row[name] != SOUND_ROW[name]}

        assert changed
        assert changed <= FIELDS_OF[defect.predicate]
        assert tuple(row) == FIELDS


def test_an_outcome_that_the_contract_does_not_know():
    for kind in (*FACIAL, *MISTAKES, *GROUPS):
        assert set(kind.expected.split("|")) <= {outcome.value for outcome in Outcome}
    for defect in FACIAL:
        assert "reviewable" not in defect.expected
        assert "not_disclosed" not in defect.expected


def test_a_truth_that_does_not_hold(holdings: Holdings):
    """Against the registry itself: who is meant, and whether the stated place is theirs."""
    ids = {account: at for at, account in enumerate(holdings.account["account_id"].tolist())}
    seen = set()
    for one in compose_rows(holdings, 2500, 5, SIGNED_ON):
        seen.add(one.kind)
        row = one.row
        if one.kind in {"address_of_another", "tin_and_name_but_another_address"}:
            number, zip_code = row["address_line_1"].split(" ")[0], row["zip"][:5]
            own = holdings.holder == ids[one.account_id]
            for line, code in zip(holdings.address["line_1"][own], holdings.address["zip"][own], strict=True):
                assert (line.split(" ")[0], code) != (number, zip_code) or row["address_line_1"].upper() != line
        if one.kind == "tin_of_another":
            assert row["tin"] not in {"", holdings.person(ids[one.account_id])["tin"]}
        if one.kind == "date_of_birth_of_another":
            assert row["date_of_birth"][:4] != holdings.person(ids[one.account_id])["date_of_birth"][:4]
        if one.kind in {"relative_absent", "son_absent", "namesake_absent", "twin_absent", "stranger_absent"}:
            assert one.account_id == ""
            assert row["tin"] not in holdings.numbers
        if one.kind in {"namesake_at_the_address", "group_quarters_only"}:
            assert {row[name] for name in ("date_of_birth", "tin", "middle_name", "suffix")} == {""}
        if one.kind in SOUND:
            assert one.account_id in ids
            assert one.address_held
    assert {kind.kind for kind in (*FACIAL, *MISTAKES, *GROUPS)} <= seen


def test_reasons_that_repeat():
    reasons = Reasons(Chance(1, "reasons"))
    given_out = {folded(reasons.next()) for _ in range(20_000)}

    assert len(given_out) == 20_000


def test_a_submission_that_differs_from_machine_to_machine(holdings: Holdings):
    composed = [list(one) for one in compose_rows(holdings, 500, 9, SIGNED_ON)]

    assert digest(composed) == GOLDEN_SUBMISSION


@pytest.mark.parametrize("form", list(RowsForm))
def test_a_form_that_loses_a_value(holdings: Holdings, tmp_path: Path, form: RowsForm):
    folder = write_submission(holdings, 120, 3, asking(form), tmp_path)
    rows = [one.row for one in compose_rows(holdings, 120, 3, SIGNED_ON)]
    path = folder / f"rows.{form}"
    match form:
        case RowsForm.csv:
            with path.open(encoding="utf-8", newline="") as lines:
                read = list(csv.DictReader(lines))
        case RowsForm.jsonl:
            read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        case RowsForm.parquet:
            read = parquet.read_table(path).to_pylist()
        case RowsForm.xlsx:
            header, *lines = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
            read = [dict(zip(header, line, strict=True)) for line in lines]

    assert read == rows


def manifest_of(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text())


def test_a_manifest_that_is_not_true(holdings: Holdings, tmp_path: Path):
    folder = write_submission(holdings, 50, 3, asking(), tmp_path)
    manifest = manifest_of(folder)

    assert manifest["sha256"] == hashlib.sha256((folder / manifest["rows"]).read_bytes()).hexdigest()
    assert manifest["row_count"] == 50
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", "rows.csv"]
    assert [row["row"] for row in parquet.read_table(tmp_path / "truth.parquet").to_pylist()] == list(range(1, 51))


@pytest.mark.parametrize("fault", list(Fault))
def test_a_fault_that_is_not_made(holdings: Holdings, tmp_path: Path, fault: Fault):
    sound = write_submission(holdings, 60, 3, asking(), tmp_path / "sound")
    faulty = write_submission(holdings, 60, 3, asking(RowsForm.csv, fault), tmp_path / "faulty")
    body, manifest = (faulty / "rows.csv").read_bytes(), manifest_of(faulty)
    truth = parquet.read_table(tmp_path / "faulty" / "truth.parquet").to_pylist()
    true_hash = manifest["sha256"] == hashlib.sha256(body).hexdigest()

    assert true_hash == (fault != Fault.wrong_hash)
    assert (manifest["row_count"] == 60) == (fault != Fault.wrong_row_count)
    changed = body != (sound / "rows.csv").read_bytes()
    named = [row["row"] for row in truth if row["kind"] == fault.replace("-", "_")]
    if fault in {Fault.ragged_row, Fault.nul, Fault.bad_utf8}:
        assert changed
        assert len(named) == 1
        assert {Fault.ragged_row: b"one cell too many", Fault.nul: b"\x00", Fault.bad_utf8: b"\xff\xfe"}[
            fault
        ] in body.split(b"\n")[named[0]]
    elif fault in {Fault.missing_column, Fault.unknown_column}:
        header = body.split(b"\n")[0].decode().split(",")
        assert set(header) ^ set(FIELDS) == {"stage" if fault == Fault.missing_column else "telephone"}
    elif fault in {Fault.wrong_hash, Fault.wrong_row_count}:
        assert not changed
    else:
        assert len(named) == 60
        assert {k for k, v in manifest.items() if v != manifest_of(sound)[k]}


def test_a_fault_that_the_form_cannot_show(holdings: Holdings, tmp_path: Path):
    with pytest.raises(CountersealError):
        write_submission(holdings, 60, 3, asking(RowsForm.parquet, Fault.nul), tmp_path)


def test_more_rows_than_the_registry_can_bear(holdings: Holdings):
    with pytest.raises(CountersealError) as raised:
        list(compose_rows(holdings, 60_000, 3, SIGNED_ON))
    assert raised.value.code == "synth-registry-too-small"


def test_the_canary_missing_or_twice(holdings: Holdings):
    for rows in (1, 40, 600):
        found = [one for one in compose_rows(holdings, rows, rows, SIGNED_ON) if one.row["family_name"] == "ZZYZXWORTH"]
        assert [one.kind for one in found] == ["canary"]
        assert found[0].expected == "reviewable"
        assert_sound(found[0].row)


def test_the_shape_of_2025(holdings: Holdings, tmp_path: Path):
    folder = write_as_filed(holdings, 6000, 3, date(2025, 6, 27), tmp_path)
    with (folder / "rows.csv").open(encoding="utf-8", newline="") as lines:
        rows = list(csv.DictReader(lines))
    truth = parquet.read_table(tmp_path / "truth.parquet").to_pylist()
    kinds = Counter(row["kind"] for row in truth)
    body = (folder / "rows.csv").read_bytes()

    assert len(rows) == len(truth) == manifest_of(folder)["row_count"] == 6000
    assert manifest_of(folder)["sha256"] == hashlib.sha256(body).hexdigest()
    assert len({row["officers"] for row in rows}) == len({row["reason"] for row in rows}) == 1
    assert {row["expected"] for row in truth} == {"refused"}
    assert 100 < kinds["as_filed_name_and_tin"] < 300
    assert kinds["as_filed_address_held"] == sum(row["address_held"] for row in truth) > 0
    assert [row["request_ref"] for row in rows] == [row["request_ref"] for row in truth]
    assert {row["account_id"] for row in truth} <= {"", *holdings.account["account_id"].tolist()}


GOLDEN_SUBMISSION = "5c9a8fe0610a666c7f47eb86d3b0d6061df89a72b8763e68b4569fd293614051"
