"""Defects that a request row shows on its face: each spoils a sound row in one way and in no other.

The classes follow the office's list of predicates (P-13 to P-25) and the record of August 2025; where the
text of the law leaves a choice of answer, ``expected`` lists every answer that it allows.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from counterseal.synth.chance import Chance

Row = dict[str, str]
_ADDRESS = ("address_line_1", "address_line_2", "city", "state", "zip")


@dataclass(frozen=True)
class Spoiling:
    """What a defect may use: chance and the day of signing."""

    chance: Chance
    signed_on: date

    def day(self, before: int) -> str:
        """The ISO date so many days before the signing (negative: after it)."""
        return (self.signed_on - timedelta(days=before)).isoformat()


@dataclass(frozen=True)
class Defect:
    """One class of defect: its name, the predicate it breaks, the outcomes allowed, how a row is spoiled."""

    kind: str
    predicate: str
    expected: str
    spoil: Callable[[Row, Spoiling], None]

    @property
    def changes_address(self) -> bool:
        """Whether the row no longer states the person's address."""
        return self.predicate in {"P-14", "P-15", "P-16", "P-17", "P-18"}


def _set(**values: str) -> Callable[[Row, Spoiling], None]:
    def spoil(row: Row, _with: Spoiling) -> None:
        row.update(values)

    return spoil


def _one_of(field: str, *values: str) -> Callable[[Row, Spoiling], None]:
    def spoil(row: Row, using: Spoiling) -> None:
        row[field] = using.chance.of(values)

    return spoil


def _words_for_address(*words: str, keep_zip: bool = True) -> Callable[[Row, Spoiling], None]:
    def spoil(row: Row, using: Spoiling) -> None:
        kept = row["zip"] if keep_zip and using.chance.yes(0.7) else ""
        row.update(dict.fromkeys(_ADDRESS, ""), address_line_1=using.chance.of(words), zip=kept)

    return spoil


def _line(*words: str) -> Callable[[Row, Spoiling], None]:
    """Words in the first line; city, state and ZIP stay right."""

    def spoil(row: Row, using: Spoiling) -> None:
        row.update(address_line_1=using.chance.of(words), address_line_2="")

    return spoil


def _street_and_number(row: Row, using: Spoiling) -> tuple[str, str]:
    number, _, street = row["address_line_1"].partition(" ")
    if not number.isdigit() or not street:
        number, street = str(using.chance.number(1, 9000)), "MAPLE ST"
    return number, street


def _no_number(row: Row, using: Spoiling) -> None:
    street = _street_and_number(row, using)[1]
    while street[:1].isdigit():  # 5TH AVE without its number still begins with a digit
        street = "WILLOW LN"
    row.update(address_line_1=street, address_line_2="")


def _no_street(row: Row, using: Spoiling) -> None:
    row.update(address_line_1=_street_and_number(row, using)[0], address_line_2="")


def _zip_only(row: Row, using: Spoiling) -> None:
    row.update(dict.fromkeys(_ADDRESS[:4], ""))
    if using.chance.yes(0.5):
        row["address_line_1"] = row["zip"]


def _other_state(row: Row, using: Spoiling) -> None:
    there = using.chance.of(("AK", "HI", "ME", "FL", "WA"))
    row["state"] = there if row["state"].upper() not in {there, *_LONG_STATES} else "VT"


_LONG_STATES = frozenset({"FLORIDA", "FL"})


def _other_city(row: Row, using: Spoiling) -> None:
    """A city that no ZIP but its own has; the state stays."""
    row["city"] = using.chance.of(("Wrongville Heights", "Farfrom Springs", "Notthere Junction"))


def _days(field: str, low: int, high: int) -> Callable[[Row, Spoiling], None]:
    def spoil(row: Row, using: Spoiling) -> None:
        row[field] = using.day(using.chance.number(low, high))

    return spoil


def _fresh_order(row: Row, using: Spoiling) -> None:
    """An order of ninety days or fewer: ninety exactly in a third of the rows."""
    row["final_order_date"] = using.day(90 if using.chance.yes(0.34) else using.chance.number(1, 89))
    row["judicial_review_date"] = ""
    row["case_opened"] = using.day(0)


def _old_order(row: Row, using: Spoiling) -> None:
    row["final_order_date"] = using.day(using.chance.number(5 * 366 + 1, 12 * 365))
    row["judicial_review_date"] = ""


def _fresh_review(row: Row, using: Spoiling) -> None:
    row["final_order_date"] = using.day(using.chance.number(300, 1200))
    row["judicial_review_date"] = using.day(90 if using.chance.yes(0.34) else using.chance.number(1, 89))
    row["case_opened"] = using.day(0)


def _review_before_order(row: Row, using: Spoiling) -> None:
    row["final_order_date"] = using.day(400)
    row["judicial_review_date"] = using.day(using.chance.number(401, 900))
    row["case_opened"] = using.day(10)


def _removal_case(row: Row, _using: Spoiling) -> None:
    row["case_number"] = row["final_order_case"]


def _future_period(row: Row, using: Spoiling) -> None:
    row["taxable_periods"] = str(using.signed_on.year + using.chance.number(1, 3))


def _old_period(row: Row, using: Spoiling) -> None:
    row["taxable_periods"] = str(using.signed_on.year - using.chance.number(9, 20))


def _late_birth(row: Row, using: Spoiling) -> None:
    row["date_of_birth"] = using.day(-using.chance.number(1, 900))


REFUSE_OR_CURE = "refused|cure"
ANY_STOP = "refused|cure|judgement"
FACIAL = (
    Defect("given_name_missing", "P-13", "cure|refused", _set(given_name="")),
    Defect("family_name_missing", "P-13", "cure|refused", _set(family_name="")),
    Defect("name_missing", "P-13", "cure|refused", _set(given_name="", middle_name="", family_name="")),
    Defect(
        "name_placeholder",
        "P-13",
        ANY_STOP,
        _set(given_name="UNKNOWN", middle_name="", family_name="UNKNOWN"),
    ),
    Defect(
        "date_of_birth_malformed",
        "P-13",
        ANY_STOP,
        _one_of("date_of_birth", "1987-02-30", "1990-13-01", "unknown", "198"),
    ),
    Defect("date_of_birth_future", "P-13", ANY_STOP, _late_birth),
    Defect("tin_malformed", "P-13", ANY_STOP, _one_of("tin", "12345", "ABCDEFGHI", "0000000000", "XXX-XX-XXXX")),
    Defect("address_blank", "P-14", REFUSE_OR_CURE, _set(**dict.fromkeys(_ADDRESS, ""))),
    Defect("address_blank_but_spaces", "P-14", REFUSE_OR_CURE, _set(**dict.fromkeys(_ADDRESS, " "))),
    Defect(
        "failed_to_provide",
        "P-15",
        REFUSE_OR_CURE,
        _words_for_address("FAILED TO PROVIDE", "Failed to Provide", "failed  to provide"),
    ),
    Defect(
        "unknown_address",
        "P-15",
        REFUSE_OR_CURE,
        _words_for_address("UNKNOWN ADDRESS", "Unknown Address", "ADDRESS UNKNOWN", "UNKNOWN", "UNK"),
    ),
    Defect("na_na", "P-15", REFUSE_OR_CURE, _words_for_address("NA NA", "N/A", "NA", "N/A N/A", "n.a.")),
    Defect("dont_care", "P-15", REFUSE_OR_CURE, _words_for_address("Don't Care 12345", "DONT CARE 12345")),
    Defect(
        "placeholder_word",
        "P-15",
        REFUSE_OR_CURE,
        _line(
            "NONE GIVEN",
            "NOT PROVIDED",
            "TBD",
            "REFUSED",
            "XXXX",
            "?????",
            "NO ADDRESS",
            "DOES NOT KNOW",
            "HOMELESS",
            "TRANSIENT",
        ),
    ),
    Defect(
        "placeholder_street",
        "P-15",
        REFUSE_OR_CURE,
        _line("123 XXXX ST", "1 UNKNOWN ST", "0 NO STREET", "99 NONE AVE", "100 TBD RD"),
    ),
    Defect("zip_only", "P-16", REFUSE_OR_CURE, _zip_only),
    Defect("zero_zip", "P-16", REFUSE_OR_CURE, _set(**dict.fromkeys(_ADDRESS[:4], ""), zip="00000")),
    Defect("digits_only", "P-16", REFUSE_OR_CURE, _line("111 111 111", "00000", "99999", "123456789", "12345")),
    Defect("street_number_missing", "P-17", REFUSE_OR_CURE, _no_number),
    Defect("street_name_missing", "P-17", REFUSE_OR_CURE, _no_street),
    Defect("city_alone", "P-17", REFUSE_OR_CURE, _set(address_line_1="", address_line_2="")),
    Defect("city_missing", "P-17", ANY_STOP, _set(city="")),
    Defect("state_missing", "P-17", ANY_STOP, _set(state="")),
    Defect("zip_missing", "P-17", ANY_STOP, _set(zip="")),
    Defect("zip_of_other_state", "P-17", ANY_STOP, _other_state),
    Defect("city_not_of_zip", "P-17", ANY_STOP, _other_city),
    Defect(
        "foreign_address",
        "P-17",
        ANY_STOP,
        lambda row, using: row.update(
            dict.fromkeys(_ADDRESS, ""),
            address_line_1=using.chance.of(
                ("Av. Reforma 222, CDMX", "12 Rue de Rivoli 75001 Paris", "Calle 8 No 14, Guatemala")
            ),
            city=using.chance.of(("Mexico", "Paris", "Guatemala")),
        ),
    ),
    Defect(
        "detention_facility",
        "P-18",
        ANY_STOP,
        _line(
            "COUNTY JAIL",
            "Detention Center",
            "ICE PROCESSING CENTER",
            "c/o Adelanto Detention Center",
            "STATE PRISON",
            "Federal Correctional Institution",
        ),
    ),
    Defect(
        "requesters_own_office",
        "P-18",
        ANY_STOP,
        _set(address_line_1="500 12TH ST SW", address_line_2="", city="WASHINGTON", state="DC", zip="20536"),
    ),
    Defect("periods_missing", "P-20", REFUSE_OR_CURE, _set(taxable_periods="")),
    Defect(
        "periods_malformed",
        "P-20",
        ANY_STOP,
        _one_of("taxable_periods", "last year", "22", "2022;20x3", "2022 2023 and on"),
    ),
    Defect("periods_open", "P-20", ANY_STOP, _one_of("taxable_periods", "2022-", "all years", "2020 to present")),
    Defect("periods_future", "P-20", ANY_STOP, _future_period),
    Defect("periods_too_old", "P-20", ANY_STOP, _old_period),
    Defect("statute_missing", "P-21", REFUSE_OR_CURE, _set(statute="")),
    Defect(
        "statute_civil",
        "P-21",
        "refused",
        _one_of(
            "statute",
            "8 USC 1227(a)(1)(B)",
            "8 USC 1229a",
            "8 USC 1231(a)",
            "8 USC 1182(a)(6)",
            "8 USC 1325(b)",
        ),
    ),
    Defect(
        "statute_not_designated",
        "P-21",
        "refused",
        _one_of("statute", "18 USC 1001(a)", "26 USC 7203", "18 USC 1546(a)"),
    ),
    Defect(
        "statute_of_a_state",
        "P-21",
        "refused",
        _one_of("statute", "CAL PENAL CODE 459", "TEX PENAL CODE 30.02"),
    ),
    Defect("statute_without_subsection", "P-21", REFUSE_OR_CURE, _set(statute="8 USC 1253")),
    Defect("stage_missing", "P-22", REFUSE_OR_CURE, _set(stage="")),
    Defect(
        "stage_not_criminal",
        "P-22",
        REFUSE_OR_CURE,
        _one_of("stage", "removal", "civil enforcement", "intelligence"),
    ),
    Defect("case_number_missing", "P-22", REFUSE_OR_CURE, _set(case_number="")),
    Defect("case_number_is_the_removal_case", "P-22", ANY_STOP, _removal_case),
    Defect("case_opened_missing", "P-22", ANY_STOP, _set(case_opened="")),
    Defect("case_opened_after_signing", "P-22", ANY_STOP, _days("case_opened", -60, -1)),
    Defect("reason_missing", "P-23", REFUSE_OR_CURE, _set(reason="")),
    Defect("reason_too_short", "P-23", ANY_STOP, _one_of("reason", "immigration", "needed", "see file", "n/a")),
    Defect("final_order_date_missing", "P-24", REFUSE_OR_CURE, _set(final_order_date="")),
    Defect(
        "final_order_date_malformed",
        "P-24",
        REFUSE_OR_CURE,
        _one_of("final_order_date", "2024-13-45", "03/04/2024", "spring 2024", "2023-02-29"),
    ),
    Defect("final_order_in_the_future", "P-24", REFUSE_OR_CURE, _days("final_order_date", -300, -1)),
    Defect("final_order_of_ninety_days_or_fewer", "P-24", "refused", _fresh_order),
    Defect("final_order_case_missing", "P-24", REFUSE_OR_CURE, _set(final_order_case="")),
    Defect("court_order_of_ninety_days_or_fewer", "P-24", "refused|judgement", _fresh_review),
    Defect(
        "review_date_malformed",
        "P-24",
        ANY_STOP,
        _one_of("judicial_review_date", "yes", "2024-00-10", "pending"),
    ),
    Defect("review_before_order", "P-24", ANY_STOP, _review_before_order),
    Defect("stay_in_force", "P-24", "judgement|refused", _set(stay_in_force="yes")),
    Defect("stay_not_stated", "P-24", ANY_STOP, _set(stay_in_force="")),
    Defect("stay_not_readable", "P-24", ANY_STOP, _one_of("stay_in_force", "maybe", "unknown", "n")),
    Defect("order_basis_missing", "P-25", ANY_STOP, _set(order_basis="")),
    Defect(
        "order_basis_inadmissibility",
        "P-25",
        "judgement|refused",
        _one_of("order_basis", "8 USC 1182(a)(6)(A)(i)", "8 USC 1182(a)(7)(A)(i)(I)"),
    ),
    Defect(
        "order_basis_not_a_class",
        "P-25",
        ANY_STOP,
        _one_of("order_basis", "overstay", "8 USC 1231(a)(5)", "8 USC 1225(b)(1)"),
    ),
    Defect("final_order_older_than_five_years", "P-25", "judgement", _old_order),
    Defect("officer_missing", "P-10", REFUSE_OR_CURE, _set(officers="")),
)
"""Every defect of a single row, in the order of the predicates."""
