"""Gathering cosignatures: the log asks each witness of its policy, and without a quorum nothing goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.folder import prove_growth
from counterseal.ledger.mirror import write_upload
from counterseal.ledger.note import Note, read_head, read_note, read_signatures, verified
from counterseal.ledger.witness import SIZE_TYPE, write_request

if TYPE_CHECKING:
    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.folder import LedgerFolder
    from counterseal.ledger.note import SignatureCheck, VerifierKey
    from counterseal.ledger.policy import Policy

TRIES = 3


class Post(Protocol):
    """Sends one request. Gives status, content type and body; raises OSError when nobody answers."""

    def __call__(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        """Post the body to the address."""
        ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """The lines that hold, by witness, and what went wrong with the others."""

    lines: dict[str, str]
    names: frozenset[str]
    failures: dict[str, str]


def gather(folder: LedgerFolder, policy: Policy, post: Post, check: SignatureCheck, note: str) -> Gathered:
    """Ask every witness of the policy that has an address to cosign the checkpoint ``note``.

    Raises CheckFailedError ``quorum`` when those that did are none (and names what each said), and
    CountersealError ``log-rolled-back`` when a witness has cosigned a larger head than this log has: an
    older copy was restored.
    """
    head, text = read_head(note), read_note(note.encode()).text
    lines: dict[str, str] = {}
    names: set[str] = set()
    failures: dict[str, str] = {}
    for url in dict.fromkeys(one.url for one in policy.witnesses if one.url):
        keys = {one.key: one.name for one in policy.witnesses if one.url == url}
        try:
            answer = _ask(folder, url, head, note, post)
            found = verified(Note(text, read_signatures(answer.decode())), keys, check)
        except (OSError, UnicodeDecodeError) as error:
            failures.update(dict.fromkeys(keys.values(), f"no answer ({type(error).__name__})"))
            continue
        except CountersealError as error:
            if error.code == "log-rolled-back":
                raise
            failures.update(dict.fromkeys(keys.values(), error.message))
            continue
        for key, line in found:
            lines[_address(key)] = str(line)
            names.add(keys[key])
        missing = set(keys.values()) - names
        failures.update(dict.fromkeys(missing, "it sent no signature of its own"))
    if not policy.satisfied(names):
        told = "; ".join(f"{name}: {why}" for name, why in sorted(failures.items()))
        raise CheckFailedError(
            "quorum",
            f"Too few witnesses have cosigned the checkpoint ({told or 'none is reachable'}).",
            next_step="Nothing is released until a quorum has; ask the witnesses' keepers.",
        )
    return Gathered(lines, frozenset(names), failures)


def _address(key: VerifierKey) -> str:
    return f"{key.name}+{key.id.hex()}"


def _ask(folder: LedgerFolder, url: str, head: TreeHead, note: str, post: Post) -> bytes:
    """Get one witness's lines: first from where the log thinks it stands, then from where it says."""
    prefix, kind = (url[7:], "mirror") if url.startswith("mirror+") else (url, "witness")
    old = 0
    for _ in range(TRIES):
        proof = prove_growth(folder, old, head.size)
        status, content_type, body = post(f"{prefix}/add-checkpoint", write_request(old, proof, note))
        if status == 200:
            return _upload(folder, prefix, head, post) if kind == "mirror" else body
        if status != 409 or not content_type.startswith(SIZE_TYPE) or not body.strip().isdigit():
            raise CheckFailedError("witness", f"it answered {status}")
        old = int(body)
        if old > head.size:
            raise CountersealError(
                "log-rolled-back",
                f"A witness has cosigned {old} entries and this log has {head.size}.",
                next_step="An older copy was restored. Restore the newest one; never append to this.",
            )
    raise CheckFailedError("witness", "it holds another history, or others advance it")


def _upload(folder: LedgerFolder, prefix: str, head: TreeHead, post: Post) -> bytes:
    """Bring a mirror the entries that it lacks; it cosigns once it holds them all."""
    start, ticket = 0, b""
    while True:
        body = write_upload(folder, head, start, ticket)
        status, _, answer = post(f"{prefix}/add-entries", body)
        if status == 200:
            return answer
        if status not in {202, 409}:
            raise CheckFailedError("witness", f"the mirror answered {status}")
        size, following, ticket_line = answer.decode("ascii").split("\n")[:3]
        if int(size) != head.size or int(following) <= start:
            raise CheckFailedError("witness", "the mirror does not go on")
        start, ticket = int(following), ticket_line.encode()
