"""A public table that says other than the ledger, seen by a stranger with the exported folder alone."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from counterseal.cli import status
from counterseal.oversight.annual import public_lines
from counterseal_verify import verify

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def published(tmp_path: Path, made_up: Path, capsys: pytest.CaptureFixture[str], empty_database: None):
    office = tmp_path / "office"
    request, registry = made_up / "request" / "SYN-2026-0001", made_up / "registry"
    assert status(["init", str(office), "--demo"]) == 0
    run = ["run", str(request), "--registry", str(registry), "--workspace", str(office), "--received-on", "2026-11-03"]
    assert status(run) == 0
    capsys.readouterr()
    from datetime import UTC, datetime

    year = str(datetime.now(UTC).year)
    assert status(["report", "annual", str(office / "ledger"), "--year", year, "--json"]) == 0
    (office / "policy").write_text(f"log {(office / 'ledger' / 'log.vkey').read_text().strip()}\nquorum none\n")
    return office, json.loads(capsys.readouterr().out)


def _call(file: Path, office: Path) -> list[str]:
    return ["annual", str(file), "--ledger", str(office / "ledger"), "--policy", str(office / "policy")]


def test_a_figure_that_does_not_follow_from_the_ledger(published, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    office, told = published
    file = tmp_path / "table.json"
    call = _call(file, office)
    assert told["lines"][-1]["people"] == 900
    file.write_text(json.dumps(told))
    assert verify.main(call) == 0
    told["lines"][-1]["people"] = 899
    file.write_text(json.dumps(told))
    assert verify.main(call) == 1
    assert "people is 899 in the table; in the ledger it is, 900" in capsys.readouterr().err


def test_a_line_left_out_of_the_table(published, tmp_path: Path):
    office, told = published
    file = tmp_path / "table.json"
    file.write_text(json.dumps({**told, "lines": told["lines"][1:]}))
    assert verify.main(_call(file, office)) == 1


def test_an_entry_taken_out_of_the_exported_ledger(published, tmp_path: Path):
    office, told = published
    file = tmp_path / "table.json"
    file.write_text(json.dumps(told))
    bundle = next(path for path in (office / "ledger" / "tile" / "entries").rglob("*") if path.is_file())
    content = bundle.read_bytes()
    bundle.write_bytes(content.replace(b'"rows":900', b'"rows":901'))
    assert verify.main(_call(file, office)) == 1


def test_a_small_count_worked_out_because_the_answers_add_up_to_the_people():
    one = {"requests": 1, "people": 603, "stopped": 0, "refused": 3, "cure": 100, "judgement": 100, "looked_up": 400}
    lines = public_lines({(name, "memo"): {**one, "disclosures": 2} for name in ("a", "b", "c")})
    for line in lines:
        parts = [line[name] for name in ("stopped", "refused", "cure", "judgement", "looked_up", "people")]
        assert parts.count(None) != 1
    assert lines[0]["refused"] is None
