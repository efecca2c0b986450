"""DuckDB under the office's rules: no network, no extension, bounded memory, spill in one known folder.

Serves ``docs/design/run.md``. The engine is handed steps and never writes rules of its own. It
promises that a step either leaves its table or raises; there is no partial answer.
"""

from __future__ import annotations

import json
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import duckdb

from counterseal.engine.sealed import SCHEME, SealedFiles
from counterseal.engine.spill import Spill
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from types import TracebackType

    import pyarrow as pa

    from counterseal.core.files import Files
    from counterseal.core.steps import Step


ROWS_AT_ONCE = 50_000
"""Rows whose lines are asked for together."""


def quoted(text: object) -> str:
    """Give ``text`` as an SQL string literal."""
    return "'" + str(text).replace("'", "''") + "'"


def name(identifier: str) -> str:
    """Give ``identifier`` as a quoted SQL name."""
    return '"' + identifier.replace('"', '""') + '"'


@contextmanager
def _plainly(step: str) -> Iterator[None]:
    """Turn the engine's failures into ours. Memory and disk are told apart; no text of the engine's is repeated."""
    try:
        yield
    except duckdb.OutOfMemoryException as failure:
        raise CountersealError(
            "engine-memory",
            f"The step {step} needs more than it may have of memory and of the disk.",
            next_step="Raise --memory-limit, or make room on the disk of the spill folder: half of it may be used.",
        ) from failure
    except duckdb.IOException as failure:
        raise CountersealError(
            "engine-files",
            f"The step {step} could not read or write its files.",
            next_step="See that the disk and the spill folder have room, and give the same command again.",
        ) from failure
    except duckdb.Error as failure:
        raise CountersealError(
            "engine-step", f"The step {step} could not be run ({type(failure).__name__})."
        ) from failure


class DuckEngine:
    """One DuckDB process with a memory limit and a spill folder.

    ``memory_limit`` is DuckDB's own (``2GB``); ``spill`` is where it may write when it needs more, None
    for nowhere. Its bound holds, and ``spilled`` is how many bytes lay there at most. The result of a step is the
    same whatever the number of threads, because no step relies on the order of rows. ``files`` says which files lie
    sealed, and opens them; without it none does.
    """

    def __init__(
        self, *, memory_limit: str = "2GB", threads: int = 2, spill: Path | None = None, files: Files | None = None
    ) -> None:
        config: dict[str, Any] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        self._spill = Spill(spill) if spill else None
        config["temp_directory"] = str(self._spill.folder) if self._spill else ""
        try:
            self._connection = duckdb.connect(config=config)
        except duckdb.Error as failure:
            self._end_spill()
            raise CountersealError(
                "engine-settings",
                "The engine does not start with these settings.",
                next_step="Give a memory limit such as 2GB.",
            ) from failure
        if self._spill is not None:  # DuckDB 2.0.0 takes no heed of the bound among the settings that it starts with
            self._connection.execute(f"SET max_temp_directory_size = '{self._spill.most >> 20}MiB'")
            self._connection.execute("SET enable_profiling = 'no_output'")  # it tells what was spilled
        self.spilled = 0
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET enable_progress_bar = false")  # it draws on standard output, past every door
        self._files = files
        if files is not None:
            self._connection.register_filesystem(SealedFiles(files))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give back memory and spill files."""
        self._connection.close()
        self._end_spill()

    def _end_spill(self) -> None:
        if self._spill is not None:
            self._spill.close()

    def table(self, table: str, source: Path | pa.Table) -> None:
        """Name a Parquet file (read in place) or an Arrow table (copied) as ``table``."""
        if hasattr(source, "schema"):
            with _plainly(table):
                self._connection.register("arriving", source)
                self._connection.execute(f"CREATE OR REPLACE TABLE {name(table)} AS FROM arriving")
                self._connection.unregister("arriving")
            return
        read = f"read_parquet({quoted(self._located(Path(source)))})"
        self._do(f"CREATE OR REPLACE VIEW {name(table)} AS FROM {read}", table)

    def run(self, steps: Iterable[Step], progress: Callable[[str, int, int], None] | None = None) -> None:
        """Run the steps in order. ``progress`` hears what each says, its number and how many there are.

        Raises CountersealError ``engine-memory`` when the limit does not suffice and ``engine-step``
        for any other failure; neither names a value of a row.
        """
        queue = tuple(steps)
        for number, step in enumerate(queue, start=1):
            if progress is not None and step.says:
                progress(step.says, number, len(queue))
            kind = "VIEW" if step.view else "TABLE"
            self._do(f"CREATE OR REPLACE {kind} {name(step.name)} AS {step.sql}", step.name)
            self._note_spilled()

    def _note_spilled(self) -> None:
        """Note how many bytes lay on the disk at most while the last statement ran."""
        if self._spill is not None:
            told = json.loads(self._connection.get_profiling_information(format="json"))
            self.spilled = max(self.spilled, int(told.get("system", {}).get("peak_temp_dir_size", 0)))  # none of a view

    def _do(self, sql: str, what: str, parameters: Sequence[object] = ()) -> duckdb.DuckDBPyConnection:
        given = [self._located(one) if isinstance(one, Path) else one for one in parameters]
        with _plainly(what):
            return self._connection.execute(sql, given)

    def _located(self, path: Path) -> str:
        """Give the name under which the engine reads a file."""
        sealed = self._files is not None and self._files.covers(path)
        return f"{SCHEME}://{path.resolve()}" if sealed else str(path)

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Give the result of a query, for answers that are small by their nature. Raises as ``run`` does.

        A parameter that is a Path is a file to be read, wherever and however it lies.
        """
        told = self._do(sql, "of reading", parameters)
        with _plainly("of reading"):
            return told.fetchall()

    def records(self, sql: str, parameters: Sequence[object] = ()) -> list[dict[str, Any]]:
        """Give the result of a query by column, for answers that are small by their nature."""
        told = self._do(sql, "of reading", parameters)
        names = [column[0] for column in told.description or ()]
        with _plainly("of reading"):
            return [dict(zip(names, row, strict=True)) for row in told.fetchall()]

    def beside(self) -> DuckEngine:
        """Give an engine on the same process, for another thread: it costs no start, and its end ends only itself."""
        other = object.__new__(DuckEngine)
        other._connection = self._connection.cursor()
        other._connection.execute("SET TimeZone = 'UTC'")
        other._files = self._files
        other._spill = None
        other.spilled = 0
        return other

    def write_parquet(self, sql: str, path: Path) -> None:
        """Write the result of a query as Parquet, in row groups of 100,000 or of 64 MB in memory, to ``path``.

        Without the second bound rows that fail every rule, with thirty reasons each, would outgrow the limit.
        """
        form = "FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 100000, ROW_GROUP_SIZE_BYTES '64MB'"
        target = self._located(path)
        if target.startswith(SCHEME):  # its key holds for its own name alone
            form += ", USE_TMP_FILE false"
        self._do(f"COPY ({sql}) TO {quoted(target)} ({form})", path.name)
        self._note_spilled()

    def lines(self, sql: str, rows: int) -> Iterator[str]:
        """Give the one text column of a query over rows 1 to ``rows``, a line each, in order.

        The query takes the first and the last row that it is of. It is asked part after part: the lines of millions
        of rows lie nowhere together, and are not sorted. Raises CountersealError ``engine-step`` when one is missing.
        """
        for first in range(1, rows + 1, ROWS_AT_ONCE):
            last = min(first + ROWS_AT_ONCE - 1, rows)
            found = self.rows(sql, [first, last])
            if len(found) != last - first + 1:
                raise CountersealError("engine-step", f"Rows {first} to {last} have {len(found)} lines.")
            for (line,) in found:
                yield line + "\n"

    def write_lines(self, sql: str, path: Path, rows: int) -> None:
        """Write what ``lines`` gives to ``path``, as UTF-8."""
        with path.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(self.lines(sql, rows))
