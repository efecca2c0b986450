"""The act of asking, for each request of a file, whether it means exactly one account."""

from __future__ import annotations

import tempfile
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from counterseal.core.files import PlainFiles
from counterseal.core.steps import Engine
from counterseal.engine.spark_identity import answer_on_spark
from counterseal.errors import CountersealError
from counterseal.identity.answer import REQUEST_FIELDS
from counterseal.identity.answer_table import answer_table
from counterseal.identity.index import RegistryIndex, open_registry
from counterseal.identity.model import load_model

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Future

    from counterseal.core.files import Files, PieceFiles
    from counterseal.identity.model import Model

    Progress = Callable[[str, int, int], None]

_BATCH = 10_000
_WORKERS = 2


def identify_rows(
    requests: Path,
    registry: Path,
    out: Path,
    registries: PieceFiles,
    *,
    model: Model | None = None,
    engine: Engine = Engine.DUCKDB,
    files: Files | None = None,
    progress: Progress | None = None,
) -> dict[str, int]:
    """Answer every request of a Parquet or CSV file into ``out``; count the words given.

    ``out`` is Parquet, or CSV where its name ends so.

    Requests carry ``request_ref`` and the eleven fields, all text; a column ``row`` is carried through
    and then is the key. As many rows come out as went in, in their order. ``registries`` opens the index, ``files``
    the requests and the answers where they are a batch's. Raises CountersealError for a file that cannot be read or
    lacks a column; then nobody is identified, and no answer is left.
    """
    if out.resolve() == requests.resolve():
        raise CountersealError(
            "out-is-input", "The answers would be written over the requests.", where=str(out),
            next_step="Name another file.",
        )  # fmt: skip
    if not out.parent.is_dir():
        raise CountersealError(
            "folder-missing", "There is no such folder.", where=str(out.parent), next_step="Make it, or name another."
        )
    index, chosen = open_registry(registry, registries), model or load_model()
    counts: Counter[str] = Counter()
    place = files or PlainFiles()
    total = _count(requests, place)
    partial = out if place.covers(out) else out.with_name(out.name + ".partial")
    writer: pq.ParquetWriter | pa_csv.CSVWriter | None = None
    with tempfile.TemporaryDirectory(dir=out.parent) as scratch, place.create(partial) as file:
        if engine is Engine.SPARK:
            answers = _on_spark(requests, registry, registries, index, chosen, Path(scratch).resolve())
        else:
            answers = _on_threads(index, chosen, read_requests(requests, place))
        try:
            for answer in answers:
                if writer is None:
                    writer = _writer(out, file, answer.schema)
                writer.write_table(answer)
                counts.update(answer.column("outcome").to_pylist())
                if progress is not None:
                    progress("Identifying", counts.total(), max(total, counts.total()))
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        finally:
            if writer is not None:
                writer.close()
    if partial != out:
        partial.replace(out)
    return {word: counts[word] for word in ("identified", "ambiguous", "none")}


def _writer(out: Path, file: IO[bytes], schema: pa.Schema) -> pq.ParquetWriter | pa_csv.CSVWriter:
    if out.suffix.lower() == ".csv":
        return pa_csv.CSVWriter(file, schema)
    return pq.ParquetWriter(file, schema, compression="zstd")


def _on_spark(
    requests: Path, registry: Path, registries: PieceFiles, index: RegistryIndex, model: Model, scratch: Path
) -> Iterator[pa.Table]:
    """Stage the requests, a batch a row group, let Spark answer them, and give the answers in order."""
    staged, batches = scratch / "requests.parquet", read_requests(requests, PlainFiles())
    first = next(batches)  # of no rows: it gives the columns
    yield answer_table(index, model, first)
    count = 0
    with pq.ParquetWriter(staged, first.schema) as writer:
        for count, batch in enumerate(batches, start=1):  # noqa: B007  # the last one is the count
            writer.write_table(batch, row_group_size=_BATCH)
    for answered in answer_on_spark(staged, count, registry.resolve(), registries, model.to_json(), scratch):
        yield pq.read_table(answered)


def _on_threads(index: RegistryIndex, model: Model, batches: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """Answer batch after batch, two at once, in their order; never more than that in memory."""
    with ThreadPoolExecutor(_WORKERS) as pool:
        waiting: deque[Future[pa.Table]] = deque()
        for batch in batches:
            waiting.append(pool.submit(answer_table, index, model, batch))
            if len(waiting) > _WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _count(path: Path, files: Files) -> int:
    if not _is_parquet(path, files):
        return 0
    with files.open(path) as file:
        return int(pq.read_metadata(file).num_rows)


def _is_parquet(path: Path, files: Files) -> bool:
    try:
        with files.open(path) as file:
            return file.read(4) == b"PAR1"
    except OSError as failure:
        raise CountersealError(
            "requests-unreadable",
            "The requests cannot be read.",
            where=str(path),
            next_step="Give a Parquet or CSV file.",
        ) from failure


def read_requests(path: Path, files: Files) -> Iterator[pa.Table]:
    """Give the requests of a file in batches, every field as text; at least one batch, of no rows at first."""
    try:
        if _is_parquet(path, files):
            file = pq.ParquetFile(files.open(path))
            names = _wanted(file.schema_arrow.names, path)
            empty = pa.table({name: pa.array([], file.schema_arrow.field(name).type) for name in names})
            yield _as_text(empty)
            for batch in file.iter_batches(_BATCH, columns=names):
                yield _as_text(pa.Table.from_batches([batch]))
            return
        header = pa_csv.open_csv(path).schema.names
        names = _wanted(header, path)
        options = pa_csv.ConvertOptions(
            column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False, include_columns=names
        )
        whole = pa_csv.read_csv(
            path, convert_options=options, parse_options=pa_csv.ParseOptions(newlines_in_values=True)
        )
    except pa.ArrowInvalid as failure:
        raise CountersealError(
            "requests-unreadable",
            "This is no well-formed Parquet or UTF-8 CSV file.",
            where=str(path),
            next_step="Every row must have as many cells as the header.",
        ) from failure
    yield _as_text(whole.slice(0, 0))
    for start in range(0, whole.num_rows, _BATCH):
        yield _as_text(whole.slice(start, _BATCH))


def _wanted(names: list[str], path: Path) -> list[str]:
    wanted = ("request_ref", *REQUEST_FIELDS)
    missing = [name for name in wanted if name not in names]
    if missing:
        raise CountersealError(
            "requests-column",
            f"The column {missing[0]} is missing.",
            where=path.name,
            next_step=f"The columns are: {', '.join(wanted)}.",
        )
    return [name for name in ("row", *wanted) if name in names]


def _as_text(batch: pa.Table) -> pa.Table:
    """Give every column but ``row`` as text, whatever type the file had."""
    columns = {
        name: batch.column(name).cast(pa.int64() if name == "row" else pa.string()) for name in batch.column_names
    }
    return pa.table(columns)
