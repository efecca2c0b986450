"""The ledger's book of a workspace: keys, log and files put together. Every act is entered through it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterseal.ledger.folder import LOG_KEY, LOG_KEY_ML_DSA
from counterseal.store.ledger_log import LedgerLog
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import LOG_KEYS, make_keys, make_opening_key, read_keys, read_opening_key

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.core.clock import Clock


def make_book(ledger: Path, keys: Path, origin: str, clock: Clock) -> LedgerLog:
    """Make the log's keys and its first, empty checkpoint in a new workspace.

    ``origin`` names the log for good: a host and a path without scheme. Raises CountersealError
    ``keys-exist`` when there is a log already.
    """
    signers = make_keys(keys, origin, LOG_KEYS, os.urandom)
    make_opening_key(keys, os.urandom)
    for file, signer in zip((LOG_KEY, LOG_KEY_ML_DSA), signers, strict=True):
        write_durably(ledger / file, f"{signer.key}\n".encode())
    return open_book(ledger, keys, clock)


def open_book(ledger: Path, keys: Path, clock: Clock) -> LedgerLog:
    """Open the log of a workspace and look that it may be served.

    Raises CountersealError for keys that are missing or unfit, a database that is not guarded, not durable,
    damaged, or older than what was published.
    """
    log = LedgerLog(
        ledger,
        read_keys(keys, LOG_KEYS),
        seal=read_opening_key(keys, os.urandom),
        clock=clock,
        entropy=os.urandom,
        write_file=write_durably,
    )
    log.start()
    return log
