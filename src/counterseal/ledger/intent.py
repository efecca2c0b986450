"""The intent entry: what must stand in the ledger, durable and witnessed, before an answer exists outside.

It names the case, the answer's digest and the recipients by one digest, and the two people who each
approved exactly that. Whoever holds the entry can recompute the digest; nobody learns a person from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.ledger.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.ledger.entry import Fact

CONTEXT = b"counterseal/release/v1\0"
CASE = b"counterseal/case/v2\0"
BOTH = {Role.SPECIALIST.value, Role.RELEASING.value}


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A case as two people reviewed it: its file by digest, who asked, and under which version of which agreement.

    The four are one digest, which both sign. So the sealer, which sees no case file, takes nobody's word for whose
    certificates and stop orders count, and under which conditions an answer goes.
    """

    file: str
    agency: str
    agreement: str
    version: str

    @property
    def digest(self) -> str:
        """The digest of the case, in hexadecimal."""
        told = {"file": self.file, "agency": self.agency, "agreement": self.agreement, "version": self.version}
        return sha256(CASE + canonical(told)).hexdigest()


@dataclass(frozen=True, slots=True)
class Release:
    """What is to leave, to whom: digests in hexadecimal, never the answer itself.

    ``case`` is the digest of the case as reviewed, ``answer`` of the answer's bytes, ``recipients`` of
    each named officer's public key.
    """

    case: str
    answer: str
    recipients: tuple[str, ...]

    @property
    def digest(self) -> str:
        """What both officials sign: case, answer and recipients in one digest."""
        whole = {"case": self.case, "answer": self.answer, "recipients": sorted(self.recipients)}
        return sha256(CONTEXT + canonical(whole)).hexdigest()


@dataclass(frozen=True, slots=True)
class Approval:
    """One official's signature over a release's digest, as the ledger holds it.

    ``official`` is the digest of the key that signed, ``role`` its holder's. ``entry`` is the index of the
    approval's own entry.
    """

    official: str
    over: str
    entry: int
    role: str


def intent_body(release: Release, approvals: Sequence[Approval], next_index: int) -> dict[str, Fact]:
    """Make the intent entry's body, or refuse.

    Raises CountersealError ``approvals`` unless a specialist and a releasing official, two different people, each
    approved exactly this release, both in entries before ``next_index``; ``recipients`` when nobody, or somebody
    twice, is to receive it.
    """
    if not release.recipients or len(set(release.recipients)) < len(release.recipients):
        raise CountersealError("recipients", "A release names its recipients, each once.")
    counted: dict[str, Approval] = {}
    for one in approvals:
        if one.over == release.digest and one.entry < next_index:
            counted.setdefault(one.official, one)
    if len(counted) < 2 or {one.role for one in counted.values()} != BOTH:
        raise CountersealError(
            "approvals",
            "A specialist and a releasing official must each approve exactly this release, and have not.",
            next_step="Put the case before a specialist, and then before a releasing official.",
        )
    return {
        "case": release.case,
        "over": release.digest,
        "approvals": [{"official": one.official, "entry": one.entry} for one in counted.values()],
    }
