"""Address rules R-14 to R-18: what stands in place of an address never passes, what is one does."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from counterseal.synth.chance import Chance
from counterseal.synth.places import build_dwellings
from counterseal.synth.writing import write_address

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.agreements_content.conftest import Lines

    NotHeld = Callable[[Sequence[Lines]], list[list[str]]]

HERE = Path(__file__).parent
LEXICON = HERE.parents[1] / "agreements" / "irs-ice-2025" / "data" / "placeholders.csv"
DECORATIONS = (
    "{}", "{} 77002", "77002 {}", "{}.", "**{}**", "({})", "{}, {}", "{} - 12345", "  {}  ", "#{}", "{}!!!", '"{}"',
)  # fmt: skip


def _texts() -> list[str]:
    return (HERE / "not_addresses.txt").read_text(encoding="utf-8").splitlines()


def test_no_words_in_place_of_an_address_pass_with_a_sound_city_and_zip(not_held: NotHeld) -> None:
    texts = _texts()
    found = not_held([(text, "", "HOUSTON", "TX", "77002") for text in texts])
    assert [text for text, rules in zip(texts, found, strict=True) if not rules] == []
    assert len(set(texts)) >= 150


def test_no_words_in_place_of_an_address_pass_when_split_over_two_lines(not_held: NotHeld) -> None:
    split = [(first, rest) for first, _, rest in (text.partition(" ") for text in _texts()) if rest]
    found = not_held([(first, rest, "HOUSTON", "TX", "77002") for first, rest in split])
    assert [lines for lines, rules in zip(split, found, strict=True) if not rules] == []


def test_no_word_of_the_lexicon_passes_however_it_is_dressed(not_held: NotHeld) -> None:
    with LEXICON.open(encoding="utf-8", newline="") as file:
        words = [row["text"] for row in csv.DictReader(file) if row["scope"] == "whole"]
    dressed = [
        form.format(*[case] * form.count("{}"))
        for word in words
        for form in DECORATIONS
        for case in (word, word.title())
    ]
    found = not_held([(text, "", "HOUSTON", "TX", "77002") for text in dressed])
    assert [text for text, rules in zip(dressed, found, strict=True) if not rules] == []


def test_no_word_in_place_of_a_street_name_passes(not_held: NotHeld) -> None:
    with LEXICON.open(encoding="utf-8", newline="") as file:
        words = [row["text"] for row in csv.DictReader(file) if row["scope"] == "street"]
    forms = ("1 {} ST", "123 {} AVE", "4500 {} RD APT 2", "99 N {} DR", "7 {}", "12-34 {} BLVD")
    lines = [form.format(word) for word in words for form in forms]
    found = not_held([(text, "", "HOUSTON", "TX", "77002") for text in lines])
    assert [text for text, rules in zip(lines, found, strict=True) if not rules] == []


def test_unusual_addresses_are_addresses(not_held: NotHeld) -> None:
    with (HERE / "unusual_addresses.csv").open(encoding="utf-8", newline="") as file:
        addresses: list[Lines] = [
            (row["address_line_1"], row["address_line_2"], row["city"], row["state"], row["zip"])
            for row in csv.DictReader(file)
        ]
    found = not_held(addresses)
    assert [(address, rules) for address, rules in zip(addresses, found, strict=True) if rules] == []
    assert len(set(addresses)) >= 200


def _plain(count: int, seed: int) -> list[Lines]:
    home, chance = build_dwellings(Chance(seed, "homes"), count, 0), Chance(seed, "hands")
    written = (
        write_address(chance, {"line_1": one, "line_2": two, "city": city, "state": state, "zip": code})
        for one, two, city, state, code in zip(
            home.line_1, home.line_2, home.city, home.state, home.zip_code, strict=True
        )
    )
    return [(one["address_line_1"], one["address_line_2"], one["city"], one["state"], one["zip"]) for one in written]


def test_plain_addresses_as_offices_write_them_are_addresses(not_held: NotHeld) -> None:
    addresses = _plain(4_000, 11)
    assert [(a, rules) for a, rules in zip(addresses, not_held(addresses), strict=True) if rules] == []


@pytest.mark.long
def test_false_refusals_of_plain_addresses_stay_below_one_in_ten_thousand(not_held: NotHeld) -> None:
    addresses = _plain(200_000, 12)
    refused = [(a, rules) for a, rules in zip(addresses, not_held(addresses), strict=True) if rules]
    assert len(refused) * 10_000 < len(addresses), refused[:10]


def test_an_address_that_is_sound_but_for_its_zip_or_city_is_not_taken(not_held: NotHeld) -> None:
    """Any five digits passed in 2025."""
    spoiled: list[Lines] = [
        ("12 MAPLE ST", "", "HOUSTON", "TX", "10001"),
        ("12 MAPLE ST", "", "HOUSTON", "TX", "77999"),
        ("12 MAPLE ST", "", "HOUSTON", "TX", "00000"),
        ("12 MAPLE ST", "", "DALLAS", "TX", "77002"),
        ("12 MAPLE ST", "", "HOUSTON", "XX", "77002"),
        ("12 MAPLE ST", "", "HOUSTON", "TX", "7700"),
        ("12 MAPLE ST, DALLAS TX 75201", "", "HOUSTON", "TX", "77002"),
        ("12 MAPLE ST", "", "UNKNOWN", "TX", "77002"),
        ("12 MAPLE ST", "", "HOUSTON", "", "77002"),
    ]
    assert all(not_held(spoiled))
