"""The one command that looks at everything: each kind of damage is found, and named."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from counterseal import wiring
from counterseal.core.clock import FixedClock
from counterseal.core.workspace import read_workspace
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flow.casework import AtWork


def broken(at_work: AtWork) -> dict[str, str]:
    return {one.name: one.state.value for one in wiring.examine(at_work.office)}


def test_a_sound_office_that_is_called_broken(at_work: AtWork):
    assert "broken" not in broken(at_work).values()


def test_damage_that_nobody_is_told_of(at_work: AtWork):
    from counterseal.store.models import StopOrder, Submission

    StopOrder.objects.create(
        scope="everything", authority="x", issued_at=at_work.office.clock.now(), issue_entry=0, issued_by="x"
    )
    Submission.objects.update(registry="/nowhere")
    (at_work.folder / "keys" / "openings.key").chmod(0o644)
    checkpoint = at_work.folder / "ledger" / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-20] + b"\n")
    (at_work.folder / "agreements" / "irs-ice-2025" / "agreement.md").write_text("no agreement")
    told = broken(at_work)
    for name in ("stop orders", "registries", "private files", "ledger files", "agreements"):
        assert told[name] == "broken", (name, told)


@pytest.mark.parametrize(
    ("off", "state"),
    [(timedelta(0), "sound"), (timedelta(hours=3), "broken"), (timedelta(hours=-3), "broken")],
)
def test_a_clock_that_stands_apart_from_the_witnesses_and_nobody_is_told_of(
    at_work: AtWork, off: timedelta, state: str
):
    """Each check asks them anew: what they signed when the checkpoint was made says nothing about now."""
    wall = at_work.office.clock.now()
    office = replace(at_work.office, clock=FixedClock(wall + off))
    told = {one.name: one for one in wiring.examine(office)}["clock"]
    assert told.state.value == state
    assert state == "sound" or f"minutes {'after' if off > timedelta(0) else 'before'}" in told.says


def test_an_office_that_enters_by_a_clock_that_leapt(at_work: AtWork, monkeypatch: pytest.MonkeyPatch):
    """The door is opened on a clock of next year: what is read is read, and nothing is entered."""
    from django.conf import settings

    from counterseal.store.submissions import one_act

    workspace = read_workspace(at_work.folder)
    wall = FixedClock(at_work.office.clock.now() + timedelta(days=365))
    monkeypatch.setattr(wiring, "SystemClock", lambda: wall)
    monkeypatch.setattr(wiring, "read_workspace", lambda _: replace(workspace, demonstration=False))
    office = wiring.open_office(at_work.folder)
    size, _ = office.ledger.size_and_root()
    with one_act(), pytest.raises(CountersealError, match="clock-ahead"):
        office.ledger.append("start-up", {}, {})
    assert office.ledger.size_and_root()[0] == size
    monkeypatch.setattr(settings, "ENVIRONMENT", settings.ENVIRONMENT.model_copy(update={"today": wall.at.date()}))
    office = wiring.open_office(at_work.folder)
    with one_act():
        assert office.ledger.append("start-up", {}, {}) == size


@pytest.mark.parametrize(("alive", "state"), [(0, "warning"), (1, "warning"), (2, "sound")])
def test_an_office_that_nobody_tells_of_its_only_administrator(at_work: AtWork, alive: int, state: str):
    """One cannot make an account, and cannot be given a key when theirs is lost. A demonstration has one on purpose."""
    from counterseal.store.models import Official

    Official.objects.create(username="gone", role="administrator", is_active=False)
    for number in range(alive):
        Official.objects.create(username=f"ada{number}", role="administrator")
    assert broken(at_work)["administrators"] == "sound"
    office = replace(at_work.office, workspace=replace(at_work.office.workspace, demonstration=False))
    told = {one.name: one for one in wiring.examine(office)}["administrators"]
    assert told.state.value == state
    assert state == "sound" or "counterseal administrator" in told.next_step


def test_a_registry_whose_key_is_gone_or_open_to_others(at_work: AtWork, made_up: Path, tmp_path: Path):
    from counterseal.flow.registry import build_registry
    from counterseal.store.models import Submission
    from counterseal.vault.registry_files import RegistryFiles

    index, key = tmp_path / "registry", tmp_path / "registry.key"
    build_registry(made_up / "people", index, RegistryFiles(os.urandom))
    Submission.objects.update(registry=str(index))
    assert broken(at_work)["registries"] == "sound"
    key.chmod(0o640)
    assert broken(at_work)["registries"] == "warning"
    key.chmod(0o604)
    assert broken(at_work)["registries"] == "broken"
    key.chmod(0o600)
    left = tmp_path / "registry.building"
    left.mkdir()
    assert broken(at_work)["registries"] == "warning"
    left.rmdir()
    content = key.read_bytes()
    key.write_text("ab" * 32)
    assert broken(at_work)["registries"] == "broken"
    key.write_bytes(content)
    assert broken(at_work)["registries"] == "sound"
    key.unlink()
    assert broken(at_work)["registries"] == "broken"
