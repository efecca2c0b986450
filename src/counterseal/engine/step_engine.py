"""What an act asks of an engine, whichever of the two it is given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import pyarrow as pa

    from counterseal.core.steps import Step


class StepEngine(Protocol):
    """Runs compiled steps over named tables and writes what they leave."""

    def table(self, table: str, source: Path | pa.Table) -> None:
        """Name a Parquet file or an Arrow table as ``table``."""

    def run(self, steps: Iterable[Step], progress: Callable[[str, int, int], None] | None = None) -> None:
        """Run the steps in order; each leaves its table, or CountersealError is raised."""

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Give the result of a query, for answers that are small by their nature."""

    def write_parquet(self, sql: str, path: Path) -> None:
        """Write the result of a query as one Parquet file, in the query's order."""
