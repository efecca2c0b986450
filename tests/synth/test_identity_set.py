"""Identity sets: labels that hold, levels that differ, absent people who are absent."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import pytest
from pyarrow import parquet
from tests.synth.test_registry import digest

from counterseal.synth.chance import Chance
from counterseal.synth.identity_set import REQUEST_FIELDS, absent_pools, evidence_class, write_identity_set
from counterseal.synth.noise import SLIPS, slipped, turned_date, wrong_date, wrong_digits

if TYPE_CHECKING:
    from collections.abc import Callable

    from counterseal.synth.people import World

Made = dict[str, list[dict]]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("set")
    write_identity_set(4000, 6000, 8, folder)
    read = {name: parquet.read_table(folder / f"{name}.parquet") for name in ("requests", "truth", "registry/accounts")}
    return {name: table.to_pylist() for name, table in read.items()}


def test_a_set_that_differs_from_machine_to_machine(made: Made):
    assert digest([made["requests"], made["truth"]]) == GOLDEN_SET


def test_a_label_that_does_not_hold(made: Made):
    accounts = {row["account_id"]: row for row in made["registry/accounts"]}
    agree = Counter()
    for request, truth in zip(made["requests"], made["truth"], strict=True):
        assert tuple(request) == REQUEST_FIELDS
        assert request["request_ref"] == truth["request_ref"]
        assert truth["evidence"] == evidence_class(request)
        assert (truth["kind"] == "present") == (truth["account_id"] in accounts)
        if truth["account_id"]:
            account = accounts[truth["account_id"]]
            agree[truth["level"]] += request["family_name"] == account["family_name"]
        else:
            assert truth["account_id"] == ""

    assert agree[1] > agree[2] > agree[3] > 0


def test_an_absent_person_who_is_registered(world: World):
    for kind, people in absent_pools(world).items():
        assert len(people), kind
        assert not world.has_account[people].any()


def test_a_kind_of_absent_person_that_never_occurs(made: Made):
    kinds = Counter(row["kind"] for row in made["truth"])

    assert 0.63 < kinds["present"] / len(made["truth"]) < 0.70
    assert set(kinds) == {
        "present", "random", "relative_same_household", "same_name_stranger", "same_name_same_household", "twin",
    }  # fmt: skip


def test_what_a_level_leaves_out(made: Made):
    given = Counter()
    for request, truth in zip(made["requests"], made["truth"], strict=True):
        given[truth["level"], "tin"] += bool(request["tin"])
        given[truth["level"], "zip"] += bool(request["zip"])

    assert given[3, "tin"] == 0
    assert given[1, "tin"] > given[2, "tin"] > 0
    assert given[1, "zip"] > given[2, "zip"] > given[3, "zip"]


@pytest.mark.parametrize("slip", [*SLIPS, slipped])
def test_a_slip_that_breaks_on_a_short_or_strange_word(slip: Callable[[Chance, str], str]):
    chance = Chance(1, "slips")
    for word in ("", "A", "AB", "MUÑOZ", "O'NEIL", "12", "ST", "PHILLIPS"):
        results = {slip(chance, word) for _ in range(50)}
        assert all(isinstance(one, str) for one in results)
        assert word in {"", "A"} or results != {word}


def test_a_date_that_is_none_after_a_slip():
    from datetime import date

    chance = Chance(2, "dates")
    for text in ("1988-02-29", "1990-12-31", "2001-01-01"):
        for _ in range(200):
            date.fromisoformat(wrong_date(chance, text))
    assert turned_date("1990-03-07") == "1990-07-03"
    assert turned_date("1990-03-17") == "1990-03-17"
    assert wrong_digits(chance, "NO DIGITS") == "NO DIGITS"
    assert len(wrong_digits(chance, "123456789")) == 9


GOLDEN_SET = "6928db1d5426b5e9970a30b14c72fdcaed4d5af058603c47c118753cab55847b"
