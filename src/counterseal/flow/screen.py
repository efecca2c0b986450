"""Screening: every row against every facial rule, with nothing of the registry in reach."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from counterseal.agreements import own_tables, reference_tables
from counterseal.agreements.compile import Compiler, quote
from counterseal.agreements.narrow import narrow_groups
from counterseal.agreements.versions import law_on
from counterseal.core.steps import Step
from counterseal.engine import reference
from counterseal.errors import CountersealError
from counterseal.intake import read_manifest, take_in
from counterseal.screening import screening_steps

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from counterseal.agreements import Agreement
    from counterseal.core.request import Manifest
    from counterseal.engine.step_engine import StepEngine
    from counterseal.flow.office import Progress
    from counterseal.intake import Receipt

LOOKED_AT = 20_000
"""Rows from which it is guessed which fields have few values."""

SCREENED_ALONE = (
    "SELECT row, request_ref, coalesce(outcome, 'admitted') AS outcome, rules, 'facial' AS phase FROM written "
    "ORDER BY row"
)
"""Screening alone calls a row whose facial rules all hold ``admitted``: nobody has looked it up."""


def request_facts(
    manifest: Manifest, receipt: Receipt, received_on: date, register: Mapping[str, bool] | None
) -> dict[str, object]:
    """Give the facts that are the same for every row. Without a register its facts are unknown."""
    return {
        "submission": manifest.submission,
        "requesting_agency": manifest.requesting_agency,
        "signer_name": manifest.signer.name,
        "signer_office": manifest.signer.office,
        "signed_on": manifest.signed_on.isoformat(),
        "requested_elements": list(manifest.requested_elements) or None,
        "attestation": manifest.attestation,
        "row_count": manifest.row_count,
        "rows_received": receipt.rows_received,
        "received_on": received_on.isoformat(),
        "agency_registered": None if register is None else True,
        **(register or {}),
    }


def screen_rows(
    engine: StepEngine,
    rows: Path,
    agreement: Agreement,
    facts: Mapping[str, object],
    *,
    register_known: bool,
    explained: bool = False,
    found: bool = True,
    progress: Progress | None = None,
) -> None:
    """Leave the table ``screened`` in the engine: one line a row, with every rule that does not hold.

    ``facts`` are those of the request and, with ``register_known``, of the custodian's register. Only what is to
    be ``explained`` can be, and ``findings`` can be read only if they are asked for as ``found``.
    """
    engine.table("rows", rows)
    reference.bring(engine, reference_tables(agreement))
    for name, table in own_tables(agreement).items():
        engine.table(name, table)
    narrow = () if explained else _narrow(engine, agreement, facts)
    steps = screening_steps(
        agreement, facts, register_known=register_known, explained=explained, found=found, narrow=narrow
    )
    engine.run(steps, progress)


def _narrow(engine: StepEngine, agreement: Agreement, facts: Mapping[str, object]) -> tuple[tuple[str, ...], ...]:
    """Give the groups of fields that have few values in the first rows."""
    engine.run([Step("first_rows", f"SELECT * FROM rows WHERE malformed IS NULL LIMIT {LOOKED_AT}")])
    fields = [field.name for field in agreement.fields]
    counts = ", ".join(f"count(DISTINCT {quote(field)})" for field in fields)

    def together(group: tuple[str, ...]) -> int:
        columns = ", ".join(map(quote, group))
        return int(engine.rows(f"SELECT count(*) FROM (SELECT DISTINCT {columns} FROM first_rows)")[0][0])

    rows, *values = engine.rows(f"SELECT count(*), {counts} FROM first_rows")[0]
    if rows < LOOKED_AT:
        return ()
    return narrow_groups(Compiler(agreement, facts), rows, dict(zip(fields, values, strict=True)), together)


def screen_submission(
    engine: StepEngine,
    submission: Path,
    out: Path,
    *,
    shipped: Path,
    named: Path | None,
    received_on: date,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Screen a submission on its face alone into ``out``; give the counts.

    The custodian's register is not asked, and no stop order is read: this is the law and the request, and
    nothing else. Raises CountersealError.
    """
    manifest = read_manifest(submission)
    folder = named or shipped / manifest.agreement
    if not (folder.is_file() or (folder / "agreement.md").is_file()):
        raise CountersealError(
            "agreement-unknown",
            "The manifest names an agreement that is not known here.",
            where="manifest.json, agreement",
            next_step="Name one with --agreement.",
        )
    agreement = law_on(folder, manifest.signed_on)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise CountersealError(
            "folder-exists", "This is not an empty folder.", where=str(out), next_step="Name another with --out."
        )
    out.mkdir(parents=True, exist_ok=True)
    try:
        fields = [field.name for field in agreement.fields]
        with ThreadPoolExecutor(max_workers=1) as beside:
            beside.submit(reference.read, reference_tables(agreement))
            receipt = take_in(submission, manifest, fields, out / "rows.parquet", progress=progress)
        facts = request_facts(manifest, receipt, received_on, None)
        screen_rows(
            engine, out / "rows.parquet", agreement, facts, register_known=False, found=False, progress=progress
        )
    except CountersealError:
        shutil.rmtree(out)
        raise
    engine.write_parquet("SELECT * FROM screened", out / "screened.parquet")
    engine.table("written", out / "screened.parquet")
    engine.write_parquet(SCREENED_ALONE, out / "determinations.parquet")
    outcomes = engine.rows("SELECT coalesce(outcome, 'admitted'), count(*) FROM written GROUP BY 1 ORDER BY 1")
    rules = engine.rows("SELECT u.r, count(*) FROM written, unnest(rules) AS u(r) GROUP BY 1 ORDER BY 2 DESC, 1")
    return {
        "submission": manifest.submission,
        "rows": receipt.rows_received,
        "outcomes": dict(outcomes),
        "rules": dict(rules),
    }
