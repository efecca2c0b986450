"""A wrong call is one clear line on standard error and exit 2; help is help."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from counterseal.cli import status

WRONG = [
    ["frobnicate"],
    ["run"],
    ["run", "x", "--registry", "y", "--workspace", "z", "--shine"],
    ["run", "x", "--registry", "y", "--workspace", "/nowhere/at/all"],
    ["screen", "/nowhere/at/all", "--out", "/nowhere/out"],
    ["screen", "x", "--out", "y", "--engine", "abacus"],
    ["identify", "/nowhere", "--registry", "/nowhere", "--out", "/nowhere"],
    ["registry", "build", "/nowhere", "--out", "/nowhere/out"],
    ["agreement", "check", "/nowhere"],
    ["ledger", "verify", "/nowhere"],
    ["serve", "--workspace", "/nowhere"],
]
COMMANDS = [
    [], ["init"], ["run"], ["screen"], ["identify"], ["explain"], ["serve"], ["registry", "build"],
    ["agreement", "check"], ["agreement", "test"], ["agreement", "prove"], ["agreement", "diff"], ["agreement", "show"],
    ["ledger", "verify"], ["ledger", "prove"], ["ledger", "checkpoint"], ["identity", "train"],
]  # fmt: skip


@pytest.mark.parametrize("call", WRONG, ids=" ".join)
def test_a_wrong_call_is_met_with_a_traceback_or_silence(call: list[str], capsys: pytest.CaptureFixture[str]):
    code = status(call)
    told = capsys.readouterr()

    assert code == 2
    assert told.err.count("\n") == 1
    assert told.err.startswith("counterseal: ")
    assert "unexpected failure" not in told.err


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_without_help_or_example(command: list[str], capsys: pytest.CaptureFixture[str]):
    code = status([*command, "--help"])
    told = capsys.readouterr().out

    assert code == 0
    assert "Usage:" in told
    assert not command or "Example:" in told


@pytest.mark.parametrize("command", ["serve", "witness"])
@pytest.mark.parametrize(("host", "code"), [("127.0.0.1", "address-taken"), ("203.0.113.9", "address-not-ours")])
def test_an_address_that_is_not_free_and_is_found_when_all_is_made(
    command: str, host: str, code: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    """A demonstration's passwords, a witness's keys: neither is made for a server that cannot listen."""
    own = tmp_path / "own"
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        call = {
            "serve": ["serve", "--workspace", str(own)],
            "witness": ["witness", str(own), "--name", "w.example/a", "--log", "log.example+0+AA=="],
        }[command]
        assert status([*call, "--host", host, "--port", port]) == 2
    told = capsys.readouterr()
    assert (told.err.count("\n"), told.err.rstrip()[-len(code) - 1 : -1], told.out) == (1, code, "")
    assert not own.exists()
