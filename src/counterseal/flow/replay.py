"""What a request would get under this version of an agreement, or that one. Nothing is entered or looked up."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.agreements import load_agreement
from counterseal.flow.screen import screen_submission
from counterseal.oversight.replay_page import RuleLine, VersionLine

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from contextlib import AbstractContextManager
    from datetime import date
    from pathlib import Path

    from counterseal.engine.duck import DuckEngine
    from counterseal.flow.office import Progress


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
) -> tuple[list[VersionLine], list[Moved]]:
    """Screen the submission under each agreement; say which rows two of them answer otherwise.

    Raises CountersealError as screening does. ``scratch`` is a folder whose content the caller throws away.
    """
    answers = []
    for number, folder in enumerate(agreements):
        law = load_agreement(folder)
        with engine() as running:
            counts = screen_submission(
                running, submission, scratch / str(number), shipped=folder, named=law.path, received_on=received_on,
                progress=progress,
            )  # fmt: skip
        told = {rule.id: (rule.title, rule.cite) for rule in law.rules}
        frequent = sorted(counts["rules"].items(), key=lambda found: -found[1])
        with engine() as running:
            left = _left(running, scratch / str(number) / "screened.parquet", [rule for rule, _ in frequent])
        lines = tuple(
            RuleLine(rule, *told.get(rule, ("The row can be read", "")), rows, left[at])
            for at, (rule, rows) in enumerate(frequent)
        )
        answers.append(VersionLine(law.id, law.version, law.digest, counts["rows"], counts["outcomes"], lines))
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


def _left(running: DuckEngine, screened: Path, rules: Sequence[str]) -> list[int]:
    """For each rule, in this order, how many rows would fail no rule if it and those before it held."""
    query = (
        "SELECT last, count(*) FROM (SELECT coalesce(list_max([list_position(?, one) FOR one IN rules]), 0) AS last "
        "FROM read_parquet(?)) GROUP BY last"
    )
    ends = {int(str(at)): int(str(rows)) for at, rows in running.rows(query, [list(rules), str(screened)])}
    return [sum(rows for last, rows in ends.items() if last <= at) for at in range(1, len(rules) + 1)]
