"""Dwellings: houses, flats, boxes, rural routes, Puerto Rico, military, group quarters.

Street names are composed; ZIP, city and state are real and agree (package ``zipcodes``). Addresses are
written in the short forms of USPS Publication 28.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import zipcodes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from counterseal.synth.chance import Chance

ELSEWHERE = frozenset({"AA", "AE", "AP", "AS", "FM", "GU", "MH", "MP", "PR", "PW", "VI"})
"""Military mail, territories and freely associated states: what is not a state or D.C."""
HOUSE, FLAT, BOX, RURAL, PUERTO_RICO, MILITARY, QUARTERS = range(7)
_KIND_WEIGHTS = np.array([64, 26, 4, 3, 2, 1], dtype=np.int64)
_STREET_NAMES = """
    MAPLE OAK PINE CEDAR ELM WALNUT CHESTNUT BIRCH WILLOW SPRUCE HICKORY MAGNOLIA SYCAMORE ASPEN POPLAR
    LAUREL JUNIPER HAWTHORN MAIN CHURCH PARK MILL RIVER LAKE HILL SPRING VALLEY RIDGE MEADOW FOREST
    ORCHARD GARDEN PROSPECT HIGHLAND SUNSET SUMMIT COTTAGE BRIDGE CANAL DEPOT MARKET WATER FRONT UNION
    LIBERTY CENTER COLLEGE ACADEMY COURT STATE WASHINGTON ADAMS JEFFERSON MADISON MONROE JACKSON
    HARRISON TYLER TAYLOR PIERCE LINCOLN GRANT HAYES GARFIELD CLEVELAND MCKINLEY WILSON HOOVER FRANKLIN
    HAMILTON LAFAYETTE COLUMBUS WINDSOR OXFORD CAMBRIDGE KENT SUSSEX ESSEX DEVON ARLINGTON CLINTON
    WARREN MARSHALL PERRY DECATUR SHERMAN SHERIDAN CUSTER BURNSIDE STERLING CRESCENT BAYVIEW FAIRVIEW
    GRANDVIEW LAKEVIEW PLEASANT BROOKSIDE HILLCREST WOODLAND GREENWOOD ROSEWOOD EDGEWOOD WESTWOOD
    KINGSTON BRISTOL DOVER SALEM CONCORD LEXINGTON FOXGLOVE HERON QUAIL PHEASANT STARLING KESTREL
    BLUEBELL LARKSPUR COUNTRY CLUB
"""
_STREET_NAMES_OF_TWO = (
    "OLD MILL",
    "STONE BRIDGE",
    "MARTIN LUTHER KING",
    "SAINT CHARLES",
    "TWIN LAKES",
    "RED BARN",
    "SILVER SPRINGS",
    "INDIAN HILL",
)
_STREET_TYPES = ("ST", "AVE", "RD", "DR", "LN", "CT", "CIR", "PL", "BLVD", "WAY", "TER", "PKWY", "TRL")
_TYPE_WEIGHTS = np.array([26, 20, 15, 14, 8, 5, 3, 2, 2, 2, 1, 1, 1], dtype=np.int64)
_CALLES = (
    "LUNA",
    "SOL",
    "FORTALEZA",
    "SAN JOSE",
    "CRISTO",
    "LAS FLORES",
    "LOS ROBLES",
    "BALDORIOTY",
    "MUNOZ RIVERA",
)
_URBS = ("", "URB LAS GLADIOLAS", "URB VILLA ROSA", "URB EL PARAISO", "COND TORRE ALTA", "BO PUEBLO", "")
_UNIT_STYLES = ("APT {n}", "APT {f}{l}", "UNIT {n}", "APT {f}0{d}", "# {n}", "LOT {n}")
_UNITS_IN_BUILDING = 24
_STREETS_IN_ZIP = 14
_POOL = 20_000


@dataclass(frozen=True)
class Zips:
    """Active ZIP codes of one sort, with the city's own name, upper case, and the state."""

    code: NDArray[np.object_]
    city: NDArray[np.object_]
    state: NDArray[np.object_]


@dataclass(frozen=True)
class Dwellings:
    """Addresses as the registry writes them, one a position; ``kind`` is one of the kinds above."""

    kind: NDArray[np.int64]
    line_1: NDArray[np.object_]
    line_2: NDArray[np.object_]
    city: NDArray[np.object_]
    state: NDArray[np.object_]
    zip_code: NDArray[np.object_]


def _all_zips() -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = zipcodes.list_all()  # type: ignore[no-untyped-call]
    return listed


@cache
def real_zips() -> tuple[Zips, Zips, Zips]:
    """Active ZIPs: street delivery in the states and D.C., Puerto Rico, military (APO, FPO, DPO)."""
    active = sorted((z for z in _all_zips() if z["active"]), key=lambda z: str(z["zip_code"]))

    def table(chosen: list[dict[str, Any]]) -> Zips:
        columns = ([z["zip_code"], z["city"].upper(), z["state"]] for z in chosen)
        code, city, state = (np.array(column, dtype=object) for column in zip(*columns, strict=True))
        return Zips(code, city, state)

    standard = [z for z in active if z["zip_code_type"] == "STANDARD"]
    return (
        table([z for z in standard if z["state"] not in ELSEWHERE]),
        table([z for z in standard if z["state"] == "PR"]),
        table([z for z in active if z["zip_code_type"] == "MILITARY"]),
    )


def ordinal(number: int) -> str:
    """``1ST``, ``2ND``, ``11TH``: a numbered street's name."""
    if number % 100 in (11, 12, 13):
        return f"{number}TH"
    return f"{number}{ {1: 'ST', 2: 'ND', 3: 'RD'}.get(number % 10, 'TH') }"


def street_pool(chance: Chance) -> NDArray[np.object_]:
    """Twenty thousand composed street names."""
    names = [*_STREET_NAMES.split(), *_STREET_NAMES_OF_TWO, *(ordinal(number) for number in range(1, 100))]
    prefix = chance.weighted(_POOL, np.array([80, 5, 5, 5, 5], dtype=np.int64)).tolist()
    suffix = chance.weighted(_POOL, np.array([96, 1, 1, 1, 1], dtype=np.int64)).tolist()
    name = chance.below(_POOL, len(names)).tolist()
    kind = chance.weighted(_POOL, _TYPE_WEIGHTS).tolist()
    before, after = ("", "N ", "S ", "E ", "W "), ("", " NW", " NE", " SW", " SE")
    return np.array(
        [
            f"{before[p]}{names[n]} {_STREET_TYPES[k]}{after[s] if not p else ''}"
            for p, s, n, k in zip(prefix, suffix, name, kind, strict=True)
        ],
        dtype=object,
    )


def _unit_table() -> NDArray[np.object_]:
    return np.array(
        [
            [style.format(n=r + 1, f=r // 4 + 1, l="ABCD"[r % 4], d=r % 4 + 1) for r in range(_UNITS_IN_BUILDING)]
            for style in _UNIT_STYLES
        ],
        dtype=object,
    )


def _text(numbers: NDArray[np.int64]) -> NDArray[np.object_]:
    return np.array(list(map(str, numbers.tolist())), dtype=object)


def build_dwellings(chance: Chance, count: int, quarters: int) -> Dwellings:
    """``count`` dwellings in a few hundred ZIPs, then ``quarters`` addresses of group quarters."""
    standard, puerto_rico, military = real_zips()
    total = count + quarters
    towns = np.sort(chance.order(len(standard.code))[: min(len(standard.code), max(12, count // 700))])
    streets = street_pool(chance)
    street_of = chance.below(len(towns) * _STREETS_IN_ZIP, len(streets)).reshape(len(towns), _STREETS_IN_ZIP)
    kind = chance.weighted(total, _KIND_WEIGHTS)
    kind[count:] = QUARTERS
    town = chance.below(total, len(towns))
    street = chance.below(total, _STREETS_IN_ZIP)
    number = 1 + np.floor(np.square(chance.uniform(total)) * 9800).astype(np.int64)
    line_2 = np.full(total, "", dtype=object)

    flat = np.flatnonzero(kind == FLAT)
    rank = np.arange(len(flat))
    building = rank // _UNITS_IN_BUILDING
    for column in (town, street, number):
        column[flat] = column[flat][building * _UNITS_IN_BUILDING]
    style = chance.below(len(flat), len(_UNIT_STYLES))[building * _UNITS_IN_BUILDING]
    line_2[flat] = _unit_table()[style, rank % _UNITS_IN_BUILDING]

    where = towns[town]
    code, city, state = standard.code[where], standard.city[where], standard.state[where]
    line_1 = _text(number) + " " + streets[street_of[town, street]]
    beside = np.flatnonzero((kind == FLAT) & chance.happens(total, 0.15))
    line_1[beside] += " " + line_2[beside]
    line_2[beside] = ""
    box = np.flatnonzero(kind == BOX)
    line_1[box] = "PO BOX " + _text(number[box])
    rural = np.flatnonzero(kind == RURAL)
    route = np.array(["RR ", "HC "], dtype=object)[chance.below(len(rural), 2)]
    line_1[rural] = route + _text(1 + chance.below(len(rural), 9)) + " BOX " + _text(number[rural])
    for sort, zips in ((PUERTO_RICO, puerto_rico), (MILITARY, military)):
        there = np.flatnonzero(kind == sort)
        pick = chance.below(len(there), len(zips.code))
        code[there], city[there], state[there] = zips.code[pick], zips.city[pick], zips.state[pick]
        if sort == PUERTO_RICO:
            calle = np.array(_CALLES, dtype=object)[chance.below(len(there), len(_CALLES))]
            line_1[there] = _text(number[there]) + " CALLE " + calle
            line_2[there] = np.array(_URBS, dtype=object)[chance.below(len(there), len(_URBS))]
        else:
            office = np.array(["PSC ", "UNIT ", "CMR "], dtype=object)[chance.below(len(there), 3)]
            line_1[there] = office + _text(100 + chance.below(len(there), 5900)) + " BOX " + _text(number[there])
    return Dwellings(kind, line_1, line_2, city, state, code)
