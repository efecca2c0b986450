"""Whether the stated address is one that the registry holds for the identified account.

Decided apart from who is meant, and never by who is meant (26 U.S.C. 6103(i)(2)(B)(i) asks for the address
of the taxpayer). Spelling, abbreviations and the name of a unit's designator are aside. Another unit,
another number or another street is another address; a unit written on one side only is not confirmed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.compare_places import held_addresses, street_slips, zip_slips
from counterseal.identity.keys import building_keys, street_keys

if TYPE_CHECKING:
    from counterseal.identity.index import RegistryIndex

_PARTS = ("kind", "before", "after")


def confirm_addresses(
    index: RegistryIndex, places: np.ndarray, rows: np.ndarray, accounts: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Say for each pair of a row and an ACCOUNT record whether an address of it is the stated one, and the latest.

    The third answer is how many families the registry holds at the confirmed address, 0 where none is: a
    number far above a household's is an institution, whatever its name.
    """
    pairs, positions = held_addresses(accounts)
    asked, held = places[rows[pairs]], index.addresses.take(positions)
    same = (asked["number"] != 0) & (asked["number"] == held["number"]) & (asked["unit"] == held["unit"])
    same &= _street(index, asked, held) & _area(asked, held)
    whole, conflict = np.ones(len(pairs), bool), np.zeros(len(pairs), bool)
    for part in _PARTS:
        whole &= asked[part] == held[part]
        conflict |= (asked[part] != held[part]) & (asked[part] != 0) & (held[part] != 0)
    same &= ~conflict
    for at in np.flatnonzero(same & ~whole):
        same[at] = _only_street_of_its_name(index, held[at : at + 1])
    confirmed, latest = np.zeros(len(rows), bool), np.zeros(len(rows), bool)
    confirmed[pairs[same]] = True
    first = positions == accounts["start"][pairs].astype(np.int64)
    latest[pairs[same & first]] = True
    families = np.zeros(len(rows), np.int64)
    np.maximum.at(families, pairs[same], held["families"][same].astype(np.int64))
    return confirmed, latest, families


def _street(index: RegistryIndex, asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Accept the same name, or a slip of the pen that is not itself the name of a street known there."""
    exact = (asked["street"] != 0) & (asked["street"] == held["street"])
    at = np.flatnonzero(~exact & (asked["street"] != 0) & (held["street"] != 0) & (asked["number"] == held["number"]))
    if len(at):
        slip = street_slips(asked[at], held[at]) & ~_has_digit(asked["street_text"][at])
        slip &= ~_has_digit(held["street_text"][at])
        there = asked[at].copy()
        there["zip"] = held["zip"][at]
        exact[at] = slip & (index.count("street", street_keys(there)) == 0)
    return np.asarray(exact)


def _has_digit(texts: np.ndarray) -> np.ndarray:
    letters = np.ascontiguousarray(texts).view(np.uint8).reshape(len(texts), -1)
    return np.asarray(((letters >= ord("0")) & (letters <= ord("9"))).any(axis=1))


def _area(asked: np.ndarray, held: np.ndarray) -> np.ndarray:
    """Accept the ZIP, or city and state where the ZIP is not written or one slip away."""
    town = (asked["city"] != 0) & (asked["city"] == held["city"])
    town &= (asked["state"] != 0) & (asked["state"] == held["state"])
    left, right = asked["zip"], held["zip"]
    near = (left == 0) | (right == 0) | zip_slips(left, right)
    return np.asarray(((left != 0) & (left == right)) | (town & near))


def _only_street_of_its_name(index: RegistryIndex, held: np.ndarray) -> bool:
    """Say whether no other street of that name, type aside, has that number in that ZIP of the registry."""
    keys = building_keys(held)
    _, _, owners = index.filed_under(keys, index.size)
    _, positions = held_addresses(index.accounts.take(owners))
    others = index.addresses.take(positions)
    others = others[building_keys(others) == keys[0]]
    return all(len(np.unique(others[part][others[part] != 0])) <= 1 for part in _PARTS)
