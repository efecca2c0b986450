"""The Merkle root over a batch's determinations, so that one row can be proved and no other is shown.

Each row's leaf is the hash of a salt and the row's canonical JSON (RFC 8785). The salts come from one
secret of the batch, which is an opening: kept apart, and once it is destroyed no row can be opened.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.ledger.canonical import canonical
from counterseal.ledger.tree import Tree, included

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

SECRET = 32
CONTEXT = b"counterseal/row/v1\0"


@dataclass(frozen=True, slots=True)
class RowProof:
    """One row of a batch with what proves it under the batch's root."""

    index: int
    size: int
    row: bytes
    salt: bytes
    path: tuple[bytes, ...]


def row_salt(secret: bytes, index: int) -> bytes:
    """Derive one row's salt; it tells nothing about another's."""
    return hmac.digest(secret, index.to_bytes(8), "sha256")


def row_leaf(salt: bytes, row: bytes) -> bytes:
    """Hash one salted row as a leaf."""
    return sha256(b"\0" + CONTEXT + salt + row).digest()


def batch_tree(secret: bytes, rows: Iterable[Mapping[str, str | int | Sequence[str]]]) -> Tree:
    """Build the tree over a batch's rows, in file order.

    Raises CountersealError ``batch-secret`` when the secret is not 32 bytes.
    """
    if len(secret) != SECRET:
        raise CountersealError("batch-secret", "A batch's secret is 32 random bytes.")
    return Tree(row_leaf(row_salt(secret, index), canonical(row)) for index, row in enumerate(rows))


def batch_root(secret: bytes, rows: Iterable[Mapping[str, str | int | Sequence[str]]]) -> str:
    """Give the root over a batch's rows in hexadecimal: what the batch's entry names, with their number.

    Raises CountersealError ``batch-secret`` or ``entry-value``.
    """
    return batch_tree(secret, rows).root().hex()


def prove_row(tree: Tree, secret: bytes, index: int, row: Mapping[str, str | int | Sequence[str]]) -> RowProof:
    """Prove one row; ``index`` counts from 0 in file order.

    Raises CountersealError ``no-such-entry``, or ``row-differs`` when this is not the row that was put
    into the tree.
    """
    written, salt = canonical(row), row_salt(secret, index)
    path = tree.inclusion(index)
    if tree.node(0, index) != row_leaf(salt, written):
        raise CountersealError("row-differs", "This is not the row that the ledger holds the root of.")
    return RowProof(index, tree.size, written, salt, tuple(path))


def row_holds(proof: RowProof, size: int, root: bytes) -> bool:
    """Tell whether the proof shows its row under the root and row count that the ledger's entry names."""
    leaf = row_leaf(proof.salt, proof.row)
    return proof.size == size and included(leaf, proof.index, size, proof.path, root)
