"""Requests right on their face that must not be answered: the wrong person, or the wrong address.

Each kind takes a row that asks soundly for a registered person and turns it into a question about
somebody else, or about that person at an address which is not theirs (P-26, P-27).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.synth.names import census_names
from counterseal.synth.places import real_zips
from counterseal.synth.writing import write_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.synth.chance import Chance
    from counterseal.synth.holdings import Holdings

Row = dict[str, str]
EARLIEST_BIRTH, LATEST_BIRTH = 1930, 2007
_NO_STREETS = ("NOBODYS ST", "UNBUILT AVE", "NEVERLAID RD", "PAPERPLAN LN")


@dataclass(frozen=True)
class Asked:
    """A sound row about ``account`` at address row ``address``, with what may be used to change it."""

    row: Row
    account: int
    address: int
    holdings: Holdings
    chance: Chance

    @property
    def person(self) -> dict[str, str]:
        """The account's fields as the registry holds them."""
        return self.holdings.person(self.account)


@dataclass(frozen=True)
class Mistake:
    """One kind: its outcomes, whether the person is in the registry, whether the address is theirs."""

    kind: str
    expected: str
    registered: bool
    address_held: bool
    turn: Callable[[Asked], None]


def _new_given(asked: Asked) -> str:
    """A given name that none of the place's residents bears, nor begins alike."""
    names = census_names()
    taken = {str(asked.holdings.account["given_name"][one]) for one in asked.holdings.together(asked.address)}
    pool = (names.male, names.female)[asked.chance.number(0, 1)]
    while True:
        name = str(pool[asked.chance.early(400)])
        if name not in taken and not any(other[:2] == name[:2] for other in taken):
            return name


def _birth(asked: Asked, years: int) -> str:
    """A date of birth the given years after the person's (or after 1975), on another day; else before it."""
    known = asked.person["date_of_birth"] or "1975-06-15"
    year = int(known[:4]) + years
    if year > LATEST_BIRTH:
        year = int(known[:4]) - abs(years)
    elif year < EARLIEST_BIRTH:
        year = int(known[:4]) + abs(years)
    month, day = asked.chance.number(1, 12), asked.chance.number(1, 28)
    if (month, day) == (int(known[5:7]), int(known[8:10])):
        day = day % 28 + 1
    return f"{year:04d}-{month:02d}-{day:02d}"


def _own_number(asked: Asked) -> str:
    """A number of the right form that no account has."""
    while True:
        number = f"{asked.chance.number(1, 665):03d}{asked.chance.number(1, 99):02d}{asked.chance.number(1, 9999):04d}"
        if number not in asked.holdings.numbers:
            return number


def _address_of_another(asked: Asked) -> None:
    holdings = asked.holdings
    own = set(holdings.dwelling[holdings.holder == asked.account].tolist())
    while True:
        row = asked.chance.number(0, len(holdings.dwelling) - 1)
        if holdings.dwelling[row] not in own and holdings.residents[holdings.dwelling[row]] < 10:
            asked.row.update(write_address(asked.chance, holdings.place(row)))
            return


def _address_of_nobody(asked: Asked) -> None:
    zips = real_zips()[0]
    at = asked.chance.number(0, len(zips.code) - 1)
    asked.row.update(
        address_line_1=f"{asked.chance.number(1, 9900)} {asked.chance.of(_NO_STREETS)}",
        address_line_2="",
        city=zips.city[at],
        state=zips.state[at],
        zip=zips.code[at],
    )


def _tin_and_name_elsewhere(asked: Asked) -> None:
    """The shape of the 42,695: name and number agree, the address is one that was never theirs."""
    asked.row.update(
        given_name=asked.person["given_name"],
        family_name=asked.person["family_name"],
        tin=asked.person["tin"],
    )
    (_address_of_another if asked.chance.yes(0.5) else _address_of_nobody)(asked)


def _another_unit(asked: Asked) -> None:
    place = asked.holdings.place(asked.address)
    if not place["line_1"][0].isdigit():
        _address_of_nobody(asked)
        return
    words = f"{place['line_1']} {place['line_2']}".split()
    number = asked.chance.number(700, 999)
    if len(words) > 3 and words[-2] in {"APT", "UNIT", "#", "LOT"}:
        street, unit = " ".join(words[:-2]), f"{words[-2]} {number}"
    else:
        street, unit = place["line_1"], f"APT {number}"
    asked.row.update(write_address(asked.chance, {**place, "line_1": street, "line_2": unit}))


def _another_number(asked: Asked) -> None:
    place = asked.holdings.place(asked.address)
    number, _, street = place["line_1"].partition(" ")
    if not number.isdigit():
        _address_of_nobody(asked)
        return
    other = f"{int(number) + 10_000} {street}"
    asked.row.update(write_address(asked.chance, {**place, "line_1": other}))


def _relative(asked: Asked) -> None:
    """Of the household's surname, at its address, and not registered."""
    asked.row.update(given_name=_new_given(asked), middle_name="", suffix="", tin="")
    asked.row["date_of_birth"] = _birth(asked, asked.chance.number(-4, 24)) if asked.chance.yes(0.7) else ""


def _son(asked: Asked) -> None:
    """The registered father's name and address; only the date of birth tells that the son is meant."""
    asked.row.update(middle_name="", suffix=asked.chance.of(("", "", "JR")), tin="")
    asked.row["date_of_birth"] = _birth(asked, asked.chance.number(19, 30))


def _namesake(asked: Asked) -> None:
    asked.row.update(middle_name="", suffix="", tin=_own_number(asked) if asked.chance.yes(0.5) else "")
    asked.row["date_of_birth"] = _birth(asked, asked.chance.number(3, 15))
    _address_of_nobody(asked)


def _absent_twin(asked: Asked) -> None:
    asked.row.update(given_name=_new_given(asked), middle_name="", suffix="", tin="")
    asked.row["date_of_birth"] = asked.person["date_of_birth"]


def _stranger(asked: Asked) -> None:
    names = census_names()
    surname = str(names.surnames[asked.chance.early(len(names.surnames) - 1)])
    asked.row.update(given_name=_new_given(asked), middle_name="", family_name=surname, suffix="", tin="")
    asked.row["date_of_birth"] = _birth(asked, asked.chance.number(2, 12)) if asked.chance.yes(0.7) else ""
    if asked.chance.yes(0.5):
        asked.row["tin"] = _own_number(asked)
    if asked.chance.yes(0.5):
        _address_of_nobody(asked)


def _tin_of_another(asked: Asked) -> None:
    numbers = asked.holdings.account["tin"]
    while (tin := str(numbers[asked.chance.number(0, len(numbers) - 1)])) == asked.person["tin"]:
        pass
    asked.row["tin"] = tin


def _birth_of_another(asked: Asked) -> None:
    asked.row["date_of_birth"] = _birth(asked, asked.chance.of((-11, -8, -5, 5, 8, 11)))
    asked.row["tin"] = ""


def _nothing_but_name(asked: Asked) -> None:
    asked.row.update(middle_name="", suffix="", date_of_birth="", tin="")


def _former_surname(asked: Asked) -> None:
    names = census_names()
    former = str(names.surnames[asked.chance.early(8000)])
    asked.row.update(family_name=former, date_of_birth=asked.person["date_of_birth"], tin=asked.person["tin"])


def _with_number(asked: Asked) -> None:
    asked.row["tin"] = asked.person["tin"]


def _with_birth(asked: Asked) -> None:
    asked.row["date_of_birth"] = asked.person["date_of_birth"]


EITHER = "reviewable|not_disclosed"
MISTAKES = (
    Mistake("address_of_another", "not_disclosed", True, False, _address_of_another),
    Mistake("address_of_nobody", "not_disclosed", True, False, _address_of_nobody),
    Mistake("tin_and_name_but_another_address", "not_disclosed", True, False, _tin_and_name_elsewhere),
    Mistake("another_unit_of_the_building", "not_disclosed", True, False, _another_unit),
    Mistake("another_number_of_the_street", "not_disclosed", True, False, _another_number),
    Mistake("relative_absent", "not_disclosed", False, False, _relative),
    Mistake("son_absent", "not_disclosed", False, False, _son),
    Mistake("namesake_absent", "not_disclosed", False, False, _namesake),
    Mistake("twin_absent", "not_disclosed", False, False, _absent_twin),
    Mistake("stranger_absent", "not_disclosed", False, False, _stranger),
    Mistake("tin_of_another", "not_disclosed", True, True, _tin_of_another),
    Mistake("date_of_birth_of_another", "not_disclosed", True, True, _birth_of_another),
    Mistake("namesake_at_the_address", "not_disclosed", True, True, _nothing_but_name),
    Mistake("group_quarters_only", "not_disclosed", True, True, _nothing_but_name),
    Mistake("twin_registered", EITHER, True, True, _with_birth),
    Mistake("tin_of_two", EITHER, True, True, _with_number),
    Mistake("former_surname", EITHER, True, True, _former_surname),
)
"""Every kind that passes on its face; the last three may be answered rightly or not at all, never wrongly."""
