"""What became of rows returned for cure: linked by the agency's own reference, which the ledger shows to nobody.

So these figures are the custodian's own. A reference is counted in the quarter in which its request came; the first
later request of the same agency under the same agreement that has it again tells what became of it.
"""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING

from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.oversight.quality import CURED, months
from counterseal.store.cures import submissions_as_they_came

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.flow.office import Office
    from counterseal.store.cures import Came

Line = tuple[str, str]


def cures(office: Office, quarter: str) -> dict[Line, dict[str, int]]:
    """Count, by agency and agreement, the references returned for cure in a quarter (UTC) by what became of them.

    Raises CountersealError ``quarter``, and ``batch-gone`` where a batch since then was destroyed.
    """
    begin, end = months(quarter)

    def line(one: Came) -> Line:
        return one.agency, one.agreement

    found = {}
    for name, group in groupby(sorted(submissions_as_they_came(), key=line), key=line):
        came = list(group)
        within = [at for at, one in enumerate(came) if begin <= one.at.isoformat()[:7] < end]
        if within:
            found[name] = _of(office, came[within[0] :], len(within))
    return found


def _of(office: Office, came: list[Came], within: int) -> dict[str, int]:
    """Count for an agreement's batches from the quarter's first on; the first ``within`` are of the quarter."""
    screened = [office.workspace.batch(SubmissionId(one.submission)) / "screened.parquet" for one in came]
    for path in screened:
        _present(office, path)
    with office.engine() as engine:
        for at, path in enumerate(screened):
            engine.table(f"b{at}", path)
        every = " UNION ALL ".join(
            f"SELECT {at} AS n, request_ref, coalesce(outcome, 'admitted') AS outcome FROM b{at}"
            for at in range(len(came))
        )
        counted = engine.rows(
            f"WITH every AS ({every}), returned AS (SELECT DISTINCT n, request_ref FROM every "
            f"WHERE outcome = 'cure' AND request_ref <> '' AND n < {within}), "
            "became AS (SELECT r.n, r.request_ref, arg_min(e.outcome, e.n) AS outcome FROM returned r "
            "LEFT JOIN every e ON e.request_ref = r.request_ref AND e.n > r.n GROUP BY ALL) "
            "SELECT coalesce(outcome, 'not back'), count(*) FROM became GROUP BY 1"
        )
    told = dict.fromkeys(CURED, 0)
    for word, number in counted:
        told["refused" if word == "stopped" else str(word)] += int(number)
    return told


def _present(office: Office, path: Path) -> None:
    try:
        with office.files.open(path):
            return
    except (OSError, CountersealError) as error:
        raise CountersealError(
            "batch-gone", "A batch is not here any more, so what came back cannot be told.", where=path.parent.name,
            next_step="Make the report without --workspace: it then leaves the cures out.",
        ) from error  # fmt: skip
