"""How an agency writes what a registry holds: other case, spelled-out words, units moved, marks dropped.

Every change made here keeps the person and the dwelling. Slips of the pen are in ``noise``.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import TYPE_CHECKING

from nicknames import NickNamer

if TYPE_CHECKING:
    from counterseal.synth.chance import Chance

_LONG_TYPE = {
    "ST": "STREET", "AVE": "AVENUE", "RD": "ROAD", "DR": "DRIVE", "LN": "LANE", "CT": "COURT",
    "CIR": "CIRCLE",
    "PL": "PLACE", "BLVD": "BOULEVARD", "TER": "TERRACE", "PKWY": "PARKWAY", "TRL": "TRAIL",
}  # fmt: skip
_LONG_DIRECTION = {"N": "NORTH", "S": "SOUTH", "E": "EAST", "W": "WEST"}
_TURNED_DIRECTION = {"NW": "N.W.", "NE": "N.E.", "SW": "S.W.", "SE": "S.E."}
_ORDINAL_WORD = {
    "1ST": "FIRST",
    "2ND": "SECOND",
    "3RD": "THIRD",
    "4TH": "FOURTH",
    "5TH": "FIFTH",
    "6TH": "SIXTH",
}
_UNIT_WORDS = {"APT": ("APT", "APARTMENT", "APT.", "#", "UNIT"), "UNIT": ("UNIT", "UNIT", "#"),
               "LOT": ("LOT", "LOT #"),
               "#": ("#", "APT", "UNIT")}  # fmt: skip
_BOX_WORDS = ("PO BOX", "P.O. BOX", "P O BOX", "POST OFFICE BOX")
_ROUTE_WORDS = {"RR": ("RR", "RURAL ROUTE", "R.R."), "HC": ("HC", "HIGHWAY CONTRACT", "H.C.")}
_STATE_WORD = {
    "TX": "TEXAS", "CA": "CALIFORNIA", "NY": "NEW YORK", "FL": "FLORIDA", "OH": "OHIO", "GA": "GEORGIA",
    "IL": "ILLINOIS"
}  # fmt: skip


@cache
def _nick_namer() -> NickNamer:
    return NickNamer()


@cache
def nicknames_of(given_name: str) -> tuple[str, ...]:
    """Nicknames in direct pairs only (package ``nicknames``), sorted, upper case."""
    return tuple(sorted(name.upper() for name in _nick_namer().nicknames_of(given_name.lower())))


def without_marks(text: str) -> str:
    """``MUÑOZ`` as ``MUNOZ``."""
    if text.isascii():
        return text
    return "".join(sign for sign in unicodedata.normalize("NFD", text) if not unicodedata.combining(sign))


def _split_unit(line_1: str, line_2: str) -> tuple[str, str]:
    if line_2:
        return line_1, line_2
    words = line_1.split(" ")
    if len(words) > 3 and words[-2] in _UNIT_WORDS and words[0] not in {"PSC", "UNIT", "CMR"}:
        return " ".join(words[:-2]), " ".join(words[-2:])
    return line_1, ""


def _written_street(chance: Chance, line: str) -> str:
    words = line.split(" ")
    if line.startswith("PO BOX "):
        return f"{chance.of(_BOX_WORDS)} {words[-1]}"
    if words[0] in _ROUTE_WORDS:
        return f"{chance.of(_ROUTE_WORDS[words[0]])} {' '.join(words[1:])}"
    last = len(words) - 1
    if words[last] in _TURNED_DIRECTION and last > 1:
        if chance.yes(0.2):
            words[last] = _TURNED_DIRECTION[words[last]]
        last -= 1
    if last > 1 and words[last] in _LONG_TYPE:
        draw = chance.one()
        if draw < 0.3:
            words[last] = _LONG_TYPE[words[last]]
        elif draw < 0.45:
            words[last] += "."
    if last > 2 and words[1] in _LONG_DIRECTION and chance.yes(0.35):
        words[1] = _LONG_DIRECTION[words[1]]
    if chance.yes(0.15):
        words = [words[0], *(_ORDINAL_WORD.get(word, word) for word in words[1:])]
    return " ".join(words)


def _written_unit(chance: Chance, unit: str) -> str:
    word, _, number = unit.partition(" ")
    if word not in _UNIT_WORDS or not number:
        return unit
    chosen = chance.of(_UNIT_WORDS[word])
    return f"{chosen}{number}" if chosen.endswith("#") else f"{chosen} {number}"


def write_address(chance: Chance, address: dict[str, str]) -> dict[str, str]:
    """The same dwelling as another office writes it, in the fields of a request row."""
    line_1, line_2 = _split_unit(address["line_1"], address["line_2"])
    line_1 = _written_street(chance, line_1)
    if line_2:
        line_2 = _written_unit(chance, line_2)
        if chance.yes(0.4):
            line_1, line_2 = f"{line_1}{', ' if chance.yes(0.3) else ' '}{line_2}", ""
    city, state, zip_code = address["city"], address["state"], address["zip"]
    if chance.yes(0.08):
        zip_code = f"{zip_code}-{chance.number(1, 9998):04d}"
    if chance.yes(0.03):
        state = _STATE_WORD.get(state, state)
    if (draw := chance.one()) < 0.35:
        line_1, line_2, city = line_1.title(), line_2.title(), city.title()
        state = state.title() if len(state) > 2 else state
    elif draw < 0.4:
        line_1, line_2, city = line_1.lower(), line_2.lower(), city.lower()
    return {"address_line_1": line_1, "address_line_2": line_2, "city": city, "state": state, "zip": zip_code}


def write_name(chance: Chance, person: dict[str, str]) -> dict[str, str]:
    """The same name as another office writes it: middle name cut or left out, marks dropped, a nickname."""
    given, middle, family, suffix = (person[f] for f in ("given_name", "middle_name", "family_name", "suffix"))
    if middle and (draw := chance.one()) < 0.5:
        middle = middle[0] if draw < 0.35 else ""
    if suffix and chance.yes(0.3):
        suffix = ""
    if chance.yes(0.5):
        given, middle, family = without_marks(given), without_marks(middle), without_marks(family)
    if chance.yes(0.02) and (short := nicknames_of(given)):
        given = chance.of(short)
    if chance.yes(0.4):
        given, middle, family, suffix = given.title(), middle.title(), family.title(), suffix.title()
    return {"given_name": given, "middle_name": middle, "family_name": family, "suffix": suffix}
