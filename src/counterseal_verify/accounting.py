"""Verify one person's accounting, or the whole index, against an exported ledger.

    counterseal-verify accounting accounting.json --ledger FOLDER (--policy FILE | --key VKEY)
    counterseal-verify index index.jsonl --ledger FOLDER (--policy FILE | --key VKEY)

It shares no line with the program that made them. A person learns that the list is all that stands under their name
in an index that covers every batch; an inspector learns, without a name, that the index has every row and every
delivery once.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from counterseal_verify.verify import Head, Policy, Refused, Stack, join, root_from_path, unhex

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

FILED = {"determined", "judged", "delivered", "answered", "withheld"}
CONTEXT = b"counterseal/accounting-%s/v1\0"


@dataclass(frozen=True)
class Cover:
    """What the entry of an index says, held against every entry before it."""

    root: bytes
    at: int
    when: str
    rows: dict[int, int]
    roots: dict[int, str]
    delivered: dict[int, str]


def digest(context: bytes, *parts: bytes) -> bytes:
    """Hash parts under a context."""
    return hashlib.sha256(CONTEXT % context + b"".join(parts)).digest()


def cover(entries: list[bytes], at: int, spans: list[list[int]]) -> Cover:
    """Hold an index's entry against the ledger: every batch and delivery before it, and nothing newer after it."""
    told = [json.loads(entry) for entry in entries]
    if not 0 <= at < len(told) or told[at]["kind"] != "accounted":
        raise Refused("the entry named is not one of an index")
    body = told[at]["body"]
    covers = body["covers"]
    if covers != at:
        raise Refused("the index does not cover every entry before its own")
    later = [n for n in range(at + 1, len(told)) if told[n]["kind"] in FILED | {"accounted"}]
    if later:
        raise Refused(f"the index is stale: entry {later[0]} came after it; ask for a new one")
    determined = {n: entry["body"] for n, entry in enumerate(told[:covers]) if entry["kind"] == "determined"}
    anew = {entry["body"]["determined"] for entry in told[:covers] if entry["kind"] == "judged"}
    first, newest = [span[0] for span in spans], [span[1] for span in spans]
    if spans != sorted(spans) or sorted(set(determined) - anew) != first:
        raise Refused("a batch of the ledger is left out of the index, or stands there twice")
    for one, last in spans:
        if last != one and (last not in anew or last < one or determined[last]["rows"] != determined[one]["rows"]):
            raise Refused("a batch's newest entry is not one of that batch")
    if len(set(newest)) != len(newest):
        raise Refused("two batches name one entry as their newest")
    delivered = {n: entry["at"][:10] for n, entry in enumerate(told[:covers]) if entry["kind"] == "delivered"}
    written = json.dumps(spans, separators=(",", ":")).encode()
    counted = {
        "batches": len(spans),
        "batches_sha256": hashlib.sha256(written).hexdigest(),
        "items": sum(determined[one]["rows"] for one in first),
        "disclosures": len(delivered),
    }
    for name, value in counted.items():
        if body[name] != value:
            raise Refused(f"the index's entry says otherwise of {name} than the ledger")
    rows = {last: determined[last]["rows"] for last in newest}
    return Cover(
        unhex(body["root"]),
        at,
        told[at]["at"],
        rows,
        {last: determined[last]["rows_root"] for last in newest},
        delivered,
    )


def item_digest(batch: int, place: int, leaf: bytes, delivered: int, statement: bytes) -> bytes:
    """Hash one row as it is filed."""
    numbers = b"".join((one + 1).to_bytes(8) for one in (batch, place, delivered))
    return digest(b"item", numbers, leaf, statement)


def leaf_of(key: bytes, shown: list[bytes], reserved: bytes) -> bytes:
    """Hash one list as a leaf."""
    return hashlib.sha256(b"\0" + CONTEXT % b"list" + key + digest(b"shown", *shown) + reserved).digest()


def bit(key: bytes, depth: int) -> int:
    """Give one bit of a key, the first being 0."""
    return int.from_bytes(key) >> (255 - depth) & 1


def person(proof: dict[str, Any], entries: list[bytes]) -> tuple[Cover, list[str]]:
    """Verify a person's accounting; give what it stands under and a line for each list and item."""
    if proof["format"] != "counterseal-accounting/v1" or not proof["lists"]:
        raise Refused("this is no accounting")
    held, said = cover(entries, proof["entry"], proof["batches"]), []
    for one in proof["lists"]:
        name = one["name"]
        key = digest(b"key", unhex(one["salt"]), name.encode())
        items, before = [], (-1, -1)
        said.append(f"{name}: {len(one['shown'])} listed")
        for item in one["shown"]:
            if (item["batch"], item["place"]) <= before:
                raise Refused("an item stands twice, or out of order")
            before = (item["batch"], item["place"])
            items.append(_item(item, held))
            words = json.loads(item["statement"])
            said.append(f"  {words['received_on']} {words['agency']}: {words['answer']}")
        siblings = [unhex(text) for text in one["siblings"]]
        if len(siblings) > 256:
            raise Refused("the path is too long")
        hashed = leaf_of(key, items, unhex(one["reserved"]))
        for depth, sibling in zip(range(len(siblings) - 1, -1, -1), siblings, strict=True):
            hashed = join(sibling, hashed) if bit(key, depth) else join(hashed, sibling)
        if hashed != held.root:
            raise Refused("the list is not the one that the index has under this name")
    return held, said


def _item(item: dict[str, Any], held: Cover) -> bytes:
    batch, place, delivered = item["batch"], item["place"], item["delivered"]
    if batch not in held.rows:
        raise Refused("an item is of a batch that the index does not cover")
    leaf, path = unhex(item["leaf"]), [unhex(step) for step in item["path"]]
    if root_from_path(leaf, place, held.rows[batch], path).hex() != held.roots[batch]:
        raise Refused("an item is not a row of its batch")
    words = json.loads(item["statement"])
    if (delivered == -1) != (words["answer"] != "disclosed"):
        raise Refused("an item says otherwise of its disclosure than its words")
    if delivered != -1 and held.delivered.get(delivered) != words["disclosed_on"]:
        raise Refused("an item names a delivery that the ledger does not have on that day")
    statement = digest(b"statement", unhex(item["salt"]), item["statement"].encode())
    return item_digest(batch, place, leaf, delivered, statement)


def whole(lines: Iterable[str], entries: list[bytes]) -> tuple[Cover, int]:
    """Verify an inspector's index: its root, and every row of every batch and every delivery exactly once."""
    read = (json.loads(line) for line in lines)
    first: dict[str, Any] = next(read, {})
    if first.get("format") != "counterseal-accounting-index/v1":
        raise Refused("this is no index")
    held = cover(entries, first["entry"], first["batches"])
    leaves: dict[int, list[bytes]] = {batch: [b""] * rows for batch, rows in held.rows.items()}
    tree: list[tuple[bytes, bytes]] = []
    delivered: list[int] = []
    for one in read:
        shown, reserved = (_part(one[name], leaves, delivered) for name in ("shown", "reserved"))
        key = unhex(one["key"])
        if tree and key <= tree[-1][0]:
            raise Refused("the keys are out of order, or one stands twice")
        tree.append((key, leaf_of(key, shown, digest(b"reserved", unhex(one["reserved_salt"]), *reserved))))
    if subtree(tree, 0) != held.root:
        raise Refused("the lists do not give the root that the ledger has")
    for batch, found in leaves.items():
        if b"" in found:
            raise Refused(f"row {found.index(b'') + 1} of the batch at entry {batch} is left out")
        stack = Stack()
        for leaf in found:
            stack.add(leaf)
        if stack.root().hex() != held.roots[batch]:
            raise Refused(f"the rows of the batch at entry {batch} are not those of the ledger")
    if sorted(delivered) != sorted(held.delivered):
        raise Refused("a delivery of the ledger is left out, or filed twice")
    return held, len(tree)


def _part(items: list[list[Any]], leaves: dict[int, list[bytes]], delivered: list[int]) -> list[bytes]:
    """Give the digests of one part of a list, and mark its rows and deliveries as filed."""
    before, hashed = (-1, -1), []
    for batch, place, leaf, delivery, statement in items:
        if (batch, place) <= before or batch not in leaves or not 0 <= place < len(leaves[batch]):
            raise Refused("a row is out of order, or of no batch")
        if leaves[batch][place]:
            raise Refused(f"row {place + 1} of the batch at entry {batch} is filed twice")
        before, leaves[batch][place] = (batch, place), unhex(leaf)
        delivered += [delivery] if delivery != -1 else []
        hashed.append(item_digest(batch, place, unhex(leaf), delivery, unhex(statement)))
    return hashed


def subtree(lists: list[tuple[bytes, bytes]], depth: int) -> bytes:
    """Give the root over lists whose keys agree in their first ``depth`` bits."""
    if len(lists) < 2:
        return lists[0][1] if lists else digest(b"empty")
    ones = [one for one in lists if bit(one[0], depth)]
    return join(subtree(lists[: len(lists) - len(ones)], depth + 1), subtree(ones, depth + 1))


def check(given: Namespace, head: Head, entries: list[bytes], _: Policy) -> tuple[str, str]:
    """Verify a file of either kind under a verified ledger; give what it shows, or else what does not hold."""
    try:
        if given.what == "index":
            with given.path.open(encoding="utf-8") as lines:
                held, lists = whole(lines, entries)
            counted = f"{sum(held.rows.values())} rows and {len(held.delivered)} deliveries"
            return f"{lists} lists have each of {counted} once; entry {held.at} of {head.origin}", ""
        held, said = person(json.loads(given.path.read_text("utf-8")), entries)
    except Refused as refused:
        return "", str(refused)
    said.append(f"complete up to entry {held.at} of {head.origin}, {held.when}, but for what the law keeps back")
    return "\n".join(said), ""
