"""The commands: their exit status, their one line, their answers for programs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
import typer
from tests.ledger.test_log import enter
from typer.testing import CliRunner

from counterseal.cli import ledger as ledger_commands
from counterseal.errors import CheckFailedError, CountersealError

if TYPE_CHECKING:
    from pathlib import Path

    from click.testing import Result

    from counterseal.store.ledger_log import LedgerLog

program = typer.Typer()
ledger_commands.mount(program)


def run(*arguments: object, stdin: str | None = None) -> Result:
    return CliRunner().invoke(program, ["ledger", *map(str, arguments)], input=stdin)


@pytest.fixture
def published(log: LedgerLog) -> Path:
    from counterseal.ledger.folder import LOG_KEY

    enter(log, 5)
    log.publish()
    (log.folder / LOG_KEY).write_text(f"{log._signers[0].key}\n")
    return log.folder


def test_verify_needs_no_more_than_the_folder(published: Path):
    told = run("verify", published, "--json")
    assert told.exit_code == 0, told.output
    answer = json.loads(told.output)
    assert (answer["ok"], answer["size"], answer["kinds"]) == (True, 5, {"received": 5})
    assert run("verify", published.parent).exit_code == 0


@pytest.mark.parametrize("name", ["checkpoint", "tile/entries/000.p/5", "tile/0/000.p/5"])
def test_a_changed_file_that_verifies(published: Path, name: str):
    content = bytearray((published / name).read_bytes())
    content[-3] ^= 1
    (published / name).write_bytes(content)
    assert isinstance(run("verify", published).exception, CheckFailedError)


def test_a_ledger_signed_by_somebody_else(published: Path):
    from tests.ledger.conftest import signers

    other = signers("ledger.example/other", {"log": 1})[0].key
    assert isinstance(run("verify", published, "--key", other).exception, CheckFailedError)


def test_a_folder_without_a_ledger(tmp_path: Path):
    failure = run("verify", tmp_path).exception
    assert isinstance(failure, CountersealError)
    assert failure.next_step


def test_a_receipt_written_and_verified(published: Path, tmp_path: Path):
    receipt = tmp_path / "entry.tlog-proof"
    assert run("prove", published, 3, "--out", receipt).exit_code == 0
    assert run("verify", published, "--receipt", receipt).exit_code == 0
    assert isinstance(run("prove", published, 5).exception, CountersealError)


def test_the_checkpoint_as_signed(published: Path):
    assert run("checkpoint", published).output == (published / "checkpoint").read_text()
    assert json.loads(run("checkpoint", published, "--json").output)["size"] == 5
