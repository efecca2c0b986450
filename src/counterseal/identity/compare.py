"""A request beside a candidate: for every field a level of agreement and how telling it is.

A level is a small integer (the enumerations below). Beside it stands ``gain``, in bits: how surprising the
agreement would be by chance, from how common the value *as written* is in the registry itself. LUCIA
written where the account says LUCAS is one letter away, but LUCIA is a name that others bear, so the
gain of that slip is negative; LUCSA is nobody's name, so its gain is high.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.coding import digest, mixed
from counterseal.identity.distance import common_prefix, edit_distance, lengths
from counterseal.identity.names import nickname_pairs

if TYPE_CHECKING:
    from counterseal.identity.index import RegistryIndex


class NameLevel(IntEnum):
    """How a given or family name agrees. PART: one of several words; SWAPPED: in the other field."""

    MISSING, EXACT, PART, NICKNAME, INITIAL, SLIP, SLIPS, PREFIX, LOOSE, OTHER, SWAPPED = range(11)


class MiddleLevel(IntEnum):
    """How a middle name or initial agrees."""

    MISSING, NAME, INITIAL, OTHER = range(4)


class SuffixLevel(IntEnum):
    """How a generational suffix agrees."""

    MISSING, EXACT, ONE_SIDED, OTHER = range(4)


class BirthLevel(IntEnum):
    """How a date of birth agrees. PARTS: two of year, month and day."""

    MISSING, EXACT, EXCHANGED, SLIP, PARTS, OTHER = range(6)


class TinLevel(IntEnum):
    """How a TIN agrees. SHARED: equal, and more than one account bears it."""

    MISSING, EXACT, SHARED, SLIP, OTHER = range(5)


class AddressLevel(IntEnum):
    """How the best of an account's addresses agrees, worst first.

    AREA: the ZIP, or the city where no ZIP is written. OTHER_STREET: number and area, another street; HOUSE:
    no street written. OTHER_HOUSE: street and area, another number; STREET: no number written; HOUSE_SLIP:
    a number one slip away. ELSEWHERE: number and street, another ZIP. STREET_LOOSE and STREET_SLIP: number
    and area, a street written much alike or one or two slips away. OTHER_UNIT, NO_UNIT (written on one side
    only) and DWELLING agree in number, street and area.
    """

    MISSING, OTHER, AREA, OTHER_STREET, HOUSE, OTHER_HOUSE, STREET, HOUSE_SLIP, ELSEWHERE = range(9)
    STREET_LOOSE, OTHER_UNIT, STREET_SLIP, NO_UNIT, DWELLING = range(9, 14)


LEVELS: dict[str, type[IntEnum]] = {
    "given": NameLevel,
    "middle": MiddleLevel,
    "family": NameLevel,
    "suffix": SuffixLevel,
    "birth": BirthLevel,
    "tin": TinLevel,
    "address": AddressLevel,
}
_UNSEEN = 2.0**-19
"""Chance that a stranger bears one given name-like word that no account bears."""
_CALENDAR = 27_000
_CHANCE = {
    NameLevel.NICKNAME: 2.0**-4,
    NameLevel.SLIP: 2.0**-13,
    NameLevel.SLIPS: 2.0**-17,
    NameLevel.PREFIX: 2.0**-8,
    NameLevel.LOOSE: 2.0**-20,
}
"""How the chance of one written form spreads over all that a slip of this level might have written."""


def compare(
    index: RegistryIndex, people: np.ndarray, rows: np.ndarray, accounts: np.ndarray
) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Compare request ``rows`` with the records of ``accounts``, pair by pair; give levels and gains by field.

    Beside the fields' levels stand two facts for vetoes: ``crossed`` (1 where one name stands in the other's
    field, at most a slip apart) and ``years`` between the two dates of birth, 100 at most.
    """
    asked, held = people[rows], accounts
    chance = {name: _chance(index, name, people[name])[rows] for name in ("given", "family")}
    levels: dict[str, np.ndarray] = {}
    gains: dict[str, np.ndarray] = {}
    for name in ("given", "family"):
        levels[name] = _name_level(name, asked, held)
    _swap(levels, asked, held)
    levels["crossed"] = _crossed(levels, asked, held)
    levels["years"] = np.minimum(np.abs(asked["birth"] // 10_000 - held["birth"] // 10_000), 100).astype(np.int8)
    for name in ("given", "family"):
        borne = (held[f"{name}_count"] + 1.0) / (index.size + 2.0)
        gains[name] = _name_gain(levels[name], chance[name], borne)
    levels["middle"], gains["middle"] = _middle(index, asked, held)
    levels["suffix"], gains["suffix"] = _suffix(asked, held)
    levels["birth"], gains["birth"] = _birth(index, asked, held)
    levels["tin"], gains["tin"] = _tin(asked, held)
    return levels, gains


def _chance(index: RegistryIndex, name: str, values: np.ndarray) -> np.ndarray:
    """Give the chance that a stranger bears each value."""
    count = index.count(name, values)
    return np.where(count > 0, (count + 1.0) / (index.size + 2.0), _UNSEEN)


def _known_nicknames() -> np.ndarray:
    first, second = zip(*sorted(nickname_pairs()), strict=True)
    left = np.array([digest(text) for text in first], np.uint64)
    right = np.array([digest(text) for text in second], np.uint64)
    return np.sort(mixed(1, [left, right]))


_NICKNAMES = _known_nicknames()


def _name_level(name: str, asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    level = np.full(len(asked), NameLevel.OTHER, np.int8)
    left, right = asked[f"{name}_text"], held[f"{name}_text"]
    missing = (asked[name] == 0) | (held[name] == 0)
    exact = ~missing & (asked[name] == held[name])
    open_pairs = np.flatnonzero(~missing & ~exact)
    if len(open_pairs):
        level[open_pairs] = _text_level(left[open_pairs], right[open_pairs])
        if name == "given":
            _given_level(level, open_pairs, asked[open_pairs], held[open_pairs])
        else:
            level[open_pairs[_shares_part(asked[open_pairs], held[open_pairs])]] = NameLevel.PART
    level[exact] = NameLevel.EXACT
    level[missing] = NameLevel.MISSING
    return level


def _text_level(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    distance, shared = edit_distance(left, right), common_prefix(left, right)
    left_length, right_length = lengths(left), lengths(right)
    longer, shorter = np.maximum(left_length, right_length), np.minimum(left_length, right_length)
    level = np.full(len(left), NameLevel.OTHER, np.int8)
    level[distance <= 0.5 * longer] = NameLevel.LOOSE
    level[(shared == shorter) & (shorter >= 3)] = NameLevel.PREFIX
    level[(distance == 2) & (shorter >= 5)] = NameLevel.SLIPS
    level[(distance == 1) & (shorter >= 2)] = NameLevel.SLIP
    level[(shorter == 1) & (shared == 1)] = NameLevel.INITIAL
    return level


def _given_level(level: np.ndarray, at: np.ndarray, asked: np.ndarray, held: np.ndarray) -> None:
    nickname = np.isin(mixed(1, [asked["given_first"], held["given_first"]]), _NICKNAMES)
    level[at[nickname]] = NameLevel.NICKNAME
    level[at[asked["given_first"] == held["given_first"]]] = NameLevel.PART


def _shares_part(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    shared = np.zeros(len(asked), bool)
    for left in ("family", "family_a", "family_b"):
        for right in ("family", "family_a", "family_b"):
            shared |= (asked[left] != 0) & (asked[left] == held[right])
    return shared


def _swap(levels: dict[str, np.ndarray], asked: np.ndarray, held: np.ndarray) -> None:
    """Mark both names where each stands in the other's field, one of them whole, the other at most a slip."""
    apart = (levels["given"] >= NameLevel.PREFIX) & (levels["family"] >= NameLevel.PREFIX)
    crossed = (asked["given"] == held["family"]) | (asked["family"] == held["given"])
    at = np.flatnonzero(apart & crossed)
    if not len(at):
        return
    near = np.array([NameLevel.SLIP, NameLevel.SLIPS], np.int8)
    both = np.ones(len(at), bool)
    for left, right in (("given", "family"), ("family", "given")):
        whole = asked[left][at] == held[right][at]
        alike = np.isin(_text_level(asked[f"{left}_text"][at], held[f"{right}_text"][at]), near)
        both &= whole | alike
    levels["given"][at[both]] = NameLevel.SWAPPED
    levels["family"][at[both]] = NameLevel.SWAPPED


def _crossed(levels: dict[str, np.ndarray], asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Mark the pairs of whom one name stands in the other's field: a woman's new name, written the wrong way round."""
    crossed = np.zeros(len(asked), np.int8)
    at = np.flatnonzero((levels["given"] == NameLevel.OTHER) & (levels["family"] == NameLevel.OTHER))
    near = np.array([NameLevel.SLIP, NameLevel.SLIPS], np.int8)
    for left, right in (("given", "family"), ("family", "given")) if len(at) else ():
        written = (asked[left][at] != 0) & (held[right][at] != 0)
        alike = np.isin(_text_level(asked[f"{left}_text"][at], held[f"{right}_text"][at]), near)
        crossed[at] |= written & (alike | (asked[left][at] == held[right][at]))
    return crossed


def _name_gain(level: np.ndarray, written: np.ndarray, borne: np.ndarray) -> np.ndarray:
    """Give the bits by which the written value speaks for the bearer and against a stranger."""
    gain = np.zeros(len(level))
    whole = (level == NameLevel.EXACT) | (level == NameLevel.SWAPPED) | (level == NameLevel.PART)
    gain[whole] = -np.log2(borne[whole])
    for slip, spread in _CHANCE.items():
        at = level == slip
        gain[at] = np.log2(spread / (written[at] + spread * borne[at]))
    other = level == NameLevel.OTHER
    gain[other] = -10.0 - np.log2(written[other])
    return gain


def _middle(index: RegistryIndex, asked: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    share = (np.asarray(index.initials, float) + 1.0) / (max(float(index.initials[1:].sum()), 1.0) + 256.0)
    missing = (asked["initial"] == 0) | (held["initial"] == 0)
    same = asked["initial"] == held["initial"]
    whole = (asked["middle"] == held["middle"]) & ~np.isin(asked["middle"], _LETTERS)
    level = np.select(
        [missing, same & whole, same],
        [MiddleLevel.MISSING, MiddleLevel.NAME, MiddleLevel.INITIAL],
        MiddleLevel.OTHER,
    )
    gain = np.where((level == MiddleLevel.NAME) | (level == MiddleLevel.INITIAL), -np.log2(share[asked["initial"]]), 0)
    return level.astype(np.int8), gain


_LETTERS = np.array([digest(chr(letter)) for letter in range(65, 91)], np.uint64)


def _suffix(asked: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, right = asked["suffix"], held["suffix"]
    level = np.select(
        [(left == 0) & (right == 0), left == right, (left == 0) | (right == 0)],
        [SuffixLevel.MISSING, SuffixLevel.EXACT, SuffixLevel.ONE_SIDED],
        SuffixLevel.OTHER,
    )
    return level.astype(np.int8), np.zeros(len(level))


def _birth(index: RegistryIndex, asked: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, right = asked["birth"].astype(np.int64), held["birth"].astype(np.int64)
    same = [
        (left // scale % 10**width) == (right // scale % 10**width) for scale, width in ((10_000, 4), (100, 2), (1, 2))
    ]
    exchanged = same[0] & (left // 100 % 100 == right % 100) & (left % 100 == right // 100 % 100)
    digits_off = sum((left // 10**at % 10 != right // 10**at % 10).astype(int) for at in range(8))
    level = np.select(
        [
            (left == 0) | (right == 0),
            left == right,
            exchanged,
            digits_off == 1,
            sum(part.astype(int) for part in same) == 2,
        ],
        [BirthLevel.MISSING, BirthLevel.EXACT, BirthLevel.EXCHANGED, BirthLevel.SLIP, BirthLevel.PARTS],
        BirthLevel.OTHER,
    ).astype(np.int8)
    common = index.count("birth", held["birth"].astype(np.uint64)) + 1.0
    gain = np.where(level == BirthLevel.EXACT, -np.log2(common / (index.size + _CALENDAR)), 0.0)
    return level, gain


def _tin(asked: np.ndarray, held: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    left, right = asked["tin"].astype(np.int64), held["tin"].astype(np.int64)
    off = [left // 10**at % 10 != right // 10**at % 10 for at in range(9)]
    count = sum(part.astype(int) for part in off)
    turned = np.zeros(len(left), bool)
    for at in range(8):
        exchanged = (left // 10**at % 10 == right // 10 ** (at + 1) % 10) & (
            left // 10 ** (at + 1) % 10 == right // 10**at % 10
        )
        turned |= (count == 2) & off[at] & off[at + 1] & exchanged
    level = np.select(
        [
            (left == 0) | (right == 0),
            (left == right) & (held["tin_count"] > 1),
            left == right,
            (count == 1) | turned,
        ],
        [TinLevel.MISSING, TinLevel.SHARED, TinLevel.EXACT, TinLevel.SLIP],
        TinLevel.OTHER,
    ).astype(np.int8)
    return level, np.zeros(len(level))
