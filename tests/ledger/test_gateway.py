"""A gateway that is wrong or lies: what the sealer does not believe it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.ledger import test_release
from tests.ledger.conftest import approve
from tests.ledger.test_release import UNDER, Scene, approved, lied

from counterseal.errors import CountersealError
from counterseal.flow.release import release_answer, stop
from counterseal.ledger_wiring import post
from counterseal.store.submissions import one_act

scene = test_release.scene


@pytest.mark.parametrize("name", ["file", "agency", "agreement", "version"])
def test_a_gateway_that_names_another_agency_or_other_conditions_than_were_signed_for(scene: Scene, name: str):
    """The sealer would take another agency's roots, miss this one's lapse and stops, or add other conditions."""
    intent = approved(scene)
    other = replace(UNDER, **{name: "another"})
    with pytest.raises(CountersealError, match="sealer") as refused:
        release_answer(scene.gate, scene.release, other, intent, [scene.key])
    assert "another case" in str(refused.value)
    assert list(scene.gate.packages.iterdir()) == []


@pytest.mark.parametrize(
    ("scope", "reaches", "reached"),
    [
        ("everything", "", True),
        ("agency", "an-agency", True),
        ("agreement", "an-agreement", True),
        ("agency", "another-agency", False),
        ("agreement", "another-agreement", False),
    ],
)
def test_a_gateway_that_is_blind_to_a_stop_order_in_force(scene: Scene, scope: str, reaches: str, reached: bool):
    """The order stands before the intent, and the gateway takes no notice of it: then the sealer does."""
    stop(scene.log, scene.gate.policy, post, {"scope": scope, "reaches": reaches})
    approve(scene.log, scene.release, "ann")
    approve(scene.log, scene.release, "ben")
    intent = lied(scene)
    if reached:
        with pytest.raises(CountersealError, match="in force before the intent"):
            release_answer(scene.gate, scene.release, UNDER, intent, [scene.key])
        assert list(scene.gate.packages.iterdir()) == []
    else:
        assert release_answer(scene.gate, scene.release, UNDER, intent, [scene.key]).is_file()


def test_a_stop_order_that_was_lifted_and_halts_releases_for_good(scene: Scene):
    entry, _ = stop(scene.log, scene.gate.policy, post, {"scope": "everything", "reaches": ""})
    with one_act():
        scene.log.lock()
        scene.log.append("lift", {"act": "lifted", "order": 1, "stop": entry})
    scene.log.publish()
    assert release_answer(scene.gate, scene.release, UNDER, approved(scene), [scene.key]).is_file()
