"""What could go wrong when two ways of writing are brought to one form."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from counterseal.identity import addresses, identifiers, names
from counterseal.identity.coding import PERSON_FIELDS, PLACE_FIELDS, code_people, code_places
from counterseal.identity.distance import edit_distance


@pytest.mark.parametrize(
    "writings",
    [
        ["123 N Main St", "123 NORTH MAIN STREET", "123 N. Main St."],
        ["201 81st St Apt 4B", "201 81ST STREET APARTMENT 4B", "201 81st St #4B", "201 81ST ST UNIT 4B"],
        ["16 N. 7th Str", "16 North Seventh Street"],
        ["HC 1 Box 34", "Highway Contract 1 Box 34", "H.C. 1, Box 34", "HC 01 BOX 34"],
        ["P.O. Box 12", "PO BOX 12", "POB 12", "Post Office Box 12", "P O BOX 0012"],
        ["PSC 802 Box 74", "PSC 802, BOX 74"],
        ["RR 2 Box 9", "Rural Route 2, Box 9", "R.R. 2 Box 9"],
        ["N6W23001 Bluemound Rd", "N6 W23001 Bluemound Road"],
        ["4545 W 700 S", "4545 West 700 South"],
        ["12 St. Clair Ave", "12 SAINT CLAIR AVENUE"],
        ["2805 MC CABE RD", "2805 McCabe Road"],
        ["960 E 3rd St.#210", "960 E THIRD STREET SUITE 210"],
        ["17 Oak St Apt2", "17 OAK STREET APT 2"],
        ["1600 Pennsylvania Ave N.W.", "1600 PENNSYLVANIA AVENUE NW"],
        ["200 Ave Ponce de Leon", "200 AVENIDA PONCE DE LEON"],
    ],
)
def test_writings_of_one_address_are_one_place(writings: list[str]) -> None:
    assert len({addresses.place(writing, "") for writing in writings}) == 1


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("12 OAK ST", "12 OAK AVE"),
        ("12 OAK ST", "12 N OAK ST"),
        ("12 OAK ST", "12 OAK ST APT 1"),
        ("12 OAK ST APT 1", "12 OAK ST APT 2"),
        ("12 OAK ST", "21 OAK ST"),
        ("PO BOX 12", "12 BOX ST"),
        ("RR 2 BOX 9", "HC 2 BOX 9"),
        ("12 1ST ST", "12 11TH ST"),
    ],
)
def test_different_addresses_are_different_places(one: str, other: str) -> None:
    assert addresses.place(one, "") != addresses.place(other, "")


def test_a_unit_on_its_own_line_is_the_unit() -> None:
    for line_2 in ("APT 4B", "#4B", "Unit 4B", "4B"):
        assert addresses.place("12 OAK ST", line_2) == addresses.place("12 OAK ST APT 4B", "")


def test_names_lose_case_accents_and_particles_but_not_letters() -> None:
    assert names.family_name("de la Cruz") == names.family_name("DELACRUZ") or (
        names.family_name("de la Cruz").whole == "DELACRUZ"
    )
    assert names.family_name("Saint John").whole == names.family_name("ST. JOHN").whole == "STJOHN"
    assert names.family_name("Núñez-O’Brien").parts == ("NUNEZ", "OBRIEN")
    assert names.family_name("Smith Jr.").suffix == "JR"
    assert names.given_name("José").whole == "JOSE"
    assert names.given_name("李").whole == "李"


@pytest.mark.parametrize(
    "word", ["", None, "   ", "UNKNOWN", "N/A", "BABY", "NO LAST NAME", "...", "123", "HEAD OF HOUSE"]
)
def test_a_word_in_a_names_place_is_no_name(word: str | None) -> None:
    assert names.given_name(word) == names.NO_NAME
    assert names.family_name(word).whole == ""


def test_nicknames_are_direct_pairs_only() -> None:
    pairs = names.nickname_pairs()
    assert ("ROBERT", "BOB") in pairs
    assert ("BOB", "ROBERT") in pairs
    assert ("FRED", "ALFRED") in pairs
    assert ("FREDERICK", "ALFRED") not in pairs


@pytest.mark.parametrize(
    "text", ["", None, "1990-02-31", "19900", "0000-00-00", "1990-13-01", "yesterday", "199O-01-01"]
)
def test_what_is_no_date_is_not_guessed(text: str | None) -> None:
    assert identifiers.date_of_birth(text) == 0


@pytest.mark.parametrize(
    "text", ["", None, "000000000", "123456789", "111111111", "12345678", "1234567890", "12-3456789x"]
)
def test_what_is_no_tin_is_not_guessed(text: str | None) -> None:
    assert identifiers.tin(text) == 0


def test_forms_of_one_date_and_one_tin_agree() -> None:
    assert {identifiers.date_of_birth(text) for text in ("1990-02-03", "19900203", "02/03/1990", "2/3/1990")} == {
        19900203
    }
    assert identifiers.tin("219-09-9999") == identifiers.tin("219099999") == 219099999


@settings(max_examples=200)
@given(st.lists(st.tuples(*[st.one_of(st.none(), st.text(max_size=40))] * 6), max_size=5))
def test_any_text_can_be_coded_as_a_person_and_as_a_place(rows: list[tuple[str | None, ...]]) -> None:
    people = {field: [row[at] for row in rows] for at, field in enumerate(PERSON_FIELDS)}
    places = {field: [row[at] for row in rows] for at, field in enumerate(PLACE_FIELDS)}
    assert len(code_people(people)) == len(code_places(places)) == len(rows)


def _plain_distance(left: str, right: str) -> int:
    """Optimal string alignment by its textbook table."""
    table = [[i + j if i * j == 0 else 0 for j in range(len(right) + 1)] for i in range(len(left) + 1)]
    for i in range(1, len(left) + 1):
        for j in range(1, len(right) + 1):
            differ = left[i - 1] != right[j - 1]
            table[i][j] = min(table[i - 1][j] + 1, table[i][j - 1] + 1, table[i - 1][j - 1] + differ)
            if i > 1 and j > 1 and left[i - 1] == right[j - 2] and left[i - 2] == right[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


@given(st.lists(st.tuples(st.text("ABC", max_size=9), st.text("ABC", max_size=9)), min_size=1, max_size=20))
def test_edit_distance_of_many_is_the_textbook_distance_of_each(pairs: list[tuple[str, str]]) -> None:
    left = np.array([one.encode() for one, _ in pairs], "S12")
    right = np.array([other.encode() for _, other in pairs], "S20")
    assert edit_distance(left, right).tolist() == [_plain_distance(one, other) for one, other in pairs]
