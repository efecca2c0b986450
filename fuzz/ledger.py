"""The ledger's readers, each held against the other verifier's: checkpoint, receipt, entry, policy, key.

Neither may fail in another way than its own refusal, and what one takes the other takes. What is taken is written
back as the same bytes; and under a policy's keys nothing holds but what those keys signed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from counterseal.errors import CountersealError
from counterseal.ledger.canonical import canonical
from counterseal.ledger.checkpoint import TreeHead, read_body
from counterseal.ledger.entry import read_entry
from counterseal.ledger.forms import EntryForms
from counterseal.ledger.note import ED25519, ED25519_COSIGNATURE, ML_DSA_44_COSIGNATURE, read_key, read_note, sign_note
from counterseal.ledger.policy import Policy, read_policy
from counterseal.ledger.receipt import Receipt, read_receipt, verify_receipt
from counterseal.ledger.tree import Tree, leaf_hash
from counterseal.vault.signing import KeySigner, check_signature
from counterseal_verify import verify as second
from counterseal_verify.approvals import standing
from counterseal_verify.package import intent_of

Read = TypeVar("Read")

ORIGIN = "log.example"
LOG = [KeySigner(ORIGIN, ED25519, b"\1" * 32), KeySigner(ORIGIN, ML_DSA_44_COSIGNATURE, b"\2" * 32)]
WITNESSES = [KeySigner(f"w{n}.example", ED25519_COSIGNATURE, bytes([3 + n]) * 32) for n in range(3)]
ENTRY = b'{"at":"2026-11-01T00:00:00.000000Z","body":{"rows":7,"words":["a","\xc3\xa9"]},"kind":"stop","v":1}'
LEAVES = [leaf_hash(ENTRY), *(leaf_hash(bytes([n])) for n in range(12))]
TREE = Tree(LEAVES)
HEAD = TreeHead(ORIGIN, len(LEAVES), TREE.root())
NOTE = str(sign_note(str(HEAD), [*LOG, *WITNESSES[:2]], 1_700_000_000))
RECEIPT = Receipt(0, tuple(TREE.inclusion(0)), NOTE)
TRUST = "\n".join((
    f"log {LOG[0].key} https://log.example/",
    f"log {LOG[1].key}",
    *(f"witness {'abc'[n]} {WITNESSES[n].key}" for n in range(3)),
    "group g 2 a b c",
    "quorum g",
    "",
))  # fmt: skip
POLICY, SECOND = read_policy(TRUST.encode()), second.Policy(TRUST)


def first_takes(read: Callable[[], Read]) -> Read | None:
    """Give what the first verifier reads, None where it refuses."""
    try:
        return read()
    except CountersealError:
        return None


def second_takes(read: Callable[[], Read]) -> Read | None:
    """Give what the second verifier reads, None where it refuses. A file's bytes are decoded before it is asked."""
    try:
        return read()
    except (second.Refused, UnicodeDecodeError):
        return None


def checkpoint(content: bytes) -> None:
    """Read a checkpoint, and verify it by the policy."""
    ours = first_takes(lambda: read_body(read_note(content).text))
    theirs = second_takes(lambda: second.Head.read(second.signatures(content.decode(), [])[0]))
    assert (ours is None) == (theirs is None), f"one reads a checkpoint: {ours}, {theirs}"
    if ours is not None and theirs is not None:
        assert str(read_note(content)).encode() == content, "read in one way and written in another"
        assert str(ours) == read_note(content).text, "a head that is written in another way"
        assert (ours.origin, ours.size, ours.root) == (theirs.origin, theirs.size, theirs.root), "two heads"
    held = first_takes(lambda: POLICY.accept(content, check_signature))
    also = second_takes(lambda: SECOND.accept(content.decode()))
    assert (held is None) == (also is None), "one verifies a checkpoint and the other does not"
    assert held in {None, HEAD}, "a head that nobody signed"


def receipt(content: bytes) -> None:
    """Read a receipt, and verify by the policy that it proves one entry."""
    ours = first_takes(lambda: read_receipt(content))
    assert ours is None or str(ours).encode() == content, "read in one way and written in another"
    held = ours and first_takes(lambda: verify_receipt(ours, LEAVES[0], POLICY, check_signature))
    also = second_takes(lambda: second.receipt(content.decode(), LEAVES[0], SECOND))
    assert (held is None) == (also is None), "one verifies a receipt and the other does not"
    assert held in {None, HEAD}, "a head that nobody signed"
    assert also is None or also[1] == 0, "an entry at another's place"


def entry(content: bytes) -> None:
    """Read an entry: quick and whole alike, and back to its bytes; the second verifier looks for an intent in it."""
    ours = first_takes(lambda: read_entry(content))
    forms = EntryForms()
    for known in (content, ENTRY, content):
        kind = first_takes(lambda known=known: forms.kind(known))
        assert known is ENTRY or kind == (None if ours is None else ours["kind"]), "a form hides what is not canonical"
    assert ours is None or canonical(ours) == content, "read in one way and written in another"
    body = second_takes(lambda: intent_of(content))
    assert body is None or ours is None or body == ours["body"], "two bodies"
    if ours is not None:
        second_takes(lambda: standing([(0, ours)]))


def policy(content: bytes) -> None:
    """Read a trust policy: both the same one, which is written and read again; and both take one checkpoint by it."""
    ours = first_takes(lambda: read_policy(content))
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return  # octets that the first verifier lets pass in names, where they are nobody's
    theirs = second_takes(lambda: second.Policy(text))
    assert (ours is None) == (theirs is None), "one reads a policy and the other does not"
    if ours is None or theirs is None:
        return
    assert read_policy(written(ours)) == ours, "read in one way and written in another"
    held = first_takes(lambda: ours.accept(NOTE.encode(), check_signature))
    also = second_takes(lambda: theirs.accept(NOTE))
    assert (held is None) == (also is None), "one takes a checkpoint by the policy and the other does not"


def written(taken: Policy) -> bytes:
    """Write a policy that was read, a line for each thing in it. Names and addresses are octets, a key is text."""
    lines = [
        b"log %b %b" % (str(key).encode(), octets(url)) for key, url in zip(taken.logs, taken.log_urls, strict=True)
    ]
    lines += [b"witness %b %b %b" % (octets(w.name), str(w.key).encode(), octets(w.url)) for w in taken.witnesses]
    lines += [octets(f"group {name} {one.threshold} {' '.join(one.members)}") for name, one in taken.groups.items()]
    return b"\n".join([*lines, octets(f"quorum {taken.quorum}"), b""])


def octets(text: str) -> bytes:
    """Give the bytes that a policy's reader keeps as characters."""
    return text.encode("latin-1")


def key(content: bytes) -> None:
    """Read a verifier key: one spelling, and both or neither."""
    text = content.decode("utf-8", "replace")
    ours = first_takes(lambda: read_key(text))
    theirs = second_takes(lambda: second.Key.read(text))
    assert (ours is None) == (theirs is None), "one reads a key and the other does not"
    if ours is not None and theirs is not None:
        assert str(ours) == text, "one key in two spellings"
        assert (ours.name, ours.id, ours.type, ours.public_key) == (theirs.name, theirs.id, theirs.type, theirs.raw)


TARGETS: dict[str, Callable[[bytes], None]] = {
    "checkpoint": checkpoint,
    "receipt": receipt,
    "entry": entry,
    "policy": policy,
    "key": key,
}

SEEDS: dict[str, list[bytes]] = {
    "checkpoint": [NOTE.encode(), str(sign_note(str(HEAD), LOG[:1], 1)).encode()],
    "receipt": [str(RECEIPT).encode(), str(Receipt(0, RECEIPT.path, NOTE, b"seen")).encode()],
    "entry": [
        ENTRY,
        b'{"at":"2026-11-01T00:00:00.000000Z","body":{"over":"00"},"commitments":{"row":"ff"},"kind":"intent","v":1}',
        b'{"at":"2026-11-01T00:00:00.000000Z","body":{"act":"key","key":"AAAA"},"kind":"role","v":1}',
    ],
    "policy": [TRUST.encode(), f"# whose\nlog {LOG[0].key}\n\nquorum none\n".encode()],
    "key": [str(one.key).encode() for one in (LOG[0], LOG[1], WITNESSES[0])],
}
"""What each reader takes, for changes to begin with."""
