"""The ledger's book of a workspace: keys, log and files put together. Every act is entered through it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from counterseal.errors import CheckFailedError
from counterseal.ledger.folder import LOG_KEY, LOG_KEY_ML_DSA, LedgerFolder
from counterseal.ledger.gather import gather
from counterseal.ledger.note import read_head
from counterseal.ledger.policy import NO_QUORUM
from counterseal.store.ledger_log import LedgerLog
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import LOG_KEYS, make_keys, make_opening_key, read_keys, read_opening_key
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.core.clock import Clock
    from counterseal.ledger.gather import Post
    from counterseal.ledger.policy import Policy


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


def publish_witnessed(log: LedgerLog, policy: Policy, post: Post) -> str:
    """Publish and gather a quorum of cosignatures; give the checkpoint that bears them.

    A release, and the acknowledgement of a stop order, wait for this. Raises CheckFailedError ``quorum`` when
    too few witnesses cosign or the policy asks for none (a reader may go by that, an office may not), and
    CountersealError ``log-rolled-back`` when a witness has seen a larger ledger.
    """
    if policy.quorum == NO_QUORUM:
        raise CheckFailedError(
            "quorum",
            "The policy asks for no witness, so nothing is witnessed.",
            next_step="Name a quorum of the witnesses in the policy.",
        )
    note = log.publish()
    head = read_head(note)
    if not policy.satisfied(policy.witnessed_by(note.encode(), check_signature)):
        gathered = gather(LedgerFolder(log.folder), policy, post, check_signature, note, log.stood())
        note = log.cosigned(head.size, gathered.lines)
    policy.accept(note.encode(), check_signature)
    return note
