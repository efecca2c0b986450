"""The table of controls: a test that it names and that is gone, skipped or never run must be noticed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from controls.table import defences, missing, not_passed, read_controls

from counterseal.ledger.entry import EntryKind

ROOT = Path(__file__).resolve().parents[2]


def test_a_control_that_names_a_test_which_is_not_there():
    assert missing(read_controls().tests) == []


def test_a_threat_that_no_test_defends():
    assert missing(defences().values()) == []
    assert len(defences()) > 30


def test_a_control_whose_evidence_the_ledger_does_not_know():
    for control in read_controls().controls:
        assert set(control.evidence) <= {str(kind) for kind in EntryKind}, control.id


@pytest.mark.parametrize(
    ("ran", "found"),
    [
        ([], ["t.py::test_a"]),
        (["passed t.py::test_b"], ["t.py::test_a"]),
        (["skipped t.py::test_a"], ["t.py::test_a"]),
        (["passed t.py::test_a[1]", "failed t.py::test_a[2]"], ["t.py::test_a"]),
        (["passed t.py::test_a[1]", "skipped t.py::test_a[2]"], ["t.py::test_a"]),
        (["passed t.py::test_a", "failed t.py::test_a"], ["t.py::test_a"]),
        (["skipped t.py::test_a", "passed t.py::test_a"], []),
        (["passed t.py::test_a[1]", "passed t.py::test_a[2]"], []),
    ],
)
def test_a_control_that_is_called_proved_by_a_test_that_did_not_pass(ran: list[str], found: list[str]):
    assert not_passed(["t.py::test_a"], ran) == found


def test_a_named_test_that_does_not_exist_passes_for_one(tmp_path: Path):
    (tmp_path / "t.py").write_text("def test_a():\n    pass\n")
    assert missing(["t.py::test_a", "t.py::test_b", "u.py::test_a"], tmp_path) == ["t.py::test_b", "u.py::test_a"]


def test_a_build_that_goes_on_without_its_proof(tmp_path: Path):
    command = (sys.executable, "-m", "controls.ran", str(tmp_path / "nothing"))
    done = subprocess.run(command, check=False, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "ac-5: " in done.stderr
