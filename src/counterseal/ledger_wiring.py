"""The ledger's commands put together: the vault's arithmetic handed to what verifies and witnesses.

Beside ``wiring``, because these commands open no workspace, no database and no engine.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.ledger.note import read_key
from counterseal.ledger.policy import NO_QUORUM, Policy, read_policy
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from counterseal.ledger.folder import LedgerFolder

__all__ = ["check_signature", "trust"]


def trust(folder: LedgerFolder, key: str | None, policy: Path | None) -> Policy:
    """Say whose word is taken: the policy, else the key given (a line or its file), else the folder's own.

    Raises CountersealError when the file cannot be read, or is no policy or key.
    """
    if policy is not None:
        return read_policy(_content(policy))
    if key is None:
        return Policy((folder.key(),), (), NO_QUORUM)
    line = key if "+" in key else _content(Path(key)).decode("utf-8", "replace").strip()
    return Policy((read_key(line),), (), NO_QUORUM)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise CountersealError("no-such-file", "This file cannot be read.", where=str(path)) from None
