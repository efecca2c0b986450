"""What every act needs, handed in: the workspace, the clock, an engine, the ledger, its witnesses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from counterseal.core.clock import Clock
    from counterseal.core.workspace import Workspace
    from counterseal.engine.duck import DuckEngine
    from counterseal.flow.release import Sealer
    from counterseal.ledger.gather import Post
    from counterseal.ledger.policy import Policy
    from counterseal.store.ledger_log import LedgerLog
    from counterseal.vault.batch_files import BatchFiles
    from counterseal.vault.keys import OpeningSeal
    from counterseal.vault.registry_files import RegistryFiles

Progress: TypeAlias = Callable[[str, int, int], None]
"""Hears what is being done, how much is done, and of how much (0 where that is not known)."""


@dataclass(frozen=True)
class Office:
    """One workspace at work. ``entropy`` gives as many random bytes as asked for.

    ``policy`` says whose cosignatures are needed, None where nobody has said so; ``post`` reaches the witnesses;
    ``openings`` seals what must be read again and shown to nobody; ``sealer`` seals an answer that a proof proves;
    ``files`` are those of its batches, sealed; ``registries`` opens the indexes that it looks into.
    """

    workspace: Workspace
    clock: Clock
    engine: Callable[[], DuckEngine]
    ledger: LedgerLog
    entropy: Callable[[int], bytes]
    policy: Policy | None
    post: Post
    openings: OpeningSeal
    sealer: Sealer
    files: BatchFiles
    registries: RegistryFiles

    def trust(self) -> Policy:
        """Give the policy. Raises CountersealError ``no-policy``: without witnesses nothing leaves."""
        if self.policy is None:
            raise CountersealError(
                "no-policy",
                "No witnesses are named, so nothing is released and no stop order is acknowledged.",
                where=str(self.workspace.policy),
                next_step="Write the policy: the log's key, each witness's key and address, and the quorum.",
            )
        return self.policy
