"""The one command that looks at everything: each kind of damage is found, and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal import wiring

if TYPE_CHECKING:
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
