"""Custody by command: what a timer may rely on, what is said to whoever types it wrong, and no traceback ever."""

from __future__ import annotations

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


def told(capsys: pytest.CaptureFixture[str], *words: str) -> Any:
    capsys.readouterr()
    assert status([*words, "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_an_office_from_which_nothing_left(place: str, capsys: pytest.CaptureFixture[str]):
    assert told(capsys, "custody", "list", "--workspace", place) == {"held": [], "demonstration": True}
    assert told(capsys, "custody", "due", "--workspace", place) == {"due": [], "overdue": 0, "demonstration": True}
    assert status(["custody", "list", "--workspace", place]) == 0
    assert status(["custody", "due", "--workspace", place]) == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["recall", "7", "--reason", "r", "--by", "c"], "custody-unknown"),
        (["recall", "7", "--reason", " ", "--by", "c"], "custody-reason"),
        (["recall", "7", "--reason", "r", "--by", "c", "--due", "tomorrow"], "date"),
        (["correct", "7", "--reason", "r", "--by", "c"], "custody-unknown"),
        (["serve", "9", "--by", "c"], "stop-order-unknown"),
        (["document", "1", "--out", "orders"], "custody-order"),
        (["acknowledge", "1", "--document", "paper", "--by", "c"], "custody-order"),
        (["certify", "1", "--outcome", "lost", "--document", "paper", "--by", "c"], "custody-outcome"),
        (["certify", "1", "--outcome", "destroyed", "--document", "no-such", "--by", "c"], "no-such-file"),
        (["record", "1", "--officer", "x", "--outcome", "used", "--document", "paper", "--by", "c"], "custody-unknown"),
    ],
)
def test_a_call_that_names_what_is_not_there(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
    words: list[str], code: str,
):  # fmt: skip
    monkeypatch.chdir(tmp_path)
    (tmp_path / "paper").write_text("a letter")
    assert status(["custody", *words, "--workspace", place]) == 2
    assert f"[{code}]" in capsys.readouterr().err


def test_safeguards_that_one_person_sets(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    paper = tmp_path / "report"
    paper.write_text("a report, made up")
    place_, by_paper = ["--workspace", place], ["--document", str(paper)]
    days = ["--since", "2020-01-01", "--until", "2020-02-01"]
    assert status(["safeguards", "propose", "ice", *days, *by_paper, "--by", "a", *place_]) == 2
    assert "[safeguards-dates]" in capsys.readouterr().err
    assert status(["safeguards", "lapse", "ice", "--why", "review", "--by", "a", *place_]) == 0
    assert status(["safeguards", "confirm", "ice", *by_paper, "--by", "b", *place_]) == 2
    found = told(capsys, "safeguards", "list", *place_)["safeguards"]
    assert {one["agency"]: one["in_force"] for one in found}["ice"] is False


def test_a_courts_order_by_command(place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = tmp_path / "order.txt"
    words.write_text("Cease every use.")
    issue = [
        "stop-order",
        "issue",
        "--workspace",
        place,
        "--scope",
        "everything",
        "--by",
        "c",
        "--order-text",
        str(words),
    ]
    assert status([*issue, "--court", "D. Example"]) == 2
    assert "[stop-order-court]" in capsys.readouterr().err
    made = told(capsys, *issue, "--court", "D. Example", "--docket", "25-cv-1", "--ordered-at", "2026-02-05T14:00")
    assert (made["served"], made["unserved"], made["acknowledged"]) == ([], "", True)
    report = told(capsys, "stop-order", "report", "1", "--workspace", place)
    assert (report["court"], report["docket"]) == ("D. Example", "25-cv-1")
    assert report["ordered_at"] == "2026-02-05T14:00:00+00:00"
    assert (report["stopped"], report["holders"]) == ([], [])
    assert status(["stop-order", "report", "1", "--workspace", place]) == 0
