"""The release of one answer, and the stop that stops it. The order is the law of this module.

Approvals → intent entry, in one transaction that reads stop orders, predicates and roles again → durable →
checkpoint → quorum of witnesses → the sealer, another process that trusts only the proof → delivery entry.
A stop order is acknowledged only when it is durable and witnessed.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Protocol

from counterseal.errors import CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.ledger.entry import EntryKind
from counterseal.ledger.folder import LedgerFolder, prove_entry
from counterseal.ledger.intent import intent_body
from counterseal.ledger.note import read_head
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from counterseal.ledger.entry import Fact
    from counterseal.ledger.gather import Post
    from counterseal.ledger.intent import Approval, Release, Reviewed
    from counterseal.ledger.policy import Policy
    from counterseal.store.ledger_log import LedgerLog

SEALER_WITHIN = 120
"""Seconds that the sealer has."""
SEALER_TRIES = 3
"""How often it is asked while the ledger grows."""


class Office(Protocol):
    """What is read again inside the transaction that makes the intent."""

    def stopped(self, release: Release) -> bool:
        """Tell whether a stop order in force reaches the case."""
        ...

    def holds(self, release: Release) -> bool:
        """Tell whether every predicate of the agreement holds for this very answer."""
        ...

    def may_approve(self, approval: Approval) -> bool:
        """Tell whether the signer still has the role in which they approved, without a break."""
        ...

    def approvals(self, release: Release) -> Sequence[Approval]:
        """Give the approvals of this release, each verified against its signer's key."""
        ...


class Sealer(Protocol):
    """Seals the answer that a request proves, into ``package``."""

    def __call__(self, request: Mapping[str, object], package: Path) -> None:
        """Raise CountersealError ``sealer`` with the sealer's own reason when it refuses."""
        ...


@dataclass(frozen=True, slots=True)
class SealerProcess:
    """The sealer as a process of its own. It is told files and a proof, and asked for one package."""

    policy: Path
    ledger: Path
    answers: Path
    agencies: Path
    agreements: Path
    custodian: Path

    def __call__(self, request: Mapping[str, object], package: Path) -> None:
        """Run it. Raises CountersealError ``sealer`` when it refuses, or does not answer in time."""
        call = [sys.executable, "-m", "counterseal_verify.sealer"]
        call += ["--policy", str(self.policy), "--ledger", str(self.ledger)]
        call += ["--answers", str(self.answers), "--agencies", str(self.agencies)]
        call += ["--agreements", str(self.agreements), "--custodian", str(self.custodian), "--out", str(package)]
        asked = json.dumps(request).encode()
        try:
            done = subprocess.run(  # noqa: S603 - our own words and paths
                call, input=asked, capture_output=True, timeout=SEALER_WITHIN, check=False, env=_for_the_sealer()
            )
        except subprocess.TimeoutExpired as error:
            raise CountersealError("sealer", "The sealer did not answer in time.") from error
        if done.returncode:
            reason = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["it gave no reason"]
            raise CountersealError("sealer", f"The sealer refused: {reason[0]}")


def _for_the_sealer() -> dict[str, str]:
    """Give the environment without what is the office's own: where its database is, and every secret that it has."""
    own = ("COUNTERSEAL_", "PG", "DJANGO_")
    return {name: value for name, value in os.environ.items() if not name.startswith(own)}


@dataclass(frozen=True, slots=True)
class Gate:
    """What stands between an intent and an answer outside."""

    log: LedgerLog
    policy: Policy
    post: Post
    seal: Sealer
    packages: Path


def intend(log: LedgerLog, office: Office, release: Release, also: Callable[[int], None] = lambda _: None) -> int:
    """Make the intent: read everything again and enter it, in one transaction. Give its index.

    ``also`` runs in that transaction with the index. Raises CountersealError ``stopped``, ``predicates`` or
    ``approvals``; then nothing is entered.
    """
    with one_act():
        log.lock()
        if office.stopped(release):
            raise CountersealError("stopped", "A stop order reaches this case; nothing is released.")
        if not office.holds(release):
            raise CountersealError("predicates", "The law's conditions do not hold for this answer.")
        approvals = [one for one in office.approvals(release) if office.may_approve(one)]
        index = log.append("intent", intent_body(release, approvals, log.size_and_root()[0]))
        also(index)
        return index


def enter_stop(
    log: LedgerLog,
    body: Mapping[str, Fact],
    committed: Mapping[str, str | int] | None = None,
    also: Callable[[int], None] = lambda _: None,
) -> int:
    """Enter a stop order, in force from here on; give its index. ``also`` runs with it in the same transaction.

    Nobody may be told that it is acknowledged before ``publish_witnessed`` has come back after it.
    """
    with one_act():
        log.lock()
        index = log.append("stop", body, committed)
        also(index)
    return index


def stop(log: LedgerLog, policy: Policy, post: Post, body: Mapping[str, Fact]) -> tuple[int, str]:
    """Enter a stop order; give its index and the witnessed checkpoint that acknowledges it.

    Raises CheckFailedError ``quorum`` when it is durable but not witnessed: it stands, releases halt (the sealer
    sees it), the acknowledgement waits.
    """
    index = enter_stop(log, body)
    return index, publish_witnessed(log, policy, post)


def release_answer(
    gate: Gate,
    release: Release,
    reviewed: Reviewed,
    intent: int,
    recipients: Sequence[bytes],
    also: Callable[[int], None] = lambda _: None,
) -> Path:
    """Let the answer of a witnessed intent be sealed, and enter its delivery. Give the package's path.

    ``reviewed`` is the case that ``release`` names by its digest, ``recipients`` are the named officers' certificates
    (DER); ``also`` runs with the delivery's index in its transaction. Raises CheckFailedError
    ``quorum``, CountersealError ``sealer`` with the sealer's own reason when it refuses, or ``overtaken`` when an
    order came after the sealer had looked: what is sealed is not delivered then, and nobody can fetch it.
    """
    request: dict[str, object] = {
        **asdict(reviewed),
        "answer": release.answer,
        "recipients": [base64.b64encode(key).decode("ascii") for key in recipients],
        "entry": base64.b64encode(gate.log.entry(intent)).decode("ascii"),
    }
    package = gate.packages / f"{release.digest}.sealed"
    _seal(gate, intent, request, package)
    with one_act():
        gate.log.lock()
        _not_overtaken(gate.log, intent, reviewed.agency)
        told: dict[str, Fact] = {"intent": intent, "over": release.digest}
        under: dict[str, Fact] = {"agency": reviewed.agency, "agreement": reviewed.agreement}
        also(gate.log.append("delivered", {**told, **under}))
    gate.log.publish()
    return package


def _seal(gate: Gate, intent: int, request: Mapping[str, object], package: Path) -> None:
    """Have it sealed under a witnessed checkpoint: again, where others' entries came before the sealer had looked.

    Whoever enters something publishes a checkpoint that no witness has cosigned yet, and the sealer takes none such.
    """
    for last in (*[False] * (SEALER_TRIES - 1), True):
        note = publish_witnessed(gate.log, gate.policy, gate.post)
        receipt = str(prove_entry(LedgerFolder(gate.log.folder), intent, note))
        try:
            gate.seal({**request, "receipt": receipt}, package)
        except CountersealError as error:
            if last or error.code != "sealer" or gate.log.size_and_root()[0] == read_head(note).size:
                raise
        else:
            return


def _not_overtaken(log: LedgerLog, intent: int, agency: str) -> None:
    """Hold the delivery to the sealer's own rule, under the ledger's lock: nothing after the intent voids it."""
    for at in range(intent + 1, log.size_and_root()[0]):
        entry = json.loads(log.entry(at))
        body = entry.get("body", {})
        lapsed = entry["kind"] == EntryKind.SAFEGUARDS and (body.get("act"), body.get("agency")) == ("lapsed", agency)
        if entry["kind"] == EntryKind.STOP or lapsed:
            raise CountersealError(
                "overtaken",
                "A stop order, or the end of the agency's safeguards, came after the intent; nothing is delivered.",
                next_step="Release it again: everything is read again, and the intent is made anew.",
            )
