"""What could go wrong between two source tables and an index."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.identity.conftest import FILES, account, address, strangers, write_source

from counterseal.errors import CountersealError
from counterseal.flow.registry import build_registry
from counterseal.identity.index import open_registry

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.identity.sealed_array import SealedArray


def same(one: SealedArray, other: SealedArray) -> bool:
    return len(one) > 0 and np.array_equal(one.span(0, len(one)), other.span(0, len(other)))


def test_the_index_is_the_same_whatever_the_order_of_the_source(tmp_path: Path) -> None:
    accounts, addresses = strangers(300)
    for name, turn in (("straight", 1), ("turned", -1)):
        write_source(tmp_path / name, accounts[::turn], addresses[::turn])
        build_registry(tmp_path / name, tmp_path / f"{name}.index", FILES)
    straight, turned = (open_registry(tmp_path / f"{name}.index", FILES) for name in ("straight", "turned"))
    assert same(straight.accounts, turned.accounts)
    assert same(straight.filed, turned.filed)


def test_csv_and_parquet_give_the_same_index(tmp_path: Path) -> None:
    accounts, addresses = strangers(50)
    write_source(tmp_path / "parquet", accounts, addresses)
    (tmp_path / "csv").mkdir()
    for name, rows in (("accounts", accounts), ("addresses", addresses)):
        lines = [",".join(rows[0]), *(",".join(str(cell) for cell in row.values()) for row in rows)]
        (tmp_path / "csv" / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for form in ("parquet", "csv"):
        build_registry(tmp_path / form, tmp_path / f"{form}.index", FILES)
    parquet, csv = (open_registry(tmp_path / f"{form}.index", FILES) for form in ("parquet", "csv"))
    assert same(parquet.accounts, csv.accounts)
    assert same(parquet.addresses, csv.addresses)


@pytest.mark.parametrize(
    ("accounts", "addresses", "where"),
    [
        ([account("", "JOHN", "DOE")], [], "accounts.parquet, row 1, column account_id"),
        ([account("A", "J", "D"), account("A", "J", "D")], [], "accounts.parquet, row 2, column account_id"),
        ([account("A", "J", "D")], [address("B", "1 OAK ST")], "addresses.parquet, row 1, column account_id"),
        (
            [account("A", "J", "D")],
            [address("A", "1 OAK ST", to_year=2001)],
            "addresses.parquet, row 1, column to_year",
        ),
        (
            [account("A", "J", "D")],
            [address("A", "1 OAK ST", from_year=0)],
            "addresses.parquet, row 1, column from_year",
        ),
    ],
)
def test_a_row_that_the_index_cannot_rely_on_is_named(
    tmp_path: Path, accounts: list[dict[str, Any]], addresses: list[dict[str, Any]], where: str
) -> None:
    source = write_source(tmp_path / "source", accounts, addresses)
    with pytest.raises(CountersealError) as raised:
        build_registry(source, tmp_path / "index", FILES)
    assert raised.value.where == where
    assert not (tmp_path / "index").exists()
    assert not (tmp_path / "index.building").exists()


def test_a_missing_column_and_a_missing_table_are_named(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", [account("A", "J", "D")], [])
    (source / "addresses.parquet").unlink()
    with pytest.raises(CountersealError, match=r"no addresses\.parquet"):
        build_registry(source, tmp_path / "index", FILES)
    (source / "addresses.csv").write_text("account_id,line_1\nA,1 OAK ST\n", encoding="utf-8")
    with pytest.raises(CountersealError, match="The column line_2 is missing"):
        build_registry(source, tmp_path / "index", FILES)


def test_a_ragged_csv_is_refused_without_showing_its_cells(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", [account("A", "J", "D")], [])
    (source / "accounts.parquet").unlink()
    header = "account_id,tin,given_name,middle_name,family_name,suffix,date_of_birth"
    (source / "accounts.csv").write_text(f"{header}\nA,,JOHN,,DOE,,\nB,1,SECRETNAME,,,,,,,x\n", encoding="utf-8")
    with pytest.raises(CountersealError) as raised:
        build_registry(source, tmp_path / "index", FILES)
    assert "SECRETNAME" not in str(raised.value)
    assert raised.value.code == "registry-unreadable"


def test_an_index_never_replaces_a_folder_that_is_none(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source", *strangers(5))
    (tmp_path / "index").mkdir()
    with pytest.raises(CountersealError) as raised:
        build_registry(source, tmp_path / "index", FILES)
    assert raised.value.code == "registry-target"


def test_malformed_numbers_and_dates_are_counted_not_guessed(tmp_path: Path) -> None:
    odd = account("A", "JOHN", "DOE", tin="12345678X", date_of_birth="1990-02-31")
    about = build_registry(write_source(tmp_path / "source", [odd], [address("A", "")]), tmp_path / "index", FILES)
    assert about["left_out"] == {"malformed tin": 1, "malformed date_of_birth": 1, "unreadable address": 1}


def test_an_empty_registry_opens_and_answers_none(tmp_path: Path) -> None:
    build_registry(write_source(tmp_path / "source", [], []), tmp_path / "index", FILES)
    assert open_registry(tmp_path / "index", FILES).size == 0
