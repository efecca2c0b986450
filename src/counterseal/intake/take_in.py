"""Taking a submission in: the file that was signed, its rows as they came, a receipt."""

from __future__ import annotations

import hashlib
import itertools
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from counterseal.core.files import PlainFiles
from counterseal.errors import CountersealError
from counterseal.intake.columns import schema
from counterseal.intake.csv import read_csv
from counterseal.intake.lines import read_lines
from counterseal.intake.parquet import read_parquet
from counterseal.intake.sheet import read_sheet

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from concurrent.futures import Future
    from pathlib import Path

    from counterseal.core.files import Files
    from counterseal.core.request import Manifest

READERS: dict[str, Callable[[Path, Sequence[str]], Iterator[pa.RecordBatch]]] = {
    ".csv": read_csv,
    ".jsonl": read_lines,
    ".parquet": read_parquet,
    ".xlsx": read_sheet,
}

ROW_GROUP = 100_000
LOOKED_AT = 10_000
"""Rows from which it is told whether the values of a column repeat."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came: rows, digests as 64 hexadecimal digits, and how many rows are malformed, by reason."""

    rows_received: int
    sha256: str
    manifest_sha256: str
    malformed: dict[str, int]


def take_in(
    folder: Path,
    manifest: Manifest,
    fields: Sequence[str],
    out: Path,
    *,
    files: Files | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> Receipt:
    """Write every row of the submission to ``out`` as Parquet: ``row``, ``malformed``, then the fields.

    The rows are those of the file in file order of their numbers, one for one; the order of lines in ``out``
    may differ where a row is malformed. ``files`` writes it; without, it lies in the clear. The file is hashed
    while it is read, and what was written stands only when it is the one that was signed. Raises
    CountersealError: ``rows-file`` when it is missing, ``rows-hash`` or ``rows-count`` when it is not the file
    that was signed, and the readers' own.
    """
    path = folder / manifest.rows
    if not path.is_file() or path.is_symlink():
        raise CountersealError("rows-file", "The rows file that the manifest names is not here.", where=str(path))
    before = _stamp(path)
    with ThreadPoolExecutor(max_workers=1) as beside:
        digest = beside.submit(_sha256, path)
        try:
            with (files or PlainFiles()).create(out) as file:
                received, faults = _write(READERS[path.suffix](path, fields), manifest, fields, file, progress)
        finally:  # a file that was not signed is that first, whatever else may be wrong with it
            if digest.result() != manifest.sha256:
                out.unlink(missing_ok=True)
                raise CountersealError(
                    "rows-hash",
                    "The rows file is not the one that was signed: its SHA-256 differs from the manifest's.",
                    where=path.name,
                    next_step="Send the file that was signed, or sign a new manifest.",
                )
    if _stamp(path) != before:
        raise CountersealError("rows-hash", "The rows file was changed while it was read.", where=path.name)
    if received != manifest.row_count:
        raise _miscounted(str(received), manifest)
    pa.default_memory_pool().release_unused()  # what comes next has a limit of its own
    return Receipt(received, manifest.sha256, manifest.digest, faults)


def _miscounted(received: str, manifest: Manifest) -> CountersealError:
    return CountersealError(
        "rows-count",
        f"The rows file has {received} rows and the manifest says {manifest.row_count}.",
        where=manifest.rows,
        next_step="Send the complete file, or sign a manifest with its true number of rows.",
    )


def _write(
    batches: Iterator[pa.RecordBatch],
    manifest: Manifest,
    fields: Sequence[str],
    out: IO[bytes],
    progress: Callable[[str, int, int], None] | None,
) -> tuple[int, dict[str, int]]:
    received, faults = 0, Counter[str]()
    first = next(batches, None)
    with _writer(out, fields, first) as writer, ThreadPoolExecutor(max_workers=1) as beside:
        waiting: list[pa.RecordBatch] = []
        written: Future[None] | None = None
        for batch in itertools.chain([] if first is None else [first], batches):
            waiting.append(batch)
            received += batch.num_rows
            if received > manifest.row_count:  # a small file may unfold to rows without end
                raise _miscounted(f"more than {manifest.row_count}", manifest)
            for found in pc.value_counts(batch.column("malformed").drop_null()).to_pylist():
                faults[found["values"]] += found["counts"]
            if progress is not None:
                progress("Taking in the rows", received, manifest.row_count)
            if sum(held.num_rows for held in waiting) >= ROW_GROUP:
                if written is not None:
                    written.result()  # one group is written while the next is read, and no more are held
                written = beside.submit(writer.write_table, pa.Table.from_batches(waiting))
                waiting = []
        if written is not None:
            written.result()
        if waiting:
            writer.write_table(pa.Table.from_batches(waiting))
    return received, dict(faults)


def _writer(out: IO[bytes], fields: Sequence[str], first: pa.RecordBatch | None) -> pq.ParquetWriter:
    """Give what writes the rows. A column whose values mostly differ is written as it is, without a dictionary."""
    repeated = [name for name in fields if first is not None and _repeats(first.column(name))]
    return pq.ParquetWriter(
        out,
        schema(fields),
        compression="zstd",
        compression_level=1,
        use_dictionary=[*repeated, "malformed"],
        write_statistics=["row"],  # what a single row is found by
    )


def _repeats(column: pa.Array) -> bool:
    """Whether values of a column repeat, as far as the first rows tell."""
    seen = column.slice(0, LOOKED_AT)
    return bool(2 * pc.count_distinct(seen, mode="all").as_py() <= len(seen))


def _stamp(path: Path) -> tuple[int, int, int, int]:
    """Which file this is and when it was last written: equal before and after, it is the one that was hashed."""
    facts = path.lstat()
    return facts.st_ino, facts.st_size, facts.st_mtime_ns, facts.st_ctime_ns


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
