"""Gathering cosignatures: the log asks each witness of its policy, and without a quorum nothing goes on.

All are asked at once: a release waits for the slowest of them, and not for one after another.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Protocol

from counterseal.errors import CheckFailedError, CountersealError
from counterseal.ledger.checkpoint import read_body, read_decimal
from counterseal.ledger.folder import prove_growth
from counterseal.ledger.mirror import write_upload
from counterseal.ledger.note import Note, decode64, read_head, read_note, read_signatures, verified
from counterseal.ledger.policy import readable
from counterseal.ledger.witness import SIZE_TYPE, write_request

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.ledger.checkpoint import TreeHead
    from counterseal.ledger.folder import LedgerFolder
    from counterseal.ledger.note import SignatureCheck, VerifierKey
    from counterseal.ledger.policy import Policy

TRIES = 3
MOST_AT_ONCE = 16
"""Witnesses that are asked at the same time."""


class Post(Protocol):
    """Sends one request. Gives status, content type and body; raises OSError when nobody answers."""

    def __call__(self, url: str, body: bytes) -> tuple[int, str, bytes]:
        """Post the body to the address."""
        ...


class Get(Protocol):
    """Reads one address. Gives the body; raises OSError when nobody answers with one."""

    def __call__(self, url: str) -> bytes:
        """Get what is at the address."""
        ...


@dataclass(frozen=True, slots=True)
class Gathered:
    """The lines that hold, by witness, and what went wrong with the others."""

    lines: dict[str, str]
    names: frozenset[str]
    failures: dict[str, str]


def gather(
    folder: LedgerFolder,
    policy: Policy,
    post: Post,
    check: SignatureCheck,
    note: str,
    stood: Mapping[str, int] | None = None,
) -> Gathered:
    """Ask every witness of the policy that has an address to cosign the checkpoint ``note``.

    ``post`` is called from several threads at once. ``stood`` are the sizes that witnesses have cosigned before, as
    far as the log knows, by the names that ``Gathered.lines`` are by: where one still stands there, one request is
    enough. Raises CheckFailedError ``quorum`` when those that did are none (and names what each said), and
    CountersealError ``log-rolled-back`` when a witness has cosigned a larger head than this log has: an
    older copy was restored.
    """
    keys = _keys_at(policy)
    urls = list(keys)
    head, text = read_head(note), read_note(note.encode()).text
    known = {url: max((stood or {}).get(_address(key), 0) for key in keys[url]) for url in urls}
    proofs = {old: prove_growth(folder, old, head.size) for old in {*known.values()} if old <= head.size}

    def asked(url: str) -> dict[VerifierKey, str] | str:
        old = known[url] if known[url] in proofs else 0
        try:
            answer = _ask(folder, url, head, note, post, old, proofs.get(old, ()))
            found = verified(Note(text, read_signatures(answer.decode())), keys[url], check)
        except (OSError, UnicodeDecodeError) as error:
            return f"no answer ({type(error).__name__})"
        except CountersealError as error:
            if error.code == "log-rolled-back":
                raise
            return error.message
        return {key: str(line) for key, line in found}

    lines: dict[str, str] = {}
    failures: dict[str, str] = {}
    with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as beside:
        for url, said in zip(urls, beside.map(asked, urls), strict=True):
            signed = said if isinstance(said, dict) else {}
            why = "it sent no signature of its own" if isinstance(said, dict) else said
            lines |= {_address(key): line for key, line in signed.items()}
            failures |= {name: why for key, name in keys[url].items() if key not in signed}
    names = frozenset(one.name for one in policy.witnesses if _address(one.key) in lines)
    if not policy.satisfied(names):
        told = "; ".join(f"{readable(name)}: {why}" for name, why in sorted(failures.items()))
        raise CheckFailedError(
            "quorum",
            f"Too few witnesses have cosigned the checkpoint ({told or 'none is reachable'}).",
            next_step="Nothing is released until a quorum has; ask the witnesses' keepers.",
        )
    return Gathered(lines, names, failures)


def newest_cosigned(policy: Policy, origin: str, get: Get, check: SignatureCheck) -> list[TreeHead]:
    """Ask every witness of the policy what it cosigned last of the log ``origin``; give the heads.

    C2SP tlog-witness, ``GET <prefix>/<SHA-256 of the origin>/checkpoint``. ``get`` is called from several threads at
    once. A head counts that bears the log's own signature and that of a witness at the address: no witness alone can
    make one up. One that does not answer, or with anything else, says nothing.
    """
    keys, suffix = _keys_at(policy), f"/{sha256(origin.encode()).hexdigest()}/checkpoint"

    def said(url: str) -> TreeHead | None:
        try:
            note = read_note(get(url.removeprefix("mirror+").rstrip("/") + suffix))
            signers = {key for key, _ in verified(note, [*policy.logs, *keys[url]], check)}
            head = read_body(note.text)
        except (OSError, CountersealError):
            return None
        own = any(key.name == origin for key in signers.intersection(policy.logs))
        return head if own and head.origin == origin and signers.intersection(keys[url]) else None

    with ThreadPoolExecutor(max_workers=MOST_AT_ONCE) as beside:
        return [head for head in beside.map(said, keys) if head is not None]


def _keys_at(policy: Policy) -> dict[str, dict[VerifierKey, str]]:
    """Give the witnesses that have an address: by that, their keys with the names that the policy gives them."""
    keys: dict[str, dict[VerifierKey, str]] = {}
    for one in policy.witnesses:
        if one.url:
            keys.setdefault(one.url, {})[one.key] = one.name
    return keys


def _address(key: VerifierKey) -> str:
    return f"{key.name}+{key.id.hex()}"


def _ask(
    folder: LedgerFolder,
    url: str,
    head: TreeHead,
    note: str,
    post: Post,
    old: int,
    proof: Sequence[bytes],
) -> bytes:
    """Get one witness's lines: first from where the log thinks it stands, then from where it says."""
    prefix, kind = (url[7:], "mirror") if url.startswith("mirror+") else (url, "witness")
    for _ in range(TRIES):
        status, content_type, body = post(f"{prefix}/add-checkpoint", write_request(old, proof, note))
        if status == 200:
            return _upload(folder, prefix, head, post) if kind == "mirror" else body
        if status != 409 or not content_type.startswith(SIZE_TYPE):
            raise CheckFailedError("witness", f"it answered {status}")
        old = read_decimal(body.decode("ascii").removesuffix("\n"))
        if old > head.size:
            raise CountersealError(
                "log-rolled-back",
                f"A witness has cosigned {old} entries and this log has {head.size}.",
                next_step="An older copy was restored. Restore the newest one; never append to this.",
            )
        proof = prove_growth(folder, old, head.size)
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
        size, following, ticket_line, *_ = [*answer.decode("ascii").split("\n"), "", "", ""]
        if read_decimal(size) != head.size or read_decimal(following) <= start:
            raise CheckFailedError("witness", "the mirror does not go on")
        start, ticket = read_decimal(following), decode64(ticket_line)
