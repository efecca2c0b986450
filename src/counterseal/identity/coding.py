"""Columns of text become columns of numbers, once, the same for the registry and for requests.

A text becomes a 64-bit digest for equality and its first bytes for edit distance. Every engine compares
these numbers, never an engine's own idea of a text, so no two engines can disagree.
"""

from __future__ import annotations

import functools
import hashlib
from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity import addresses, identifiers, names

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    Texts = Sequence[str | None]

PERSON_FIELDS = ("given_name", "middle_name", "family_name", "suffix", "date_of_birth", "tin")
PERSON = np.dtype(
    [
        ("given", "<u8"), ("given_first", "<u8"), ("family", "<u8"), ("family_a", "<u8"), ("family_b", "<u8"),
        ("middle", "<u8"), ("initial", "u1"), ("given_initial", "u1"), ("suffix", "u1"),
        ("birth", "<i4"), ("tin", "<u4"), ("given_text", "S16"), ("family_text", "S20"),
    ]
)  # fmt: skip
"""One person in coded form: digests (0 where nothing is written), initials, numbers, first bytes."""

PLACE_FIELDS = ("line_1", "line_2", "city", "state", "zip")
PLACE = np.dtype(
    [
        ("number", "<u8"), ("street", "<u8"), ("kind", "<u4"), ("before", "<u4"), ("after", "<u4"),
        ("unit", "<u8"), ("city", "<u8"), ("state", "<u4"), ("zip", "<u4"),
        ("number_text", "S8"), ("street_text", "S20"), ("city_text", "S12"),
    ]
)  # fmt: skip
"""One address in coded form."""

_SUFFIX_CODES = {"": 0, "JR": 1, "SR": 2, "II": 3, "III": 4, "IV": 5, "V": 6}


@functools.lru_cache(maxsize=1 << 17)
def digest(text: str) -> int:
    """Give 64 bits of BLAKE2b of a text; 0 for the empty text alone."""
    if not text:
        return 0
    return int.from_bytes(hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "little") or 1


@functools.lru_cache(maxsize=1 << 15)
def _short_digest(text: str) -> int:
    return digest(text) & 0xFFFFFFFF


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def code_people(columns: Mapping[str, Texts]) -> np.ndarray:
    """Code the six fields of a person, given as equally long columns, into an array of PERSON."""
    rows = zip(*(columns[field] for field in PERSON_FIELDS), strict=True)
    return np.array([_person(*row) for row in rows], dtype=PERSON)


def _person(
    given: str | None,
    middle: str | None,
    family: str | None,
    suffix: str | None,
    birth: str | None,
    tin: str | None,
) -> tuple[object, ...]:
    first, last = names.given_name(given), names.family_name(family)
    between = names.middle_name(middle)
    if not between and len(first.parts) > 1:
        between = first.parts[-1]
    generation = names.suffix(suffix) or last.suffix or first.suffix
    part_a, part_b = (last.parts[0], last.parts[-1]) if len(last.parts) > 1 else ("", "")
    return (
        digest(first.whole), digest(first.parts[0]) if first.parts else 0,
        digest(last.whole), digest(part_a), digest(part_b),
        digest(between), _initial(between), _initial(first.whole), _SUFFIX_CODES[generation],
        identifiers.date_of_birth(birth), identifiers.tin(tin), _bytes(first.whole), _bytes(last.whole),
    )  # fmt: skip


def _initial(text: str) -> int:
    return min(ord(text[0]), 255) if text else 0


def code_places(columns: Mapping[str, Texts]) -> np.ndarray:
    """Code the five fields of an address, given as equally long columns, into an array of PLACE."""
    rows = zip(*(columns[field] for field in PLACE_FIELDS), strict=True)
    return np.array([_place(*row) for row in rows], dtype=PLACE)


def _place(
    line_1: str | None, line_2: str | None, city: str | None, state: str | None, zip_code: str | None
) -> tuple[object, ...]:
    read = addresses.place(line_1, line_2)
    town = addresses.city(city)
    return (
        digest(read.number), digest(read.street),
        _short_digest(read.kind), _short_digest(read.before), _short_digest(read.after), digest(read.unit),
        digest(town), _short_digest(addresses.state(state)), addresses.zip_code(zip_code),
        _bytes(read.number), _bytes(read.street), _bytes(town),
    )  # fmt: skip


def mixed(tag: int, parts: Iterable[np.ndarray]) -> np.ndarray:
    """Mix digests into one 64-bit key under ``tag``; 0 wherever any part is 0 (nothing is written)."""
    with np.errstate(over="ignore"):
        key: np.ndarray | None = None
        present: np.ndarray | None = None
        for part in parts:
            wide = part.astype(np.uint64)
            filled = wide != 0
            present = filled if present is None else present & filled
            if key is None:
                key = np.full(len(wide), np.uint64(tag) * np.uint64(0x9E3779B97F4A7C15), dtype=np.uint64)
            key = (key ^ wide) * np.uint64(0xFF51AFD7ED558CCD)
            key ^= key >> np.uint64(32)
    if key is None or present is None:
        raise ValueError("a key is mixed from at least one part")
    return np.where(present, np.maximum(key, np.uint64(1)), np.uint64(0))
