"""What the ledger costs, both sides in one run.

    python bench/ledger/bench_ledger.py [--entries 1000000] [--folder DIR]

Durable commits are given as a ratio to the same disk's raw fdatasync rate in interleaved rounds, because a shared
disk's own rate moves by an order of magnitude from minute to minute. Tree work is held against pymerkle. The
folder must be on the disk that is meant (not on tmpfs). Prints a table, and whether each bar holds.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pymerkle

from counterseal.core.clock import SystemClock
from counterseal.store.connection import DURABLE, PAGE, make_tables, point_at, ready

ready()

from counterseal.flow.book import make_book, publish_witnessed  # noqa: E402 - after Django is ready
from counterseal.ledger.checkpoint import TreeHead  # noqa: E402
from counterseal.ledger.entry import EntryKind, stamp, write_entry  # noqa: E402
from counterseal.ledger.folder import CHECKPOINT, LedgerFolder, prove_entry, verify_folder  # noqa: E402
from counterseal.ledger.note import sign_note  # noqa: E402
from counterseal.ledger.policy import NO_QUORUM, Policy, read_policy  # noqa: E402
from counterseal.ledger.tiles import ENTRIES, WIDTH, tile_path, tiles_between, write_bundle  # noqa: E402
from counterseal.ledger.tree import HASH, Tree, included, leaf_hash  # noqa: E402
from counterseal.ledger.witness import Witness  # noqa: E402
from counterseal.ledger_wiring import on_all_cores  # noqa: E402
from counterseal.store.submissions import one_act  # noqa: E402
from counterseal.store.witness_book import WitnessFile  # noqa: E402
from counterseal.vault.keys import LOG_KEYS, WITNESS_KEYS, make_keys  # noqa: E402
from counterseal.vault.signing import KeySigner, check_signature  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.ledger.gather import Post
    from counterseal.store.ledger_log import LedgerLog

ROUNDS = 7
COMMITS = 150
WARM_UP = 1_200
"""Commits after which SQLite's write-ahead log has its lasting size and is written over, no longer extended."""


def rate(count: int, work: Callable[[], object]) -> float:
    """How many a second, when ``work`` does ``count``."""
    began = time.perf_counter()
    work()
    return count / (time.perf_counter() - began)


def raw_syncs(path: Path) -> Callable[[int], None]:
    """Give what overwrites 4 KiB of a file and calls fdatasync: the least that a durable commit can cost.

    File and bytes are made before: what is measured is the disk alone.
    """
    blocks = [os.urandom(4096) for _ in range(64)]
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT)
    os.pwrite(descriptor, b"".join(blocks), 0)
    os.fsync(descriptor)

    def synchronise(count: int) -> None:
        for number in range(count):
            os.pwrite(descriptor, blocks[(number + 1) % 64], 4096 * (number % 64))
            os.fdatasync(descriptor)

    return synchronise


def one_by_one(log: LedgerLog, count: int) -> None:
    for number in range(count):
        with one_act():
            log.append("received", {"rows": number, "agency": "department-of-homeland-security"})


def bare_sqlite(path: Path) -> Callable[[int], None]:
    """Give what commits rows of an entry's shape, one by one, to a file of its own: SQLite alone, no ledger."""
    database = sqlite3.connect(path, isolation_level=None)
    database.executescript(PAGE + DURABLE)
    database.execute('CREATE TABLE e ("index" INTEGER PRIMARY KEY, kind TEXT, at TEXT, entry BLOB, peaks BLOB)')
    entry, peaks = os.urandom(130), os.urandom(HASH * 6)
    rows = itertools.count()

    def commit(count: int) -> None:
        for _ in range(count):
            database.execute("BEGIN IMMEDIATE")
            row = (next(rows), "received", "2026-11-23 00:00:00.000000", entry, peaks)
            database.execute("INSERT INTO e VALUES (?, ?, ?, ?, ?)", row)
            database.execute("COMMIT")

    return commit


def batched(log: LedgerLog, count: int, size: int) -> None:
    for _ in range(count // size):
        with one_act():
            for number in range(size):
                log.append("received", {"rows": number, "agency": "department-of-homeland-security"})


def witnessed(log: LedgerLog, policy: Policy, post: Post, count: int, size: int) -> None:
    for _ in range(count // size):
        batched(log, size, size)
        publish_witnessed(log, policy, post)


def measure_commits(folder: Path) -> dict[str, float]:
    folder.mkdir()
    point_at(folder, setting_up=True)
    make_tables()
    point_at(folder)
    log = make_book(folder / "ledger", folder / "keys", "ledger.example/bench", SystemClock())
    keys = {"ledger.example/bench": [one.key for one in log._signers]}  # noqa: SLF001 - a bench looks inside
    witnesses, text = {}, f"log {log._signers[0].key}\n"  # noqa: SLF001
    for number in range(3):
        signers = make_keys(folder / f"w{number}", f"w{number}", WITNESS_KEYS, os.urandom)
        book = WitnessFile(folder / f"w{number}.sqlite3")
        witnesses[f"http://w{number}/add-checkpoint"] = Witness(
            signers[:1], keys, book.witnessed, SystemClock(), check_signature
        )
        text += f"witness w{number} {signers[0].key} http://w{number}\n"
    policy = read_policy((text + "group three 2 w0 w1 w2\nquorum three\n").encode())

    def post(url: str, body: bytes) -> tuple[int, str, bytes]:
        reply = witnesses[url].add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    growing = rate(200, lambda: one_by_one(log, 200))
    one_by_one(log, WARM_UP)
    alone = bare_sqlite(folder / "bare.sqlite3")
    alone(WARM_UP)
    raw = raw_syncs(folder / "raw")
    names = ("raw", "one", "bare", "hundred", "witnessed", "witnessed_hundred")
    rounds: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(ROUNDS):
        before = rate(COMMITS, lambda: raw(COMMITS))
        rounds["one"].append(rate(COMMITS, lambda: one_by_one(log, COMMITS)))
        rounds["bare"].append(rate(COMMITS, lambda: alone(COMMITS)))
        after = rate(COMMITS, lambda: raw(COMMITS))
        rounds["raw"].append((before + after) / 2)
        rounds["hundred"].append(rate(1000, lambda: batched(log, 1000, 100)))
        rounds["witnessed"].append(rate(10, lambda: witnessed(log, policy, post, 10, 1)))
        rounds["witnessed_hundred"].append(rate(400, lambda: witnessed(log, policy, post, 400, 100)))
    answer = {name: statistics.median(rates) for name, rates in rounds.items()}
    answer["growing"] = growing
    for name, side, other in (("ratio", "one", "raw"), ("bare_ratio", "bare", "raw"), ("of_bare", "one", "bare")):
        answer[name] = statistics.median(a / b for a, b in zip(rounds[side], rounds[other], strict=True))
    return answer


def measure_tree(size: int = 100_000, tries: int = 5000) -> dict[str, tuple[float, float]]:
    entries = [os.urandom(200) for _ in range(size)]
    ours, theirs = Tree(), pymerkle.InmemoryTree(algorithm="sha256")

    def append_ours() -> None:
        for entry in entries:
            ours.append(leaf_hash(entry))

    def append_theirs() -> None:
        for entry in entries:
            theirs.append_entry(entry)

    append = rate(size, append_ours), rate(size, append_theirs)
    places = [random.randrange(size) for _ in range(tries)]  # noqa: S311 - places to try, no secret
    root, state = ours.root(), theirs.get_root()
    paths = [ours.inclusion(place) for place in places]
    proofs = [theirs.prove_inclusion(place + 1) for place in places]
    leaves = [leaf_hash(entries[place]) for place in places]
    prove = (
        rate(tries, lambda: [ours.inclusion(place) for place in places]),
        rate(tries, lambda: [theirs.prove_inclusion(place + 1) for place in places]),
    )
    verify = (
        rate(
            tries,
            lambda: [
                included(leaf, place, size, path, root) for leaf, place, path in zip(leaves, places, paths, strict=True)
            ],
        ),
        rate(
            tries,
            lambda: [pymerkle.verify_inclusion(leaf, state, proof) for leaf, proof in zip(leaves, proofs, strict=True)],
        ),
    )
    return {"append": append, "inclusion proof": prove, "verify inclusion": verify}


def make_folder(folder: Path, count: int) -> Policy:
    """Write a ledger of ``count`` entries as files, without a database."""
    signers = [KeySigner("ledger.example/bench", kind, os.urandom(32)) for kind in LOG_KEYS.values()]
    now = stamp(SystemClock().now())
    tree, pad = Tree(), "f" * 64
    bundle: list[bytes] = []
    for number in range(count):
        bundle.append(
            write_entry(EntryKind.SCREENED, now, {"rows": number, "a": pad, "b": pad, "c": pad, "d": pad}, {})
            if number < 2000
            else bundle_entry(number, pad)
        )
        if len(bundle) == WIDTH or number + 1 == count:
            path = folder / tile_path(ENTRIES, number // WIDTH, len(bundle))
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(write_bundle(bundle))
            tree.extend(leaf_hash(entry) for entry in bundle)
            bundle = []
    for level, index, width in tiles_between(0, count):
        path = folder / tile_path(level, index, width)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(tree.levels[8 * level][index * WIDTH * HASH : (index * WIDTH + width) * HASH])
    note = sign_note(str(TreeHead("ledger.example/bench", count, tree.root())), signers, 1)
    (folder / CHECKPOINT).write_text(str(note))
    return Policy((signers[0].key,), (), NO_QUORUM)


def bundle_entry(number: int, pad: str) -> bytes:
    return (
        f'{{"at":"2026-11-23T00:00:00.000000Z","body":{{"a":"{pad}","b":"{pad}","c":"{pad}","d":"{pad}",'
        f'"rows":{number}}},"kind":"screened","v":1}}'
    ).encode()


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, help="on the disk to measure")
    given = parser.parse_args()
    held = []
    with tempfile.TemporaryDirectory(dir=given.folder) as name:
        folder = Path(name)
        commits = measure_commits(folder / "office")
        print(f"raw fdatasync                       {commits['raw']:>12,.0f}/s")
        print(f"one entry a commit                  {commits['one']:>12,.0f}/s   ratio {commits['ratio']:.2f}")
        print(f"  SQLite alone, a row a commit      {commits['bare']:>12,.0f}/s   ratio {commits['bare_ratio']:.2f}")
        print(f"  the ledger to SQLite alone        {commits['of_bare']:>12.2f}")
        beyond = 1e6 / commits["one"] - 1e6 / commits["raw"]
        print(f"  beyond the synchronisation        {beyond:>12,.0f} microseconds a commit")
        print(f"  while the write-ahead log grows   {commits['growing']:>12,.0f}/s")
        for what, measure in (
            ("100 entries a commit", "hundred"),
            ("one entry, published, 3 witnesses", "witnessed"),
            ("100 entries, published, 3 witnesses", "witnessed_hundred"),
        ):
            print(f"{what:<36}{commits[measure]:>12,.0f}/s   ratio {commits[measure] / commits['raw']:.3f}")
        held.append(("one by one >= 0.7 of raw fdatasync", commits["ratio"] >= 0.7))
        for what, (ours, theirs) in measure_tree().items():
            print(f"{what:<35} {ours:>12,.0f}/s   pymerkle {theirs:>9,.0f}/s   ratio {ours / theirs:.1f}")
            if what == "inclusion proof":
                held.append(("proofs >= 3 x pymerkle", ours >= 3 * theirs))
        policy = make_folder(folder / "million", given.entries)
        ledger = LedgerFolder(folder / "million")
        began = time.perf_counter()
        verify_folder(ledger, policy, check_signature, contents=False, spread=on_all_cores)
        audit = time.perf_counter() - began
        began = time.perf_counter()
        verify_folder(ledger, policy, check_signature, spread=on_all_cores)
        whole = time.perf_counter() - began
        print(f"audit of {given.entries:,} entries          {audit:>12.2f} s   with every entry's form {whole:.2f} s")
        held.append(("audit of a million entries, with their form, <= 5 s", whole * 1_000_000 / given.entries <= 5))
        receipt = len(str(prove_entry(ledger, given.entries // 3)))
        print(f"receipt, both log signatures        {receipt:>12,} bytes")
    for bar, holds in held:
        print(f"{'holds ' if holds else 'FAILS '} {bar}")
    return 0 if all(holds for _, holds in held) else 1


if __name__ == "__main__":
    sys.exit(main())
