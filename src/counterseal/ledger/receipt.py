"""C2SP tlog-proof: a receipt for one entry that is checked offline, with a policy and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.checkpoint import read_body, read_decimal
from counterseal.ledger.note import decode64, encode64, read_note
from counterseal.ledger.tree import included

if TYPE_CHECKING:
    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.note import SignatureCheck
    from counterseal.ledger.policy import Policy

HEADER = "c2sp.org/tlog-proof@v1"
LONGEST_PATH = 63


@dataclass(frozen=True, slots=True)
class Receipt:
    """Index, inclusion proof and checkpoint. ``extra`` is signed by nobody and must not be trusted."""

    index: int
    path: tuple[bytes, ...]
    checkpoint: str
    extra: bytes | None = None

    def __str__(self) -> str:
        extra = [] if self.extra is None else [f"extra {encode64(self.extra)}"]
        lines = [HEADER, *extra, f"index {self.index}", *map(encode64, self.path), "", ""]
        return "\n".join(lines) + self.checkpoint


def read_receipt(raw: bytes) -> Receipt:
    """Read a receipt; nothing in it is verified yet.

    Raises CountersealError ``receipt-form``.
    """
    try:
        head, between, checkpoint = raw.decode("utf-8").partition("\n\n")
        lines = head.split("\n")
        if not between or lines.pop(0) != HEADER:
            raise _bad("its first line is not that of a tlog-proof")
        extra = decode64(lines.pop(0)[6:]) if lines and lines[0].startswith("extra ") else None
        if not lines or not lines[0].startswith("index "):
            raise _bad("the index is missing")
        index = read_decimal(lines.pop(0)[6:])
        if len(lines) > LONGEST_PATH:
            raise _bad("its path is too long")
        path = tuple(decode64(line, 32) for line in lines)
        read_body(read_note(checkpoint.encode()).text)
    except UnicodeDecodeError:
        raise _bad("it is not UTF-8") from None
    except CountersealError as error:
        raise error if error.code == "receipt-form" else _bad(error.message) from error
    return Receipt(index, path, checkpoint, extra)


def _bad(why: str) -> CountersealError:
    return CountersealError("receipt-form", f"This is no tlog-proof: {why}.")


def verify_receipt(receipt: Receipt, leaf: bytes, policy: Policy, check: SignatureCheck) -> TreeHead:
    """Verify that the entry with this leaf hash is in a log that the policy accepts; give the tree head.

    Raises CountersealError when the receipt is malformed, and CheckFailedError ``signature``,
    ``quorum`` or ``inclusion`` when log, witnesses or path do not bear it out.
    """
    head = policy.accept(receipt.checkpoint.encode(), check)
    if not included(leaf, receipt.index, head.size, receipt.path, head.root):
        raise CheckFailedError("inclusion", "The entry is not in the ledger that this receipt speaks of.")
    return head
