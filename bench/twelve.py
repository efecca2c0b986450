"""Twelve rules of irs-ice-2025 in plain Python, as its document has them: what the opponents of screening ask.

A fact here has the name and the meaning of the document's measure. ``bench/screening.py`` holds every answer
made from these against the product's own, row by row.
"""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

DATA = Path(__file__).parents[1] / "agreements" / "irs-ice-2025" / "data"
SIGNED_ON = date(2026, 11, 2)
SPACE = " \t\n\x0b\x0c\r"
STAGES = ("preparation", "investigation", "grand_jury")
STATUTES = tuple(f"8USC1253(A)(1)({letter})" for letter in "ABCD")
PARTS = {1: "ABCDEG", 2: "ABCDEF", 3: "ABCD", 4: "ABCDEF", 6: "A"}
CLASSES = (*(f"8USC1227(A)({number})({part})" for number, parts in PARTS.items() for part in parts), "8USC1227(A)(5)")
ACCENTS = {
    sign: plain
    for plain, signs in {
        "A": "ÁÀÂÃÄÅáàâãäå", "E": "ÉÈÊËéèêë", "I": "ÍÌÎÏíìîï", "O": "ÓÒÔÕÖØóòôõöø", "U": "ÚÙÛÜúùûü", "N": "Ññ", "C": "Çç",
    }.items()
    for sign in signs
}  # fmt: skip

UNITS = (
    "APARTMENT|APT|APTO|UNIT|SUITE|STE|ROOM|RM|FLOOR|FL|BLDG|LOT|TRLR|TRAILER|SPC|SPACE|DEPT|PH|PENTHOUSE|BSMT|OFC|"
    "HANGAR|SLIP|PIER"
)
ABBREVIATED = r"([A-Z]{2})\.([A-Z0-9]{2})"
MARKS = "[.'’`´\u0300-\u036f]"  # the document's own marks
NOT_STREET, NOT_CITY = "[^A-Z0-9#/&-]+", "[^A-Z0-9]+"
CLOSED_UP = r" (APT|UNIT|STE|SUITE|LOT|RM|BOX|BLDG)([0-9]+[A-Z]?) "
CARE_OF = r"^ (C/O|CARE OF|ATTN|ATTENTION) [^0-9]*"
UNIT = f" ({UNITS})( #)? [A-Z]?-?[0-9][A-Z0-9-]*| ({UNITS})( #)? [A-Z]"
NUMBERED = r"([A-Z0-9]) # [A-Z0-9-]+"
ZIP, NO_ZIP = r"[0-9]{5}([ -]?[0-9]{4})?", r"(00000|99999)([ -]?[0-9]{4})?"
YEARS = r"[0-9]{4}( ?; ?[0-9]{4})*"
DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
CLASS = r"8USC1227\(A\)\([1-6]\)(\([A-Z]\))?"
BASIS = CLASS + r"(\([IVX]+\))*"
CODES = "USCODE|USCA|USCS"
ODD_OFFICER, EDGES = "[^A-Z0-9;]", ";+$|^;+"

_abbreviated, _marks, _not_street, _not_city = (re.compile(p) for p in (ABBREVIATED, MARKS, NOT_STREET, NOT_CITY))
_closed_up, _care_of, _unit, _numbered = (re.compile(p) for p in (CLOSED_UP, CARE_OF, UNIT, NUMBERED))
_zip, _no_zip, _years, _day, _class, _basis = (re.compile(p) for p in (ZIP, NO_ZIP, YEARS, DAY, CLASS, BASIS))
_not_letters, _codes, _odd_officer, _edges = (re.compile(p) for p in ("[^A-Z]+", CODES, ODD_OFFICER, EDGES))
_letter, _lettered = re.compile("[A-Z]"), re.compile("[A-Za-z]")
_accents = str.maketrans(ACCENTS)


def state_codes() -> dict[str, str]:
    """Give the code of each name of a state, as the document's own table has it."""
    with (DATA / "states.csv").open(encoding="utf-8", newline="") as file:
        return {line["name"]: line["code"] for line in csv.DictReader(file)}


STATES = state_codes()


def canonical(value: str | None) -> str:
    """Give a value without space about it; the empty text stands for none."""
    return (value or "").strip(SPACE)


def day(value: str) -> date | None:
    """Give the day that a text writes."""
    try:
        return date.fromisoformat(value) if _day.fullmatch(value) else None
    except ValueError:
        return None


def words_of_code(value: str) -> str:
    """Give a citation without what is written now and again."""
    return _codes.sub("USC", value.upper().replace(" ", "").replace(".", "").replace("§", ""))


def reason_words(held: dict[str, str]) -> str | None:
    """Give the words of the reason without the person's own names; None for a reason without a letter."""
    if not _lettered.search(held["reason"]):
        return None
    words = f" {_not_letters.sub(' ', held['reason'].upper()).strip(' ')} "
    for name in (held["family_name"], held["given_name"]):
        words = words.replace(f" {name.upper()} ", " ") if name else words
    return words.strip(" ")


def officers(held: dict[str, str]) -> set[str]:
    """Give the officers that a row names."""
    named = held["officers"].upper()
    return set(_edges.sub("", _odd_officer.sub("", named)).split(";")) if named else set()


def only_a_place(held: dict[str, str]) -> bool:
    """Give whether the street line says no more than the city, state or ZIP code does, or nothing."""
    lines = " ".join(held[name] for name in ("address_line_1", "address_line_2") if held[name]).upper()
    street = _marks.sub("", _abbreviated.sub(r"\1 \2", lines).translate(_accents)).replace("#", " # ")
    street = _closed_up.sub(r" \1 \2 ", f" {_not_street.sub(' ', street).strip(' ')} ")
    city = _marks.sub("", held["city"].upper().translate(_accents))
    city = _not_city.sub(" ", city).strip(" ")
    state = _not_letters.sub(" ", held["state"].upper()).strip(" ")
    code, zip5 = STATES.get(state), held["zip"][:5] if _zip.fullmatch(held["zip"]) else None
    core = street
    if held["city"] and code and zip5:
        core = core.replace(f" {city} {code} {zip5} ", " ")
    core = _care_of.sub(" ", core)
    if code and zip5:
        core = core.replace(f" {code} {zip5} ", " ")
    core = _numbered.sub(r"\1", _unit.sub("", core))
    after = (None, code, state, zip5)
    places = {city, code, zip5, state, *(f"{city} {part}" for part in after if part)}
    return not _letter.search(street) or core.strip(" ") in {"", *places}


@dataclass(slots=True)
class Counts:
    """What is counted over a batch: rows of an officer, rows with a reason, the first row of a reference."""

    loads: Counter[str] = field(default_factory=Counter)
    sharing: Counter[str | None] = field(default_factory=Counter)
    firsts: dict[str, int] = field(default_factory=dict)

    def add(self, row: int, held: dict[str, str]) -> None:
        """Count one row."""
        self.loads.update(officers(held))
        self.sharing[reason_words(held)] += 1
        self.firsts.setdefault(held["request_ref"], row)

    def end(self) -> None:
        """Take away what stands for no value."""
        self.sharing[None] = self.firsts[""] = 0


COUNTED = ("request_ref", "reason", "officers", "given_name", "family_name")


def prepared(rows: Path) -> Iterator[dict[str, Any]]:
    """Give the facts of each row, the counts over the batch among them. Reads the file twice."""
    import pyarrow.parquet as pq

    counts = Counts()
    with pq.ParquetFile(rows) as file:
        for batch in file.iter_batches(20_000, columns=["row", *COUNTED]):
            for line in batch.to_pylist():
                counts.add(line["row"], {name: canonical(line[name]) for name in COUNTED})
        counts.end()
        for batch in file.iter_batches(20_000):
            for line in batch.to_pylist():
                held = {
                    name: canonical(value) for name, value in line.items() if name not in {"row", "malformed", "plain"}
                }
                yield facts(line["row"], held, counts)


def facts(row: int, held: dict[str, str], counts: Counts) -> dict[str, Any]:
    """Give what the twelve rules ask of one row."""
    periods = held["taxable_periods"]
    years = [int(year) for year in periods.split(";")] if _years.fullmatch(periods) else [0, 9999]
    ordered = day(held["final_order_date"])
    either = day(held["judicial_review_date"]) if held["judicial_review_date"] else ordered
    words, stated, basis = reason_words(held), held["zip"], words_of_code(held["order_basis"])
    cited = _class.match(basis) if _basis.fullmatch(basis) else None
    return {
        "row": row,
        "first": counts.firsts[held["request_ref"]],
        "load": max((counts.loads[name] for name in officers(held)), default=0),
        "missing": sum(not held[name] for name in ("address_line_1", "city", "state", "zip")),
        "placed": bool(held["address_line_1"]) and not only_a_place(held),
        "zip_formed": bool(_zip.fullmatch(stated)) and not _no_zip.fullmatch(stated),
        "earliest": min(years),
        "latest": max(years),
        "statute": words_of_code(held["statute"]),
        "stage": held["stage"],
        "sharing": counts.sharing[words],
        "words": len(words.split(" ")) if words is not None else 0,
        "numbered": bool(held["final_order_case"]),
        "since": min((SIGNED_ON - one).days if one else 0 for one in (ordered, either)),
        "stay": held["stay_in_force"].lower(),
        "removal_class": cited.group() if cited else "",
    }
