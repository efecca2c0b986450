"""Samples of decisions: oversight announces one, the witnesses cosign the ledger as it then stands, oversight draws.

Both acts are entries. The announcement holds a commitment to a share that oversight keeps to itself until the drawing,
so who keeps the ledger cannot choose what is drawn; and the share is fixed before the witnesses have signed, so
oversight cannot either (``docs/design/sample.md``).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.flow.book import publish_witnessed
from counterseal.ledger.note import read_head, read_note
from counterseal.oversight.sample import (
    announce,
    commitment_to,
    decided,
    draw,
    population_digest,
    population_of,
    seed_of,
)
from counterseal.store.casework import acting
from counterseal.store.custody import entries_of
from counterseal.store.submissions import one_act
from counterseal.vault.signing import check_signature

if TYPE_CHECKING:
    from datetime import date, datetime

    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact
    from counterseal.oversight.sample import Announcement
    from counterseal.store.custody import Told

OVERSIGHT = frozenset({Role.OVERSIGHT})
READ = ("signed", "case", "sample", "re-reviewed")
"""Kinds of entry that a sample hangs on."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One re-review: what oversight would have decided, when, and its entry."""

    word: str
    at: datetime
    entry: int


@dataclass(frozen=True)
class SampleTold:
    """A sample as the ledger tells it. ``drawn`` are the decisions' entries in the order of their tickets.

    ``drawing`` is the entry of the drawing, None before it; ``findings`` are by the decision's entry.
    """

    announced: int
    at: datetime
    begin: str
    end: str
    stratum: str
    size: int
    population: int
    drawing: int | None
    drawn: tuple[int, ...]
    decisions: dict[int, str]
    findings: dict[int, Finding]

    @property
    def alike(self) -> int:
        """How many re-reviews came to the first decision."""
        return sum(self.decisions[at] == one.word for at, one in self.findings.items())


def announce_sample(
    office: Office, by: int, begin: date, end: date, stratum: str, size: int, commitment: str
) -> tuple[int, Announcement]:
    """Announce a sample, and have the witnesses cosign the ledger that ends with it; give the entry and what it fixes.

    Raises CountersealError ``role``, ``sample``, ``sample-size``, and ``sample-days`` for a day that has not ended;
    CheckFailedError ``quorum`` when too few witnesses cosign: then nothing can be drawn from it.
    """
    if end > office.clock.now().date():
        raise CountersealError("sample-days", "A sample is of days that have come.", where="--to")
    with one_act():
        office.ledger.lock()
        who = acting(by, OVERSIGHT)
        fixed = announce(entries_of(READ), begin, end, stratum, size, commitment)
        entry = office.ledger.append("sample", fixed.body(), {"official": who.username})
    _publish(office)
    return entry, fixed


def draw_sample(office: Office, by: int, announced: int, share: bytes) -> tuple[int, tuple[int, ...]]:
    """Draw a sample that was announced; give the entry and the drawn decisions' entries, in the order of their tickets.

    Raises CountersealError ``role``, ``sample-unknown``, ``sample-drawn``, ``share`` for another share than was
    committed to, and ``sample-unwitnessed`` when the ledger was not witnessed as the announcement left it.
    CheckFailedError ``quorum`` when it stands but too few witnesses cosign.
    """
    commitment = commitment_to(share)
    with one_act():
        office.ledger.lock()
        who = acting(by, OVERSIGHT)
        told = entries_of(READ)
        one = next((one for one in _samples(told) if one.announced == announced), None)
        if one is None:
            raise CountersealError("sample-unknown", "No sample was announced at this entry.", where=str(announced))
        if one.drawing is not None:
            raise CountersealError("sample-drawn", f"This sample was drawn at entry {one.drawing}.")
        fixed = next(entry.body for entry in told if entry.index == announced)
        if commitment != fixed["share_sha256"]:
            raise CountersealError("share", "This is not the share that was committed to.")
        note = _witnessed(office, announced)
        before = (entry for entry in told if entry.index < announced)
        population = population_of(before, one.begin, one.end, one.stratum)
        if population_digest(population) != fixed["population_sha256"]:
            raise CountersealError("entry-damaged", "The decisions are not those that were announced.")
        seed = _seed(note, share)
        drawn = draw(seed, population, one.size)
        body: dict[str, Fact] = {
            "act": "drawn",
            "announced": announced,
            "share": share.hex(),
            "checkpoint": note,
            "seed": seed.hex(),
            "drawn": list(drawn),
        }
        entry = office.ledger.append("sample", body, {"official": who.username})
    _publish(office)
    return entry, drawn


def samples() -> tuple[SampleTold, ...]:
    """Give every sample that was ever announced, the first first."""
    return tuple(_samples(entries_of(READ)))


def sample_at(announced: int) -> SampleTold:
    """Give the sample announced at an entry. Raises CountersealError ``sample-unknown``."""
    for one in samples():
        if one.announced == announced:
            return one
    raise CountersealError("sample-unknown", "No sample was announced at this entry.", where=str(announced))


def _publish(office: Office) -> None:
    if office.policy is None:
        office.ledger.publish()
    else:
        publish_witnessed(office.ledger, office.policy, office.post)


def _samples(told: list[Told]) -> list[SampleTold]:
    decisions = {one.index: word for one in told if (word := decided(one)) is not None}
    acts = [one for one in told if one.kind == "sample"]
    drawings = {one.body["announced"]: one for one in acts if one.body["act"] == "drawn"}
    reviews = [one for one in told if one.kind == "re-reviewed"]
    found = []
    for one in acts:
        if one.body["act"] != "announced":
            continue
        drawing = drawings.get(one.index)
        drawn = tuple(drawing.body["drawn"]) if drawing else ()
        found.append(
            SampleTold(
                one.index, one.at, one.body["from"], one.body["to"], one.body["stratum"], one.body["size"],
                one.body["population"], drawing.index if drawing else None, drawn,
                {at: decisions[at] for at in drawn},
                {
                    entry.body["decision"]: Finding(entry.body["finding"], entry.at, entry.index)
                    for entry in reviews
                    if drawing is not None and entry.body["sample"] == drawing.index
                },
            )
        )  # fmt: skip
    return found


def _witnessed(office: Office, announced: int) -> str:
    """Give the checkpoint of the ledger as the announcement left it, cosigned where anybody is to cosign."""
    note = office.ledger.checkpoint_of(announced + 1)
    if note is None or (
        office.policy is not None
        and not office.policy.satisfied(office.policy.witnessed_by(note.encode(), check_signature))
    ):
        raise CountersealError(
            "sample-unwitnessed",
            "The witnesses have not cosigned the ledger as this announcement left it.",
            next_step="Announce a new sample; this one stays in the ledger, not drawn.",
        )
    return note


def _seed(note: str, share: bytes) -> bytes:
    """Make the seed from a checkpoint: of its root, and of every signature under it but the log's own."""
    head = read_head(note)
    lines = [str(line) for line in read_note(note.encode()).signatures if line.name != head.origin]
    return seed_of(share, head.root, lines)
