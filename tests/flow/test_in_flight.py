"""A release that is under way: what comes between its steps, and who else begins it."""

from __future__ import annotations

import os
import stat
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.flow.test_casework import entries, refused, signed_twice

from counterseal.flow import orders
from counterseal.flow.asker import withdraw
from counterseal.flow.releasing import release_case
from counterseal.store.casework import held_case

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.flow.casework import AtWork


def _another_is_stopped(at_work: AtWork, case: int) -> None:
    orders.issue(at_work.office, "submission", "another", "D.D.C. 25-457", "cora")


def _it_is_stopped(at_work: AtWork, case: int) -> None:
    orders.issue(at_work.office, "everything", "", "D.D.C. 25-457", "cora")


def _it_is_withdrawn(at_work: AtWork, case: int) -> None:
    held = held_case(case)
    withdraw(at_work.office, held.agency, held.submission)


def _its_safeguards_lapse(at_work: AtWork, case: int) -> None:
    from counterseal.store.models import Agency

    Agency.objects.update(safeguards_in_force=False)


@pytest.mark.parametrize(
    ("comes", "code", "state"),
    [
        (_another_is_stopped, "overtaken", "intended"),
        (_it_is_stopped, "overtaken", "stopped"),
        (_it_is_withdrawn, "predicates", "intended"),
        (_its_safeguards_lapse, "predicates", "intended"),
    ],
)
def test_what_comes_between_the_sealers_look_and_the_delivery(
    at_work: AtWork, comes: Callable[[AtWork, int], None], code: str, state: str
):
    """What is sealed by then is delivered to nobody; the inspector's program would find the order in between."""
    case = signed_twice(at_work)

    def seals(request: Mapping[str, object], package: Path) -> None:
        at_work.sealer(request, package)
        comes(at_work, case)

    with refused(code):
        release_case(replace(at_work.office, sealer=seals), case)
    assert at_work.state(case) == state
    assert "delivered" not in [one["kind"] for one in entries(at_work)]
    if comes is _another_is_stopped:
        release_case(at_work.office, case)
        assert at_work.state(case) == "released"


def test_a_release_that_is_begun_twice_at_once(at_work: AtWork):
    """The slower one would write another proof over the package that the faster one delivered."""
    case = signed_twice(at_work)

    def seals(request: Mapping[str, object], package: Path) -> None:
        with refused("being-worked-on"):
            release_case(at_work.office, case)
        at_work.sealer(request, package)

    release_case(replace(at_work.office, sealer=seals), case)
    assert [one["kind"] for one in entries(at_work)][-2:] == ["intent", "delivered"]
    assert len(at_work.sealer.asked) == 1


def test_a_first_package_whose_folder_a_power_cut_takes_back(at_work: AtWork, monkeypatch: pytest.MonkeyPatch):
    """The delivery is durable then: so must be the names that lead to what was delivered."""
    root, synchronise = at_work.folder, os.fsync
    held: list[set[str]] = []

    def fsync(descriptor: int) -> None:
        if Path(f"/proc/self/fd/{descriptor}").readlink() == root:
            held.append({path.name for path in root.iterdir()})
        synchronise(descriptor)

    case = at_work.cases()[0]
    at_work.reviewed(case)
    monkeypatch.setattr(os, "fsync", fsync)
    at_work.sign("sam", case)
    assert any("answers" in names for names in held)
    at_work.sign("rae", case, second=True)
    release_case(at_work.office, case)
    assert any("packages" in names for names in held)
    assert {stat.S_IMODE((root / name).stat().st_mode) for name in ("answers", "packages")} == {0o700}
