"""A sample that somebody chose, or could have: by its population, its size, its seed or its order."""

from __future__ import annotations

from datetime import date, datetime
from fractions import Fraction
from hashlib import sha256
from math import comb
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import CountersealError
from counterseal.oversight import sample
from counterseal_verify import sample as second

DAYS = ["2026-11-01", "2026-11-02", "2026-11-03"]
COMMITMENT = "ab" * 32
BODIES = {
    "approved": ("signed", {"place": 2}),
    "first": ("signed", {"place": 1}),
    "refused": ("case", {"act": "refuse", "state": "refused"}),
    "returned": ("case", {"act": "return", "state": "returned"}),
    "taken": ("case", {"act": "take", "state": "in_review"}),
    "other": ("stop", {}),
}
LEDGERS = st.lists(st.tuples(st.sampled_from(sorted(BODIES)), st.sampled_from(DAYS)), max_size=40)
SEEDS = st.binary(min_size=32, max_size=32)


class Entry(NamedTuple):
    index: int
    kind: str
    at: datetime
    body: dict[str, object]


def entries_of(told: list[tuple[str, str]]) -> list[Entry]:
    return [
        Entry(n, BODIES[what][0], datetime.fromisoformat(f"{day}T12:00:00+00:00"), BODIES[what][1])
        for n, (what, day) in enumerate(told)
    ]


def as_written(entries: list[Entry]) -> list[dict[str, object]]:
    return [{"kind": one.kind, "at": f"{one.at:%Y-%m-%dT%H:%M:%S.%fZ}", "body": one.body} for one in entries]


def announce(entries: list[Entry], begin: str, end: str, *rest: object) -> sample.Announcement:
    return sample.announce(entries, date.fromisoformat(begin), date.fromisoformat(end), *rest)


@given(LEDGERS, st.sampled_from(sample.STRATA), st.integers(0, 5), SEEDS, st.tuples(*[st.sampled_from(DAYS)] * 2))
def test_both_draw_the_same_from_the_population_and_nobody_twice(told, stratum, size, seed, days):
    entries, (begin, end) = entries_of(told), sorted(days)
    possible = [n for n, (what, day) in enumerate(told) if what in second.STRATA[stratum] and begin <= day <= end]
    if not 1 <= size <= len(possible):
        with pytest.raises(CountersealError, match="can be drawn from"):
            announce(entries, begin, end, stratum, size, COMMITMENT)
        return
    fixed = announce(entries, begin, end, stratum, size, COMMITMENT)
    assert list(fixed.population) == possible
    drawn = sample.draw(seed, fixed.population, size)
    assert len(drawn) == len(set(drawn)) == size
    assert all(told[n][0] in second.STRATA[stratum] and begin <= told[n][1] <= end for n in drawn)
    announced = {"kind": "sample", "at": f"{DAYS[-1]}T13:00:00.000000Z", "body": fixed.body()}
    population = second.population([*as_written(entries), announced], len(entries))
    assert tuple(population) == fixed.population
    assert sorted(population, key=lambda n: second.ticket(seed, n))[:size] == list(drawn)
    assert [sample.decided(one) or "" for one in entries] == [second.decision(one) for one in as_written(entries)]


@given(SEEDS, st.sets(st.integers(0, 2**40), min_size=2, max_size=30), st.data())
def test_a_larger_sample_holds_the_smaller_one(seed, population, data):
    size = data.draw(st.integers(1, len(population) - 1))
    assert sample.draw(seed, population, size + 1)[:size] == sample.draw(seed, population, size)


def test_every_decision_is_drawn_as_often_as_any_other():
    """4,000 draws of 5 out of 25: chi-square with 24 degrees of freedom, corrected for drawing without replacement."""
    population, draws, size = [7 * n + 3 for n in range(25)], 4000, 5
    seen = dict.fromkeys(population, 0)
    first = dict.fromkeys(population, 0)
    for n in range(draws):
        drawn = sample.draw(sha256(n.to_bytes(8)).digest(), population, size)
        first[drawn[0]] += 1
        for one in drawn:
            seen[one] += 1
    expected = draws * size / len(population)
    spread = sum((count - expected) ** 2 for count in seen.values()) / expected
    assert spread * (len(population) - 1) / (len(population) - size) < 51.18  # the 0.1 % point at 24
    assert sum((count - draws / 25) ** 2 for count in first.values()) / (draws / 25) < 51.18


@given(SEEDS, SEEDS, SEEDS, st.lists(st.text(max_size=5), max_size=4))
def test_the_seed_hangs_on_share_root_and_every_cosignature_and_not_on_their_order(share, other, root, lines):
    seed = sample.seed_of(share, root, lines)
    assert seed == sample.seed_of(share, root, reversed(lines))
    assert seed != sample.seed_of(share, root, [*lines, "one more"])
    if other != share:
        assert seed != sample.seed_of(other, root, lines)
        assert sample.commitment_to(other) != sample.commitment_to(share)


@pytest.mark.parametrize(
    ("begin", "end", "stratum", "size", "commitment", "code"),
    [
        (DAYS[1], DAYS[0], "all", 1, COMMITMENT, "sample"),
        (DAYS[0], DAYS[1], "each", 1, COMMITMENT, "sample"),
        (DAYS[0], DAYS[1], "all", 1, "AB" * 32, "sample"),
        (DAYS[0], DAYS[1], "all", 0, COMMITMENT, "sample-size"),
        (DAYS[0], DAYS[1], "all", 2, COMMITMENT, "sample-size"),
    ],
)
def test_what_cannot_be_drawn_is_not_announced(begin, end, stratum, size, commitment, code):
    with pytest.raises(CountersealError) as refused:
        announce(entries_of([("approved", DAYS[0])]), begin, end, stratum, size, commitment)
    assert refused.value.code == code


def exact_interval(agreed: int, drawn: int, population: int) -> tuple[int, int]:
    """Every number of good ones that the sample does not speak against at 2.5 % on either side, by whole numbers."""
    tail = Fraction(1, 40)

    def weight(good: int, seen: range) -> Fraction:
        ways = sum(comb(good, n) * comb(population - good, drawn - n) for n in seen)
        return Fraction(ways, comb(population, drawn))

    kept = [
        good
        for good in range(agreed, population - drawn + agreed + 1)
        if weight(good, range(agreed, drawn + 1)) >= tail and weight(good, range(agreed + 1)) >= tail
    ]
    return kept[0], kept[-1]


@given(st.integers(1, 40), st.data())
def test_the_interval_is_the_exact_one_of_a_finite_population(population, data):
    drawn = data.draw(st.integers(1, population))
    agreed = data.draw(st.integers(0, drawn))
    low, high = sample.interval(agreed, drawn, population)
    assert (round(low * population), round(high * population)) == exact_interval(agreed, drawn, population)
    assert low <= agreed / drawn <= high


def test_an_interval_over_all_there_is_has_no_width():
    assert sample.interval(17, 20, 20) == (0.85, 0.85)


def test_without_a_bound_of_the_population_the_interval_is_clopper_and_pearson_s():
    """For 18 of 20 it is 0.6830 to 0.9877 (Clopper and Pearson, 1934)."""
    low, high = sample.interval(18, 20, 10_000_000)
    assert low == pytest.approx(0.6830, abs=2e-4)
    assert high == pytest.approx(0.9877, abs=2e-4)
