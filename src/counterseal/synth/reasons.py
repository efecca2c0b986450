"""Reasons that differ from row to row: each specific to its matter, as 26 U.S.C. 6103(i)(2)(B)(iv) asks."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from counterseal.synth.chance import Chance

_PARTS: tuple[tuple[str, ...], ...] = (
    (
        "A former landlord", "A past employer", "A shift supervisor", "A cousin of the person", "A neighbour",
        "The bond obligor", "A parish office", "A school registrar", "A roommate",
        "The person's former counsel",
        "A tow-yard clerk", "A clinic receptionist", "A bank teller", "A union steward", "A motel keeper",
        "A used-car dealer",
    ),
    ("told", "wrote to", "informed", "gave a statement to", "answered", "returned the call of"),
    (
        "the case agent", "the local field office", "the assigned investigator",
        "the assistant United States attorney",
        "the paralegal on the matter", "the duty officer", "the district's fugitive desk",
        "the grand jury coordinator",
    ),
    (
        "that the person stayed on past the day set for departure",
        "that travel papers were issued and never used",
        "that the booked departure was missed on purpose", "that the person spoke of not meaning to leave",
        "that the person asked to be hidden from the departure officer",
        "that the ticket to depart was given away",
        "that the person moved within days of the final order",
        "that the surrender letter came and was burned",
        "that the person took a new lease after the order",
        "that the person changed work to avoid being found",
        "that the order was read out to the person and laughed at",
        "that the person was seen long after the deadline",
    ),
    (
        "a signed receipt for the order", "a copy of the lease", "the unused travel document",
        "a recorded interview",
        "the docket of the final order", "a photograph with its time", "the carrier's manifest",
        "a work schedule",
        "a utility account", "a traffic citation", "a certified-mail slip", "a pay stub", "the bond file",
        "a sworn declaration", "a storage contract", "a vehicle title",
    ),
    (
        "bears this out", "is on file", "was taken into evidence", "agrees with that account",
        "is under seal",
        "was lodged as an exhibit", "was logged last", "still has to be put to the person",
    ),
    (
        "serve the summons", "arrange the arraignment", "interview a witness who lives there",
        "prove wilfulness",
        "show when the person left the known dwelling", "rebut the claim of never having received the order",
        "execute the arrest warrant", "prepare the charging decision", "answer the grand jury's question",
        "set up a controlled interview", "settle which district has venue", "exclude an alibi",
    ),
)  # fmt: skip


def reason_count() -> int:
    """How many different reasons there are (about fourteen million)."""
    return math.prod(len(part) for part in _PARTS)


class Reasons:
    """Gives reasons, no two alike in letters, until ``reason_count()`` have been given."""

    def __init__(self, chance: Chance) -> None:
        self._total = reason_count()
        self._at = chance.number(0, self._total - 1)
        self._stride = 7_654_321  # prime to the number of reasons, whose prime factors are 2 and 3

    def next(self) -> str:
        """A reason that was not given before."""
        self._at = (self._at + self._stride) % self._total
        rest, said = self._at, []
        for part in _PARTS:
            rest, which = divmod(rest, len(part))
            said.append(part[which])
        who, told, whom, what, proof, stands, use = said
        return f"{who} {told} {whom} {what}; {proof} {stands}, and the address is needed to {use}."
