"""C2SP tlog-witness: what a witness answers, and nothing about how it is reached or where it remembers.

A witness cosigns a checkpoint only when it continues the newest one that it cosigned. It compares and
stores in one step, and stores before it answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.checkpoint import read_body, read_decimal
from counterseal.ledger.note import Note, Signature, decode64, encode64, open_note, read_note, verified
from counterseal.ledger.tree import EMPTY_ROOT, consistent

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.core.clock import Clock
    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.note import NoteSigner, SignatureCheck, VerifierKey

MOST_PROOF_LINES = 63
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer."""

    status: int
    body: bytes = b""
    content_type: str = TEXT_TYPE


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest checkpoint that was cosigned for an origin, and when."""

    head: TreeHead
    note: str
    at: int


class WitnessBook(Protocol):
    """Where a witness remembers. Durable when a call returns."""

    def newest(self, origin: str) -> Seen | None:
        """Give the newest checkpoint cosigned for the origin."""
        ...

    def advance(self, old: int, seen: Seen) -> bool:
        """Store ``seen`` if the newest size is still ``old``, in one step; tell whether it was."""
        ...


class Witness:
    """One witness: its keys, the logs that it watches, its memory."""

    def __init__(
        self,
        signers: Sequence[NoteSigner],
        logs: Mapping[str, Sequence[VerifierKey]],
        book: WitnessBook,
        clock: Clock,
        check: SignatureCheck,
    ) -> None:
        self.logs = logs
        self._signers = signers
        self._book = book
        self._clock = clock
        self._check = check

    def add_checkpoint(self, body: bytes) -> Reply:
        """Answer ``POST add-checkpoint`` with the status codes of the specification."""
        try:
            old, proof, note = read_request(body)
            head = read_body(read_note(note).text)
        except CountersealError as error:
            return _says(400, error.message)
        refusal = self._refuse(old, proof, note, head)
        return self._cosign(old, note, head) if refusal is None else refusal

    def _refuse(self, old: int, proof: Sequence[bytes], note: bytes, head: TreeHead) -> Reply | None:
        keys = self.logs.get(head.origin)
        if keys is None:
            return _says(404, "This witness does not watch this log.")
        try:
            open_note(note, keys, self._check)
        except CheckFailedError as error:
            return _says(403, error.message)
        if old > head.size:
            return _says(400, "The old size is larger than the checkpoint's.")
        seen = self._book.newest(head.origin)
        size, root = (0, EMPTY_ROOT) if seen is None else (seen.head.size, seen.head.root)
        if old != size:
            return conflict(size)
        if old == 0:
            sound = not proof and (head.size > 0 or head.root == EMPTY_ROOT)
        else:
            sound = consistent(0, old, head.size, proof, root, head.root)
        return None if sound else _says(422, "The checkpoint does not continue the one cosigned before.")

    def _cosign(self, old: int, note: bytes, head: TreeHead) -> Reply:
        seen = self._book.newest(head.origin)
        try:
            at = int(self._clock.now().timestamp())  # after it: what another request kept meanwhile is no step back
        except CountersealError as leapt:
            return _says(503, leapt.message)
        if seen is not None and seen.head.size != old:  # kept by another meanwhile
            return conflict(seen.head.size)
        if seen is not None and at < seen.at:
            return _says(503, "This witness's clock has gone back; it signs nothing.")
        given = read_note(note)
        text = given.text
        lines = "".join(str(Signature(one.key.name, one.key.id, one.sign(text, at))) for one in self._signers)
        own = tuple(line for _, line in verified(given, self.logs[head.origin], self._check))  # any other may be false
        if not self._book.advance(old, Seen(head, str(Note(text, own)) + lines, at)):
            newest = self._book.newest(head.origin)
            return conflict(0 if newest is None else newest.head.size)
        return Reply(200, lines.encode())

    def checkpoint(self, origin_hash: str) -> Reply:
        """Answer ``GET <sha256 of origin>/checkpoint`` with the newest cosigned checkpoint."""
        for origin in self.logs:
            if sha256(origin.encode()).hexdigest() == origin_hash:
                seen = self._book.newest(origin)
                if seen is not None:
                    return Reply(200, seen.note.encode())
        return _says(404, "No checkpoint of this log has been cosigned here.")


def read_request(body: bytes) -> tuple[int, list[bytes], bytes]:
    """Read the body of add-checkpoint: old size, consistency proof, checkpoint.

    Raises CountersealError ``witness-request``.
    """
    head, blank, note = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
        if not blank or not lines[0].startswith("old ") or len(lines) - 1 > MOST_PROOF_LINES:
            raise CountersealError("witness-request", "This is not an add-checkpoint request.")
        return read_decimal(lines[0][4:]), [decode64(line, 32) for line in lines[1:]], note
    except UnicodeDecodeError:
        raise CountersealError("witness-request", "This is not an add-checkpoint request.") from None


def write_request(old: int, proof: Sequence[bytes], note: str) -> bytes:
    """Write the body of add-checkpoint."""
    return "\n".join([f"old {old}", *map(encode64, proof), "", note]).encode()


def conflict(size: int) -> Reply:
    """Answer that the old size is not the newest here, which is ``size``."""
    return Reply(409, f"{size}\n".encode(), SIZE_TYPE)


def _says(status: int, message: str) -> Reply:
    return Reply(status, f"{message}\n".encode())
