from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from counterseal.synth.holdings import Holdings, read_holdings
from counterseal.synth.people import World, build_world
from counterseal.synth.registry import account_ids, registry_tables, write_table

if TYPE_CHECKING:
    from pathlib import Path

SIGNED_ON = date(2026, 11, 2)


@pytest.fixture(scope="session")
def world() -> World:
    return build_world(5000, 11)


@pytest.fixture(scope="session")
def registry(world: World, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("registry")
    accounts, addresses = registry_tables(world, account_ids(world, 11))
    write_table(accounts, folder, "accounts", "parquet")
    write_table(addresses, folder, "addresses", "parquet")
    return folder


@pytest.fixture(scope="session")
def holdings(registry: Path) -> Holdings:
    return read_holdings(registry)
