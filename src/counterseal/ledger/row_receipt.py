"""One row of a batch with all that proves it offline: the row and its salt, the batch's entry, the entry's receipt.

It is a JSON object: ``format``, ``index`` (from 0), ``row`` (the row's canonical bytes as text), ``salt`` and
``path`` (hexadecimal), ``entry`` (the batch's entry as text) and ``receipt`` (a C2SP tlog-proof). It shows this row
and no other, and is as confidential as the row.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.batch import RowProof, row_holds
from counterseal.ledger.canonical import read_canonical
from counterseal.ledger.entry import SALT, EntryKind, read_entry
from counterseal.ledger.folder import prove_entry
from counterseal.ledger.note import read_head
from counterseal.ledger.receipt import Receipt, read_receipt, verify_receipt
from counterseal.ledger.tree import HASH, leaf_hash

if TYPE_CHECKING:
    from typing import Any

    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.folder import LedgerFolder
    from counterseal.ledger.note import SignatureCheck
    from counterseal.ledger.policy import Policy

FORMAT = "counterseal-row-receipt/v1"


@dataclass(frozen=True, slots=True)
class RowReceipt:
    """A row's proof under its batch's entry, and that entry's receipt."""

    proof: RowProof
    entry: bytes
    receipt: Receipt

    def __str__(self) -> str:
        stated = {
            "format": FORMAT,
            "index": self.proof.index,
            "row": self.proof.row.decode(),
            "salt": self.proof.salt.hex(),
            "path": [step.hex() for step in self.proof.path],
            "entry": self.entry.decode(),
            "receipt": str(self.receipt),
        }
        return json.dumps(stated, indent=1) + "\n"


def read_row_receipt(raw: bytes) -> RowReceipt:
    """Read a row's receipt; nothing in it is verified yet. Raises CountersealError ``row-receipt-form``."""
    try:
        stated = json.loads(raw)
        if stated.pop("format") != FORMAT or type(stated["index"]) is not int or len(stated) != 6:
            raise _bad()
        entry = stated["entry"].encode()
        proof = RowProof(
            stated["index"],
            _rows(read_entry(entry)),
            stated["row"].encode(),
            _hash(stated["salt"], SALT),
            tuple(_hash(step, HASH) for step in stated["path"]),
        )
        return RowReceipt(proof, entry, read_receipt(stated["receipt"].encode()))
    except CountersealError as error:
        raise _bad() from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise _bad() from error


def verify_row_receipt(given: RowReceipt, policy: Policy, check: SignatureCheck) -> tuple[dict[str, Any], TreeHead]:
    """Verify a row's receipt; give the row and the tree head that it stands under.

    Raises CountersealError or CheckFailedError as ``verify_receipt`` does for the batch's entry, and CheckFailedError
    ``row`` when the row is not the one of that number in the batch.
    """
    head = verify_receipt(given.receipt, leaf_hash(given.entry), policy, check)
    entry = read_entry(given.entry)
    body: Any = entry["body"]
    try:
        root, row = bytes.fromhex(body["rows_root"]), read_canonical(given.proof.row)
        numbered = row["row"] == given.proof.index + 1
    except (ValueError, KeyError, TypeError, RecursionError, CountersealError):
        numbered = False
    if not numbered or not row_holds(given.proof, _rows(entry), root):
        raise CheckFailedError("row", "The row is not in the batch that this entry speaks of.")
    return row, head


def batch_entry(folder: LedgerFolder, size: int, root: str) -> int:
    """Find the entry of the batch whose rows have this root. Raises CheckFailedError ``no-such-batch``."""
    sought, first = f'"rows_root":"{root}"'.encode(), 0
    for bundle in folder.entries(size):
        for offset, entry in enumerate(bundle):
            if sought in entry and read_entry(entry)["kind"] == EntryKind.DETERMINED:
                return first + offset
        first += len(bundle)
    raise CheckFailedError(
        "no-such-batch",
        "The ledger has no entry over the rows as they now lie in the batch's folder.",
        next_step="The rows were changed after they were determined, or their entry is not yet published.",
    )


def prove_row_in_ledger(folder: LedgerFolder, proof: RowProof, root: str) -> RowReceipt:
    """Join a row's proof to its batch's entry and that entry's receipt. Raises CheckFailedError ``no-such-batch``."""
    size = read_head(folder.checkpoint().decode("utf-8", "replace")).size
    index = batch_entry(folder, size, root)
    return RowReceipt(proof, folder.entry(index, size), prove_entry(folder, index))


def _rows(entry: dict[str, Any]) -> int:
    rows = entry["body"]["rows"]
    if entry["kind"] != EntryKind.DETERMINED or type(rows) is not int:
        raise _bad()
    return rows


def _hash(text: str, length: int) -> bytes:
    raw = bytes.fromhex(text)
    if len(raw) != length or raw.hex() != text:
        raise _bad()
    return raw


def _bad() -> CountersealError:
    return CountersealError("row-receipt-form", "This is no receipt of a row.")
