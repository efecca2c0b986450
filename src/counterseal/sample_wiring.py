"""Samples put together for the commands; pages reach the same acts through ``flow`` with who is signed in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.wiring import open_office

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


def announce_sample(
    workspace: Path, begin: date, end: date, stratum: str, size: int, commitment: str, by: str
) -> dict[str, Any]:
    """Announce a sample as the official of that sign-in name; tell its entry and its population."""
    office = open_office(workspace)
    from counterseal.flow.sample import announce_sample as announce  # models need Django
    from counterseal.store.casework import official_named

    entry, fixed = announce(office, official_named(by), begin, end, stratum, size, commitment)
    return {"entry": entry, "population": len(fixed.population), "size": size}


def draw_sample(workspace: Path, announced: int, share: bytes, by: str) -> dict[str, Any]:
    """Draw a sample as the official of that sign-in name; tell the drawn decisions' entries, in the tickets' order."""
    office = open_office(workspace)
    from counterseal.flow.sample import draw_sample as draw
    from counterseal.store.casework import official_named

    entry, drawn = draw(office, official_named(by), announced, share)
    return {"entry": entry, "drawn": list(drawn)}
