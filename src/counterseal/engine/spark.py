"""Spark under the office's rules: the steps that DuckDB runs, on as many machines as there are.

The same calls as ``DuckEngine``, so that an act need not know which of the two it is given. Every table of a
step is written to the spill folder as Parquet, which cuts the plan and lets a lost executor be replaced; on a
cluster that folder must be one that every executor can read and write.
"""

from __future__ import annotations

import itertools
import logging
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from counterseal.engine.spark_dialect import to_spark
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from counterseal.core.steps import Step

ROW_GROUP = 100_000


class SparkEngine:
    """One Spark session, local on ``threads`` cores unless SPARK_MASTER or the cluster's own settings say otherwise.

    ``memory_limit`` is written as for DuckDB (``2GB``) and bounds the heap of the driver, which is all there is
    in local mode. Raises CountersealError ``spark-missing`` where Spark is not installed, ``spark-failed``
    where it does not start.
    """

    def __init__(self, *, memory_limit: str = "2GB", threads: int = 2, spill: Path | None = None) -> None:
        try:
            from pyspark.sql import SparkSession  # noqa: PLC0415  # an extra, wanted only here
        except ImportError as failure:
            raise missing() from failure
        self._spill = Path(tempfile.mkdtemp(prefix="counterseal-spark-", dir=spill))
        settings = {
            "spark.app.name": "counterseal screen",
            "spark.driver.memory": memory_limit.strip().lower().removesuffix("b"),
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.sql.session.timeZone": "UTC",
            "spark.sql.ansi.enabled": "true",
            "spark.sql.adaptive.enabled": "true",
            "spark.sql.adaptive.skewJoin.enabled": "true",
            "spark.sql.files.maxPartitionBytes": "32m",
            "spark.sql.parquet.compression.codec": "zstd",
            "spark.sql.warehouse.dir": str(self._spill / "warehouse"),
            "spark.local.dir": str(self._spill),
            "spark.driver.extraJavaOptions": "-Dlog4j2.level=OFF",
        }
        logging.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL)  # it would tell a whole query
        builder = SparkSession.builder
        for key, value in settings.items():
            builder = builder.config(key, value)
        try:
            self._session: Any = builder.master(f"local[{threads}]").getOrCreate()
            self._session.sparkContext.setLogLevel("OFF")
        except Exception as failure:
            shutil.rmtree(self._spill, ignore_errors=True)
            raise failed("start", failure) from failure
        self.spilled = None  # it does not tell
        self._numbers = itertools.count(1)
        self._types: dict[str, dict[str, str]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop Spark and give back its files."""
        self._session.stop()
        shutil.rmtree(self._spill, ignore_errors=True)

    def table(self, table: str, source: Path | pa.Table) -> None:
        """Name a Parquet file (read in place) or an Arrow table (written to the spill folder) as ``table``."""
        path = source
        if isinstance(source, pa.Table):
            path = self._spill / f"given-{table}.parquet"
            pq.write_table(source, path)
        self._name(table, self._session.read.parquet(str(path)))

    def run(self, steps: Iterable[Step], progress: Callable[[str, int, int], None] | None = None) -> None:
        """Run the steps in order, as ``DuckEngine.run`` does.

        Raises CountersealError ``spark-failed``, which names the step and no value of a row.
        """
        queue = tuple(steps)
        for number, step in enumerate(queue, start=1):
            if progress is not None and step.says:
                progress(step.says, number, len(queue))
            try:
                found = self._query(step.sql)
                if not step.view:
                    path = str(self._spill / f"step-{next(self._numbers):05}")
                    found.write.parquet(path)
                    found = self._session.read.parquet(path)
                self._name(step.name, found)
            except CountersealError:
                raise
            except Exception as failure:
                raise failed(f"run the step {step.name}", failure) from failure

    def _name(self, table: str, frame: Any) -> None:
        frame.createOrReplaceTempView(table)
        self._types[table.lower()] = dict(frame.dtypes)

    def _query(self, sql: str) -> Any:
        return self._session.sql(to_spark(sql, self._columns))

    def _columns(self, table: str) -> Mapping[str, str]:
        return self._types.get(table.lower(), {})

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Give the result of a query, for answers that are small by their nature."""
        try:
            return [tuple(row) for row in self._query(sql).collect()]
        except CountersealError:
            raise
        except Exception as failure:
            raise failed("answer a query", failure) from failure

    def write_parquet(self, sql: str, path: Path) -> None:
        """Write the result of a query as one Parquet file, in row groups of 100,000, in the query's order."""
        parts = self._spill / f"parts-{path.name}"
        try:
            self._query(sql).write.mode("overwrite").parquet(str(parts))
        except CountersealError:
            raise
        except Exception as failure:
            raise failed(f"write {path.name}", failure) from failure
        files = sorted(parts.glob("part-*.parquet"))
        schema = pq.read_schema(files[0])
        with pq.ParquetWriter(path, schema.remove_metadata(), compression="zstd") as writer:
            for file in files:
                for batch in pq.ParquetFile(file).iter_batches(ROW_GROUP):
                    writer.write_batch(batch)
        shutil.rmtree(parts)


def missing() -> CountersealError:
    """The error of an installation without Spark."""
    return CountersealError(
        "spark-missing",
        "Spark is not installed.",
        next_step="pip install 'counterseal[spark]', and a Java runtime of version 17 or later.",
    )


def failed(what: str, failure: Exception) -> CountersealError:
    """The error of a job that did not end; the cause's own words are left out, because they may hold a value."""
    return CountersealError("spark-failed", f"Spark could not {what} ({type(failure).__name__}).")
