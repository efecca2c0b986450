"""An anomaly that is missed, and a calm office in which somebody would be looked at for nothing."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.oversight.anomalies import (
    FIRST,
    SECOND,
    STATED,
    Acted,
    Measured,
    Received,
    Screened,
    anomalies,
    night_acts,
    pace,
    streaks,
)
from counterseal.web.oversight_chart import MOST, against_thresholds, said

MORNING = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
SPECIALISTS, RELEASING = ("sam", "sue", "sid"), ("rae", "rob")


def calm(cases: int = 300) -> list[Acted]:
    """A case every twelve minutes of a working day, in turns, every tenth refused."""
    acts: list[Acted] = []
    for case in range(cases):
        at = MORNING + timedelta(days=case // 40, minutes=12 * (case % 40))
        specialist, over = SPECIALISTS[case % 3], f"{case:064x}"
        if case % 10 == 9:
            acts.append(Acted(3 * case, at, specialist, "refuse"))
            continue
        acts.append(Acted(3 * case, at, specialist, FIRST, over))
        acts.append(Acted(3 * case + 1, at + timedelta(minutes=5), RELEASING[case // 3 % 2], SECOND, over))
    return acts


RECEIVED = [Received(3 * case + 2, one.at, f"OFFICER-{case % 7}") for case, one in enumerate(calm())]
SCREENED = [Screened(9000 + n, MORNING, "ANOTHER-1", 5000, {"R-01": 700, "R-02": 2100}) for n in range(3)]


def measured(acts: list[Acted], received: list[Received], screened: list[Screened]) -> dict[str, Measured]:
    return {one.name: one for one in anomalies(acts, received, screened)}


def test_nobody_of_a_calm_office_is_worth_a_look():
    found = measured(calm(), RECEIVED, SCREENED)
    assert {name: one.beyond for name, one in found.items()} == dict.fromkeys(found, ())
    assert {name for name, one in found.items() if one.lines} == {"load", "reason", "pace", "streak", "pair"}
    assert measured([], [], []) == {name: replace(one, lines=()) for name, one in found.items()}


def hurried() -> list[Acted]:
    late = MORNING + timedelta(days=9)
    return [Acted(5000 + n, late + timedelta(seconds=15 * n), "sue", FIRST, f"h{n}") for n in range(4)]


def tireless() -> list[Acted]:
    late = MORNING + timedelta(days=9)
    return [Acted(5000 + n, late + timedelta(minutes=2 * n), "tess", FIRST, f"t{n}") for n in range(201)]


def inseparable() -> list[Acted]:
    late = MORNING + timedelta(days=9)
    return [
        Acted(5000 + 2 * n + place, late + timedelta(minutes=9 * n + place), who, act, f"p{n}")
        for n in range(20)
        for place, (who, act) in enumerate((("una", FIRST), ("ugo", SECOND)))
    ]


def nocturnal() -> list[Acted]:
    return [Acted(5000 + n, MORNING.replace(hour=(22 + n) % 24), "nora", "take") for n in range(6)]


PLANTED = {
    "pace": (hurried(), "sue", 4),
    "streak": (tireless(), "tess", 201),
    "pair": (inseparable(), "una and ugo", 1.0),
    "night": (nocturnal(), "nora", 6),
}


@pytest.mark.parametrize("name", PLANTED)
def test_what_was_planted_among_calm_acts_is_found_with_its_entries_and_nothing_else(name):
    acts, who, value = PLANTED[name]
    found = measured([*calm(), *acts], RECEIVED, SCREENED)
    (line,) = found[name].beyond
    assert (line.who, line.value) == (who, value)
    assert set(line.entries) <= {one.entry for one in acts}
    assert len(line.entries) == (20 if name == "pair" else value)
    assert not [one for other, told in found.items() if other != name for one in told.beyond]


def test_an_officer_who_receives_everything_in_a_day_is_found():
    many = [Received(7000 + n, MORNING + timedelta(minutes=n), "ONE-FOR-ALL") for n in range(51)]
    (line,) = measured(calm(), [*RECEIVED, *many], SCREENED)["load"].beyond
    assert (line.who, line.value, line.entries) == ("ONE-FOR-ALL, 2026-11-02", 51, tuple(range(7000, 7051)))


def test_a_reason_that_most_rows_share_is_found_and_not_in_a_small_file():
    one = Screened(8000, MORNING, "ANOTHER-1", 1000, {"R-07": 500})
    (line,) = measured(calm(), RECEIVED, [*SCREENED, one])["reason"].beyond
    assert (line.who, line.value, line.entries) == ("ANOTHER-1, entry 8000: R-07", 0.5, (8000,))
    assert not measured([], [], [replace(one, rows=999)])["reason"].lines


def test_a_pair_without_anybody_else_to_sign_with_says_nothing():
    assert not measured(inseparable(), [], [])["pair"].lines


@given(st.lists(st.integers(0, 400), min_size=1, max_size=40).map(sorted))
def test_the_pace_is_that_of_the_fullest_minute(seconds: list[int]):
    """Held against counting every minute that begins with a signature."""
    acts = [Acted(n, MORNING + timedelta(seconds=at), "sam", FIRST) for n, at in enumerate(seconds)]
    (line,) = pace(acts).lines
    assert line.value == max(sum(begin <= at <= begin + 60 for at in seconds) for begin in seconds)
    assert len(line.entries) == line.value
    assert seconds[line.entries[-1]] - seconds[line.entries[0]] <= 60


@given(st.text("SRx", max_size=60))
def test_a_streak_ends_with_a_refusal_and_with_nothing_else(told: str):
    word = {"S": SECOND, "R": "refuse", "x": "take"}
    acts = [Acted(n, MORNING, "rae", word[one]) for n, one in enumerate(told)]
    longest = max(part.count("S") for part in told.split("R"))
    assert [line.value for line in streaks(acts).lines] == ([longest] if longest else [])


def test_night_is_night_where_the_office_is():
    acts = [Acted(n, MORNING.replace(hour=3), "sam", "take") for n in range(6)]
    assert night_acts(acts).beyond
    assert night_acts(acts, replace(STATED, zone=timezone(timedelta(hours=-5), "EST"))).beyond
    assert night_acts(acts, replace(STATED, zone=timezone(timedelta(hours=9), "JST"))).lines == ()
    assert night_acts(acts, replace(STATED, night=(2, 4))).lines[0].value == 6


def test_a_bar_that_stands_for_two_lines_or_for_none():
    """Lines with the same words are drawn beside one another, each with its number."""
    twice = [Received(n, MORNING, "ONE") for n in range(60)]
    found = anomalies(calm(), twice, [*SCREENED, *SCREENED])
    for width in (520, 230):
        drawn = re.findall(r'translate\(([-0-9.,]+)\)"[^>]*>([^<>]+)</text>', against_thresholds(found, width=width))
        numbers = [said(one, line.value) for one in found for line in one.lines[:MOST]]
        assert len({(place, text) for place, text in drawn if text in numbers}) == len(numbers)
