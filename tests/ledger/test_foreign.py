"""Readers that are not ours: golang.org/x/mod/sumdb through a small program of Go, and tlog-scales.

What only our own code can read is no published ledger. Both must take what ours takes, and refuse what ours refuses.
"""

from __future__ import annotations

import base64
import itertools
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import InvalidSignature
from tests.ledger.conftest import ORIGIN, signers
from tests.ledger.test_log import enter, verify
from tests.ledger.test_witness import TREE, ask, make_witness, note
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey
from tlog_scales.tiles import leaf_hash as foreign_leaf_hash
from tlog_scales.tlog import Checkpoint, ConsistencyProof, ConsistencyProofInvalid

from counterseal.errors import CountersealError
from counterseal.ledger.folder import LedgerFolder, prove_entry, prove_growth, root_at
from counterseal.ledger.note import ED25519, ED25519_COSIGNATURE, encode64, read_head
from counterseal.ledger.tree import consistency_path, leaf_hash
from counterseal.vault.keys import LOG_KEYS, WITNESS_KEYS
from counterseal.vault.signing import KeySigner

if TYPE_CHECKING:
    from collections.abc import Iterator

    from counterseal.store.ledger_log import LedgerLog

EDGES = [1, 2, 3, 7, 8, 9, 127, 128, 129, 254, 255, 256, 257, 258, 300, 384, 511, 512, 513, 555, 600, 767, 768, 769]


def run(program: Path, *words: object, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run([program, *map(str, words)], input=stdin, capture_output=True, text=True, check=False)


def grown(log: LedgerLog) -> LedgerLog:
    """Publish at nine sizes: partial tiles that the ledger grows past, full ones, and a second row of tiles."""
    for count in (1, 2, 125, 128, 1, 43, 212, 1, 256):
        enter(log, count)
        log.publish()
    return log


def test_a_ledger_that_only_our_own_code_can_read(log: LedgerLog, foreign: Path):
    for count in (0, 1, 2, 253, 1, 300, 212):
        if count:
            enter(log, count)
        head = read_head(log.publish())
        told = run(foreign, "audit", log.folder, log._signers[0].key)
        assert (told.stderr, told.stdout) == ("", f"{ORIGIN} {head.size} {encode64(head.root)}\n")
    assert head.size == 769


def test_a_changed_byte_that_a_foreign_reader_or_ours_lets_pass(log: LedgerLog, foreign: Path):
    """Several bytes of each file but the checkpoint: what one of them refuses the other refuses."""
    enter(log, 3)
    log.publish()
    enter(log, 297)
    log.publish()
    refused = set()
    for path in sorted(one for one in log.folder.rglob("*") if one.is_file() and one.name != "checkpoint"):
        sound = path.read_bytes()
        for at in range(0, len(sound), max(1, len(sound) // 6)):
            flipped = bytearray(sound)
            flipped[at] ^= 1
            path.write_bytes(flipped)
            told = run(foreign, "audit", log.folder, log._signers[0].key)
            try:
                ours = verify(log) == 300
            except (CountersealError, UnicodeDecodeError):
                ours = False
            assert ours == (told.returncode == 0), (path, at, told.stderr)
            refused |= set() if ours else {str(path.relative_to(log.folder))}
        path.write_bytes(sound)
    read = {"tile/0/000", "tile/0/001.p/44", "tile/1/000.p/1", "tile/entries/000", "tile/entries/001.p/44"}
    assert refused == read
    assert run(foreign, "audit", log.folder, log._signers[0].key).returncode == 0


def test_a_checkpoint_of_which_any_byte_can_be_changed(log: LedgerLog, foreign: Path):
    """Each byte of text and Ed25519 line. A line of a key that was not asked for binds nobody.

    The last digit of base64 is left out: x/mod takes two spellings of it, and we take one.
    """
    enter(log, 3)
    sound = log.publish().encode()
    for at in range(sound.rindex("=\n— ".encode()) - 1):
        flipped = bytearray(sound)
        flipped[at] ^= 1
        (log.folder / "checkpoint").write_bytes(flipped)
        assert run(foreign, "audit", log.folder, log._signers[0].key).returncode == 1, at
        with pytest.raises((CountersealError, UnicodeDecodeError)):
            verify(log)


def test_a_log_that_is_taken_under_another_logs_key(log: LedgerLog, foreign: Path):
    log.publish()
    for other in (signers(ORIGIN, {"another": 1}), signers("ledger.example/other", LOG_KEYS)):
        assert run(foreign, "audit", log.folder, other[0].key).returncode == 1


def test_a_receipt_that_a_foreign_reader_refuses(log: LedgerLog, foreign: Path, tmp_path: Path):
    folder, key = LedgerFolder(grown(log).folder), log._signers[0].key
    proof, entry = tmp_path / "proof", tmp_path / "entry"
    for index in (0, 1, 127, 255, 256, 511, 512, 767, 768):
        proof.write_text(str(prove_entry(folder, index)))
        entry.write_bytes(log.entry(index))
        assert run(foreign, "receipt", proof, entry, key).stderr == ""
        entry.write_bytes(log.entry((index + 1) % 769))
        assert run(foreign, "receipt", proof, entry, key).returncode == 1


def pairs(log: LedgerLog) -> Iterator[tuple[int, int, bytes, bytes, list[bytes]]]:
    """Every two of the sizes, their roots out of the tiles, and our proof that one continues the other."""
    folder = LedgerFolder(log.folder)
    nodes = folder.nodes(769)
    roots = {size: root_at(folder, size, 769) for size in EDGES}
    for old, size in itertools.combinations_with_replacement(EDGES, 2):
        proof = [] if old == size else consistency_path(nodes, 0, old, size)
        assert size < 769 or proof == prove_growth(folder, old, size)
        yield old, size, roots[old], roots[size], proof


def test_a_proof_of_growth_that_the_reference_makes_otherwise(log: LedgerLog, foreign: Path):
    """Each proof is the one that x/mod makes out of our tiles, holds there, and does not with a bit of it changed."""
    lines = [
        " ".join([str(old), str(size), *map(encode64, (before, after, *proof))])
        for old, size, before, after, proof in pairs(grown(log))
    ]
    told = run(foreign, "growth", log.folder, log._signers[0].key, stdin="\n".join(lines))
    assert (told.stderr, told.stdout) == ("", f"{len(EDGES) * (len(EDGES) + 1) // 2}\n")


def test_a_ledger_that_the_other_python_reader_refuses(log: LedgerLog):
    """Tiles, both signatures of the log, each entry's inclusion, and each pair of sizes."""
    grown(log)
    reader = TilesReader(LocalBackend(log.folder))
    checkpoint = reader.get_checkpoint()
    assert (checkpoint.origin, checkpoint.size) == (ORIGIN, 769)
    for one in log._signers:
        checkpoint.verify(Vkey.from_string(str(one.key)))
        assert Vkey.from_string(str(one.key)).serialize() == str(one.key)
    assert reader.calculate_root_hash() == checkpoint.root_hash
    for index in range(769):
        entry = reader.get_entry(index)
        assert entry == log.entry(index)
        made = reader.get_inclusion_proof(index, 769)
        made.check(foreign_leaf_hash(entry), checkpoint.root_hash)
        if index % 64 in {0, 63}:
            assert tuple(made.node_hashes) == prove_entry(LedgerFolder(log.folder), index).path
    for old, size, before, after, proof in pairs(log):
        assert reader.get_consistency_proof(old, size).node_hashes == proof
        ConsistencyProof(old, size, proof).check(before, after)
        if proof:
            with pytest.raises(ConsistencyProofInvalid):
                ConsistencyProof(old, size, [*proof[:-1], leaf_hash(b"another")]).check(before, after)


def test_a_receipt_that_the_other_python_reader_writes_otherwise(log: LedgerLog):
    grown(log)
    for index in (0, 300, 768):
        words = ["gen-proof", str(log.folder), str(index)]
        told = subprocess.run(
            [sys.executable, "-m", "tlog_scales.cli", *words], capture_output=True, text=True, check=True
        )
        assert told.stdout == str(prove_entry(LedgerFolder(log.folder), index))


def test_a_cosignature_that_the_other_python_reader_refuses(tmp_path: Path):
    """The witness's two lines, Ed25519 and ML-DSA-44, over the log's checkpoint; of another checkpoint they are false."""
    served = make_witness(tmp_path / "w", "witness.example/w1")
    lines = ask(served, 0, 30).body.decode()
    cosigned = Checkpoint.from_text(note(30) + lines)
    other = Checkpoint.from_text(note(29) + lines)
    for one in signers("witness.example/w1", WITNESS_KEYS):
        cosigned.verify(Vkey.from_string(str(one.key)))
        with pytest.raises(InvalidSignature):
            other.verify(Vkey.from_string(str(one.key)))
    assert cosigned.root_hash == TREE.root(30)


def private_key(name: str, seed: bytes) -> tuple[str, str]:
    """Write a signing key as x/mod reads it (PRIVATE+KEY, name, id, type and seed in base64), and its verifier key."""
    key = KeySigner(name, ED25519, seed).key
    return f"PRIVATE+KEY+{name}+{key.id.hex()}+{encode64(bytes([ED25519]) + seed)}", str(key)


CONVERSATION = """\
from 0 to 0 200
from 0 to 1 200
from 1 to 1 200
from 1 to 2 200
from 2 to 3 200
from 3 to 255 200
from 255 to 256 200
from 256 to 257 200
from 257 to 300 200
from 300 to 300 200
the newest 200
an old size that is too small at 300 409
an old size that is too large at 300 409
an old size of nothing at 300 409
a proof of something else 422
a proof that is cut off 422
a proof that is missing 422
another root 422
another root of the same size 422
an old size beyond the new 400
an unknown signature 403
a false signature 403
an unknown log 404
nothing 400
an old size in two spellings 400
a proof that is no base64 400
a proof of 64 lines 400
a checkpoint without a note 400
no blank line 400
after all that, from 300 to 500 200
"""


def test_a_witness_that_only_our_own_log_can_talk_to(foreign: Path, tmp_path: Path):
    """The program as its keeper starts it; a log of Go's holds the whole conversation of tlog-witness with it."""
    name = "ledger.example/of-go"
    skey, vkey = private_key(name, bytes(range(32)))
    words = ["witness", tmp_path / "w", "--name", "witness.example/w", "--log", vkey, "--port", "0"]
    command = [Path(sys.executable).parent / "counterseal", *map(str, words)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as served:
        try:
            told = [served.stdout.readline().strip() for _ in range(1 + len(WITNESS_KEYS))]
            url = told.pop().removeprefix("listening on ")
            ed25519 = [key for key in told if base64.b64decode(key.split("+", 2)[2])[0] == ED25519_COSIGNATURE]
            said = run(foreign, "witness", url, skey, *ed25519)
        finally:
            served.terminate()
    assert (said.stderr, said.stdout) == ("", CONVERSATION)
