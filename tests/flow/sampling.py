"""An office with decided cases and an official of oversight, for tests of samples and re-reviews."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import pytest
from tests.flow.casework import AtWork, staff

from counterseal.core.official import Role
from counterseal.oversight.sample import commitment_to
from counterseal_verify import verify

SHARE = bytes(range(32))


@dataclass
class Sampled:
    """An office with five decided cases, and olga and otto of oversight."""

    at: AtWork
    olga: int
    otto: int

    def announce(self, size: int = 3, stratum: str = "all", share: bytes = SHARE) -> int:
        from counterseal.flow.sample import announce_sample

        today = self.at.office.clock.now().date()
        first = today - timedelta(days=1)
        return announce_sample(self.at.office, self.olga, first, today, stratum, size, commitment_to(share))[0]

    def draw(self, announced: int, share: bytes = SHARE) -> tuple[int, tuple[int, ...]]:
        from counterseal.flow.sample import draw_sample

        return draw_sample(self.at.office, self.olga, announced, share)

    def exported(self) -> tuple[verify.Policy, list[bytes]]:
        policy = verify.Policy((self.at.folder / "policy").read_text())
        return policy, verify.ledger(self.at.folder / "ledger", policy)[1]


@pytest.fixture
def sampled(at_work: AtWork) -> Sampled:
    from tests.flow.test_casework import signed_twice

    from counterseal.flow import casework

    ids = staff(at_work.office, ("olga", Role.OVERSIGHT), ("otto", Role.OVERSIGHT)).ids
    signed_twice(at_work)
    acts = [casework.refuse, casework.refuse, casework.return_for_cure, casework.refuse]
    for case, act in zip(at_work.cases()[1:5], acts, strict=True):
        at_work.reviewed(case)
        act(at_work.office, case, at_work.people.ids["sam"], "The stated purpose is not borne out.")
    return Sampled(at_work, ids["olga"], ids["otto"])
