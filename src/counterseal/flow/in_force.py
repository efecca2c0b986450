"""Which version of an agreement decides: for a request by the day it was signed, for what was decided by its digest."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from counterseal.agreements.versions import law_on, version_on, versions
from counterseal.errors import CountersealError
from counterseal.ledger.entry import EntryKind
from counterseal.store.custody import entries_of

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from counterseal.agreements import Agreement
    from counterseal.core.workspace import Workspace

CONDITIONS = "conditions.txt"


def versions_here(folder: Path) -> tuple[Agreement, ...]:
    """Read the versions of an agreement, once for each state of their files. Raises as ``versions`` does."""
    stamp = tuple((str(path), path.stat().st_mtime_ns) for path in sorted(folder.rglob("*")) if path.is_file())
    return _read_once(folder, stamp)


@lru_cache(maxsize=32)
def _read_once(folder: Path, stamp: tuple[tuple[str, int], ...]) -> tuple[Agreement, ...]:  # noqa: ARG001  # the cache's key
    return versions(folder)


def read_agreement(folder: Path, digest: str = "") -> Agreement:
    """Give the version of an agreement that has this digest; the newest where none has it, or none is asked for."""
    found = versions_here(folder)
    return next((one for one in found if one.digest == digest), found[-1])


def law_for(workspace: Workspace, document: Path, signed_on: date) -> Agreement:
    """Give the law for a request signed on a day.

    Raises CountersealError as ``law_on``; ``agreement-not-entered`` for a document that the ledger does not have, or
    that is not the version in force on that day: neither who can write files nor who gives the command chooses the
    law. ``agreement-draft`` for a draft. A demonstration alone goes by a folder from elsewhere, and by drafts.
    """
    law = law_on(document, signed_on)
    own = law.path.resolve().is_relative_to(workspace.agreements.resolve())
    if workspace.demonstration and not own:
        return law
    here = workspace.agreements / law.id
    known = (law.id, law.digest) in entered() and (here / "agreement.md").is_file()
    if not known or version_on(versions_here(here), signed_on).digest != law.digest:
        raise CountersealError(
            "agreement-not-entered",
            f"Version {law.version} of the agreement {law.id} is not the law of {signed_on} that the ledger has.",
            where=law.path.name,
            next_step="Put back what was entered, or have two people adopt it: counterseal agreement propose.",
        )
    if law.status == "draft" and not workspace.demonstration:
        raise CountersealError(
            "agreement-draft",
            f"The agreement {law.id} is a draft that nobody has signed, so nothing is decided under it.",
            where="manifest.json, agreement",
            next_step="Once it is signed, propose it with the status in force: counterseal agreement propose.",
        )
    return law


def entered() -> set[tuple[str, str]]:
    """Give the agreements that the ledger has as law, each by id and digest."""
    bodies = (one.body for one in entries_of([EntryKind.AGREEMENT]))
    return {(str(body["agreement"]), str(body["sha256"])) for body in bodies if "sha256" in body}


def conditions_in(law: Agreement) -> tuple[str, ...]:
    """Give the conditions of use that go with every answer under a version."""
    path = law.path.parent / CONDITIONS
    lines = path.read_text(encoding="utf-8").splitlines() if path.is_file() else []
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
