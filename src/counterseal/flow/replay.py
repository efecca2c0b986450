"""What a request would get under this version of an agreement, or that one. Nothing is entered or looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.agreements import load_agreement
from counterseal.flow.screen import screen_submission

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from counterseal.engine.duck import DuckEngine
    from counterseal.flow.office import Progress


@dataclass(frozen=True, slots=True)
class Replayed:
    """One version's answer. ``rules`` counts, for each rule, the rows in which it does not hold."""

    agreement: str
    version: str
    digest: str
    rows: int
    outcomes: dict[str, int]
    rules: dict[str, int]
    titles: dict[str, str]


@dataclass(frozen=True, slots=True)
class Moved:
    """Rows that one version answers otherwise than the other: from which word to which, and how many."""

    before: str
    after: str
    rows: int


def replay(
    engine: Callable[[], AbstractContextManager[DuckEngine]],
    submission: Path,
    agreements: Sequence[Path],
    scratch: Path,
    *,
    received_on: date,
    progress: Progress | None = None,
) -> tuple[list[Replayed], list[Moved]]:
    """Screen the submission under each agreement; say which rows two of them answer otherwise.

    Raises CountersealError as screening does. ``scratch`` is a folder whose content the caller throws away.
    """
    answers = []
    for number, folder in enumerate(agreements):
        law = load_agreement(folder)
        with engine() as running:
            counts = screen_submission(
                running, submission, scratch / str(number), shipped=folder, named=folder, received_on=received_on,
                progress=progress,
            )  # fmt: skip
        titles = {rule.id: rule.title for rule in law.rules}
        answers.append(
            Replayed(law.id, law.version, law.digest, counts["rows"], counts["outcomes"], counts["rules"], titles)
        )
    if len(agreements) < 2:
        return answers, []
    query = (
        "SELECT coalesce(a.outcome, 'admitted'), coalesce(b.outcome, 'admitted'), count(*) "
        "FROM read_parquet(?) a JOIN read_parquet(?) b USING (row) "
        "WHERE a.outcome IS DISTINCT FROM b.outcome GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2"
    )
    files = [str(scratch / str(number) / "screened.parquet") for number in (0, 1)]
    with engine() as running:
        return answers, [Moved(*found) for found in running.rows(query, files)]
