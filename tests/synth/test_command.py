"""The command as a person calls it: the examples in its help work, and a wrong call is one line."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from counterseal.errors import CountersealError
from counterseal.synth.__main__ import app

SOURCE = Path(__file__).parents[2] / "src"


def example(command: str) -> list[str]:
    """The example of a command's help, smaller."""
    shown = re.sub(r"\s+", " ", CliRunner().invoke(app, [command, "--help"], terminal_width=200).stdout)
    words = re.search(r"Example: python -m counterseal\.synth (.*?)(?= [╭┌]| Options)", shown)[1]
    words = re.sub(r"--people \d+", "--people 3000", re.sub(r"--(rows|requests) \d+", r"--\1 300", words))
    return shlex.split(words)


def test_an_example_that_does_not_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    for command in ("registry", "submission", "august-2025", "identity-set"):
        result = CliRunner().invoke(app, example(command), catch_exceptions=False)
        assert result.exit_code == 0, result.output
    assert (tmp_path / "asked" / "SYN-2026-0001" / "manifest.json").is_file()
    assert (tmp_path / "asked" / "truth.parquet").is_file()
    assert not list((tmp_path / "asked" / "SYN-2026-0001").glob("truth*"))


@pytest.mark.parametrize("name", ["../outside", "", "a/b", ".hidden"])
def test_a_submission_id_that_leaves_its_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str):
    monkeypatch.chdir(tmp_path)
    words = "submission --registry . --rows 5 --signed-on 2026-11-02 --out x --submission"
    result = CliRunner().invoke(app, [*words.split(), name])

    assert isinstance(result.exception, CountersealError)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_registry_that_gives_a_traceback(tmp_path: Path):
    words = "submission --registry none --rows 5 --signed-on 2026-11-02 --out x"
    result = subprocess.run(
        [sys.executable, "-m", "counterseal.synth", *words.split()],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert result.returncode == 2
    assert len(result.stderr.strip().splitlines()) == 1
    assert "synth-no-registry" in result.stderr
