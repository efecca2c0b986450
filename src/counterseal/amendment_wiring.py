"""Amendments of agreements, put together for the commands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from counterseal.wiring import open_office

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.flow.amend import Proposed


def propose(workspace: Path, document: Path, by: str, why: str, citations: Path | None) -> Proposed:
    """Enter a proposal."""
    office = open_office(workspace)
    from counterseal.flow import amend  # models need Django

    return amend.propose(office, document, by, why, citations)


def adopt(workspace: Path, proposal: int, by: str) -> dict[str, Any]:
    """Put a proposed version in force; tell which, from when, under which entry."""
    office = open_office(workspace)
    from counterseal.flow import amend

    entry, law = amend.adopt(office, proposal, by)
    return {"entry": entry, "agreement": law.id, "version": law.version, "in_force": law.in_force.isoformat(),
            "sha256": law.digest}  # fmt: skip


def versions_listed(workspace: Path) -> list[dict[str, Any]]:
    """Give every version of every agreement: its days, its digest, and whether the ledger has it."""
    office = open_office(workspace)
    from counterseal.flow.in_force import entered, versions_here

    known = entered()
    return [
        {"agreement": one.id, "version": one.version, "in_force": one.in_force.isoformat(), "status": one.status,
         "sha256": one.digest, "entered": (one.id, one.digest) in known}
        for path in sorted(office.workspace.agreements.glob("*/agreement.md"))
        for one in versions_here(path.parent)
    ]  # fmt: skip
