"""A mirror and the log that brings it its entries, and answers of witnesses that have no form."""

from __future__ import annotations

import gzip
from base64 import b64encode
from typing import TYPE_CHECKING
from urllib.request import Request

import pytest
from tests.ledger.conftest import ORIGIN, TickingClock, signers
from tests.ledger.test_log import enter
from tests.ledger.test_witness import LOG, make_witness, policy_of

from counterseal.errors import CheckFailedError
from counterseal.flow.witnesses import post
from counterseal.ledger.folder import LedgerFolder, prove_growth
from counterseal.ledger.gather import gather
from counterseal.ledger.mirror import Mirror, write_upload
from counterseal.ledger.note import read_head
from counterseal.ledger.witness import write_request
from counterseal.store.witness_book import WitnessFile
from counterseal.vault.keys import WITNESS_KEYS
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.store.ledger_log import LedgerLog


def test_a_mirror_that_signs_what_it_does_not_hold(log: LedgerLog, tmp_path: Path):
    book = WitnessFile(tmp_path / "m")
    keys = {ORIGIN: [one.key for one in LOG]}
    mirror = Mirror(signers("m", WITNESS_KEYS), keys, book, TickingClock(), check_signature)
    enter(log, 600)
    signed = log.publish()
    head = read_head(signed)
    folder = LedgerFolder(log.folder)
    whole = write_upload(folder, head, 0, b"")
    assert mirror.add_entries(whole).status == 409
    reply = mirror.add_checkpoint(write_request(0, [], signed))
    assert (reply.status, reply.body) == (200, b"")
    broken = bytearray(whole)
    broken[200] ^= 1
    assert mirror.add_entries(bytes(broken)).status == 422
    assert book.mirrored.newest(ORIGIN) is None
    first = mirror.add_entries(whole[: len(whole) // 2])
    assert first.status == 202
    following = int(first.body.split(b"\n")[1])
    assert 0 < following < 600
    assert mirror.add_entries(write_upload(folder, head, 600, b"")).status == 409
    done = mirror.add_entries(write_upload(folder, head, following, b""))
    assert done.status == 200
    assert done.body.count("—".encode()) == 2
    import hashlib

    served = hashlib.sha256(ORIGIN.encode()).hexdigest()
    for name in ("tile/entries/000", "tile/0/001", "tile/1/000.p/2", "tile/entries/002.p/88"):
        assert mirror.tile(served, name).body == (log.folder / name).read_bytes()


class OtherMirror:
    """A mirror as somebody else might write it: it keeps the pending head in a ticket, and takes it back alone."""

    ticket = b"\x00of its own\xff"

    def __init__(self, info: bytes) -> None:
        self.info = info
        self.asked: list[bytes] = []

    def __call__(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        if url.endswith("/add-checkpoint"):
            return 200, "text/plain", b""
        self.asked.append(body)
        return 409, "text/x.tlog.mirror-info", self.info


def test_a_ticket_that_comes_back_as_another(log: LedgerLog):
    """Tlog-mirror: the ticket stands in base64 in the mirror's answer, and as it is in the request."""
    enter(log, 300)
    signed = log.publish()
    mirror = OtherMirror(b"300\n256\n" + b64encode(OtherMirror.ticket) + b"\n")
    with pytest.raises(CheckFailedError, match="quorum"):
        gather(LedgerFolder(log.folder), policy_of({"m": "mirror+http://m"}, 1), mirror, check_signature, signed)
    at = 2 + len(ORIGIN)
    _, again = mirror.asked
    assert again[at : at + 16] == (256).to_bytes(8) + (300).to_bytes(8)
    assert again[at + 16 :].startswith(len(OtherMirror.ticket).to_bytes(2) + OtherMirror.ticket)


@pytest.mark.parametrize("info", [b"", b"300\n", b"300\nx\n\n", b"300\n256\n!\n", b"9" * 5000, b"\xff\n\n\n"])
@pytest.mark.parametrize("kind", ["mirror+", ""])
def test_an_answer_of_no_form_that_ends_the_release(log: LedgerLog, tmp_path: Path, kind: str, info: bytes):
    """One that answers nonsense is one that does not cosign; the others are enough."""
    enter(log, 300)
    signed = log.publish()
    sound = make_witness(tmp_path / "w0", "w0")

    def post_to(url: str, body: bytes) -> tuple[int, str, bytes]:
        if url == "http://w0/add-checkpoint":
            reply = sound.add_checkpoint(body)
            return reply.status, reply.content_type, reply.body
        return OtherMirror(info)(url, body) if kind else (409, "text/x.tlog.size", info)

    policy = policy_of({"w0": "http://w0", "m": f"{kind}http://m"}, 1)
    assert gather(LedgerFolder(log.folder), policy, post_to, check_signature, signed).names == {"w0"}


def test_a_mirror_that_is_sent_too_much_at_once_or_sent_elsewhere(log: LedgerLog, tmp_path: Path):
    """At most 32 packages a request; and a size that the mirror knows is the one that it names again."""
    book = WitnessFile(tmp_path / "m")
    keys = {ORIGIN: [one.key for one in LOG]}
    mirror = Mirror(signers("m", WITNESS_KEYS), keys, book, TickingClock(), check_signature)
    enter(log, 8500)
    first = log.publish()
    assert mirror.add_checkpoint(write_request(0, [], first)).status == 200
    enter(log, 10)
    signed = log.publish()
    folder = LedgerFolder(log.folder)
    assert mirror.add_checkpoint(write_request(8500, prove_growth(folder, 8500, 8510), signed)).status == 200
    assert mirror.add_entries(write_upload(folder, read_head(first), 256, b"")).body == b"8500\n0\n\n"
    partly = mirror.add_entries(write_upload(folder, read_head(first), 0, b""))
    assert (partly.status, partly.body) == (202, b"8500\n8192\n\n")
    assert mirror.add_entries(write_upload(folder, read_head(first), 8192, b"")).status == 200
    assert mirror.add_entries(write_upload(folder, read_head(signed), 8500, b"")).status == 200


def test_entries_that_go_unpacked(monkeypatch: pytest.MonkeyPatch):
    """Tlog-mirror: what goes to a mirror is packed, which every mirror takes; what goes to a witness is not."""
    asked: list[Request] = []

    def opened(request: Request, timeout: float) -> object:
        asked.append(request)
        raise OSError("nobody is there")

    monkeypatch.setattr("urllib.request.urlopen", opened)
    for act in ("add-checkpoint", "add-entries"):
        with pytest.raises(OSError, match="nobody"):
            post(f"http://m/{act}", b"entries" * 9)
    plain, packed = asked
    assert (plain.data, plain.get_header("Content-encoding")) == (b"entries" * 9, None)
    assert (gzip.decompress(packed.data), packed.get_header("Content-encoding")) == (b"entries" * 9, "gzip")
