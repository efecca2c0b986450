"""Two verifiers that share no line must agree, on what holds and on what does not."""

from __future__ import annotations

import base64
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.conftest import ORIGIN, signers
from tests.ledger.test_log import enter, verify

import counterseal_verify.verify as second
from counterseal.errors import CountersealError
from counterseal.ledger.canonical import canonical
from counterseal.ledger.folder import LedgerFolder, prove_entry
from counterseal.ledger.note import ED25519, is_sound_point, read_key
from counterseal.ledger.policy import read_policy
from counterseal.ledger.receipt import read_receipt, verify_receipt
from counterseal.ledger.tree import Tree, leaf_hash
from counterseal.vault.keys import LOG_KEYS, WITNESS_KEYS
from counterseal.vault.signing import check_signature
from counterseal_verify.newest import addresses

if TYPE_CHECKING:
    from counterseal.store.ledger_log import LedgerLog

LEAVES = [leaf_hash(bytes([n])) for n in range(150)]
TREE = Tree(LEAVES)


def test_two_verifiers_that_find_two_roots():
    stack = second.Stack()
    for size in range(1, 151):
        stack.add(LEAVES[size - 1])
        assert stack.root() == TREE.root(size)
        for index in range(0, size, 7):
            path = TREE.inclusion(index, size)
            assert second.root_from_path(LEAVES[index], index, size, path) == TREE.root(size)


@pytest.mark.parametrize("size", [1, 256, 300, 70_000])
def test_a_tile_of_two_names(size: int):
    from counterseal.ledger.tiles import tile_path

    for level, index, width in ((0, size, 256), ("entries", size * 977, 3), (2, 0, 1)):
        assert second.tile_name(level, index, width) == tile_path(level, index, width)


def test_the_program_on_a_real_folder(log: LedgerLog, tmp_path: Path):
    enter(log, 600)
    log.publish()
    key = str(log._signers[0].key)
    run = [sys.executable, second.__file__, "ledger", str(log.folder), "--key", key]
    told = subprocess.run(run, capture_output=True, text=True, check=False)
    assert (told.returncode, told.stdout) == (0, f"{ORIGIN}: 600 entries hold\n")
    (tmp_path / "log.vkey").write_text(f"{key}\n")
    assert second.main(["ledger", str(log.folder), "--key", str(tmp_path / "log.vkey")]) == 0
    policy = tmp_path / "policy"
    policy.write_text(f"log {log._signers[1].key}\nquorum none\n")
    proof, entry = tmp_path / "proof", tmp_path / "entry"
    proof.write_text(str(prove_entry(LedgerFolder(log.folder), 511)))
    entry.write_bytes(log.entry(511))
    assert second.main(["receipt", str(proof), "--entry", str(entry), "--policy", str(policy)]) == 0
    entry.write_bytes(log.entry(510))
    assert second.main(["receipt", str(proof), "--entry", str(entry), "--policy", str(policy)]) == 1


def test_damage_that_one_verifier_lets_pass(log: LedgerLog):
    enter(log, 300)
    log.publish()
    policy = second.Policy(f"log {log._signers[0].key}\nquorum none\n")
    for path in sorted(log.folder.rglob("*")):
        if not path.is_file():
            continue
        sound = path.read_bytes()
        for at in range(0, len(sound), max(1, len(sound) // 5)):
            flipped = bytearray(sound)
            flipped[at] ^= 1
            path.write_bytes(flipped)
            outcomes = []
            for check in (lambda: verify(log), lambda: second.ledger(log.folder, policy)):
                try:
                    check()
                    outcomes.append("holds")
                except (CountersealError, second.Refused, UnicodeDecodeError):
                    outcomes.append("refused")
            assert outcomes[0] == outcomes[1] or path.name == "checkpoint"
            path.write_bytes(sound)
    assert verify(log) == 300


def test_bytes_after_the_last_hash_or_entry(log: LedgerLog):
    """A tile is as wide as its name says, and nothing travels behind it; a full one may stand in for a partial."""
    enter(log, 300)
    log.publish()
    policy = second.Policy(f"log {log._signers[0].key}\nquorum none\n")
    for path in sorted(file for file in (log.folder / "tile").rglob("*") if file.is_file()):
        sound = path.read_bytes()
        path.write_bytes(sound + bytes(32))
        with pytest.raises(CountersealError):
            verify(log)
        with pytest.raises(second.Refused):
            second.ledger(log.folder, policy)
        path.write_bytes(sound)
    older = (log.folder / "checkpoint").read_bytes()
    enter(log, 300)
    log.publish()
    for name in ("tile/0/001.p/44", "tile/entries/001.p/44"):
        (log.folder / name).unlink(missing_ok=True)
    (log.folder / "checkpoint").write_bytes(older)
    assert second.ledger(log.folder, policy)[0].size == 300


def test_a_policy_in_bytes_that_are_not_utf_8(log: LedgerLog, tmp_path: Path):
    """Tlog-policy: octets beyond ASCII are opaque, and only a space and a tab part two words."""
    enter(log, 20)
    log.publish()
    given = tmp_path / "policy"
    names = ("K\x80", "a\xa0b", "a\xc2\x85b")
    rows = [f"witness {name} {one.key} http://{n}" for n, (name, one) in enumerate(zip(names, WITNESSES, strict=True))]
    text = "\n".join(
        [f"log {log._signers[0].key}", "# caf\xe9", *rows, f"group g any {' '.join(names)}", "quorum none", ""]
    )
    given.write_bytes(text.encode("latin-1"))
    assert [one.url for one in read_policy(given.read_bytes()).witnesses] == ["http://0", "http://1", "http://2"]
    assert second.main(["ledger", str(log.folder), "--policy", str(given)]) == 0
    trusted = given.read_bytes().decode("utf-8", "surrogateescape")
    assert set(addresses(trusted)) == set(second.Policy(trusted).witnesses)


@pytest.mark.parametrize("name", ["checkpoint", "proof", "policy"])
def test_lines_that_end_in_two_signs_in_a_file_that_only_one_reads_as_it_is(log: LedgerLog, tmp_path: Path, name: str):
    """Python takes a carriage return and a newline for one newline where a file is opened as text."""
    enter(log, 20)
    log.publish()
    proof, policy, entry = tmp_path / "proof", tmp_path / "policy", tmp_path / "entry"
    proof.write_text(str(prove_entry(LedgerFolder(log.folder), 7)))
    policy.write_text(f"log {log._signers[0].key}\nquorum none\n")
    entry.write_bytes(log.entry(7))
    trusted = ["--policy", str(policy)]
    both = [["ledger", str(log.folder), *trusted], ["receipt", str(proof), "--entry", str(entry), *trusted]]
    assert [second.main(words) for words in both] == [0, 0]
    changed = {"checkpoint": log.folder / "checkpoint", "proof": proof, "policy": policy}[name]
    changed.write_bytes(changed.read_bytes().replace(b"\n", b"\r\n"))
    assert [second.main(words) for words in both] == {"checkpoint": [1, 0], "proof": [0, 1], "policy": [1, 1]}[name]


LOG = signers(ORIGIN, LOG_KEYS)
WITNESSES = [signers(f"w{n}", WITNESS_KEYS)[0] for n in range(3)]
KEYS = [str(LOG[0].key), str(LOG[1].key), *(str(one.key) for one in WITNESSES)]
words = st.sampled_from(
    ["log", "witness", "group", "quorum", "none", "any", "all", "1", "2", "3", "0", "a", "b", "c", "g", *KEYS]
)
lines = st.one_of(
    st.tuples(st.just("log"), st.sampled_from(KEYS[:2])),
    st.tuples(st.just("witness"), st.sampled_from("abc"), st.sampled_from(KEYS[2:])),
    st.tuples(st.just("group"), st.sampled_from("gh"), st.sampled_from(["any", "all", "2"]), words, words),
    st.tuples(st.just("quorum"), st.sampled_from(["none", "a", "g", "h"])),
    st.lists(words, max_size=5),
)


@settings(max_examples=400)
@given(st.lists(lines, max_size=7), st.sets(st.integers(0, 2)))
def test_a_policy_that_two_readers_read_differently(drawn: list[list[str]], cosigned: set[int]):
    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.note import sign_note

    text = "".join(" ".join(line) + "\n" for line in drawn)
    signed = [LOG[0], *(WITNESSES[n] for n in sorted(cosigned))]
    note = str(sign_note(str(TreeHead(ORIGIN, 3, TREE.root(3))), signed, 7))

    def outcome(read: object) -> str:
        try:
            read()
        except (CountersealError, second.Refused):
            return "refused"
        return "accepted"

    assert outcome(lambda: read_policy(text.encode())) == outcome(lambda: second.Policy(text))
    assert outcome(lambda: read_policy(text.encode()).accept(note.encode(), check_signature)) == outcome(
        lambda: second.Policy(text).accept(note)
    )


@settings(max_examples=300)
@given(st.binary(min_size=32, max_size=32) | st.integers(0, 40).map(lambda n: n.to_bytes(32, "little")))
def test_a_weak_key_that_one_of_them_takes(raw: bytes):
    assert second._weak(raw) == (not is_sound_point(raw))


@pytest.mark.parametrize(
    "y",
    [
        0,
        1,
        2**255 - 20,
        0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        2**255 - 19 - 0x05FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        2**255 - 19,
        2**255 - 18,
        2**255 - 1,
    ],
)
@pytest.mark.parametrize("sign", [0, 1 << 255])
def test_a_key_of_low_order_or_in_two_spellings(y: int, sign: int):
    import hashlib

    raw = (y | sign).to_bytes(32, "little")
    assert not is_sound_point(raw)
    body = bytes([ED25519]) + raw
    key_id = hashlib.sha256(b"log.example\n" + body).digest()[:4].hex()
    vkey = f"log.example+{key_id}+{base64.b64encode(body).decode()}"
    with pytest.raises(CountersealError, match="low order"):
        read_key(vkey)
    with pytest.raises(second.Refused):
        second.Key.read(vkey)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
rows = st.dictionaries(
    st.text("abcxyz_", min_size=1, max_size=4),
    texts | st.integers(-(2**53) + 1, 2**53 - 1) | st.lists(texts, max_size=3),
    max_size=5,
)


@given(rows)
def test_a_row_whose_bytes_are_not_rfc_8785(row: dict[str, object]):
    import rfc8785

    assert canonical(row) == rfc8785.dumps(row)


def test_a_receipt_that_only_one_of_them_takes(log: LedgerLog):
    enter(log, 20)
    log.publish()
    text = str(prove_entry(LedgerFolder(log.folder), 7))
    hashed = leaf_hash(log.entry(7))
    key = str(log._signers[0].key)
    policy, other = (
        read_policy(f"log {key}\nquorum none\n".encode()),
        second.Policy(f"log {key}\nquorum none\n"),
    )
    assert verify_receipt(read_receipt(text.encode()), hashed, policy, check_signature).size == 20
    assert second.receipt(text, hashed, other)[1] == 7
    for at in range(0, len(text), 13):
        changed = text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]
        outcomes = []
        for check in (
            lambda changed=changed: verify_receipt(read_receipt(changed.encode()), hashed, policy, check_signature),
            lambda changed=changed: second.receipt(changed, hashed, other),
        ):
            try:
                check()
                outcomes.append("holds")
            except (CountersealError, second.Refused):
                outcomes.append("refused")
        assert len(set(outcomes)) == 1, (at, text[max(0, at - 20) : at + 5], outcomes)


@pytest.mark.parametrize(
    "body",
    [
        '{"a":1.5}',
        '{"a":1e3}',
        '{"a":true}',
        '{"a":null}',
        '{"a":NaN}',
        '{"a":1,"a":1}',
        '{"b":1,"a":1}',
        '{"a": 1}',
        '{"a":9007199254740993}',
        '{"é":1}',
        '{"a":"\\u0041"}',
        '{"a":-0}',
        "[" * 5000,
        '{"a":01}',
    ],
)
def test_an_entry_that_is_not_canonical(body: str):
    from counterseal.ledger.entry import read_entry

    sound = '{"at":"2026-11-01T00:00:00.000000Z","body":{"a":1},"kind":"stop","v":1}'
    assert read_entry(sound.encode())["body"] == {"a": 1}
    with pytest.raises(CountersealError, match="entry-form"):
        read_entry(sound.replace('{"a":1}', body).encode())
