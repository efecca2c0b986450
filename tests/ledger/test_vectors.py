"""What a hostile suite of test vectors asks of ``ledger conform``: one right reading, and everything beside it refused."""

from __future__ import annotations

import base64
import hashlib

import pytest
from tests.ledger.conftest import signers
from tests.ledger.test_conform import LEAVES, LOG, NOTE, ORIGIN, RECEIPT, TREE, ask, b64

from counterseal.ledger.note import Signature, cosigned_subtree
from counterseal.ledger.tree import EMPTY_ROOT
from counterseal.vault.keys import WITNESS_KEYS

ROOT = b64(TREE.root())
LEAF = b64(LEAVES[0])
EMPTY = b64(EMPTY_ROOT)
VKEY = str(LOG[0].key)
WITNESSES = [signers(f"w{number}.example", WITNESS_KEYS)[0].key for number in range(4)]
FOUR = f"log {VKEY}\n" + "".join(f"witness w{number} {key}\n" for number, key in enumerate(WITNESSES))


@pytest.mark.parametrize(
    ("first", "second", "path", "roots", "holds"),
    [
        (0, 0, [], (EMPTY, EMPTY), True),
        (0, 0, [], (EMPTY, ROOT), False),
        (0, 0, [EMPTY], (EMPTY, EMPTY), False),
        (0, 13, [], (EMPTY, ROOT), False),
        (13, 13, [], (ROOT, ROOT), True),
        (13, 13, None, (ROOT, ROOT), True),
        (13, 13, [LEAF], (ROOT, ROOT), False),
        (13, 13, [], (ROOT, EMPTY), False),
        (14, 13, [], (ROOT, ROOT), False),
        (-1, -1, [], (ROOT, ROOT), False),
        (2**63, 2**63, [], (ROOT, ROOT), False),
        (6, 13, [], (b64(TREE.root(6)), ROOT), False),
        (6, 13, [b64(one) for one in TREE.consistency(6)], (b64(TREE.root(6)), ROOT), True),
        (6, 13, [b64(one) for one in TREE.consistency(6)] + [""], (b64(TREE.root(6)), ROOT), False),
        (6, 13, [b64(one) for one in TREE.consistency(6)], (ROOT, b64(TREE.root(6))), False),
        (6, 2**64 - 1, [b64(one) for one in TREE.consistency(6)], (b64(TREE.root(6)), ROOT), False),
    ],
)
def test_consistency_at_its_edges(first: int, second: int, path: list[str], roots: tuple[str, str], holds: bool):
    answer = ask("consistency", first=first, second=second, path=path, first_root=roots[0], second_root=roots[1])
    assert answer["ok"] is holds


@pytest.mark.parametrize(
    ("change", "holds"),
    [
        ({}, True),
        ({"index": 1}, False),
        ({"index": -1}, False),
        ({"index": 0.0}, False),
        ({"index": "0"}, False),
        ({"index": False, "size": True}, False),
        ({"size": 0}, False),
        ({"size": 2**64}, False),
        ({"size": 2**63, "path": [LEAF] * 63}, False),
        ({"path": [LEAF]}, False),
        ({"path": None}, True),
        ({"path": LEAF}, False),
        ({"leaf": LEAF.rstrip("=")}, False),
        ({"leaf": LEAF + "\n"}, False),
        ({"leaf": LEAF[:-2] + chr(ord(LEAF[-2]) + 1) + "="}, False),
        ({"root": b64(TREE.node(0, 0)[:-1])}, False),
    ],
)
def test_inclusion_at_its_edges(change: dict[str, object], holds: bool):
    sound = {"leaf": LEAF, "index": 0, "size": 1, "path": [], "root": LEAF}
    assert ask("inclusion", **{**sound, **change})["ok"] is holds


@pytest.mark.parametrize(
    "names",
    [
        ("leafHash", "leafIdx", "treeSize", "proof"),
        ("leafHash", "leafIndex", "treeSize", "proof"),
        ("leaf_hash", "leaf_index", "tree_size", "path"),
        ("leaf-hash", "leaf-index", "tree-size", "hashes"),
    ],
)
def test_vectors_whose_files_name_things_otherwise(names: tuple[str, ...]):
    """The first two are the spellings of transparency-dev/merkle, before and after it renamed the index."""
    values = (b64(LEAVES[5]), 5, 13, [b64(step) for step in TREE.inclusion(5)])
    for index, holds in ((5, True), (6, False)):
        question = {**dict(zip(names, values, strict=True)), names[1]: index}
        assert ask("inclusion", root=ROOT, **question)["ok"] is holds


@pytest.mark.parametrize(
    "names",
    [
        ("size1", "size2", "root1", "root2", "proof"),
        ("oldSize", "newSize", "oldRoot", "newRoot", "proof"),
        ("first", "second", "firstRoot", "second_root", "path"),
    ],
)
def test_a_growth_that_is_named_otherwise(names: tuple[str, ...]):
    values = (6, 13, b64(TREE.root(6)), ROOT, [b64(step) for step in TREE.consistency(6)])
    for first, holds in ((6, True), (5, False)):
        assert ask("consistency", **{**dict(zip(names, values, strict=True)), names[0]: first})["ok"] is holds


SIGNED = NOTE.split("\n\n")[1].split("\n")


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (NOTE, True),
        (NOTE + SIGNED[0] + "\n", True),
        (NOTE + "— other.example AAAAAAAA\n", True),
        (NOTE + f"— {ORIGIN} AAAAAAAA\n", True),
        (NOTE + f"— {ORIGIN} {b64(LOG[0].key.id + bytes(64))}\n", False),
        (NOTE + f"— {ORIGIN} {b64(LOG[0].key.id + bytes(63))}\n", False),
        (NOTE + "— other.example AAAAAA==\n", False),
        (NOTE + "— other.example AAAA\n", False),
        (NOTE + "— other.example AAAAAAAA=\n", False),
        (NOTE + "— other.example AAAAAAA_\n", False),
        (NOTE + "— a+b AAAAAAAA\n", False),
        (NOTE + "— a\u00a0b AAAAAAAA\n", False),
        (NOTE + "—  AAAAAAAA\n", False),
        (NOTE + "- other.example AAAAAAAA\n", False),
        (NOTE + "— other.example  AAAAAAAA\n", False),
        (NOTE + "— other.example AAAAAAAA \n", False),
        (NOTE[:-1], False),
        (NOTE + "\n", False),
        (NOTE + "more", False),
        (NOTE.replace("\n", "\r\n"), False),
        (NOTE.replace(ORIGIN, ORIGIN + "\t", 1), False),
        ("\n" + NOTE, False),
        ("\ufeff" + NOTE, False),
        (NOTE.replace("\n\n", "\n", 1), False),
        (NOTE.split("\n\n")[0] + "\n\n", False),
        (NOTE + "— other.example AAAAAAAA\n" * 12, True),
        ("\ud800" + NOTE, False),
        ("", False),
    ],
)
def test_a_note_at_its_edges(text: str, holds: bool):
    assert ask("note", text=text, vkeys=[VKEY])["ok"] is holds


@pytest.mark.parametrize(
    ("lines", "holds"),
    [
        (["o", "1", ROOT], True),
        (["o", "0", EMPTY], True),
        (["o", str(2**63 - 1), ROOT], True),
        (["o", "1", ROOT, "an extension"], True),
        (["an origin with spaces", "1", ROOT], True),
        (["", "1", ROOT], False),
        (["o", "01", ROOT], False),
        (["o", "+1", ROOT], False),
        (["o", "-1", ROOT], False),
        (["o", "-0", ROOT], False),
        (["o", "1.0", ROOT], False),
        (["o", " 1", ROOT], False),
        (["o", "1 ", ROOT], False),
        (["o", "0x1", ROOT], False),
        (["o", "", ROOT], False),
        (["o", "١", ROOT], False),
        (["o", str(2**63), ROOT], False),
        (["o", "9" * 5000, ROOT], False),
        (["o", "1", ROOT[:-1]], False),
        (["o", "1", ROOT + "="], False),
        (["o", "1", b64(bytes(31))], False),
        (["o", "1", b64(bytes(33))], False),
        (["o", "1", base64.urlsafe_b64encode(b"\xff" * 32).decode()], False),
        (["o", "1", ROOT, ""], False),
        (["o", "1"], False),
        (["o\x01", "1", ROOT], False),
        (["o\r", "1\r", ROOT + "\r"], False),
    ],
)
def test_a_checkpoint_at_its_edges(lines: list[str], holds: bool):
    assert ask("checkpoint", text="\n".join([*lines, ""]))["ok"] is holds


def test_a_checkpoint_whose_last_line_is_cut_off():
    assert ask("checkpoint", text=f"o\n1\n{ROOT}")["ok"] is False


def vkey(name: str, kind: int, key: bytes) -> str:
    """A verifier key whose id is its own."""
    body = bytes([kind]) + key
    return "+".join([name, hashlib.sha256(name.encode() + b"\n" + body).hexdigest()[:8], b64(body)])


GOOD = LOG[0].key.public_key


@pytest.mark.parametrize(
    ("given", "holds"),
    [
        (vkey("a", 1, GOOD), True),
        (vkey("a", 4, GOOD), True),
        (vkey("a/é", 1, GOOD), True),
        (vkey("a", 2, GOOD), False),
        (vkey("a", 5, GOOD), False),
        (vkey("a", 255, GOOD), False),
        (vkey("a", 6, GOOD), False),
        (vkey("a", 6, bytes(1312)), True),
        (vkey("a", 6, bytes(1311)), False),
        (vkey("a", 1, GOOD[:-1]), False),
        (vkey("a", 1, GOOD + b"\0"), False),
        (vkey("a", 1, bytes(32)), False),
        (vkey("a", 1, b"\1" + bytes(31)), False),
        (vkey("a", 1, b"\xff" * 32), False),
        (vkey("a", 4, (2**255 - 19).to_bytes(32, "little")), False),
        (vkey("a b", 1, GOOD), False),
        (vkey("a\u2003b", 1, GOOD), False),
        (vkey("", 1, GOOD), False),
        (vkey("a", 1, GOOD) + "\n", False),
        (" " + vkey("a", 1, GOOD), False),
        (vkey("a", 1, GOOD).replace("a+", "b+", 1), False),
        (vkey("a+b", 1, GOOD), False),
        ("a+00000000+", False),
        ("a", False),
    ],
)
def test_a_verifier_key_at_its_edges(given: str, holds: bool):
    assert ask("vkey", vkey=given)["ok"] is holds


@pytest.mark.parametrize(
    ("rest", "witnessed", "holds"),
    [
        ("quorum none\n", [], True),
        ("quorum none", [], True),
        ("\t# a comment\n \n  quorum\tw0 \n", ["w0"], True),
        ("quorum w0\n", ["w1", "w2", "w3"], False),
        ("quorum w0\n", ["unknown"], False),
        ("group g any w0 w1\nquorum g\n", ["w1"], True),
        ("group g any w0 w1\nquorum g\n", ["w2"], False),
        ("group g all w0 w1\nquorum g\n", ["w1"], False),
        ("group g all w0 w1\nquorum g\n", ["w1", "w0"], True),
        ("group g 2 w0 w1 w2\nquorum g\n", ["w0", "w2"], True),
        ("group g 2 w0 w1 w2\nquorum g\n", ["w0", "w0", "w3"], False),
        ("group a 1 w0 w1\ngroup b all a w2\nquorum b\n", ["w1", "w2"], True),
        ("group a 1 w0 w1\ngroup b all a w2\nquorum b\n", ["w0", "w1"], False),
        ("group all all w0\nquorum all\n", ["w0"], True),
        ("group g 0 w0\nquorum g\n", [], False),
        ("group g 2 w0\nquorum g\n", ["w0"], False),
        ("group g 01 w0\nquorum g\n", ["w0"], False),
        ("group g +1 w0\nquorum g\n", ["w0"], False),
        ("group g ALL w0\nquorum g\n", ["w0"], False),
        ("group g 1\nquorum g\n", ["w0"], False),
        ("group g 1 w0 w0\nquorum g\n", ["w0"], False),
        ("group g 1 none\nquorum g\n", [], False),
        ("group g 1 g\nquorum g\n", [], False),
        ("group g 1 w0\ngroup h 1 w0\nquorum h\n", ["w0"], False),
        ("group w0 1 w1\nquorum w0\n", ["w0"], False),
        ("group none 1 w1\nquorum none\n", [], False),
        ("quorum g\ngroup g 1 w0\n", ["w0"], False),
        ("quorum w0\nquorum w0\n", ["w0"], False),
        ("quorum\n", [], False),
        ("quorum none none\n", [], False),
        ("quorum none # none\n", [], False),
        ("threshold 1\nquorum none\n", [], False),
        ("", [], False),
        ("quorum none\r\n", [], False),
        ("# \x7f\nquorum none\n", [], False),
        (f"log {VKEY}\nquorum none\n", [], False),
        (f"witness w9 {WITNESSES[0]}\nquorum none\n", [], False),
        (f"log {WITNESSES[0]}\nquorum none\n", [], False),
        (f"witness w9 {VKEY}\nquorum none\n", [], False),
        ("quorum w0\n", "w0", False),
    ],
)
def test_a_policy_at_its_edges(rest: str, witnessed: list[str], holds: bool):
    assert ask("policy", policy=FOUR + rest, witnessed=witnessed)["ok"] is holds


def test_a_policy_whose_names_are_not_ascii():
    """The octets of a name are opaque; whoever asks in JSON writes it as it reads."""
    policy = f"witness Кельвин {WITNESSES[0]}\nwitness K {WITNESSES[1]}\ngroup Größe all Кельвин K\nquorum Größe\n"
    answer = ask("policy", policy=policy, witnessed=["Кельвин", "K"])
    assert (answer["ok"], answer["witnesses"]) == (True, ["Кельвин", "K"])
    assert (answer["groups"], answer["quorum"]) == (["Größe"], "Größe")
    assert ask("policy", policy=policy, witnessed=["Кельвин", "\u212a"])["ok"] is False, "a Kelvin sign is no K"


@pytest.mark.parametrize(
    ("path", "holds"),
    [
        ("tile/0/000", True),
        ("tile/63/000", True),
        ("tile/0/x001/000", True),
        ("tile/0/x001/x234/067.p/255", True),
        ("tile/entries/000.p/1", True),
        ("tile/64/000", False),
        ("tile/00/000", False),
        ("tile/-1/000", False),
        ("tile/data/000", False),
        ("tile/0/x000/001", False),
        ("tile/0/1", False),
        ("tile/0/0001", False),
        ("tile/0/001/067", False),
        ("tile/0/x001/x067", False),
        ("tile/0/x1234/067", False),
        ("tile/0/000.p/0", False),
        ("tile/0/000.p/01", False),
        ("tile/0/000.p/256", False),
        ("tile/0/000.p/", False),
        ("tile/0/٠٠٠", False),
        ("tile/0/000\n", False),
        ("/tile/0/000", False),
        ("tile/0/" + "x999/" * 6 + "999", False),
    ],
)
def test_a_tile_path_at_its_edges(path: str, holds: bool):
    assert ask("tile-path", path=path)["ok"] is holds


@pytest.mark.parametrize("width", [0, 257, -1, "1", True])
def test_a_tile_of_no_width(width: object):
    assert ask("tile-path", level=0, index=0, width=width)["ok"] is False


def test_a_tile_is_named_by_its_numbers():
    assert ask("tile-path", level=0, index=1_234_067, width=8)["path"] == "tile/0/x001/x234/067.p/8"
    assert ask("tile-path", level="entries", index=256_000)["path"] == "tile/entries/x256/000"


def test_a_cosignature_apart_from_its_checkpoint():
    body, signed = NOTE.split("\n\n")
    line = signed.split("\n")[3] + "\n"
    key = str(signers("witness.example/w", WITNESS_KEYS)[1].key)
    assert ask("cosignature", text=body + "\n", cosignature=line, vkeys=[key])["ok"] is True
    assert ask("cosignature", text=NOTE, cosignature=line, vkeys=[key])["ok"] is True
    assert ask("cosignature", checkpoint=body + "\n", cosignature=line.rstrip(), vkey=key)["ok"] is True
    other = body.replace(ORIGIN, ORIGIN + "x")
    assert ask("cosignature", text=other + "\n", cosignature=line, vkeys=[key])["ok"] is False
    assert ask("cosignature", text=body + "\n", cosignature=line, vkeys=[VKEY])["ok"] is False


@pytest.mark.parametrize(
    ("start", "end", "holds"),
    [(8, 13, True), (4, 8, True), (0, 13, True), (2, 6, False), (5, 13, False), (8, 8, False)],
)
def test_a_cosignature_of_leaves_that_are_no_subtree(start: int, end: int, holds: bool):
    signer = signers("witness.example/w", WITNESS_KEYS)[1]
    message = cosigned_subtree(signer.key.name, 0, ORIGIN, start, end, TREE.root())
    line = str(Signature(signer.key.name, signer.key.id, signer.sign_head_message(message, 0)))
    asked = {"origin": ORIGIN, "start": start, "end": end, "hash": ROOT, "vkeys": [str(signer.key)]}
    assert ask("cosignature", cosignature=line, **asked)["ok"] is holds
    assert ask("cosignature", cosignature=line, **{**asked, "end": end + 16})["ok"] is False


def test_a_checkpoint_and_a_receipt_without_their_quorum():
    """The log's own signatures hold; the witnesses that the policy asks for are others."""
    signed = str(signers("witness.example/w", WITNESS_KEYS)[0].key)
    for rest, holds in (
        (f"witness w {signed}\nquorum w\n", True),
        (f"witness w {signed}\ngroup g 2 w w0\nquorum g\n", False),
        ("quorum w0\n", False),
        ("group g any w0 w1 w2 w3\nquorum g\n", False),
        ("quorum none\n", True),
    ):
        assert ask("policy", policy=FOUR + rest, checkpoint=NOTE)["ok"] is holds
        assert ask("tlog-proof", proof=RECEIPT, leaf=b64(LEAVES[5]), policy=FOUR + rest)["ok"] is holds
