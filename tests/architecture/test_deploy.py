"""Units and proxies that are shipped as examples: what they call and name has to be there."""

from __future__ import annotations

import configparser
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from typer.main import get_command

from counterseal.cli import app
from counterseal.errors import CountersealError
from counterseal.settings.environment import ELSEWHERE, Environment, read_environment

ROOT = Path(__file__).resolve().parents[2]
UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [unit for unit in UNITS if unit.suffix == ".service"]


def read(unit: Path) -> configparser.ConfigParser:
    """Read a unit; a key that stands twice keeps both its values."""
    found = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    found.optionxform = str  # type: ignore[assignment]
    found.read(unit)
    return found


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_that_calls_what_is_not_there(unit: Path):
    words = read(unit)["Service"]["ExecStart"].strip("'").split("counterseal ", 1)[1].rstrip("'").split()
    command: Any = get_command(app)
    while hasattr(command, "get_command"):
        command = command.get_command(None, words.pop(0))
        assert command is not None, unit
    known = {option for parameter in command.params for option in parameter.opts}
    given = {word for word in words if word.startswith("--")}
    assert given <= known
    required = {
        parameter.opts[0] for parameter in command.params if parameter.required and parameter.opts[0][:2] == "--"
    }
    assert required <= given


@pytest.mark.parametrize("unit", SERVICES, ids=lambda unit: unit.name)
def test_a_unit_that_may_more_than_it_needs(unit: Path):
    service = read(unit)["Service"]
    assert service["User"].startswith("counterseal")
    assert (service["NoNewPrivileges"], service["ProtectSystem"], service["PrivateTmp"]) == ("yes", "strict", "yes")


def test_a_unit_that_sets_what_nobody_reads():
    text = "".join(unit.read_text() for unit in UNITS)
    named = {word.split("=")[0] for word in text.split() if word.startswith("COUNTERSEAL_")}
    named |= {line.split("=")[1] for line in text.splitlines() if line.startswith("Environment=COUNTERSEAL_")}
    known = {f"COUNTERSEAL_{field.upper()}" for field in Environment.model_fields} | {"COUNTERSEAL_SECRETS"}
    assert named
    assert named <= known


def test_a_proxy_that_lets_a_caller_name_its_own_certificate():
    """Both set the header themselves, in every request (RFC 9440, section 4)."""
    assert 'proxy_set_header Client-Cert "";' in (ROOT / "deploy" / "nginx" / "counterseal.conf").read_text()
    lines = (ROOT / "deploy" / "haproxy" / "counterseal.cfg").read_text().splitlines()
    deleted = next(at for at, line in enumerate(lines) if "del-header Client-Cert" in line)
    told = next(at for at, line in enumerate(lines) if "set-header Client-Cert" in line)
    assert deleted < told
    assert lines[told].endswith("if { ssl_c_used }")


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not here")
def test_a_unit_that_systemd_does_not_read(tmp_path: Path):
    for unit in UNITS:
        text = unit.read_text().replace("/opt/counterseal/.venv/bin/counterseal", "/bin/true")
        (tmp_path / unit.name).write_text(text)
    command = ("systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit.name) for unit in UNITS))
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    ours = [line for line in done.stderr.splitlines() if "counterseal" in line and "Unknown" in line]
    assert ours == [], done.stderr


@pytest.mark.parametrize(
    ("variable", "value"),
    [("REGISTRY_KEY", ""), ("DATABASE_URL", " "), ("SECRET_KEY", ""), ("TODAY", ""), ("TODAY", "ZZYZXWORTH")],
)
def test_a_template_that_was_not_filled_in(variable: str, value: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv(f"COUNTERSEAL_{variable}", value)
    with pytest.raises(CountersealError, match=f"COUNTERSEAL_{variable}") as refused:
        read_environment()
    assert refused.value.code == "environment"
    assert "ZZYZXWORTH" not in str(refused.value)
    assert refused.value.__context__ is None


@pytest.mark.parametrize("name", ["DATABSE_URL", "DATABASE_URLS", "SECRETKEY", "REGISTRY", "TO_DAY", "SECRET"])
def test_a_misspelt_variable_that_is_passed_over(name: str, monkeypatch: pytest.MonkeyPatch):
    """An office that means PostgreSQL does not begin anew on SQLite."""
    monkeypatch.setenv(f"COUNTERSEAL_{name}", "ZZYZXWORTH")
    with pytest.raises(CountersealError, match=f"COUNTERSEAL_{name}: ") as refused:
        read_environment()
    assert refused.value.code == "environment"
    assert "ZZYZXWORTH" not in str(refused.value)


def test_a_variable_that_is_known_or_another_programs(monkeypatch: pytest.MonkeyPatch):
    for name in (*ELSEWHERE, "COUNTERSEAL_TODAY", "COUNTERSEAL_SEED", "DATABASE_URL", "SECRET_KEY"):
        monkeypatch.setenv(name, "2026-11-30")
    assert read_environment().today is not None
