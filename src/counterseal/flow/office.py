"""What every act needs, handed in: the workspace, the clock, an engine, the ledger."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from counterseal.core.clock import Clock
    from counterseal.core.workspace import Workspace
    from counterseal.engine.duck import DuckEngine
    from counterseal.store.ledger_log import LedgerLog

Progress: TypeAlias = Callable[[str, int, int], None]
"""Hears what is being done, how much is done, and of how much (0 where that is not known)."""


@dataclass(frozen=True)
class Office:
    """One workspace at work. ``entropy`` gives as many random bytes as asked for."""

    workspace: Workspace
    clock: Clock
    engine: Callable[[], DuckEngine]
    ledger: LedgerLog
    entropy: Callable[[int], bytes]
