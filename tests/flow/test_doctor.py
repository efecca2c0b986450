"""The one command that looks at everything: each kind of damage is found, and named."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterseal import wiring

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
