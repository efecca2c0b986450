"""People who are easily taken for one another, and writings that easily hide who is meant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.identity.conftest import account, address

if TYPE_CHECKING:
    from collections.abc import Callable

    Ask = Callable[..., Callable[..., dict[str, Any]]]

HOME = {"address_line_1": "412 JUNIPER RD", "city": "YAKIMA", "state": "WA", "zip": "98901"}
HELD = address("A1", "412 JUNIPER RD")


def person(given: str, family: str, **more: str) -> dict[str, str]:
    return {"given_name": given, "family_name": family, **HOME, **more}


@pytest.mark.parametrize(
    ("registered", "asked"),
    [("LUCAS", "LUCIA"), ("JAMES", "JAMIE"), ("CAMILLE", "CAMILA"), ("LUCIA", "LUCAS"), ("DIANE", "DANIEL")],
)
def test_a_sibling_of_similar_name_is_not_a_slip_of_the_pen(ask: Ask, registered: str, asked: str) -> None:
    bearers = [account(f"N{number}", asked, "OTHERWISE") for number in range(12)]
    one = ask([account("A1", registered, "QUIMBY", middle_name="T"), *bearers], [HELD])
    assert one(**person(asked, "QUIMBY"))["outcome"] != "identified"
    assert one(**person(registered, "QUIMBY"))["account_id"] == "A1"


def test_a_slip_that_is_nobodys_name_is_a_slip(ask: Ask) -> None:
    one = ask([account("A1", "LUCAS", "QUIMBY", middle_name="T")], [HELD])
    assert one(**person("LUCSA", "QUIMBY", middle_name="T"))["account_id"] == "A1"


def test_a_father_is_not_answered_for_his_son_of_the_same_name(ask: Ask) -> None:
    """The son is not registered; suffix, middle name or date of birth tell that he is meant."""
    father = account("A1", "WARREN", "QUIMBY", suffix="SR", middle_name="T", date_of_birth="1950-04-05")
    one = ask([father], [HELD])
    for telling in ({"suffix": "JR"}, {"middle_name": "K"}, {"date_of_birth": "1981-09-10"}):
        assert one(**person("WARREN", "QUIMBY", **telling))["outcome"] != "identified"
    assert one(**person("WARREN", "QUIMBY", suffix="SR", date_of_birth="1950-04-05"))["account_id"] == "A1"


def test_father_and_son_both_registered_are_ambiguous_without_a_telling_field(ask: Ask) -> None:
    both = [
        account("A1", "WARREN", "QUIMBY", middle_name="T", date_of_birth="1950-04-05"),
        account("A2", "WARREN", "QUIMBY", middle_name="T", date_of_birth="1981-09-10"),
    ]
    one = ask(both, [HELD, address("A2", "412 JUNIPER RD")])
    assert one(**person("WARREN", "QUIMBY", middle_name="T"))["outcome"] == "ambiguous"
    assert one(**person("WARREN", "QUIMBY", date_of_birth="1981-09-10"))["account_id"] == "A2"


def test_twins_differ_by_their_given_name_alone(ask: Ask) -> None:
    twins = [
        account("A1", "DORA", "QUIMBY", date_of_birth="1990-03-04"),
        account("A2", "NORA", "QUIMBY", date_of_birth="1990-03-04"),
    ]
    one = ask(twins, [HELD, address("A2", "412 JUNIPER RD")])
    assert one(**person("DORA", "QUIMBY", date_of_birth="1990-03-04"))["account_id"] == "A1"
    assert one(**person("ZORA", "QUIMBY", date_of_birth="1990-03-04"))["outcome"] != "identified"
    assert one(**person("", "QUIMBY", date_of_birth="1990-03-04"))["outcome"] != "identified"


def test_a_surname_changed_by_marriage_needs_date_of_birth_or_tin(ask: Ask) -> None:
    one = ask([account("A1", "PHILIPPA", "QUIMBY", date_of_birth="1985-05-06", tin="612345678")], [HELD])
    assert one(**person("PHILIPPA", "ABERNATHY"))["outcome"] != "identified"
    married = person("PHILIPPA", "ABERNATHY", date_of_birth="1985-05-06", tin="612345678")
    assert one(**married)["account_id"] == "A1"


def test_given_and_family_name_exchanged_are_found(ask: Ask) -> None:
    one = ask([account("A1", "PHILIPPA", "QUIMBY", middle_name="T", date_of_birth="1985-05-06")], [HELD])
    assert one(**person("QUIMBY", "PHILIPPA", middle_name="T", date_of_birth="1985-05-06"))["account_id"] == "A1"


@pytest.mark.parametrize("written", ["GARCIA-QUIMBY", "GARCIA QUIMBY", "Garcíaquimby", "QUIMBY"])
def test_a_surname_of_two_parts_is_found_by_its_writings(ask: Ask, written: str) -> None:
    one = ask([account("A1", "PHILIPPA", "GARCIA QUIMBY", middle_name="T", date_of_birth="1985-05-06")], [HELD])
    assert one(**person("PHILIPPA", written, middle_name="T", date_of_birth="1985-05-06"))["account_id"] == "A1"


def test_an_institution_of_201_people_is_no_evidence_of_who_is_meant(ask: Ask) -> None:
    """An address that many unrelated people share says almost nothing; a sound name there still may."""
    residents = [account(f"I{number:03}", "PAT", f"RESIDENT{number}") for number in range(200)]
    homes = [address(f"I{number:03}", "412 JUNIPER RD") for number in range(200)]
    one = ask([account("A1", "JOHN", "SMITH", middle_name="T"), *residents], [HELD, *homes])
    crowded = one(**person("JOHN", "SMITH"))
    assert crowded["outcome"] != "identified"
    assert crowded["address_bits"] < 6
    assert one(**person("JON", "SMYTH"))["outcome"] != "identified"


def test_a_tin_that_two_people_use_decides_nothing_alone(ask: Ask) -> None:
    both = [
        account("A1", "PHILIPPA", "QUIMBY", tin="612345678"),
        account("A2", "ERNESTO", "VANCE", tin="612345678"),
    ]
    one = ask(both, [HELD, address("A2", "9 POPLAR CT")])
    assert one(tin="612345678")["outcome"] != "identified"
    assert one(given_name="HORATIO", family_name="BLIGH", tin="612345678")["outcome"] != "identified"
    assert one(**person("PHILIPPA", "QUIMBY", tin="612345678"))["account_id"] == "A1"


def test_name_and_tin_never_confirm_an_address(ask: Ask) -> None:
    """What was done in August 2025: name and TIN matched, and nobody looked at the address."""
    one = ask([account("A1", "PHILIPPA", "QUIMBY", tin="612345678", date_of_birth="1985-05-06")], [HELD])
    known = {
        "given_name": "PHILIPPA",
        "family_name": "QUIMBY",
        "tin": "612345678",
        "date_of_birth": "1985-05-06",
    }
    for elsewhere in (
        {},
        HOME | {"address_line_1": "77 OTHER ST"},
        {"zip": "98901"},
        {"address_line_1": "UNKNOWN"},
    ):
        assert not one(**known, **elsewhere)["address_confirmed"]
    assert one(**known, **HOME)["address_confirmed"]


def test_a_missing_zip_does_not_hide_the_address(ask: Ask) -> None:
    one = ask([account("A1", "PHILIPPA", "QUIMBY", middle_name="T")], [HELD])
    answer = one(**person("PHILIPPA", "QUIMBY", middle_name="T") | {"zip": ""})
    assert answer["account_id"] == "A1"
    assert answer["address_confirmed"]


def test_an_address_of_an_earlier_year_is_confirmed_but_not_the_latest(ask: Ask) -> None:
    earlier = address("A1", "412 JUNIPER RD", from_year=2016, to_year=2018)
    one = ask([account("A1", "PHILIPPA", "QUIMBY", middle_name="T")], [address("A1", "9 POPLAR CT"), earlier])
    answer = one(**person("PHILIPPA", "QUIMBY", middle_name="T"))
    assert (answer["account_id"], answer["address_confirmed"], answer["address_is_latest"]) == (
        "A1",
        True,
        False,
    )


@pytest.mark.parametrize(
    ("held", "stated"),
    [
        ("12 SAINT CLAIR AVE", "12 St. Clair Avenue"),
        ("PO BOX 77", "P.O. Box 77"),
        ("CALLE LUNA 14 APT 2", "Calle Luna 14, Apto 2"),
        ("200 AVE PONCE DE LEON APT 5C", "200 Avenida Ponce de León #5C"),
        ("PSC 802 BOX 74", "PSC 802, Box 74"),
        ("RR 2 BOX 9", "Rural Route 2, Box 9"),
        ("960 E 3RD ST STE 210", "960 East Third Street #210"),
        ("412 JUNIPER RD", "412 Junpier Road"),
    ],
)
def test_a_writing_of_the_held_address_is_confirmed(ask: Ask, held: str, stated: str) -> None:
    one = ask([account("A1", "PHILIPPA", "QUIMBY", date_of_birth="1985-05-06")], [address("A1", held)])
    answer = one(**person("PHILIPPA", "QUIMBY", date_of_birth="1985-05-06") | {"address_line_1": stated})
    assert (answer["account_id"], answer["address_confirmed"]) == ("A1", True)


@pytest.mark.parametrize(
    "stated",
    [
        "414 JUNIPER RD",
        "412 JUNIPER ST",
        "412 JUNIPER RD APT 2",
        "412 N JUNIPER RD",
        "JUNIPER RD",
        "412",
        "PO BOX 412",
        "",
        "UNKNOWN",
    ],
)
def test_another_number_street_or_unit_is_another_address(ask: Ask, stated: str) -> None:
    neighbour = [account("A2", "ERNESTO", "VANCE"), account("A3", "OLGA", "VANCE")]
    streets = [address("A2", "412 JUNIPER ST"), address("A3", "412 N JUNIPER RD")]
    one = ask([account("A1", "PHILIPPA", "QUIMBY", date_of_birth="1985-05-06"), *neighbour], [HELD, *streets])
    answer = one(**person("PHILIPPA", "QUIMBY", date_of_birth="1985-05-06") | {"address_line_1": stated})
    assert not answer["address_confirmed"]


def test_a_unit_left_out_is_not_confirmed(ask: Ask) -> None:
    one = ask(
        [account("A1", "PHILIPPA", "QUIMBY", date_of_birth="1985-05-06")],
        [address("A1", "9 POPLAR CT APT 3")],
    )
    stated = person("PHILIPPA", "QUIMBY", date_of_birth="1985-05-06") | {"address_line_1": "9 POPLAR CT"}
    assert not one(**stated)["address_confirmed"]


def test_another_street_of_one_slip_is_another_address(ask: Ask) -> None:
    """MARIAN and MARION are two streets of the town, so neither is a slip for the other."""
    neighbour = [account("A2", "ERNESTO", "VANCE")]
    one = ask(
        [account("A1", "PHILIPPA", "QUIMBY", date_of_birth="1985-05-06"), *neighbour],
        [address("A1", "12 MARION ST"), address("A2", "40 MARIAN ST")],
    )
    stated = person("PHILIPPA", "QUIMBY", date_of_birth="1985-05-06") | {"address_line_1": "12 MARIAN ST"}
    assert not one(**stated)["address_confirmed"]


def test_a_first_of_january_weighs_less_than_a_birthday(ask: Ask) -> None:
    common = [account(f"J{number:03}", "PAT", "OTHERWISE", date_of_birth="1970-01-01") for number in range(200)]
    born = [
        account("A1", "PHILIPPA", "QUIMBY", date_of_birth="1970-01-01"),
        account("A2", "OLGA", "VANCE", date_of_birth="1985-05-06"),
    ]
    one = ask([*born, *common], [HELD, address("A2", "9 POPLAR CT")])
    new_year = one(**person("PHILIPPA", "QUIMBY", date_of_birth="1970-01-01"))
    birthday = one(given_name="OLGA", family_name="VANCE", date_of_birth="1985-05-06")
    assert new_year["birth_bits"] < birthday["birth_bits"] - 3


@pytest.mark.parametrize(("given", "family"), [("JOSÉ", "NÚÑEZ"), ("Jose", "Nunez"), ("ŁUKASZ", "ØSTBY"), ("李", "王")])
def test_unicode_names_are_found(ask: Ask, given: str, family: str) -> None:
    one = ask([account("A1", given, family, date_of_birth="1985-05-06")], [HELD])
    assert one(**person(given.lower(), family.title(), date_of_birth="1985-05-06"))["account_id"] == "A1"


@pytest.mark.parametrize("empty", ["", None, "   ", "UNKNOWN", "\x00", "---"])
def test_empty_names_identify_nobody(ask: Ask, empty: str | None) -> None:
    one = ask([account("A1", "", ""), account("A2", "PHILIPPA", "QUIMBY", tin="612345678")], [HELD])
    assert one(**person("", "") | {"given_name": empty, "family_name": empty})["outcome"] != "identified"
    assert one(given_name=empty, family_name=empty, tin="612345678")["outcome"] != "identified"


def test_a_conflict_in_date_of_birth_is_a_veto(ask: Ask) -> None:
    one = ask([account("A1", "PHILIPPA", "QUIMBY", middle_name="T", date_of_birth="1985-05-06")], [HELD])
    answer = one(**person("PHILIPPA", "QUIMBY", middle_name="T", date_of_birth="1960-11-23"))
    assert (answer["outcome"], answer["veto"]) == ("none", "date_of_birth")


def test_a_son_under_his_fathers_number_is_his_father(ask: Ask) -> None:
    """A date of birth that is a slip of the pen is no generation away."""
    father = account("A1", "WARREN", "QUIMBY", date_of_birth="1950-04-05", tin="612345678")
    one = ask([father], [HELD])
    numbered = {"tin": "612345678"}
    for years in (12, 25, 31):
        son = person("WARREN", "QUIMBY", date_of_birth=f"{1950 + years}-09-10", **numbered)
        assert one(**son)["outcome"] != "identified"
    assert one(**person("WARREN", "QUIMBY", date_of_birth="1953-09-12", **numbered))["account_id"] == "A1"
    assert one(**person("WARREN", "QUIMBY", date_of_birth="1953-09-12"))["outcome"] != "identified"
    assert one(**person("WALDO", "QUIMBY", date_of_birth="1953-09-12", **numbered))["outcome"] != "identified"


def test_a_new_surname_written_the_wrong_way_round(ask: Ask) -> None:
    """Only where the date of birth and the TIN both agree."""
    held = account("A1", "PHILIPPA", "QUIMBY", date_of_birth="1985-05-06", tin="612345678")
    one = ask([held], [HELD])
    both = {"date_of_birth": "1985-05-06", "tin": "612345678"}
    assert one(**person("ABERNATHY", "PHILIPPA", **both))["account_id"] == "A1"
    for less in ({"date_of_birth": "1985-05-06"}, {"tin": "612345678"}, {}):
        assert one(**person("ABERNATHY", "PHILIPPA", **less))["outcome"] != "identified"
    assert one(**person("ABERNATHY", "NANETTE", **both))["outcome"] != "identified"
