"""Registries: the same everywhere, places that exist, and every case that makes identity hard."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest
import zipcodes
from pyarrow import parquet

from counterseal.errors import CountersealError
from counterseal.synth.chance import Chance
from counterseal.synth.holdings import read_holdings
from counterseal.synth.people import FIRST_YEAR, LAST_YEAR, build_world
from counterseal.synth.places import real_zips
from counterseal.synth.registry import CANARY, account_ids, read_table, registry_tables, write_table

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.synth.holdings import Holdings
    from counterseal.synth.people import World


def digest(value: object) -> str:
    """SHA-256 of values, not of file bytes: those change with the Parquet writer."""
    return hashlib.sha256(json.dumps(value, ensure_ascii=False).encode()).hexdigest()


def test_chance_that_differs_from_machine_to_machine():
    chance = Chance(7, "a", "b")
    drawn = [chance.below(3, 1000).tolist(), chance.order(5).tolist(), chance.number(1, 6), chance.of("abcdef")]

    assert drawn == GOLDEN_DRAWS
    assert Chance(7, "a", "c").below(3, 1000).tolist() != drawn[0]


def test_a_registry_that_differs_from_machine_to_machine():
    world = build_world(600, 3)
    accounts, addresses = registry_tables(world, account_ids(world, 3))

    assert digest([accounts.to_pylist(), addresses.to_pylist()]) == GOLDEN_REGISTRY


def test_another_seed_that_gives_the_same_people():
    assert build_world(200, 1).family_name.tolist() != build_world(200, 2).family_name.tolist()


def test_a_city_that_its_zip_does_not_have(registry: Path):
    names = {}
    for place in zipcodes.list_all():
        names[place["zip_code"]] = (place["city"].upper(), place["state"], place["active"])
    for row in parquet.read_table(registry / "addresses.parquet").select(["city", "state", "zip"]).to_pylist():
        assert names[row["zip"]] == (row["city"], row["state"], True)


def test_an_account_without_address_or_an_address_without_account(registry: Path):
    accounts = parquet.read_table(registry / "accounts.parquet")["account_id"].to_pylist()
    addresses = parquet.read_table(registry / "addresses.parquet")

    assert len(set(accounts)) == len(accounts)
    assert set(addresses["account_id"].to_pylist()) == set(accounts)


def test_spans_that_overlap_or_run_backwards(registry: Path):
    spans = {}
    for row in parquet.read_table(registry / "addresses.parquet").to_pylist():
        assert FIRST_YEAR <= row["from_year"] <= row["to_year"] <= LAST_YEAR
        spans.setdefault(row["account_id"], []).append((row["from_year"], row["to_year"]))
    for held in spans.values():
        held.sort()
        assert all(before[1] < after[0] for before, after in pairwise(held))


def test_a_hard_case_that_never_occurs(world: World, holdings: Holdings):
    """Each kind of person and place that a matcher stumbles over is there."""
    lines = holdings.address["line_1"].tolist()

    assert world.twin.any()
    assert world.named_after.any()
    assert {"JR", "SR"} <= set(world.suffix.tolist())
    assert 0.05 < 1 - world.has_account[np.array([d[:4] < "2005" for d in world.date_of_birth])].mean() < 0.25
    assert 100 <= holdings.residents.max() <= 200
    assert any(name != name.encode("ascii", "ignore").decode() for name in holdings.account["family_name"])
    assert any(" " in name or "-" in name for name in holdings.account["family_name"])
    assert any(tin.startswith("9") for tin in holdings.account["tin"])
    assert holdings.borrowed_tin.any()
    assert holdings.same_name_here.any()
    assert holdings.twin_here.any()
    for start in ("PO BOX ", "RR ", "HC ", "PSC "):
        assert any(line.startswith(start) for line in lines), start
    assert {"PR", "AP", "AE"} <= set(holdings.address["state"].tolist())
    assert "" in holdings.account["date_of_birth"]


def test_two_people_given_one_number_by_accident():
    """Numbers repeat only where one was borrowed (one person in a hundred)."""
    counts = Counter(build_world(20_000, 5).tin.tolist())

    assert sum(count - 1 for count in counts.values()) < 20_000 * 0.015


def test_numbers_that_are_no_taxpayer_numbers(holdings: Holdings):
    for tin in holdings.account["tin"].tolist():
        assert len(tin) == 9
        assert tin[:3] not in {"000", "666"}
        assert tin[3:5] != "00"
        assert tin[5:] != "0000"


def test_the_canary_in_every_registry(registry: Path):
    first = parquet.read_table(registry / "accounts.parquet").slice(0, 1).to_pylist()[0]

    assert first["family_name"] == "ZZYZXWORTH"
    assert first["tin"] == CANARY["tin"]


def test_csv_and_parquet_that_differ(registry: Path, tmp_path: Path):
    for name in ("accounts", "addresses"):
        table = read_table(registry, name)
        write_table(table, tmp_path, name, "csv")
        assert read_table(tmp_path, name).to_pylist() == table.to_pylist()


def test_a_registry_that_is_not_there(tmp_path: Path):
    with pytest.raises(CountersealError) as raised:
        read_holdings(tmp_path)
    assert raised.value.code == "synth-no-registry"


def test_a_mail_territory_among_the_states():
    assert not {"PR", "AE", "GU"} & set(real_zips()[0].state.tolist())


GOLDEN_DRAWS: list[object] = [[900, 715, 838], [1, 2, 0, 3, 4], 1, "f"]
GOLDEN_REGISTRY = "8f08b5ea56ffdf7be517e94416331b2115474d4145e4d1cf42e4f03a395e0e24"
