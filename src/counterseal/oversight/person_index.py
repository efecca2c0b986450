"""The verifiable index over the ledger by person: whose list it is, what is on it, and that there is no second one.

A person's list stands in a prefix tree at the place that their key's bits spell, and a leaf ends its path, so one root
holds one list for a key and no other. The key is a hash of the name under which rows are filed (``account:…`` or
``tin:…``) and a salt that only the accounting key gives (HMAC-SHA256), so the index tells nothing to whoever guesses.

A list has two parts. What is *shown* is opened in the letter; what is *reserved* (withheld by an official for a time,
or owed to nobody under the agreement) stands as one salted digest, which an empty part has too. Whoever asks gets a
leaf, so a letter without an item proves the same thing in the same form whether or not something is reserved. No
index says how many lists it has, and each salts the reserved parts anew: neither two letters nor the ledger tell.

After Certificate Transparency's and CONIKS' prefix trees (Melara et al., USENIX Security 2015); RFC 9162 for the
separation of leaves from nodes.
"""

from __future__ import annotations

import hmac
from bisect import bisect_left
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

HASH = 32
NOT_DELIVERED = -1
UNNAMED = "unnamed"
"""The one list of rows that name nobody: no account was confirmed and no nine digits were stated."""

_NAME = b"counterseal/accounting-name/v1\0"
_KEY = b"counterseal/accounting-key/v1\0"
_STATEMENT = b"counterseal/accounting-statement/v1\0"
_ITEM = b"counterseal/accounting-item/v1\0"
_SHOWN = b"counterseal/accounting-shown/v1\0"
_RESERVED = b"counterseal/accounting-reserved/v1\0"
_LIST = b"counterseal/accounting-list/v1\0"
EMPTY = sha256(b"counterseal/accounting-empty/v1\0").digest()
"""The hash of a subtree without a list."""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One row of one batch as filed under a person; it tells nothing by itself.

    ``batch`` is the index of the batch's newest ``determined`` entry, ``place`` the row's from 0, ``leaf`` its salted
    hash under that entry's root, ``delivered`` the index of the entry of its delivery, ``statement`` the salted digest
    of what the letter says of it.
    """

    batch: int
    place: int
    leaf: bytes
    delivered: int
    statement: bytes

    @property
    def digest(self) -> bytes:
        """Everything above in one digest."""
        numbers = b"".join((n + 1).to_bytes(8) for n in (self.batch, self.place, self.delivered))
        return sha256(_ITEM + numbers + self.leaf + self.statement).digest()


@dataclass(frozen=True, slots=True)
class PersonList:
    """All that is filed under one key: shown and reserved items, each strictly in the order of batch and place."""

    shown: tuple[Item, ...]
    reserved_salt: bytes
    reserved: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class ListProof:
    """What proves one list: the digest of its reserved part, and the sibling hashes from the leaf's level upward."""

    reserved: bytes
    siblings: tuple[bytes, ...]


def name_salt(secret: bytes, name: str) -> bytes:
    """Derive the salt of a name from the accounting key (32 bytes); it tells nothing about another's."""
    return hmac.digest(secret, _NAME + name.encode(), "sha256")


def person_key(name: str, salt: bytes) -> bytes:
    """Give the key of a name with its salt. Whoever is told both knows that the list is theirs."""
    return sha256(_KEY + salt + name.encode()).digest()


def statement_salt(secret: bytes, leaf: bytes) -> bytes:
    """Derive the salt of what is said of one row."""
    return hmac.digest(secret, _STATEMENT + leaf, "sha256")


def statement_digest(salt: bytes, statement: bytes) -> bytes:
    """Commit to what is said of one row."""
    return sha256(_STATEMENT + salt + statement).digest()


def shown_digest(items: Sequence[Item]) -> bytes:
    """Give the digest of the items that are shown. Raises CountersealError ``accounting-order``."""
    return sha256(_SHOWN + _in_order(items)).digest()


def reserved_digest(salt: bytes, items: Sequence[Item]) -> bytes:
    """Give the digest of the reserved items; without the salt nobody can tell whether there is one.

    Raises CountersealError ``accounting-order``.
    """
    return sha256(_RESERVED + salt + _in_order(items)).digest()


def reserved_salt(secret: bytes, key: bytes, size: int) -> bytes:
    """Derive the salt of a list's reserved part in the index over a ledger of ``size`` entries.

    It is another one in each index: who asks twice must not see whether the reserved part has changed.
    """
    return hmac.digest(secret, _RESERVED + key + size.to_bytes(8), "sha256")


def list_leaf(key: bytes, shown: bytes, reserved: bytes) -> bytes:
    """Hash one person's list as a leaf."""
    return sha256(b"\0" + _LIST + key + shown + reserved).digest()


class PersonIndex:
    """The prefix tree over every list. Keys are 32 bytes, each once."""

    def __init__(self, lists: Mapping[bytes, PersonList]) -> None:
        self._keys = sorted(lists)
        if any(len(key) != HASH for key in self._keys):
            raise CountersealError("accounting-key", "A person's key is 32 bytes long.")
        self.lists = lists
        self._reserved = [reserved_digest(lists[key].reserved_salt, lists[key].reserved) for key in self._keys]
        self._leaves = [
            list_leaf(key, shown_digest(lists[key].shown), reserved)
            for key, reserved in zip(self._keys, self._reserved, strict=True)
        ]

    def root(self) -> bytes:
        """Give the root over all lists."""
        return self._subtree(0, len(self._keys), 0)

    def prove(self, key: bytes) -> ListProof:
        """Prove one list. Raises CountersealError ``no-such-list`` for a key without one."""
        at = bisect_left(self._keys, key)
        if at == len(self._keys) or self._keys[at] != key:
            raise CountersealError("no-such-list", "Nothing is filed under this key, and no leaf was made for it.")
        siblings, low, high, depth = [], 0, len(self._keys), 0
        while high - low > 1:
            middle = self._split(low, high, depth)
            near, far = ((low, middle), (middle, high)) if at < middle else ((middle, high), (low, middle))
            siblings.append(self._subtree(*far, depth + 1))
            (low, high), depth = near, depth + 1
        return ListProof(self._reserved[at], tuple(siblings[::-1]))

    def _subtree(self, low: int, high: int, depth: int) -> bytes:
        if high - low <= 1:
            return self._leaves[low] if high > low else EMPTY
        middle = self._split(low, high, depth)
        return _join(self._subtree(low, middle, depth + 1), self._subtree(middle, high, depth + 1))

    def _split(self, low: int, high: int, depth: int) -> int:
        """Find the first key between ``low`` and ``high`` whose bit at ``depth`` is 1; the bits before it are alike."""
        return bisect_left(self._keys, 1, low, high, key=lambda key: _bit(key, depth))


def list_holds(key: bytes, shown: Iterable[Item], proof: ListProof, root: bytes) -> bool:
    """Tell whether these items, in this order, are all that is shown under the key in the index of this root."""
    if len(proof.siblings) > 8 * HASH or any(len(one) != HASH for one in (proof.reserved, *proof.siblings)):
        return False
    try:
        hashed = list_leaf(key, shown_digest(tuple(shown)), proof.reserved)
    except CountersealError:
        return False
    for depth, sibling in zip(range(len(proof.siblings) - 1, -1, -1), proof.siblings, strict=True):
        hashed = _join(sibling, hashed) if _bit(key, depth) else _join(hashed, sibling)
    return hmac.compare_digest(hashed, root)


def _bit(key: bytes, depth: int) -> int:
    return key[depth // 8] >> (7 - depth % 8) & 1


def _join(left: bytes, right: bytes) -> bytes:
    return sha256(b"\1" + left + right).digest()


def _in_order(items: Sequence[Item]) -> bytes:
    places = [(one.batch, one.place) for one in items]
    if any(here >= after for here, after in pairwise(places)):
        raise CountersealError("accounting-order", "A row stands once in a list, in the order of its batch and place.")
    return b"".join(one.digest for one in items)
