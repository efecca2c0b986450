"""Reaching the witnesses, and a demonstration's own.

Those cosign like others and prove nothing, because the operator runs them.
"""

from __future__ import annotations

import gzip
import http.client
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

from counterseal.ledger.policy import Policy, read_policy
from counterseal.ledger.witness import Witness
from counterseal.store.witness_book import WitnessFile
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import WITNESS_KEYS, make_keys, read_keys
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.core.clock import Clock
    from counterseal.core.workspace import Workspace
    from counterseal.ledger.gather import Post
    from counterseal.ledger.note import VerifierKey

WITNESSES = ("first", "second")
ANSWER_WITHIN = 10
"""Seconds that a witness has."""
LOOKED_AT_WITHIN = 5
"""Seconds for what a witness cosigned last: an act may go on without it."""
LONGEST_ANSWER = 1 << 20
ADDRESS = "http://{}.witness.demonstration.invalid"


def post(url: str, body: bytes) -> tuple[int, str, bytes]:
    """Post to a witness. Raises OSError when nobody answers in time."""
    if not url.startswith(("http://", "https://")):
        raise OSError("not an http address")
    headers = {"Content-Type": "application/octet-stream"}
    if url.endswith("/add-entries"):  # every mirror takes it packed
        body, headers["Content-Encoding"] = gzip.compress(body, 6, mtime=0), "gzip"
    request = urllib.request.Request(url, body, headers)  # noqa: S310 - checked above
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_WITHIN) as answer:  # noqa: S310
            return answer.status, answer.headers.get("Content-Type", ""), answer.read(LONGEST_ANSWER)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.headers.get("Content-Type", ""), refused.read(LONGEST_ANSWER)
    except http.client.HTTPException as broken:
        raise OSError("no HTTP answer") from broken


def get(url: str) -> bytes:
    """Read what a witness serves at an address. Raises OSError when nobody answers in time, or not with it."""
    if not url.startswith(("http://", "https://")):
        raise OSError("not an http address")
    try:
        with urllib.request.urlopen(url, timeout=LOOKED_AT_WITHIN) as answer:  # noqa: S310 - checked above
            return bytes(answer.read(LONGEST_ANSWER))
    except (http.client.HTTPException, ValueError) as broken:  # an address may be none
        raise OSError("no HTTP answer") from broken


def make_demonstration_witnesses(
    workspace: Workspace, log: tuple[VerifierKey, ...], entropy: Callable[[int], bytes]
) -> None:
    """Make two witnesses within the workspace, and the policy that asks for both."""
    lines = ["# Witnesses of a demonstration: run by its operator, so they prove nothing.", f"log {log[0]}"]
    for name in WITNESSES:
        folder = workspace.root / "witnesses" / name
        folder.mkdir(parents=True, mode=0o700)
        keys = make_keys(folder, f"{name}.witness.demonstration.invalid", WITNESS_KEYS, entropy)
        lines.append(f"witness {name} {keys[0].key} {ADDRESS.format(name)}")
    lines += [f"group both all {' '.join(WITNESSES)}", "quorum both", ""]
    write_durably(workspace.policy, "\n".join(lines).encode())


def read_office_policy(workspace: Workspace) -> Policy | None:
    """Give the policy of a workspace, None where there is none. Raises CountersealError for one that is malformed."""
    return read_policy(workspace.policy.read_bytes()) if workspace.policy.is_file() else None


def post_to_witnesses(workspace: Workspace, log: tuple[VerifierKey, ...], clock: Clock, outside: Post) -> Post:
    """Give what reaches witnesses: in a demonstration its own, elsewhere those at the addresses of the policy."""
    if not workspace.demonstration:
        return outside
    inside = {ADDRESS.format(name): workspace.root / "witnesses" / name for name in WITNESSES}

    def post(url: str, body: bytes) -> tuple[int, str, bytes]:
        base, _, act = url.rpartition("/")
        if base not in inside or act != "add-checkpoint":
            return outside(url, body)
        reply = _witness(inside[base], log, clock).add_checkpoint(body)
        return reply.status, reply.content_type, reply.body

    return post


def _witness(folder: Path, log: tuple[VerifierKey, ...], clock: Clock) -> Witness:
    book = WitnessFile(folder / "witness.sqlite3")
    watched = {log[0].name: list(log)}
    return Witness(read_keys(folder, WITNESS_KEYS), watched, book.witnessed, clock, check_signature)
