"""The ledger's commands put together: the vault's arithmetic handed to what verifies and witnesses.

Beside ``wiring``, because these commands open no workspace, no database and no engine.
"""

from __future__ import annotations

import os
import time
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.core.clock import SteadyClock, SystemClock
from counterseal.errors import CountersealError
from counterseal.flow.witnesses import post
from counterseal.ledger.mirror import Mirror
from counterseal.ledger.note import read_key
from counterseal.ledger.policy import LOG_TYPES, NO_QUORUM, Policy, read_policy
from counterseal.ledger.witness import Witness
from counterseal.store.witness_book import WitnessFile
from counterseal.vault.batch_files import BatchFiles
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import LOG_KEYS, MIRROR_KEYS, WITNESS_KEYS, make_keys, read_keys
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future

    from counterseal.ledger.folder import LedgerFolder, Part
    from counterseal.ledger.note import VerifierKey
    from counterseal.ledger.row_receipt import RowReceipt
    from counterseal.store.ledger_fsck import Damage

__all__ = ["check_signature", "content", "fsck", "on_all_cores", "open_witness", "post", "prove_row", "trust"]

WORTH_A_PROCESS = 4
"""Parts of a ledger below which it is verified by this process alone."""


def on_all_cores(work: Callable[[int], Part], parts: range) -> Iterator[Part]:
    """Do the work on every part, each processor some of them, and give what came of each in order.

    A few parts are worked off here. For a process that has no other thread. Raises what the work raises, and
    CountersealError ``verification-cut`` when a process of it was ended from outside.
    """
    cores = len(os.sched_getaffinity(0))
    if cores == 1 or len(parts) < WORTH_A_PROCESS:
        yield from map(work, parts)
        return
    try:
        with ProcessPoolExecutor(cores, mp_context=get_context("fork")) as pool:
            begun: deque[Future[Part]] = deque()
            for part in parts:  # never all at once: a checkpoint may say any size
                begun.append(pool.submit(work, part))
                if len(begun) > 2 * cores:
                    yield begun.popleft().result()
            while begun:
                yield begun.popleft().result()
    except BrokenProcessPool as failure:
        raise CountersealError(
            "verification-cut",
            "A process of the verification was ended from outside; memory may have been short.",
            next_step="Give the same command again.",
        ) from failure


def open_witness(folder: Path, name: str, logs: Sequence[str], *, mirror: bool) -> tuple[Witness | Mirror, list[str]]:
    """Open a witness or mirror in its own folder, making its keys at first; give its verifier keys too.

    ``logs`` are verifier keys, or files with one a line. Raises CountersealError for keys that are unfit, or
    when the folder's keys are under another name.
    """
    kinds = MIRROR_KEYS if mirror else WITNESS_KEYS
    keys = folder / "keys"
    known = all((keys / file).exists() for file in kinds)
    signers = read_keys(keys, kinds) if known else make_keys(keys, name, kinds, os.urandom)
    if signers[0].key.name != name:
        raise CountersealError("witness-name", f"This folder's keys are those of {signers[0].key.name}.")
    watched: dict[str, list[VerifierKey]] = {}
    for given in logs:
        for line in [given] if "+" in given else content(Path(given)).decode("utf-8", "replace").split():
            key = read_key(line)
            if key.type not in LOG_TYPES:
                raise CountersealError("verifier-key", f"The key of {key.name} is not one that a log signs with.")
            watched.setdefault(key.name, []).append(key)
    book = WitnessFile(folder / "witness.sqlite3")
    clock = SteadyClock(SystemClock(), lambda: time.clock_gettime(time.CLOCK_BOOTTIME))  # no leap while it runs
    if mirror:
        served: Witness | Mirror = Mirror(signers, watched, book, clock, check_signature)
    else:
        served = Witness(signers, watched, book.witnessed, clock, check_signature)
    return served, [str(one.key) for one in signers]


def fsck(workspace: Path, *, repair: bool) -> list[Damage]:
    """Inspect a workspace's ledger and give the damage, mended when told to.

    Raises CountersealError ``workspace`` for a folder that is none, and CheckFailedError ``ledger-evidence`` when
    what was signed itself is damaged and a repair was asked for.
    """
    from counterseal.core.workspace import read_workspace
    from counterseal.store.connection import point_at  # loads Django

    place = read_workspace(workspace)
    point_at(place.root)
    from counterseal.store.ledger_fsck import inspect
    from counterseal.store.ledger_fsck import repair as make_anew

    keys = [one.key for one in read_keys(place.keys, LOG_KEYS)]
    damage = inspect(place.ledger, keys, check_signature)
    if repair:
        make_anew(place.ledger, damage, write_durably)
    return damage


def prove_row(workspace: Path, submission: str, row: int) -> RowReceipt:
    """Prove one row of a workspace's batch; rows count from 1.

    Raises CountersealError ``workspace`` for a folder that is none, and as ``prove_row_of_batch`` does.
    """
    from counterseal.core.workspace import read_workspace
    from counterseal.flow.row_proofs import prove_row_of_batch  # loads Arrow

    place = read_workspace(workspace)
    return prove_row_of_batch(place, BatchFiles(place.keys, os.urandom), submission, row)


def trust(folder: LedgerFolder, key: str | None, policy: Path | None) -> Policy:
    """Say whose word is taken: the policy, else the key given (a line or its file), else the folder's own.

    Raises CountersealError when the file cannot be read, or is no policy or key.
    """
    if policy is not None:
        return read_policy(content(policy))
    if key is None:
        return Policy((folder.key(),), (), NO_QUORUM)
    line = key if "+" in key else content(Path(key)).decode("utf-8", "replace").strip()
    return Policy((read_key(line),), (), NO_QUORUM)


def content(path: Path) -> bytes:
    """Read a file that was named. Raises CountersealError ``no-such-file``."""
    try:
        return path.read_bytes()
    except OSError:
        raise CountersealError("no-such-file", "This file cannot be read.", where=str(path)) from None
