"""An address brought to canonical components, so that two ways of writing one place compare equal.

Spelling of street types, directionals and unit designators follows USPS Publication 28, whose tables the
``usaddress-scourgify`` package carries. Anything that has a number and a place for it is read in one form:
a street, a post office box, a rural route, a highway contract, a military unit, a ship.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass

from scourgify import address_constants as publication_28

from counterseal.identity.names import folded

_DIRECTIONALS = {
    **publication_28.DIRECTIONAL_REPLACEMENTS,
    **{short: short for short in publication_28.DIRECTIONAL_REPLACEMENTS.values()},
}
_PAIRED = {("N", "E"): "NE", ("N", "W"): "NW", ("S", "E"): "SE", ("S", "W"): "SW"}
_LISTED_TYPES = publication_28.STREET_TYPE_ABBREVIATIONS
_STREET_TYPES = {
    **{spelled: short for spelled, short in _LISTED_TYPES.items() if " " not in spelled},
    **{short: short for short in _LISTED_TYPES.values() if " " not in short},
    "AVENU": "AVE", "AVNUE": "AVE", "STREE": "ST", "STR": "ST", "CIRCEL": "CIR", "DV": "DR", "DVE": "DR",
    "HY": "HWY", "BL": "BLVD", "BLV": "BLVD", "TE": "TER", "CRESCENT": "CRES", "CRES": "CRES", "PW": "PKWY",
}  # fmt: skip
_PLAIN_UNITS = frozenset(("APT", "UNIT", "STE", "#", "RM", "SPC", "LOT", "TRLR", "NO", "NUM"))
_UNITS = {
    **publication_28.OCCUPANCY_TYPE_ABBREVIATIONS,
    **{short: short for short in publication_28.OCCUPANCY_TYPE_ABBREVIATIONS.values()},
    "NO": "#", "NUM": "#", "NUMBER": "#", "APTS": "APT", "SP": "SPC", "FLR": "FL", "BLD": "BLDG",
    "APTO": "APT",
    "APARTAMENTO": "APT", "BASEMENT": "BSMT", "LOWR": "LOWR", "LOWER": "LOWR", "UPPR": "UPPER",
}  # fmt: skip
del _UNITS["KEY"], _UNITS["SIDE"], _UNITS["SLIP"], _UNITS["STOP"], _UNITS["PIER"]
_ALONE = frozenset(("BSMT", "FRNT", "LBBY", "LOWR", "OFC", "PH", "REAR", "UPPER"))
_ORDINAL_WORDS = (
    "FIRST SECOND THIRD FOURTH FIFTH SIXTH SEVENTH EIGHTH NINTH TENTH ELEVENTH TWELFTH THIRTEENTH FOURTEENTH"
    " FIFTEENTH SIXTEENTH SEVENTEENTH EIGHTEENTH NINETEENTH TWENTIETH"
)
_ORDINALS = {word: str(number) for number, word in enumerate(_ORDINAL_WORDS.split(), start=1)}
_STREET_WORDS = {
    "SAINT": "ST", "MOUNT": "MT", "FORT": "FT", "HIGHWAY": "HWY", "HIWAY": "HWY", "ROUTE": "RTE", "RT": "RTE",
    "ROAD": "RD", "COUNTY": "CO", "CTY": "CO", "CNTY": "CO",
    "AVENIDA": "AVE", "AVENUE": "AVE", "CARRETERA": "CARR",
}  # fmt: skip
_LEADING_TYPES = frozenset(("AVE", "CALLE", "CARR", "CAMINO", "PASEO", "CALLEJON"))
_BUILDINGS = frozenset(("COND", "CONDOMINIO", "EDIF", "EDIFICIO", "RES", "RESIDENCIAL", "URB", "URBANIZACION"))
_NUMBERED = re.compile(r"^(\d+)(?:ST|ND|RD|TH)$")
_POST_OFFICE_BOX = re.compile(
    r"\b(?:P\s*O\s*B(?:OX)?|POST OFFICE BOX|P O DRAWER|PO DRAWER|POBOX|APARTADO(?: POSTAL)?|BOX|CALLER)"
    r"\s*(?:NO |NUM |# )?\s*(\w*\d\w*|[A-Z])$"
)
_RURAL = re.compile(
    r"^(RR|R R|RURAL ROUTE|RURAL RTE|RFD|RTE|ROUTE|RT|HC|H C|HIGHWAY CONTRACT(?: ROUTE)?|STAR ROUTE|SR|HCR)"
    r"\s*(?:# )?0*(\d+)\s*(?:BOX|BX|#)\s*(?:# )?(\w+)$"
)
_MILITARY = re.compile(r"^(PSC|CMR|UNIT|UMR|USNS [A-Z ]+?|USS [A-Z ]+?|USCGC [A-Z ]+?)\s*0*(\d*)\s*(?:BOX|BX)\s*(\w+)$")
_GRID = re.compile(r"^([NSEW]\d+)([NSEW]\d+)$")
_CARE_OF = re.compile(r"^(C ?/ ?O|ATTN|ATTENTION|CARE OF)\b")
_GLUED_UNIT = re.compile(r"\b(APT|STE|UNIT|RM)\.?(\d+[A-Z]?)\b")
_PUNCTUATION = re.compile(r"[.']")
_BREAKS = re.compile(r"[^\w#/&%-]+|_")
_SPLIT_ZIP = re.compile(r"(\d{5})(?:-?(\d{4}))?$")
_STATES: dict[str, str] = {long.upper(): short for long, short in publication_28.STATE_ABBREVIATIONS.items()}
_RURAL_KINDS = {"HC": "HC", "H C": "HC", "HCR": "HC", "STAR ROUTE": "HC", "SR": "HC"}


@dataclass(frozen=True, slots=True)
class Place:
    """An address in canonical components; an empty text is a component that is not written.

    ``number`` is the house or box number, ``street`` the name with spaces taken out (``PO BOX``, ``RR 1``,
    ``PSC 802`` for what is no street), ``kind`` its type in Publication 28's short form, ``before`` and
    ``after`` its directionals, ``unit`` the unit without its designator.
    """

    number: str = ""
    street: str = ""
    kind: str = ""
    before: str = ""
    after: str = ""
    unit: str = ""


NOWHERE = Place()


def _tokens(text: str) -> list[str]:
    text = _PUNCTUATION.sub("", _GLUED_UNIT.sub(r"\1 \2", text)).replace("#", " # ")
    return [token.strip("-/&") or token for token in _BREAKS.sub(" ", text).split()]


def _is_number(token: str) -> bool:
    return token[0].isdigit() and not _NUMBERED.match(token)


@functools.lru_cache(maxsize=1 << 16)
def place(line_1: str | None, line_2: str | None) -> Place:
    """Read the two lines of an address into a Place. What cannot be read gives components left empty."""
    first, second = folded(line_1), folded(line_2)
    if _CARE_OF.match(first):
        first, second = (second, "") if second else (_after_care_of(first), "")
    if _CARE_OF.match(second):
        second = ""
    upper, lower = _tokens(first), _tokens(second)
    found = _boxed(upper) or (_boxed(lower) if not _has_number(upper) else None)
    if found:
        return found
    if not _has_number(upper) and _has_number(lower) and len(lower) > 1 and lower[0] not in _UNITS:
        upper, lower = lower, _marked_unit(upper)
    return _street(upper, lower)


def _marked_unit(tokens: list[str]) -> list[str]:
    """Give what follows the first unit designator of a line, the designator included."""
    start = next((at for at, token in enumerate(tokens) if token in _UNITS), len(tokens))
    return tokens[start:]


def _after_care_of(text: str) -> str:
    found = re.search(r"\s(\d+\w*\s.*|P\.?\s?O\.?\s?BOX.*)$", text)
    return found.group(1) if found else ""


def _has_number(tokens: list[str]) -> bool:
    return (bool(tokens) and any(token[0].isdigit() for token in tokens[:1])) or bool(
        len(tokens) > 1 and (_GRID.match(tokens[0]) or _GRID.match(tokens[0] + tokens[1]))
    )


def _boxed(tokens: list[str]) -> Place | None:
    """Read a box of any kind: post office, rural route, highway contract, military, ship."""
    text = " ".join(tokens)
    if not any(word in text for word in ("BOX", "BX", "DRAWER", "POB", "#", "APARTADO", "CALLER")):
        return None
    found = _MILITARY.match(text)
    if found:
        kind = " ".join(part for part in (found.group(1).strip(), found.group(2)) if part)
        return Place(number=_bare(found.group(3)), street=kind)
    found = _RURAL.match(text)
    if found:
        kind = _RURAL_KINDS.get(found.group(1), "HC" if found.group(1).startswith("HIGHWAY") else "RR")
        return Place(number=_bare(found.group(3)), street=f"{kind} {found.group(2)}")
    found = _POST_OFFICE_BOX.search(text)
    if found and (found.start() == 0 or not text[0].isdigit()):
        return Place(number=_bare(found.group(1)), street="PO BOX")
    return None


def _bare(number: str) -> str:
    return number.lstrip("0") or number


def _street(tokens: list[str], more: list[str]) -> Place:
    tokens, inside = _leave_building(tokens)
    number, rest = _take_number(tokens)
    rest, unit = _take_units(rest, line_of_unit=False)
    if not number and len(rest) > 2 and _street_word(rest[0]) in _LEADING_TYPES and rest[-1].isdigit():
        number = _bare(rest.pop())
    unit = " ".join(part for part in (inside, unit) if part)
    left, below = _take_units(more, line_of_unit=True)
    unit = " ".join(part for part in (unit, below, "".join(left)) if part)
    return _name_street(number, rest, unit)


def _leave_building(tokens: list[str]) -> tuple[list[str], str]:
    """Skip a building or quarter named before the street, as in Puerto Rico; keep the unit named with it."""
    if not tokens or tokens[0] not in _BUILDINGS:
        return tokens, ""
    start = next(
        (
            at
            for at in range(2, len(tokens) - 1)
            if _is_number(tokens[at]) and tokens[at - 1] not in _UNITS and tokens[at + 1] not in _UNITS
        ),
        0,
    )
    if not start:
        return tokens, ""
    return tokens[start:], _take_units(tokens[:start], line_of_unit=False)[1]


def _take_number(tokens: list[str]) -> tuple[str, list[str]]:
    """Take the house number off: fractions, N6W23001 and a letter that stands apart included."""
    head, rest = (tokens[0], tokens[1:]) if tokens else ("-", [])
    if _GRID.match(head):
        return head, rest
    if rest and _GRID.match(head + rest[0]):
        return head + rest[0], rest[1:]
    if not _is_number(head):
        return "", tokens
    if rest and re.match(r"^\d/\d$", rest[0]):
        return f"{_bare(head)} {rest[0]}", rest[1:]
    if len(rest) > 1 and re.match(r"^[A-DF-MO-RT-VX-Z]$", rest[0]) and rest[1] not in _STREET_TYPES:
        return _bare(head) + rest[0], rest[1:]
    return _bare(head), rest


def _take_units(tokens: list[str], *, line_of_unit: bool) -> tuple[list[str], str]:
    """Split off the unit. On its own line everything is of it; in a street's line only what is marked."""
    if not tokens:
        return [], ""
    start = next((at for at, token in enumerate(tokens) if token in _UNITS and (line_of_unit or at > 0)), len(tokens))
    kept, found = tokens[:start], tokens[start:]
    parts: list[str] = []
    while found:
        designator = _UNITS.get(found[0])
        if designator is None:
            if not parts or (not line_of_unit and found[-1] in _STREET_TYPES):
                break
            parts.append(_bare(found.pop(0)))
            continue
        found.pop(0)
        if designator in _PLAIN_UNITS:
            if found and found[0] not in _UNITS:
                parts.append(_bare(found.pop(0)))
        elif designator in _ALONE and (not found or found[0] in _UNITS):
            parts.append(designator)
        else:
            parts.append(designator + (_bare(found.pop(0)) if found else ""))
    return kept + found, " ".join(parts)


def _name_street(number: str, tokens: list[str], unit: str) -> Place:
    before = after = kind = ""
    words = list(tokens)
    if len(words) > 2 and (words[0], words[1]) in _PAIRED:
        words[:2] = [_PAIRED[words[0], words[1]]]
    if len(words) > 2 and (words[-2], words[-1]) in _PAIRED:
        words[-2:] = [_PAIRED[words[-2], words[-1]]]
    if len(words) > 1 and words[0] in _DIRECTIONALS and not (len(words) == 2 and words[1] in _STREET_TYPES):
        before = _DIRECTIONALS[words.pop(0)]
    if len(words) > 1 and words[-1] in _DIRECTIONALS:
        after = _DIRECTIONALS[words.pop()]
    if len(words) > 1 and words[-1] in _STREET_TYPES:
        kind = _STREET_TYPES[words.pop()]
    elif len(words) > 1 and _STREET_WORDS.get(words[0], words[0]) in _LEADING_TYPES:
        kind = _STREET_WORDS.get(words[0], words[0])
        words.pop(0)
    street = "".join(_street_word(word) for word in words)
    return Place(number=number, street=street, kind=kind, before=before, after=after, unit=unit)


def _street_word(word: str) -> str:
    found = _NUMBERED.match(word)
    if found:
        return found.group(1)
    return _ORDINALS.get(word) or _STREET_WORDS.get(word, word)


@functools.lru_cache(maxsize=1 << 15)
def city(text: str | None) -> str:
    """Read a city: SAINT is ST, MOUNT is MT, FORT is FT, spaces are taken out."""
    words = _tokens(folded(text))
    if not words or words[0] in {"UNKNOWN", "UNK", "NA", "NONE", "NULL"}:
        return ""
    short = (_STREET_WORDS.get(word, word) if word in {"SAINT", "MOUNT", "FORT"} else word for word in words)
    return "".join(short)


@functools.lru_cache(maxsize=1 << 10)
def state(text: str | None) -> str:
    """Read a state as its two letters; what is no state of Publication 28 gives the empty text."""
    written = _PUNCTUATION.sub("", folded(text))
    if written in _STATES.values() or written in {"AA", "AE", "AP"}:
        return written
    return _STATES.get(written, "")


@functools.lru_cache(maxsize=1 << 15)
def zip_code(text: str | None) -> int:
    """Read the five digits of a ZIP or ZIP+4; 0 where there are none."""
    found = _SPLIT_ZIP.match((text or "").strip())
    return int(found.group(1)) if found else 0
