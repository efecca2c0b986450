"""A random sample of decisions that nobody chose: announced first, drawn afterwards from what nobody could foresee.

The announcement's entry fixes who can be drawn, how many, and a commitment to a share that oversight alone knows. The
seed is made of that share, of the root of the tree that the announcement closes, and of the witnesses' cosignatures
over it. Every decision then has a ticket, HMAC-SHA-256 of its entry's index under the seed, and the smallest are
drawn: consistent sampling without replacement (Rivest, "Consistent Sampling with Replacement", 2018, the method of
his ``sampler`` for election audits), so a larger sample holds every smaller one. HMAC: RFC 2104.

What this defends, and what not: ``docs/design/sample.md``. ``counterseal_verify.sample`` does all of it again.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from hashlib import sha256
from math import exp, lgamma
from typing import TYPE_CHECKING, Any, Protocol

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from datetime import date, datetime


DECISIONS = ("approved", "refused", "returned")
"""How a case is decided: signed twice for release, refused for good, or returned to be mended."""
STRATA = ("all", *DECISIONS)
RULE = "decisions/v1"
LARGEST = 2000
"""Decisions in one sample: they stand in one entry, which is at most 65,535 bytes long."""
SHARE = 32
CONFIDENCE = 0.95
ROUNDING = 1e-9
"""What a sum of logarithms may be off by; a tie is kept within the interval."""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What is fixed before anything is drawn. ``begin`` and ``end`` are days in UTC, both included.

    The population is every decision of the stratum in those days before the announcement's own entry, in the ledger's
    order; ``commitment`` is the SHA-256 of oversight's share, in hexadecimal.
    """

    begin: str
    end: str
    stratum: str
    size: int
    population: tuple[int, ...]
    commitment: str

    def body(self) -> dict[str, Any]:
        """Give the body of its entry."""
        return {
            "act": "announced",
            "rule": RULE,
            "from": self.begin,
            "to": self.end,
            "stratum": self.stratum,
            "size": self.size,
            "population": len(self.population),
            "population_sha256": population_digest(self.population),
            "share_sha256": self.commitment,
        }


class Entered(Protocol):
    """One entry of the ledger, as far as a sample reads it. ``at`` is in UTC."""

    @property
    def index(self) -> int:
        """Its place in the ledger."""
        ...

    @property
    def kind(self) -> str:
        """Its kind."""
        ...

    @property
    def at(self) -> datetime:
        """When it was made."""
        ...

    @property
    def body(self) -> Mapping[str, Any]:
        """Its facts."""
        ...


def decided(entry: Entered) -> str | None:
    """Tell how an entry decides a case, None where it does not. A case that was decided twice has two decisions."""
    return decision_of(entry.kind, entry.body)


def decision_of(kind: str, body: Mapping[str, Any]) -> str | None:
    """Tell how an entry of a kind and with these facts decides a case, None where it does not."""
    if kind == "signed":
        return "approved" if body.get("place") == 2 else None
    if kind == "case":
        return {"refuse": "refused", "return": "returned"}.get(str(body.get("act")))
    return None


def announce(
    entries: Iterable[Entered], begin: date, end: date, stratum: str, size: int, commitment: str
) -> Announcement:
    """Fix a sample over all entries so far, in their order. Entries of kinds that decide nothing may be left out.

    Raises CountersealError ``sample`` for a stratum, a span of days or a commitment that is none, and
    ``sample-size`` when the size is not between 1 and the population or ``LARGEST``.
    """
    if stratum not in STRATA or begin > end:
        raise CountersealError("sample", f"A sample is of {', '.join(STRATA)}, from a day to a later one.")
    if len(commitment) != 64 or set(commitment) - set("0123456789abcdef"):
        raise CountersealError(
            "sample",
            "The commitment is the SHA-256 of oversight's share, in hexadecimal.",
            next_step="Make a share with: counterseal sample share --out share",
        )
    population = population_of(entries, begin.isoformat(), end.isoformat(), stratum)
    if not 1 <= size <= min(len(population), LARGEST):
        raise CountersealError(
            "sample-size",
            f"{len(population)} decisions can be drawn from, at most {LARGEST} at once, and the size is {size}.",
            next_step="Ask for fewer, or for more days.",
        )
    return Announcement(begin.isoformat(), end.isoformat(), stratum, size, population, commitment)


def population_of(entries: Iterable[Entered], begin: str, end: str, stratum: str) -> tuple[int, ...]:
    """Give the entries that decide, of a stratum, between two days, both included."""
    wanted = DECISIONS if stratum == "all" else (stratum,)
    return tuple(
        entry.index for entry in entries if decided(entry) in wanted and begin <= entry.at.date().isoformat() <= end
    )


def population_digest(population: Sequence[int]) -> str:
    """Hash a population: the JSON list of its entries' indices without spaces, in hexadecimal."""
    return sha256(json.dumps(list(population), separators=(",", ":")).encode()).hexdigest()


def commitment_to(share: bytes) -> str:
    """Commit to a share. Raises CountersealError ``share`` unless it is 32 bytes long."""
    if len(share) != SHARE:
        raise CountersealError("share", f"A share is {SHARE} bytes long.")
    return sha256(b"counterseal/sample-share/v1\0" + share).hexdigest()


def seed_of(share: bytes, root: bytes, cosignatures: Iterable[str]) -> bytes:
    """Make the seed, 32 bytes: of the share, the root, and witnesses' signature lines, whatever their order."""
    lines = sorted(line.encode() for line in cosignatures)
    hashed = b"".join(sha256(line).digest() for line in lines)
    return sha256(b"counterseal/sample-seed/v1\0" + share + root + hashed).digest()


def ticket(seed: bytes, entry: int) -> bytes:
    """Give the ticket of the decision at an entry: 32 bytes."""
    return hmac.digest(seed, b"counterseal/sample-ticket/v1\0" + entry.to_bytes(8), "sha256")


def draw(seed: bytes, population: Iterable[int], size: int) -> tuple[int, ...]:
    """Draw the decisions with the smallest tickets, smallest first, none twice."""
    return tuple(sorted(set(population), key=lambda entry: ticket(seed, entry))[:size])


def interval(agreed: int, drawn: int, population: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Give the exact interval of a share in a finite population, from a sample without replacement.

    It inverts both tails of the hypergeometric distribution, as Clopper and Pearson (1934) do for the binomial one;
    Buonaccorsi, "A Note on Confidence Intervals for Proportions in Finite Populations", The American Statistician
    41(3), 1987. When everything was drawn the interval is one point. ``drawn`` is at least 1.
    """
    least, most, tail = agreed, population - (drawn - agreed), (1 - confidence) / 2 - ROUNDING
    low = next_where(least, most, lambda good: at_least(agreed, drawn, good, population) >= tail)
    missed = drawn - agreed
    bad = next_where(
        population - most, population - least, lambda one: at_least(missed, drawn, one, population) >= tail
    )
    return low / population, (population - bad) / population


def next_where(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Give the least number from low to high for which a condition that stays true once true holds."""
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def at_least(seen: int, drawn: int, good: int, population: int) -> float:
    """Give the probability that of ``drawn`` at least ``seen`` are good, where ``good`` of the population are."""
    bad = population - good
    return sum(
        exp(choose(good, one) + choose(bad, drawn - one) - choose(population, drawn))
        for one in range(max(seen, drawn - bad), min(drawn, good) + 1)
    )


def choose(many: int, few: int) -> float:
    """Give the logarithm of a binomial coefficient."""
    return lgamma(many + 1) - lgamma(few + 1) - lgamma(many - few + 1)
