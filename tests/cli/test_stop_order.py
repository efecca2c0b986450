"""Stop orders by command: what stands when witnesses do not answer, and what no argument may hold."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest

from counterseal.cli import status

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def place(tmp_path: Path, empty_database: None) -> str:
    folder = tmp_path / "office"
    assert status(["init", str(folder), "--demo"]) == 0
    return str(folder)


def issue(place: str, *more: str, scope: str = "agreement", by: str = "cora") -> int:
    reaches = ("--reaches", "irs-ice-2025") if scope == "agreement" else ()
    words = ("--authority", "D.D.C. 25-457, order of 5 February")
    return status(["stop-order", "issue", "--workspace", place, "--scope", scope, *reaches, *words, "--by", by, *more])


def orders(place: str, capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    capsys.readouterr()
    assert status(["stop-order", "list", "--workspace", place, "--json"]) == 0
    told: list[dict[str, Any]] = json.loads(capsys.readouterr().out)["orders"]
    return told


def test_an_order_that_one_person_lifts_alone(place: str, capsys: pytest.CaptureFixture[str]):
    assert issue(place) == 0
    lift = ["stop-order", "lift", "1", "--workspace", place]
    assert status([*lift, "--by", "cora"]) == 2, "without an authority nothing is asked"
    assert status([*lift, "--by", "cora", "--authority", "vacated on 6 March"]) == 0
    assert orders(place, capsys)[0]["state"] == "in force, lifting asked"
    assert status([*lift, "--by", "cora"]) == 2
    assert status([*lift, "--by", " "]) == 2
    assert status([*lift, "--by", "carl"]) == 0
    assert orders(place, capsys)[0]["state"] == "lifted"
    assert status([*lift, "--by", "carl"]) == 2


def test_an_order_that_waits_for_witnesses_before_it_stops(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Without anybody who cosigns, the order is in force all the same; the exit status says what is missing."""
    policy = tmp_path / "office" / "policy"
    kept = policy.read_bytes()
    policy.unlink()

    assert issue(place) == 1
    assert [one["state"] for one in orders(place, capsys)] == ["in force, not yet witnessed"]

    policy.write_bytes(kept)
    assert issue(place) == 0
    assert [one["state"] for one in orders(place, capsys)] == ["in force", "in force"]


def test_a_person_s_number_that_stands_in_a_list_of_processes(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    assert issue(place, "--reaches", "987-65-4321", scope="person") == 2
    assert issue(place, scope="person") == 2
    assert issue(place, "--person", str(tmp_path / "none"), scope="person") == 2
    assert issue(place, "--person", "-", scope="everything") == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("987-65-4321\n"))
    assert issue(place, "--person", "-", scope="person") == 0
    told = capsys.readouterr()
    assert "4321" not in told.out + told.err
    assert orders(place, capsys)[0]["reaches"].startswith("committed in entry")


@pytest.mark.parametrize("scope", ["king", "person", "agency", ""])
def test_an_order_that_could_not_be_applied(place: str, scope: str, capsys: pytest.CaptureFixture[str]):
    assert issue(place, scope=scope) == 2
    told = capsys.readouterr().err.strip()
    assert "\n" not in told
    assert orders(place, capsys) == []


@pytest.mark.parametrize(
    ("scope", "written", "held"),
    [
        ("agency", "ICE", "ice"),
        ("agency", "Immigration and Customs Enforcement", "ice"),
        ("agreement", "IRS-ICE-2025", "irs-ice-2025"),
        ("statute", "8 U.S.C. § 1253(a)(1)", "8 U.S.C. § 1253(a)(1)"),
    ],
)
def test_a_name_that_an_order_writes_in_its_own_way(
    place: str, scope: str, written: str, held: str, capsys: pytest.CaptureFixture[str]
):
    """An order that names the agency as its requests do reaches it; the name that is kept is the one it is held under."""
    again = ("--reaches", written)
    assert issue(place, *again, scope=scope) == 0
    assert orders(place, capsys)[0]["reaches"] == held


@pytest.mark.parametrize(
    ("scope", "written"),
    [("agency", "another"), ("agreement", "irs-ice-2052"), ("statute", "failure to depart"), ("statute", "INA 243")],
)
def test_an_order_in_force_that_stops_nothing(place: str, scope: str, written: str, capsys: pytest.CaptureFixture[str]):
    assert issue(place, "--reaches", written, scope=scope) == 2
    told = capsys.readouterr().err.strip()
    assert "would stop nothing" in told
    assert "\n" not in told
    assert orders(place, capsys) == []


@pytest.mark.parametrize("again", ["Cora", " cora ", "CORA"])
def test_one_person_who_lifts_under_another_spelling(place: str, again: str, capsys: pytest.CaptureFixture[str]):
    assert issue(place) == 0
    lift = ["stop-order", "lift", "1", "--workspace", place]
    assert status([*lift, "--by", "cora", "--authority", "vacated on 6 March"]) == 0
    assert status([*lift, "--by", again]) == 2
    assert orders(place, capsys)[0]["state"] == "in force, lifting asked"


def test_an_answer_of_a_demonstration_that_does_not_say_so(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """Every command that is told which workspace; an office says nothing of the kind, and a fault stays one line."""
    capsys.readouterr()
    assert issue(place) == 0
    assert "demonstration" in capsys.readouterr().out
    for call in (
        ["stop-order", "list", f"--workspace={place}"],
        ["custody", "list", "--workspace", place],
        ["agency", "list", "--workspace", place],
        ["ledger", "fsck", place],
        ["doctor", "--workspace", place],
    ):
        status(call)
        assert "demonstration" in capsys.readouterr().out, call
        if call[0] != "agency":
            status([*call, "--json"])
            assert json.loads(capsys.readouterr().out)["demonstration"] is True, call
    assert status(["stop-order", "lift", "9", "--workspace", place, "--by", "carl"]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)


def test_an_office_that_calls_itself_a_demonstration(
    tmp_path: Path, empty_database: None, capsys: pytest.CaptureFixture[str]
):
    own = str(tmp_path / "office")
    assert status(["init", own]) == 0
    assert status(["stop-order", "list", "--workspace", own]) == 0
    assert status(["stop-order", "list", "--workspace", own, "--json"]) == 0
    assert "demonstration" not in capsys.readouterr().out
