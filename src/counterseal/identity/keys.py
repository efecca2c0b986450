"""Block keys: under which an account is filed, and under which a request looks.

A pair of records that agrees on any one key becomes a candidate. The keys are laid so that a slip in any
one field, and in most pairs of fields, leaves another key whole.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.coding import digest, mixed
from counterseal.identity.names import names_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

TIN, BIRTH_GIVEN, BIRTH_FAMILY, NAMES, DWELLING, NAMES_ZIP, STREET_FAMILY, NUMBER_FAMILY = range(1, 9)
NUMBER_GIVEN, STREET_GIVEN, ZIP_FAMILY, NAMES_STATE, ZIP_GIVEN, STREET_ZIP, ADDRESS = range(9, 16)
TOWN_GIVEN, TOWN_FAMILY = range(16, 18)
LOOSE_LIMIT = 150
"""A key under which more accounts are filed than this says too little; it is passed over, and counted."""


def account_keys(people: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give (keys, positions) under which accounts are filed by who they are."""
    everyone = np.arange(len(people))
    yield mixed(TIN, [people["tin"]]), everyone
    for last in _FAMILY:
        yield mixed(BIRTH_FAMILY, [people["birth"].astype(np.uint64), people[last]]), everyone
    yield from _whole_name_keys(people)
    yield mixed(BIRTH_GIVEN, [people["birth"].astype(np.uint64), people["given_first"]]), everyone


def address_keys(people: np.ndarray, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give (keys, positions) under which accounts are filed by an address; ``people`` are its owners."""
    everywhere = np.arange(len(places))
    number, street, zips = places["number"], places["street"], places["zip"]
    yield mixed(DWELLING, [number, street, zips]), everywhere
    yield mixed(TOWN_FAMILY, [number, places["city"], people["family"]]), everywhere
    for last in _FAMILY:
        yield mixed(STREET_FAMILY, [street, people[last]]), everywhere
        yield mixed(NUMBER_FAMILY, [number, people[last]]), everywhere
        yield mixed(ZIP_FAMILY, [zips, people[last]]), everywhere
    yield from _whole_name_place_keys(people, places)
    yield from _given_place_keys(people, places)


_FAMILY = ("family", "family_a", "family_b")


def _whole_name_keys(people: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for last in _FAMILY:
        yield mixed(NAMES, [people["given_first"], people[last]]), np.arange(len(people))


def _whole_name_place_keys(people: np.ndarray, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    for last in _FAMILY:
        names = [people["given_first"], people[last]]
        yield mixed(NAMES_ZIP, [places["zip"], *names]), np.arange(len(places))
        yield mixed(NAMES_STATE, [places["state"], *names]), np.arange(len(places))


def _given_place_keys(people: np.ndarray, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    everywhere, given = np.arange(len(places)), people["given_first"]
    number, street, zips = places["number"], places["street"], places["zip"]
    yield mixed(NUMBER_GIVEN, [number, street, given]), everywhere
    yield mixed(NUMBER_GIVEN, [number, zips, given]), everywhere
    yield mixed(TOWN_GIVEN, [number, places["city"], given]), everywhere
    yield mixed(STREET_GIVEN, [street, zips, given]), everywhere
    yield mixed(ZIP_GIVEN, [zips, given, people["initial"]]), everywhere


def request_keys(
    people: np.ndarray, places: np.ndarray, given_names: Sequence[str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give (keys, rows) under which requests look: as written, names exchanged, and by direct nicknames."""
    yield from account_keys(people)
    yield from address_keys(people, places)
    yield _other_births(people)
    swapped = people.copy()
    swapped["given_first"], swapped["family"] = people["family"], people["given"]
    swapped["family_a"], swapped["family_b"] = 0, 0
    yield from _whole_name_keys(swapped)
    yield from _whole_name_place_keys(swapped, places)
    rows, others = nicknames_of(given_names)
    if len(rows):
        known = people[rows]
        known["given_first"] = others
        for found in (_whole_name_keys(known), _by_name_and_place(known, places[rows])):
            for keys, at in found:
                yield keys, rows[at]


def _by_name_and_place(people: np.ndarray, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    yield from _whole_name_place_keys(people, places)
    yield from _given_place_keys(people, places)


def _other_births(people: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Look under the date with month and day exchanged."""
    year, month, day = people["birth"] // 10_000, people["birth"] // 100 % 100, people["birth"] % 100
    turned = np.where((day <= 12) & (people["birth"] > 0), year * 10_000 + day * 100 + month, 0)
    return mixed(BIRTH_GIVEN, [turned.astype(np.uint64), people["given_first"]]), np.arange(len(people))


def nicknames_of(given_names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Give (row, digest of a name one nickname step away) for each given name that has any."""
    known = names_of()
    found = [(row, digest(other)) for row, name in enumerate(given_names) for other in known.get(name, ())]
    if not found:
        return np.empty(0, np.int64), np.empty(0, np.uint64)
    rows, others = zip(*found, strict=True)
    return np.array(rows, np.int64), np.array(others, np.uint64)


def street_keys(places: np.ndarray) -> np.ndarray:
    """Give the key that says: a street of this name is known in this ZIP."""
    return mixed(STREET_ZIP, [places["street"], places["zip"]])


def building_keys(places: np.ndarray) -> np.ndarray:
    """Give the key of number, street and ZIP: every unit and every street of that name there."""
    return mixed(DWELLING, [places["number"], places["street"], places["zip"]])


def dwelling_keys(places: np.ndarray) -> np.ndarray:
    """Give the key of one dwelling: number, street, unit and ZIP; a house without unit is one too."""
    unit = np.where(places["unit"] == 0, np.uint64(1), places["unit"])
    return mixed(ADDRESS, [places["number"], places["street"], unit, places["zip"]])
