"""People in households: surnames shared, sons named after fathers, twins, moves, and those without account.

Every rate below is a guess that makes the cases occur, not a measurement of any population; the page
``docs/use/synthetic-people.md`` lists them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from counterseal.synth.chance import Chance
from counterseal.synth.names import ACCENTED, census_names
from counterseal.synth.places import build_dwellings

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from counterseal.synth.places import Dwellings

FIRST_YEAR, LAST_YEAR = 2015, 2025
HEAD, SPOUSE, CHILD, HOUSEMATE, RESIDENT = range(5)
_SIZE_WEIGHTS = np.array([28, 34, 16, 13, 6, 3], dtype=np.int64)
_MOVES_WEIGHTS = np.array([45, 35, 20], dtype=np.int64)
_SSN_AREAS = np.array([a for a in range(1, 900) if a != 666], dtype=np.int64)
_ITIN_GROUPS = np.array([*range(50, 66), *range(70, 89), 90, 91, 92, *range(94, 100)], dtype=np.int64)
_PER_QUARTERS = 150


@dataclass(frozen=True)
class World:
    """People (one a position) and where they lived: spans refer to people and dwellings by position."""

    household: NDArray[np.int64]
    role: NDArray[np.int64]
    male: NDArray[np.bool_]
    given_name: NDArray[np.object_]
    middle_name: NDArray[np.object_]
    family_name: NDArray[np.object_]
    suffix: NDArray[np.object_]
    date_of_birth: NDArray[np.object_]
    tin: NDArray[np.object_]
    has_account: NDArray[np.bool_]
    twin: NDArray[np.bool_]
    named_after: NDArray[np.bool_]
    dwellings: Dwellings
    span_person: NDArray[np.int64]
    span_dwelling: NDArray[np.int64]
    span_from: NDArray[np.int64]
    span_to: NDArray[np.int64]


@dataclass(frozen=True)
class _Frame:
    """Who lives with whom: the household of each person, place in it, and the sizes."""

    household: NDArray[np.int64]
    place: NDArray[np.int64]
    first: NDArray[np.int64]
    size: NDArray[np.int64]
    quarters: int


def _frame(chance: Chance, people: int) -> _Frame:
    """Households of 1–6 until the people are used up; the last ones live in group quarters, each alone."""
    quarters = max(1, round(people * 0.015 / _PER_QUARTERS)) if people >= 1000 else 0
    housed = people - quarters * _PER_QUARTERS
    size = 1 + chance.weighted(max(8, housed), _SIZE_WEIGHTS)
    upto = np.cumsum(size)
    count = int(np.searchsorted(upto, housed)) + 1
    size = size[:count]
    size[-1] -= int(upto[count - 1]) - housed
    size = np.concatenate([size, np.ones(people - housed, dtype=np.int64)])
    household = np.repeat(np.arange(len(size)), size)
    first = np.cumsum(size) - size
    return _Frame(household, np.arange(people) - first[household], first, size, quarters)


def _roles(chance: Chance, frame: _Frame, people: int) -> NDArray[np.int64]:
    draw = chance.uniform(people)
    role = np.where(frame.place == 0, HEAD, np.where(draw < 0.93, CHILD, HOUSEMATE))
    second = frame.place == 1
    role[second] = np.where(draw[second] < 0.75, SPOUSE, np.where(draw[second] < 0.9, CHILD, HOUSEMATE))
    role[people - frame.quarters * _PER_QUARTERS :] = RESIDENT
    return role


def _births(
    chance: Chance, frame: _Frame, role: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Birth year, day of the year, and who is a twin (of the person before)."""
    people = len(role)
    age = chance.uniform(people)
    year = LAST_YEAR - 22 - np.floor(age * np.sqrt(np.sqrt(age)) * 65).astype(np.int64)
    head_year = year[frame.first[frame.household]]
    spread = np.floor((chance.uniform(people) + chance.uniform(people) - 1) * 10).astype(np.int64)
    year = np.where(role == SPOUSE, np.minimum(head_year + spread, LAST_YEAR - 18), year)
    child_year = np.minimum(head_year + 19 + chance.below(people, 20), LAST_YEAR - chance.below(people, 6))
    year = np.where(role == CHILD, child_year, year)
    day = chance.below(people, 365)
    day[chance.happens(people, 0.02)] = 0
    twin = np.zeros(people, dtype=bool)
    twin[1:] = (role[1:] == CHILD) & (role[:-1] == CHILD) & (frame.household[1:] == frame.household[:-1])
    twin &= chance.happens(people, 0.03)
    chosen = np.flatnonzero(twin)
    year[chosen], day[chosen] = year[chosen - 1], day[chosen - 1]
    return year, day, twin


def _surnames(chance: Chance, frame: _Frame, role: NDArray[np.int64]) -> NDArray[np.object_]:
    names = census_names()
    people = len(role)
    picked = chance.weighted(people, names.surname_weights)
    other = chance.weighted(people, names.surname_weights)
    own = names.surnames[picked].copy()
    two = np.flatnonzero((names.hispanic[picked] & chance.happens(people, 0.3)) | chance.happens(people, 0.01))
    joint = np.where(chance.happens(len(two), 0.3), "-", " ").astype(object)
    own[two] = own[two] + joint + names.surnames[other[two]]
    marked = chance.happens(people, 0.3)
    for at in np.flatnonzero(marked & np.isin(own, list(ACCENTED))).tolist():
        own[at] = ACCENTED[own[at]]
    draw = chance.uniform(people)
    takes = ((role == SPOUSE) & (draw < 0.8)) | ((role == CHILD) & (draw < 0.95))
    return np.where(takes, own[frame.first[frame.household]], own)


def _given_names(chance: Chance, male: NDArray[np.bool_]) -> NDArray[np.object_]:
    names = census_names()
    people = len(male)
    given = np.where(
        male,
        names.male[chance.weighted(people, names.male_weights)],
        names.female[chance.weighted(people, names.female_weights)],
    )
    for at in np.flatnonzero(chance.happens(people, 0.15) & np.isin(given, list(ACCENTED))).tolist():
        given[at] = ACCENTED[given[at]]
    return given


def _tins(chance: Chance, people: int) -> NDArray[np.object_]:
    """Numbers that differ from person to person (an affine walk), save one in a hundred that is borrowed."""

    def walk(count: int, size: int, multiplier: int) -> NDArray[np.int64]:
        return (np.arange(count, dtype=np.int64) * multiplier + int(chance.below(1, size)[0])) % size

    foreign = chance.happens(people, 0.12)
    at = walk(people, 898 * 99 * 9999, 6_700_417)
    area, group, serial = _SSN_AREAS[at // (99 * 9999)], at // 9999 % 99 + 1, at % 9999 + 1
    number = area * 1_000_000 + group * 10_000 + serial
    at = walk(people, 100 * 44 * 9999, 104_729)
    itin = (900 + at // (44 * 9999)) * 1_000_000 + _ITIN_GROUPS[at // 9999 % 44] * 10_000 + at % 9999 + 1
    number = np.where(foreign, itin, number)
    borrower = np.flatnonzero(chance.happens(people, 0.01))
    number[borrower] = number[chance.below(len(borrower), people)]
    return np.array([f"{one:09d}" for one in number.tolist()], dtype=object)


def _middle_names(chance: Chance, male: NDArray[np.bool_]) -> NDArray[np.object_]:
    full = _given_names(chance, male)
    draw = chance.uniform(len(male))
    initial = np.array([name[0] for name in full.tolist()], dtype=object)
    return np.where(draw < 0.25, "", np.where(draw < 0.75, initial, full)).astype(object)


def _named_after_parents(
    chance: Chance,
    frame: _Frame,
    role: NDArray[np.int64],
    male: NDArray[np.bool_],
    given: NDArray[np.object_],
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Sons (and few daughters) given the head's name: the suffixes, and who they are. Changes ``given``."""
    people = len(role)
    head = frame.first[frame.household]
    share = np.where(male, 0.06, 0.01)
    after = (role == CHILD) & (male == male[head]) & (chance.uniform(people) < share)
    _, firsts = np.unique(np.where(after, frame.household, -1), return_index=True)
    only = np.zeros(people, dtype=bool)
    only[firsts] = True
    after &= only
    sons = np.flatnonzero(after)
    given[sons] = given[head[sons]]
    suffix = np.full(people, "", dtype=object)
    son_says, father_says = chance.happens(len(sons), 0.55), chance.happens(len(sons), 0.25)
    third = chance.happens(len(sons), 0.06)
    suffix[sons[son_says]] = "JR"
    suffix[sons[third]] = "III"
    suffix[head[sons[father_says & male[sons]]]] = "SR"
    suffix[sons[~male[sons]]] = ""
    return suffix, after


def _namesakes(
    chance: Chance, role: NDArray[np.int64], given: NDArray[np.object_], family: NDArray[np.object_]
) -> None:
    """Some people bear another's whole name. Changes ``given`` and ``family`` of people who live alone."""
    alone = np.flatnonzero(((role == RESIDENT) | (role == HOUSEMATE)) & chance.happens(len(role), 0.25))
    model = chance.below(len(alone), len(role))
    given[alone], family[alone] = given[model], family[model]


def _spans(
    chance: Chance, frame: _Frame, born: NDArray[np.int64], households: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], int]:
    """Who lived where and when: person, dwelling, first and last year; and how many dwellings there are."""
    people = len(born)
    housed = people - frame.quarters * _PER_QUARTERS
    moves = chance.weighted(households, _MOVES_WEIGHTS)
    years = np.sort(
        FIRST_YEAR + 1 + chance.below(households * 2, LAST_YEAR - FIRST_YEAR).reshape(households, 2), axis=1
    )
    moves[(moves == 2) & (years[:, 0] == years[:, 1])] = 1
    dwelling = np.arange(households * 3).reshape(households, 3)
    vacated = chance.happens(households * 2, 0.4).reshape(households, 2)
    dwelling[:, 1:] = np.where(
        vacated, chance.below(households * 2, households).reshape(households, 2), dwelling[:, 1:]
    )
    dwelling[:, 0] = np.arange(households)
    left = np.where(chance.happens(people, 0.85), LAST_YEAR, LAST_YEAR - chance.below(people, 6))
    parts = []
    for slot in range(3):
        who = np.flatnonzero(moves[frame.household] >= slot)
        home = frame.household[who]
        place = dwelling[home, slot]
        last = moves[home] == slot
        begin = np.where(last, FIRST_YEAR, years[home, 1 - slot] if slot < 2 else FIRST_YEAR)
        end = np.full(len(who), LAST_YEAR) if slot == 0 else years[home, 2 - slot] - 1
        own_past = last & (slot > 0) & chance.happens(len(who), 0.3)
        place = np.where(own_past, chance.below(len(who), households), place)
        begin = np.minimum(np.maximum(begin, born[who] + 15), LAST_YEAR)
        end = np.minimum(end, left[who])
        parts.append((who, place, begin, np.where(slot == 0, np.maximum(end, begin), end)))
    person, place, begin, end = (np.concatenate(column) for column in zip(*parts, strict=True))
    total = households * 3
    resident = person >= housed
    place = np.where(resident & (place < households), total + (person - housed) // _PER_QUARTERS, place)
    kept = begin <= end
    return person[kept], place[kept], begin[kept], end[kept], total


def build_world(people: int, seed: int) -> World:
    """``people`` people with everything that makes identity hard, the same for a seed on every machine.

    Years run from 2015 to 2025. About one in ten adults has no account, and most children.
    """
    frame = _frame(Chance(seed, "households"), people)
    households = len(frame.size)
    role = _roles(Chance(seed, "roles"), frame, people)
    chance = Chance(seed, "sex")
    male = chance.happens(people, 0.5)
    spouse = np.flatnonzero(role == SPOUSE)
    male[spouse] = ~male[frame.first[frame.household[spouse]]]
    year, day, twin = _births(Chance(seed, "births"), frame, role)
    family = _surnames(Chance(seed, "surnames"), frame, role)
    given = _given_names(Chance(seed, "given names"), male)
    suffix, named_after = _named_after_parents(Chance(seed, "juniors"), frame, role, male, given)
    _namesakes(Chance(seed, "namesakes"), role, given, family)
    person, place, begin, end, dwellings = _spans(Chance(seed, "moves"), frame, year, households)
    chance = Chance(seed, "accounts")
    account = chance.uniform(people) < np.where(year > LAST_YEAR - 16, 0.05, 0.88)
    lives = np.zeros(people, dtype=bool)
    lives[person] = True
    date = (year - 1970).astype("datetime64[Y]").astype("datetime64[D]") + day.astype("timedelta64[D]")
    born = np.datetime_as_string(date).astype(object)
    born[Chance(seed, "unknown births").happens(people, 0.01)] = ""
    return World(
        frame.household, role, male, given, _middle_names(Chance(seed, "middle names"), male), family, suffix,
        born,
        _tins(Chance(seed, "tins"), people), account & lives, twin, named_after,
        build_dwellings(Chance(seed, "dwellings"), dwellings, frame.quarters), person, place, begin, end,
    )  # fmt: skip
