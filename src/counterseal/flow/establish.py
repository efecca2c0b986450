"""Making a workspace, and opening one."""

from __future__ import annotations

import shutil
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.agreements.versions import versions
from counterseal.core.workspace import Workspace
from counterseal.errors import CountersealError
from counterseal.flow.book import make_book, open_book
from counterseal.flow.witnesses import make_demonstration_witnesses
from counterseal.ledger.folder import CUSTODIAN_KEY
from counterseal.store.connection import make_tables, point_at
from counterseal.store.submissions import one_act, register_agency
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import CUSTODIAN_KEYS, make_keys

A_YEAR = timedelta(days=365)

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.core.clock import Clock
    from counterseal.store.ledger_log import LedgerLog


def establish(
    root: Path,
    *,
    shipped: Path,
    clock: Clock,
    entropy: Callable[[int], bytes],
    demonstration: bool,
) -> Workspace:
    """Make keys, database, ledger and the shipped agreements in a new folder.

    With ``demonstration`` the requesters of those agreements stand registered, safeguards in good order.
    Raises CountersealError ``workspace-exists`` when the folder holds anything.
    """
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CountersealError(
            "workspace-exists",
            "This is not an empty folder.",
            where=str(root),
            next_step="Name a folder that does not exist yet.",
        )
    workspace = Workspace(root, demonstration)
    for folder in (root, root / "batches", root / "unfinished", root / "spill", workspace.keys, workspace.ledger):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    for agreement in sorted(path.parent for path in shipped.glob("*/agreement.md")):
        shutil.copytree(agreement, workspace.agreements / agreement.name)
    point_at(root, setting_up=True)
    make_tables()
    point_at(root)
    write_durably(workspace.keys / "session.key", entropy(48).hex().encode(), mode=0o600)
    origin = f"counterseal.example/{'demonstration' if demonstration else 'log'}/{entropy(8).hex()}"
    book = make_book(workspace.ledger, workspace.keys, origin, clock)
    custodian = f"{make_keys(workspace.keys, f'{origin}/custodian', CUSTODIAN_KEYS, entropy)[0].key}\n".encode()
    write_durably(workspace.ledger / CUSTODIAN_KEY, custodian)
    if demonstration:
        make_demonstration_witnesses(workspace, book.keys, entropy)
    _enter(book, workspace, clock, sha256(custodian).hexdigest())
    note = f"# Made by counterseal init.\ndemonstration = {str(demonstration).lower()}\n"
    write_durably(root / "workspace.toml", note.encode())
    return workspace


def _enter(book: LedgerLog, workspace: Workspace, clock: Clock, custodian: str) -> None:
    """Enter the beginning and the agreements in force; in a demonstration, register their requesters.

    ``custodian`` is the digest of the custodian's verifier key as it is published.
    """
    with one_act():
        demonstration = "yes" if workspace.demonstration else "no"
        book.append("start-up", {"demonstration": demonstration, "custodian": custodian})
        for folder in sorted(workspace.agreements.iterdir()):
            for agreement in versions(folder):
                told = {"agreement": agreement.id, "version": agreement.version, "sha256": agreement.digest}
                book.append("agreement", told)
            if workspace.demonstration:
                register_agency(
                    agreement.requester,
                    agreement.requester_title,
                    agreement.requester_names,
                    at=clock.now(),
                    safeguards_until=(clock.now() + A_YEAR).date(),
                )
    book.publish()


def open_workspace_book(workspace: Workspace, clock: Clock) -> LedgerLog:
    """Open the database and the ledger of a workspace. Raises CountersealError when either is not sound."""
    point_at(workspace.root)
    return open_book(workspace.ledger, workspace.keys, clock)
