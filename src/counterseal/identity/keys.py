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
LOOSE_LIMIT = 150
"""A key under which more accounts are filed than this says too little; it is passed over, and counted."""


def account_keys(people: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give (keys, positions) under which accounts are filed by who they are."""
    everyone = np.arange(len(people))
    given, family, birth = people["given_first"], people["family"], people["birth"].astype(np.uint64)
    yield mixed(TIN, [people["tin"]]), everyone
    yield mixed(BIRTH_GIVEN, [birth, given]), everyone
    for last in (family, people["family_a"], people["family_b"]):
        yield mixed(BIRTH_FAMILY, [birth, last]), everyone
        yield mixed(NAMES, [given, last]), everyone


def address_keys(people: np.ndarray, places: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give (keys, positions) under which accounts are filed by an address; ``people`` are its owners."""
    everywhere = np.arange(len(places))
    number, street, zips, given = places["number"], places["street"], places["zip"], people["given_first"]
    yield mixed(DWELLING, [number, street, zips]), everywhere
    yield mixed(NUMBER_GIVEN, [number, street, given]), everywhere
    yield mixed(NUMBER_GIVEN, [number, zips, given]), everywhere
    yield mixed(STREET_GIVEN, [street, zips, given]), everywhere
    yield mixed(ZIP_GIVEN, [zips, given, people["initial"]]), everywhere
    for last in (people["family"], people["family_a"], people["family_b"]):
        yield mixed(NAMES_ZIP, [zips, given, last]), everywhere
        yield mixed(NAMES_STATE, [places["state"], given, last]), everywhere
        yield mixed(STREET_FAMILY, [street, last]), everywhere
        yield mixed(NUMBER_FAMILY, [number, last]), everywhere
        yield mixed(ZIP_FAMILY, [zips, last]), everywhere


def request_keys(
    people: np.ndarray, places: np.ndarray, given_names: Sequence[str]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Give (keys, rows) under which requests look: as written, names swapped, and by direct nicknames."""
    yield from account_keys(people)
    yield from address_keys(people, places)
    swapped = people.copy()
    swapped["given_first"], swapped["given"] = people["family"], people["family"]
    swapped["family"], swapped["family_a"], swapped["family_b"] = people["given"], 0, 0
    yield from account_keys(swapped)
    yield from address_keys(swapped, places)
    rows, others = nicknames_of(given_names)
    if len(rows):
        known = people[rows]
        known["given_first"] = others
        for keys, at in (*account_keys(known), *address_keys(known, places[rows])):
            yield keys, rows[at]
    yield _other_births(people)


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
