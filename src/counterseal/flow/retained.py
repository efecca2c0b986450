"""What an accounting needs of a batch, kept when the batch itself is destroyed.

An accounting is owed for longer than rows are needed (26 U.S.C. 6103(p)(3)(A); 5 U.S.C. 552a(c)(3)). So each row leaves
a line: its leaf under the ledger's root, the keyed hash of whose list it stands on, and what a letter says of it: the
request, its days, the rules. No name, number, address, reference or account is in it; whose line it is can be told
only with the accounting key and the person's own particulars. The lines lie sealed under a key of their own.
"""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.vault.batch_files import RETAINED
from counterseal.vault.durable import make_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from counterseal.flow.office import Office


@dataclass(frozen=True, slots=True)
class RowFiled:
    """One row as an accounting files it, in file order.

    ``leaf`` is its salted hash under the batch's root, ``key`` the keyed hash of the name it is filed under, ``said``
    the canonical statement; ``owed`` whether the agreement's law owes it, ``suspended`` until when the agency's signed
    request keeps it back.
    """

    leaf: bytes
    key: bytes
    said: bytes
    owed: bool
    suspended: date | None


def retain(office: Office, submission: str, rows: Iterable[RowFiled]) -> None:
    """Write the lines of a batch, sealed and durable. What an act that was cut had written is written anew."""
    office.files.make_retained_key()
    path = _path(office, submission)
    make_folder(path.parent)
    lines = io.StringIO()
    for row in rows:
        until = row.suspended.isoformat() if row.suspended else ""
        told = [row.leaf.hex(), row.key.hex(), row.said.decode("utf-8"), int(row.owed), until]
        lines.write(json.dumps(told, ensure_ascii=False, separators=(",", ":")) + "\n")
    office.files.write(path, lines.getvalue().encode("utf-8"))


def retained(office: Office, submission: str) -> Iterator[RowFiled]:
    """Read the lines of a batch that was destroyed. Raises CountersealError ``retained`` when they are not here."""
    path = _path(office, submission)
    if not path.is_file():
        raise CountersealError(
            "retained", "What was kept of a destroyed batch for accountings is not here.", where=submission,
            next_step="Put it back from the copy of the office.",
        )  # fmt: skip
    with office.files.open(path) as file:
        for line in io.TextIOWrapper(file, encoding="utf-8", newline="\n"):
            leaf, key, said, owed, until = json.loads(line)
            yield RowFiled(
                bytes.fromhex(leaf), bytes.fromhex(key), said.encode("utf-8"), bool(owed),
                date.fromisoformat(until) if until else None,
            )  # fmt: skip


def _path(office: Office, submission: str) -> Path:
    return office.workspace.root / RETAINED / f"{submission}.jsonl"
