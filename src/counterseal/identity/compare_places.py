"""A stated address beside every address that a candidate's account holds or held."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.compare import AddressLevel
from counterseal.identity.distance import common_prefix, edit_distance, lengths
from counterseal.identity.keys import street_keys
from counterseal.identity.sealed_array import spread

if TYPE_CHECKING:
    from counterseal.identity.index import RegistryIndex


def held_addresses(accounts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Give (pair, address) positions: every address of every one of ``accounts``, which are ACCOUNT records."""
    held = accounts["held"].astype(np.int64)
    return np.repeat(np.arange(len(accounts)), held), spread(accounts["start"].astype(np.int64), held)


def compare_places(
    index: RegistryIndex, places: np.ndarray, rows: np.ndarray, accounts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Hold request ``rows`` against the records of ``accounts``, pair by pair.

    Give for each pair the best level, its gain in bits, and the position of that address (-1 for none).
    """
    pairs, positions = held_addresses(accounts)
    asked, held = places[rows[pairs]], index.addresses.take(positions)
    level = _levels(asked, held)
    gain = _gains(index, places, rows, pairs, held, level)
    best_level = np.full(len(rows), AddressLevel.OTHER, np.int8)
    best_gain, best_at = np.zeros(len(rows)), np.full(len(rows), -1, np.int64)
    if len(pairs):
        order = np.lexsort((gain, level, pairs))
        last = np.append(np.flatnonzero(np.diff(pairs[order])), len(order) - 1)
        chosen = order[last]
        best_level[pairs[chosen]], best_gain[pairs[chosen]] = level[chosen], gain[chosen]
        best_at[pairs[chosen]] = positions[chosen]
    empty = (places["number"] == 0) & (places["street"] == 0) & (places["zip"] == 0) & (places["city"] == 0)
    best_level[empty[rows]] = AddressLevel.MISSING
    best_gain[empty[rows]] = 0.0
    return best_level, best_gain, best_at


def same_area(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Say whether the ZIP agrees; where it is not written or one slip away, city and state decide."""
    zips = (asked["zip"] != 0) & (held["zip"] != 0)
    town = (asked["city"] == held["city"]) | (asked["city"] == 0) | (held["city"] == 0)
    state = (asked["state"] == held["state"]) | (asked["state"] == 0) | (held["state"] == 0)
    near = (asked["city"] != 0) & town & state & zip_slips(asked["zip"], held["zip"])
    return np.asarray(np.where(zips, (asked["zip"] == held["zip"]) | near, town & state))


def zip_slips(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Say whether two ZIP codes differ in one digit or in the order of two neighbours."""
    left, right = asked.astype(np.int64), held.astype(np.int64)
    off = [left // 10**at % 10 != right // 10**at % 10 for at in range(5)]
    count = sum(part.astype(int) for part in off)
    turned = np.zeros(len(left), bool)
    for at in range(4):
        low, high = 10**at, 10 ** (at + 1)
        crossed = (left // low % 10 == right // high % 10) & (left // high % 10 == right // low % 10)
        turned |= (count == 2) & off[at] & off[at + 1] & crossed
    return np.asarray((count == 1) | turned)


def _levels(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    area = same_area(asked, held)
    number = (asked["number"] != 0) & (asked["number"] == held["number"])
    street = (asked["street"] != 0) & (asked["street"] == held["street"]) & ~_conflict(asked, held)
    no_number = (asked["number"] == 0) | (held["number"] == 0)
    number_slip = np.zeros(len(asked), bool)
    at = np.flatnonzero(street & area & ~number & ~no_number)
    number_slip[at] = edit_distance(asked["number_text"][at], held["number_text"][at]) == 1
    street_slip, street_loose = np.zeros(len(asked), bool), np.zeros(len(asked), bool)
    no_street = (asked["street"] == 0) | (held["street"] == 0)
    at = np.flatnonzero(number & area & ~street & ~no_street & ~_conflict(asked, held))
    street_slip[at] = street_slips(asked[at], held[at])
    street_loose[at] = _alike(asked[at], held[at])
    unit_same = asked["unit"] == held["unit"]
    unit_missing = (asked["unit"] == 0) | (held["unit"] == 0)
    whole = number & street & area
    written_area = area & (((asked["zip"] != 0) & (held["zip"] != 0)) | ((asked["city"] != 0) & (held["city"] != 0)))
    conditions = [
        (whole & unit_same, AddressLevel.DWELLING),
        (whole & unit_missing, AddressLevel.NO_UNIT),
        (street_slip, AddressLevel.STREET_SLIP),
        (whole, AddressLevel.OTHER_UNIT),
        (street_loose, AddressLevel.STREET_LOOSE),
        (number & street, AddressLevel.ELSEWHERE),
        (street & area & number_slip, AddressLevel.HOUSE_SLIP),
        (street & area & no_number, AddressLevel.STREET),
        (street & area, AddressLevel.OTHER_HOUSE),
        (number & written_area & no_street, AddressLevel.HOUSE),
        (number & written_area, AddressLevel.OTHER_STREET),
        (written_area, AddressLevel.AREA),
    ]
    return np.select([c for c, _ in conditions], [level for _, level in conditions], AddressLevel.OTHER).astype(np.int8)


def _conflict(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Say whether street type or directional are written on both sides and differ."""
    conflict = np.zeros(len(asked), bool)
    for part in ("kind", "before", "after"):
        conflict |= (asked[part] != 0) & (held[part] != 0) & (asked[part] != held[part])
    return conflict


def street_slips(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Say whether two street names, neither one a number, are one slip apart, or two where they are long."""
    distance = edit_distance(asked["street_text"], held["street_text"])
    shorter = np.minimum(lengths(asked["street_text"]), lengths(held["street_text"]))
    return np.asarray(((distance == 1) & (shorter >= 4)) | ((distance == 2) & (shorter >= 8)))


def _alike(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Say whether two street names share most of their letters."""
    distance = edit_distance(asked["street_text"], held["street_text"])
    longer = np.maximum(lengths(asked["street_text"]), lengths(held["street_text"]))
    shorter = np.minimum(lengths(asked["street_text"]), lengths(held["street_text"]))
    begins = (common_prefix(asked["street_text"], held["street_text"]) == shorter) & (shorter >= 5)
    return np.asarray((distance <= 0.4 * longer) | begins)


def _gains(
    index: RegistryIndex,
    places: np.ndarray,
    rows: np.ndarray,
    pairs: np.ndarray,
    held: np.ndarray,
    level: np.ndarray,
) -> np.ndarray:
    """Give the bits of surprise: how few accounts share what agrees."""
    everyone = index.size + 2.0
    asked_row = rows[pairs]
    street = index.count("street", street_keys(places))[asked_row]
    zips = index.count("zip", places["zip"].astype(np.uint64))
    area = np.where(zips > 0, zips, index.count("city", places["city"]))[asked_row]
    sharing = np.select(
        [level >= AddressLevel.ELSEWHERE, level >= AddressLevel.OTHER_HOUSE, level >= AddressLevel.AREA],
        [held["residents"], np.where(street > 0, street, 1), np.where(area > 0, area, everyone)],
        everyone,
    )
    return -np.log2((sharing + 1.0) / (everyone + 1.0))
