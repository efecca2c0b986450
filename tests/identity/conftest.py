"""A small registry of synthetic people in a town of strangers, and a way to ask it one question."""

from __future__ import annotations

import functools
import os
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from counterseal.engine.identity_source import ACCOUNT_COLUMNS, ADDRESS_COLUMNS
from counterseal.flow.registry import build_registry
from counterseal.identity.answer import REQUEST_FIELDS, answer_requests
from counterseal.identity.index import open_registry
from counterseal.identity.model import load_model
from counterseal.vault.registry_files import RegistryFiles

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

FILES = RegistryFiles(os.urandom)
"""Opens the indexes of a test, each by the key beside it."""
GIVEN = (
    "JOHN",
    "MARY",
    "ALAN",
    "RUTH",
    "PETER",
    "GRACE",
    "HENRY",
    "ALICE",
    "OSCAR",
    "NORA",
    "WALTER",
    "EDITH",
)
FAMILY = (
    "SMITH",
    "JONES",
    "KELLY",
    "BAKER",
    "NOVAK",
    "LINDEN",
    "FISCHER",
    "PORTER",
    "WEBB",
    "VARGAS",
    "HOLT",
)
STREETS = ["MAPLE ST", "OAK AVE", "CEDAR LN", "2ND ST", "LAKE VIEW TER", "HILLCREST DR"]
TOWNS = [
    ("YAKIMA", "WA", "98901"),
    ("SEATTLE", "WA", "98107"),
    ("EVERETT", "WA", "98203"),
    ("TACOMA", "WA", "98402"),
]


def strangers(count: int, seed: int = 7) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Make ``count`` accounts of one person a house, the same for the same seed."""
    accounts, addresses = _strangers(count, seed)
    return [dict(one) for one in accounts], [dict(one) for one in addresses]


@functools.cache
def _strangers(count: int, seed: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    chance = random.Random(seed)  # noqa: S311  # for making people up, not for keys
    accounts, addresses = [], []
    for number in range(count):
        account = f"S{number:06}"
        town, state, zip_code = chance.choice(TOWNS)
        birth = f"{chance.randint(1940, 2000)}-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        accounts.append(
            {
                "account_id": account,
                "tin": f"{chance.randint(100, 665)}{chance.randint(10, 99)}{chance.randint(1000, 9999)}",
                "given_name": chance.choice(GIVEN),
                "middle_name": chance.choice("ABCDEFGHJKLMNPRSTW"),
                "family_name": chance.choice(FAMILY) + chance.choice(("", "", "SON", "ER", "MAN", "LEY", "FORD")),
                "suffix": "",
                "date_of_birth": birth,
            }
        )
        addresses.append(
            {
                "account_id": account,
                "line_1": f"{chance.randint(1, 9000)} {chance.choice(STREETS)}",
                "line_2": "",
                "city": town,
                "state": state,
                "zip": zip_code,
                "from_year": 2020,
                "to_year": 2024,
            }
        )
    return accounts, addresses


def write_source(folder: Path, accounts: list[dict[str, Any]], addresses: list[dict[str, Any]]) -> Path:
    """Write the two source tables of a registry as Parquet."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns, rows in (
        ("accounts", ACCOUNT_COLUMNS, accounts),
        ("addresses", ADDRESS_COLUMNS, addresses),
    ):
        table = {
            column: pa.array([row.get(column, "") for row in rows], pa.int64() if "year" in column else pa.string())
            for column in columns
        }
        pq.write_table(pa.table(table), folder / f"{name}.parquet")
    return folder


BUILT: dict[str, Path] = {}


@pytest.fixture
def ask(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Callable[..., dict[str, Any]]]:
    """Give ``ask(accounts, addresses)``: a registry of those among strangers, to be asked field by field.

    It is made once for the same accounts and addresses, and opened anew.
    """

    def make(
        accounts: list[dict[str, Any]], addresses: list[dict[str, Any]], among: int = 2000
    ) -> Callable[..., dict[str, Any]]:
        registered = repr((accounts, addresses, among))
        if registered not in BUILT:
            others, elsewhere = strangers(among)
            folder = tmp_path_factory.mktemp("asked")
            source = write_source(folder / "source", accounts + others, addresses + elsewhere)
            build_registry(source, folder / "registry", FILES)
            BUILT[registered] = folder / "registry"
        index = open_registry(BUILT[registered], FILES)
        model = load_model()

        def one(**fields: str | None) -> dict[str, Any]:
            columns = {name: [fields.get(name, "")] for name in REQUEST_FIELDS}
            return {name: next(iter(values)) for name, values in answer_requests(index, model, columns).items()}

        return one

    return make


def account(account_id: str, given: str, family: str, **more: str) -> dict[str, Any]:
    """Make one account, every field not given empty."""
    return {"account_id": account_id, "given_name": given, "family_name": family, **more}


def address(account_id: str, line_1: str, **more: Any) -> dict[str, Any]:
    """Make one address in Yakima, held from 2020 to 2024 unless said otherwise."""
    place = {"city": "YAKIMA", "state": "WA", "zip": "98901", "from_year": 2020, "to_year": 2024}
    return {"account_id": account_id, "line_1": line_1, **place, **more}
