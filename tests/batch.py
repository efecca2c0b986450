"""A batch's working files, as a test reads them: they lie sealed under the batch's key."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from counterseal.vault.batch_files import BatchFiles


def files_of(path: Path) -> BatchFiles:
    """Give the files of the workspace in which a batch's file lies."""
    return BatchFiles(path.parents[2] / "keys", os.urandom)


def table_of(path: Path, **how: Any) -> pa.Table:
    """Read a file of ``batches/<submission>`` as a table."""
    with files_of(path).open(path) as file:
        return pq.read_table(file, **how)


def bytes_of(path: Path) -> bytes:
    """Read a file of ``batches/<submission>``."""
    return files_of(path).read(path)
