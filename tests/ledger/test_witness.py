"""Witness, mirror and quorum over real HTTP, and the rules that a witness must not bend."""

from __future__ import annotations

import shutil
import socket
import threading
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from django.db import connections
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.ledger.conftest import ORIGIN, CountedEntropy, TickingClock, open_log, signers
from tests.ledger.test_log import enter

from counterseal.cli.witness import make_server
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.flow.witnesses import get, post
from counterseal.ledger.checkpoint import TreeHead
from counterseal.ledger.folder import LedgerFolder
from counterseal.ledger.gather import gather, newest_cosigned
from counterseal.ledger.mirror import Mirror
from counterseal.ledger.note import ED25519, Signature, open_note, read_head, sign_note
from counterseal.ledger.policy import Group, Policy, read_policy
from counterseal.ledger.policy import Witness as Named
from counterseal.ledger.tree import EMPTY_ROOT, Tree, leaf_hash
from counterseal.ledger.witness import Reply, Witness, write_request
from counterseal.store.connection import point_at
from counterseal.store.witness_book import WitnessFile
from counterseal.vault.keys import LOG_KEYS, WITNESS_KEYS
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from counterseal.store.ledger_log import LedgerLog

LOG = signers(ORIGIN, LOG_KEYS)
TREE = Tree(leaf_hash(bytes([n])) for n in range(30))
SERVED = sha256(ORIGIN.encode()).hexdigest()


def note(size: int, root: bytes | None = None, origin: str = ORIGIN, by: list | None = None) -> str:
    head = TreeHead(origin, size, TREE.root(size) if root is None else root)
    return str(sign_note(str(head), LOG if by is None else by, 1))


def ask(witness: Witness, old: int, size: int, proof: list[bytes] | None = None, **other: object) -> Reply:
    if proof is None:
        proof = TREE.consistency(old, size) if 0 < old <= size else []
    return witness.add_checkpoint(write_request(old, proof, note(size, **other)))


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return make_witness(tmp_path / "w.sqlite3", "witness.example/w1")


def make_witness(path: Path, name: str) -> Witness:
    book = WitnessFile(path)
    keys = {ORIGIN: [one.key for one in LOG]}
    return Witness(signers(name, WITNESS_KEYS), keys, book.witnessed, TickingClock(), check_signature)


def test_a_checkpoint_that_continues_the_last(witness: Witness):
    assert ask(witness, 0, 0).status == 200
    for old, size in ((0, 3), (3, 3), (3, 4), (4, 17), (17, 30)):
        reply = ask(witness, old, size)
        assert reply.status == 200
        assert reply.body.count("—".encode()) == 2


@pytest.mark.parametrize(
    ("old", "size", "other", "status"),
    [
        (5, 20, {"origin": "ledger.example/unknown"}, 404),
        (5, 20, {"by": signers(ORIGIN, {"x": ED25519})}, 403),
        (21, 20, {}, 400),
        (4, 20, {}, 409),
        (0, 20, {}, 409),
        (6, 20, {}, 409),
        (5, 5, {"root": TREE.root(6), "proof": []}, 422),
        (5, 20, {"proof": []}, 422),
        (5, 20, {"root": TREE.root(6)}, 422),
        (5, 5, {"proof": [EMPTY_ROOT]}, 422),
        (5, 20, {}, 200),
    ],
)
def test_the_status_that_the_specification_lays_down(
    witness: Witness, old: int, size: int, other: dict[str, object], status: int
):
    ask(witness, 0, 5)
    reply = ask(witness, old, size, **other)
    assert reply.status == status
    if status == 409:
        assert (reply.body, reply.content_type) == (b"5\n", "text/x.tlog.size")


def test_a_first_checkpoint_with_a_proof_or_with_a_root_of_nothing(witness: Witness):
    assert ask(witness, 0, 5, [EMPTY_ROOT]).status == 422
    assert ask(witness, 0, 0, root=TREE.root(3)).status == 422


def test_lines_under_a_checkpoint_that_anybody_can_add(witness: Witness):
    """Whoever holds a published checkpoint can send it with lines of their own: a witness neither keeps nor shows them.

    Kept, they made a note that is too long to be read again, or one that every reader of the witness refuses.
    """
    mine = signers("witness.example/w1", WITNESS_KEYS)[0].key
    false = str(Signature(mine.name, mine.id, bytes(72)))
    for size, added in ((5, "— x.example AAAAAAAA\n" * 98), (9, false), (12, false * 98)):
        old = 0 if size == 5 else read_head(witness.checkpoint(SERVED).body.decode()).size
        proof = TREE.consistency(old, size) if old else []
        assert witness.add_checkpoint(write_request(old, proof, note(size) + added)).status == 200
        served = open_note(witness.checkpoint(SERVED).body, [mine, *(one.key for one in LOG)], check_signature)
        assert len(served.signatures) == 4, "the log's two and the witness's two"
    assert ask(witness, 12, 30).status == 200


def test_two_heads_of_one_size_that_both_gain_a_quorum(tmp_path: Path):
    """A split view: two witnesses see one head, two see another; two of three can never hold for both."""
    shown = [make_witness(tmp_path / f"{n}", f"witness.example/{n}") for n in range(3)]
    other = Tree(leaf_hash(bytes([n + 1])) for n in range(30))
    left = [ask(one, 0, 9).status for one in shown[:2]]
    right = [ask(one, 0, 9, root=other.root(9)).status for one in shown[1:]]
    assert left == [200, 200]
    assert sorted(right) == [200, 409]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"old 0\n",
        b"old 00\n\nx\n",
        b"old -1\n\nx",
        b"\xff\n\n",
        b"old 0\nnot base64\n\nx\n",
        b"new 0\n\n",
    ],
)
def test_a_request_that_is_none(witness: Witness, body: bytes):
    assert witness.add_checkpoint(body).status == 400


@settings(max_examples=200)
@given(st.binary(max_size=300))
def test_bytes_that_break_the_witness(body: bytes):
    witness = Witness([], {}, None, TickingClock(), check_signature)
    assert witness.add_checkpoint(body).status in {400, 404}


def test_a_race_that_rolls_a_witness_back(tmp_path: Path):
    """Ten requests at once, each from the same old size: one is cosigned, and the memory never shrinks."""
    witness = make_witness(tmp_path / "w", "witness.example/w")
    ask(witness, 0, 5)
    replies: list[int] = []
    threads = [
        threading.Thread(target=lambda size=size: replies.append(ask(witness, 5, size).status)) for size in range(6, 16)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [200] + [409] * 9


def test_a_restart_that_forgets(tmp_path: Path):
    ask(make_witness(tmp_path / "w", "witness.example/w"), 0, 9)
    again = make_witness(tmp_path / "w", "witness.example/w")
    assert ask(again, 0, 9).status == 409
    assert ask(again, 9, 12).status == 200


def test_a_clock_that_goes_back_under_a_witness(witness: Witness):
    ask(witness, 0, 9)
    witness._clock = TickingClock()
    witness._clock.at = witness._clock.at.replace(year=2020)
    assert ask(witness, 9, 12).status == 503


@pytest.fixture
def serve() -> Iterator[Callable[[object], str]]:
    servers = []

    def start(served: object) -> str:
        server = make_server(served, "127.0.0.1", 0)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def policy_of(urls: dict[str, str], threshold: int) -> Policy:
    named = tuple(Named(name, signers(name, WITNESS_KEYS)[0].key, url) for name, url in urls.items())
    group = Group(threshold, tuple(urls))
    return Policy((LOG[0].key,), named, "all-of-them", {"all-of-them": group})


def test_a_quorum_over_http(log: LedgerLog, tmp_path: Path, serve: Callable[[object], str]):
    urls = {f"w{n}": serve(make_witness(tmp_path / f"w{n}", f"w{n}")) for n in range(2)}
    mirror_book = WitnessFile(tmp_path / "m")
    keys = {ORIGIN: [one.key for one in LOG]}
    mirror = Mirror(signers("m", WITNESS_KEYS), keys, mirror_book, TickingClock(), check_signature)
    urls["m"] = "mirror+" + serve(mirror)
    policy = policy_of(urls, 3)
    folder = LedgerFolder(log.folder)
    for count in (3, 300, 1):
        enter(log, count)
        signed = log.publish()
        gathered = gather(folder, policy, post, check_signature, signed)
        assert gathered.names == set(urls)
        assert policy.accept(log.cosigned(read_head(signed).size, gathered.lines).encode(), check_signature)
        assert policy.accept(folder.checkpoint(), check_signature).size == log.size_and_root()[0]
    assert mirror_book.count(ORIGIN) == 304
    assert mirror_book.entries(ORIGIN, 0, 304) == [log.entry(n) for n in range(304)]


def test_a_release_without_a_quorum(log: LedgerLog, tmp_path: Path, serve: Callable[[object], str]):
    """Unreachable, strange or other witnesses are no quorum; the gateway stands still."""
    urls = {"w0": serve(make_witness(tmp_path / "w0", "w0")), "gone": "http://127.0.0.1:9/"}
    urls["stranger"] = serve(make_witness(tmp_path / "s", "somebody-else"))
    enter(log)
    signed = log.publish()
    with pytest.raises(CheckFailedError, match="quorum"):
        gather(LedgerFolder(log.folder), policy_of(urls, 2), post, check_signature, signed)
    assert gather(LedgerFolder(log.folder), policy_of(urls, 1), post, check_signature, signed).names == {"w0"}


def test_witnesses_asked_one_after_another_or_twice(log: LedgerLog, tmp_path: Path):
    """All are asked at once, and each once where it stands where it stood; one that stands elsewhere is asked again."""
    witnesses = {f"http://w{n}/add-checkpoint": make_witness(tmp_path / f"w{n}", f"w{n}") for n in range(3)}
    policy = policy_of({f"w{n}": f"http://w{n}" for n in range(3)}, 3)
    together = threading.Barrier(3, timeout=20)
    asked: list[str] = []

    def post_together(url: str, body: bytes) -> tuple[int, str, bytes]:
        together.wait()
        asked.append(url)
        reply = witnesses[url].add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    for count in (3, 300, 1):
        enter(log, count)
        signed = log.publish()
        gathered = gather(LedgerFolder(log.folder), policy, post_together, check_signature, signed, log.stood())
        log.cosigned(read_head(signed).size, gathered.lines)
        assert gathered.names == {"w0", "w1", "w2"}
    assert sorted(asked) == sorted([*witnesses] * 3)
    assert set(log.stood().values()) == {log.size_and_root()[0]}

    enter(log)
    signed = log.publish()
    asked.clear()
    witnesses = {url: make_witness(tmp_path / f"anew-{url[7:9]}", url[7:9]) for url in witnesses}
    assert gather(LedgerFolder(log.folder), policy, post_together, check_signature, signed, log.stood()).names
    assert sorted(asked) == sorted([*witnesses] * 2)


def test_a_database_and_its_folder_put_back_together_by_hand(
    log: LedgerLog, office: Path, serve: Callable[[object], str], clock: TickingClock, entropy: CountedEntropy
):
    """Both are old and agree with each other; the log signs nothing before it has asked a witness."""
    urls = {"w0": serve(make_witness(office / "w0", "w0")), "gone": "http://127.0.0.1:9/"}
    policy = policy_of(urls, 1)

    def put_back(tables: bytes, upto: int, entered: int) -> LedgerLog:
        connections.close_all()
        for name in ("counterseal.sqlite3-wal", "counterseal.sqlite3-shm"):
            (office / name).unlink(missing_ok=True)
        (office / "counterseal.sqlite3").write_bytes(tables)
        shutil.rmtree(office / "ledger")
        shutil.copytree(office / f"ledger-{upto}", office / "ledger")
        point_at(office)
        restored = open_log(office, clock, entropy)
        restored.start()
        restored.look_elsewhere(lambda: newest_cosigned(policy, ORIGIN, get, check_signature))
        if entered:
            enter(restored, entered)
        return restored

    log.look_elsewhere(lambda: newest_cosigned(policy, ORIGIN, get, check_signature))
    enter(log, 2)
    publish_witnessed(log, policy, post)
    connections.close_all()
    old = (office / "counterseal.sqlite3").read_bytes()
    shutil.copytree(office / "ledger", office / "ledger-2")
    point_at(office)
    enter(log, 3)
    publish_witnessed(log, policy, post)

    for entered, code in ((1, "log-rolled-back"), (3, "log-forked"), (9, "log-forked")):
        restored = put_back(old, 2, entered)
        for _ in range(2):  # it is not asked once and then forgotten
            with pytest.raises(CountersealError) as refused:
                restored.publish()
            assert refused.value.code == code
        assert restored.checkpoint_of(2 + entered) is None

    policy = policy_of({"gone": urls["gone"]}, 1)
    restored = put_back(old, 2, 1)
    assert read_head(restored.publish()).size == 3


def test_a_witness_that_makes_up_a_larger_log(log: LedgerLog):
    """It signs whatever it likes under its own name; the log's own signature it has not."""
    mine, theirs = signers("w0", WITNESS_KEYS), signers("x", LOG_KEYS)
    policy = policy_of({"w0": "http://w0"}, 1)
    forged = str(sign_note(str(TreeHead(ORIGIN, 900, TREE.root(9))), [*theirs, mine[0]], 1))
    sound = str(sign_note(str(TreeHead(ORIGIN, 9, TREE.root(9))), [LOG[0], mine[0]], 1))
    other = str(sign_note(str(TreeHead("elsewhere", 9, TREE.root(9))), [LOG[0], mine[0]], 1))
    uncosigned = str(sign_note(str(TreeHead(ORIGIN, 9, TREE.root(9))), [LOG[0]], 1))
    for said in (forged, other, uncosigned, "", "\x00", sound.replace("\n9\n", "\n900\n")):
        assert newest_cosigned(policy, ORIGIN, lambda _, told=said: told.encode(), check_signature) == []
    (head,) = newest_cosigned(policy, ORIGIN, lambda _: sound.encode(), check_signature)
    assert head.size == 9


@pytest.mark.parametrize("address", ["http://[::1", "http://", "ftp://w", "http://a b", "http://127.0.0.1:9"])
def test_an_address_of_a_policy_that_ends_a_signature(address: str):
    assert newest_cosigned(policy_of({"w0": address}, 1), ORIGIN, get, check_signature) == []


def test_a_restored_log_that_a_witness_has_seen_further(log: LedgerLog, tmp_path: Path, serve: Callable[[object], str]):
    witness = make_witness(tmp_path / "w0", "w0")
    ask(witness, 0, 20)
    urls = {"w0": serve(witness)}
    enter(log)
    signed = log.publish()
    with pytest.raises(CountersealError, match="log-rolled-back"):
        gather(LedgerFolder(log.folder), policy_of(urls, 1), post, check_signature, signed)


def test_a_policy_that_names_a_witness_of_the_wrong_kind():
    log, witness = LOG[0].key, signers("w", WITNESS_KEYS)[0].key
    sound = f"log {log}\nwitness a {witness}\ngroup g any a\nquorum g\n"
    assert read_policy(sound.encode()).satisfied({"a"})
    assert not read_policy(sound.encode()).satisfied(set())
    for wrong in (
        sound.replace("quorum g\n", ""),
        sound + "quorum g\n",
        sound.replace("any a", "2 a"),
        sound.replace("any a", "0 a"),
        sound.replace("any a", "any b"),
        sound.replace("group g any a", "group g any a a"),
        sound.replace("witness a", "witness none"),
        f"witness a {log}\nquorum a\n",
        f"log {witness}\nquorum none\n",
        sound.replace("witness a", f"witness b {witness}\nwitness a"),
        "quorum a\x07\n",
    ):
        with pytest.raises(CountersealError, match="policy-form"):
            read_policy(wrong.encode())


def test_requests_at_once_over_http_that_split_or_roll_back(tmp_path: Path, serve: Callable[[object], str]):
    """Of sixteen, one is cosigned; each of the others learns the size that was, as the specification writes it."""
    served = make_witness(tmp_path / "w", "witness.example/w")
    ask(served, 0, 5)
    url = serve(served) + "/add-checkpoint"
    replies: list[tuple[int, str, bytes]] = []

    def send(size: int) -> None:
        replies.append(post(url, write_request(5, TREE.consistency(5, size), note(size))))

    threads = [threading.Thread(target=send, args=(size,)) for size in range(6, 22)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    newest = WitnessFile(tmp_path / "w").witnessed.newest(ORIGIN)
    assert newest is not None
    refused = [reply for reply in replies if reply[0] != 200]
    assert len(refused) == 15
    assert set(refused) == {(409, "text/x.tlog.size", f"{newest.head.size}\n".encode())}


CHUNKED = {"Transfer-Encoding": "chunked"}
BODY = write_request(0, [], note(5))


@pytest.mark.parametrize(
    ("sent", "headers", "status"),
    [
        (b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), CHUNKED, 200),
        (b"1;x=y\r\n" + BODY[:1] + b"\r\n%X\r\n%s\r\n00\r\n\r\n" % (len(BODY) - 1, BODY[1:]), CHUNKED, 200),
        (b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY), {**CHUNKED, "Content-Length": "4"}, 400),
        (b"0\r\n\r\n", {"Transfer-Encoding": "gzip, chunked"}, 400),
        (b"0\r\n\r\n", CHUNKED, 400),
        (b"+1\r\nx\r\n0\r\n\r\n", CHUNKED, 400),
        (b"1\r\nxy\r\n0\r\n\r\n", CHUNKED, 400),
        (b"0\r\nX-Trailer: y\r\n\r\n", CHUNKED, 400),
        (b"fffffff\r\n", CHUNKED, 413),
        (b"", {}, 411),
    ],
)
def test_a_body_whose_length_is_not_told(
    tmp_path: Path, serve: Callable[[object], str], sent: bytes, headers: dict[str, str], status: int
):
    """A sender that packs while it sends does not know the length; and one request's end is nobody's to choose."""
    at = serve(make_witness(tmp_path / "w", "w")).removeprefix("http://")
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(at.split(":"), timeout=5) as caller:
        caller.sendall(f"POST /add-checkpoint HTTP/1.1\r\nHost: w\r\n{head}\r\n".encode() + sent)
        caller.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: caller.recv(1 << 16), b""))
    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert answer.count(b"HTTP/1.1 ") == 1


def test_a_name_that_no_cosignature_can_state():
    for kinds in (WITNESS_KEYS, LOG_KEYS):
        assert signers("é" * 127 + "x", kinds)[1].sign(note(5).split("\n\n")[0] + "\n", 1)
        with pytest.raises(CountersealError, match="signing-key"):
            signers("é" * 128, kinds)


class FailingDisk:
    """A database whose commit fails, as when the disk refuses the synchronisation."""

    def __init__(self, database: object) -> None:
        self._database = database

    def __getattr__(self, name: str) -> object:
        return getattr(self._database, name)

    def execute(self, query: str, *given: object) -> object:
        if query == "COMMIT":
            raise OSError("the disk refuses")
        return self._database.execute(query, *given)


def test_a_cosignature_over_what_the_disk_refused(tmp_path: Path, serve: Callable[[object], str]):
    book = WitnessFile(tmp_path / "w")
    keys = {ORIGIN: [one.key for one in LOG]}
    served = Witness(signers("w", WITNESS_KEYS), keys, book.witnessed, TickingClock(), check_signature)
    assert ask(served, 0, 5).status == 200
    whole, book._database = book._database, FailingDisk(book._database)
    url = serve(served) + "/add-checkpoint"
    assert post(url, write_request(5, TREE.consistency(5, 9), note(9)))[::2] == (500, b"")
    book._database = whole
    assert post(url, write_request(5, TREE.consistency(5, 9), note(9)))[0] == 500, "it went on after a failed write"
    again = make_witness(tmp_path / "w", "w")
    assert ask(again, 5, 9).status == 200, "the disk holds what was cosigned before, and nothing more"


def test_an_answer_before_the_checkpoint_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Another process that reads the file when the answer is made finds the checkpoint in it."""
    served = make_witness(tmp_path / "w", "w")
    kept: list[int] = []

    def made(status: int, *given: object) -> Reply:
        newest = WitnessFile(tmp_path / "w").witnessed.newest(ORIGIN)
        kept.append(0 if newest is None else newest.head.size)
        return Reply(status, *given)

    monkeypatch.setattr("counterseal.ledger.witness.Reply", made)
    assert ask(served, 0, 7).status == 200
    assert kept == [7]


def test_two_processes_of_one_witness_that_cosign_two_histories(tmp_path: Path):
    """Two that opened one file, as two processes would: each request gets its answer, and one is cosigned."""
    ask(make_witness(tmp_path / "w", "w"), 0, 5)
    replies: list[int] = []
    both = [make_witness(tmp_path / "w", "w") for _ in range(2)]
    threads = [
        threading.Thread(target=lambda one=both[size % 2], size=size: replies.append(ask(one, 5, size).status))
        for size in range(6, 22)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(replies) == [200] + [409] * 15
