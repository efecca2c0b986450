"""What oversight's measures are taken from: officials' acts, deliveries and screenings of the last months."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.flow.custody import held_packages
from counterseal.oversight.anomalies import STATED, Acted, Received, Screened, anomalies
from counterseal.store.audit import acts_since
from counterseal.store.custody import entries_of

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.flow.office import Office
    from counterseal.oversight.anomalies import Measured, Thresholds


def worth_a_look(office: Office, since: datetime, stated: Thresholds = STATED) -> tuple[Measured, ...]:
    """Measure what happened from a time on. Nothing of a case is read, and nothing is entered."""
    over = {one.index: str(one.body["over"]) for one in entries_of(["signed"]) if one.at >= since}
    acts = [Acted(entry, at, official, act, over.get(entry, "")) for entry, at, official, act in acts_since(since)]
    received = sorted(
        (Received(one.holding.delivered, one.holding.since, one.officer)
         for one in held_packages(office) if one.holding.since >= since),
        key=lambda one: one.entry,
    )  # fmt: skip
    screened = [
        Screened(
            one.index,
            one.at,
            str(one.body.get("agency", "")),
            int(one.body.get("rows", 0)),
            {rule: int(rows) for rule, rows in one.body.get("reasons", {}).items()},
        )
        for one in entries_of(["screened"])
        if one.at >= since
    ]
    return anomalies(acts, received, screened, stated)
