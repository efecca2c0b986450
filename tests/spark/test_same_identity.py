"""Spark and DuckDB must mean the same person, with the same weights to the last bit."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from counterseal.flow.identify import Engine, identify_rows
from counterseal.flow.registry import build_registry
from counterseal.synth.identity_set import write_identity_set
from counterseal.vault.registry_files import RegistryFiles

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.spark


@pytest.mark.parametrize(
    ("people", "requests"), [(2_000, 3_000), pytest.param(80_000, 100_000, marks=pytest.mark.long)]
)
def test_a_request_that_spark_takes_for_another_person(tmp_path: Path, people: int, requests: int):
    write_identity_set(people, requests, 4, tmp_path)
    files = RegistryFiles(os.urandom)
    build_registry(tmp_path / "registry", tmp_path / "index", files)
    found = {}
    for engine in Engine:
        out = tmp_path / f"{engine}.parquet"
        identify_rows(tmp_path / "requests.parquet", tmp_path / "index", out, files, engine=engine)
        found[engine] = pq.read_table(out)
    one, other = found.values()
    assert one.num_rows == requests
    assert {"identified", "none"} <= set(pc.unique(one["outcome"]).to_pylist())
    assert one.equals(other)
