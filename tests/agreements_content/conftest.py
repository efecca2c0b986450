"""The shipped agreements, and the address rules held against a table of addresses."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from counterseal.agreements import load_agreement, own_tables, reference_tables
from counterseal.agreements.compile import Compiler
from counterseal.engine.duck import DuckEngine
from counterseal.engine.reference import bring
from counterseal.intake.columns import rows_batch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from counterseal.agreements import Agreement

SHIPPED = Path(__file__).parents[2] / "agreements"
IDS = ("irs-ice-2025", "hipaa-164-512-f-2", "irs-6103-m-2")
ADDRESS = ("address_line_1", "address_line_2", "city", "state", "zip")
ADDRESS_RULES = ("R-14", "R-15", "R-16", "R-17", "R-18")
Lines = tuple[str, str, str, str, str]


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[DuckEngine]:
    with DuckEngine(memory_limit="1GB", threads=2, spill=tmp_path / "spill") as running:
        yield running


@pytest.fixture(scope="session")
def irs_ice() -> Agreement:
    return load_agreement(SHIPPED / "irs-ice-2025")


@pytest.fixture
def not_held(engine: DuckEngine, irs_ice: Agreement) -> Callable[[Sequence[Lines]], list[list[str]]]:
    """Give, for each address, the address rules that do not hold."""

    def held_against(addresses: Sequence[Lines]) -> list[list[str]]:
        compiler = Compiler(irs_ice, {fact.name: fact.example for fact in irs_ice.facts})
        rules = [rule for rule in irs_ice.screened_rules if rule.id[:4] in ADDRESS_RULES]
        count = len(addresses)
        columns = {field.name: pa.nulls(count, pa.string()) for field in irs_ice.fields}
        columns |= {
            name: pa.array([address[at] or None for address in addresses], pa.string())
            for at, name in enumerate(ADDRESS)
        }
        numbers, faults = pa.array(range(count), pa.int64()), pa.nulls(count, pa.string())
        fields = [field.name for field in irs_ice.fields]
        rows = pa.Table.from_batches([rows_batch(numbers, faults, columns, fields)])
        bring(engine, reference_tables(irs_ice))
        for name, table in own_tables(irs_ice).items():
            engine.table(name, table)
        engine.table("rows", rows)
        engine.run([*compiler.typed_rows(), *compiler.measures()])
        ruled = ", ".join(f'{compiler.rule(rule)} AS "{rule.id}"' for rule in rules)
        found = engine.rows(f"SELECT {ruled} FROM measured ORDER BY row")
        return [[rule.id for rule, held in zip(rules, row, strict=True) if held is not True] for row in found]

    return held_against
