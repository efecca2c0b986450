"""Identity on Spark: the same unit of work on many machines (``pip install counterseal[spark]``).

Spark hands batches of requests to executors; it computes no weight. Every executor opens the registry index,
and the file of its key, under a path that all of them can read, and calls the function that one machine calls, so the
answers are the same to the last bit.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from counterseal.engine.spark import missing
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from counterseal.core.files import PieceFiles


def answer_on_spark(
    requests: Path, batches: int, registry: Path, registries: PieceFiles, model_text: str, out: Path
) -> list[Path]:
    """Answer each of the ``batches`` row groups of the Parquet file ``requests``; give the files of answers in order.

    The three paths, and that of the key by which ``registries`` opens the index, must be readable by every executor
    under the same name; the key itself is not sent. Raises ``spark-missing`` where
    pyspark is not installed and ``spark-failed`` where the job fails; neither shows a value of a request.
    """
    try:
        from pyspark import SparkConf, SparkContext  # noqa: PLC0415  # an extra, wanted only here
    except ImportError as failure:
        raise missing() from failure
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # executors need what is installed here
    settings = (
        SparkConf()
        .setAppName("counterseal identify")
        .set("spark.ui.enabled", "false")
        .set("spark.ui.showConsoleProgress", "false")
    )
    try:
        with SparkContext.getOrCreate(settings.setIfMissing("spark.master", "local[2]")) as context:
            context.setLogLevel("OFF")
            numbers = context.parallelize(range(batches), max(batches, 1))
            numbers.foreach(_work(str(requests), str(registry), registries, model_text, str(out)))
    except Exception as failure:
        raise CountersealError(
            "spark-failed",
            f"The Spark job failed ({type(failure).__name__}).",
            next_step="Every executor must be able to read the registry index and its key under the same path.",
        ) from failure
    return [out / f"{number:08}.parquet" for number in range(batches)]


def _work(requests: str, registry: str, registries: PieceFiles, model_text: str, out: str) -> Callable[[int], None]:
    """Give the function by which an executor answers one batch."""

    def answer(number: int) -> None:
        from pathlib import Path  # noqa: PLC0415  # all of these on the executor

        import pyarrow.parquet as pq  # noqa: PLC0415

        from counterseal.identity.answer_table import answer_table  # noqa: PLC0415
        from counterseal.identity.index import open_registry  # noqa: PLC0415
        from counterseal.identity.model import model_from_json  # noqa: PLC0415

        batch = pq.ParquetFile(requests).read_row_group(number)
        answers = answer_table(open_registry(Path(registry), registries), model_from_json(model_text), batch)
        pq.write_table(answers, Path(out) / f"{number:08}.parquet")

    return answer
