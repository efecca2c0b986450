"""One person's accounting put together for the commands: the accounting key handed to the acts, and files written.

Retention runs too, because they keep what accountings need.

Beside ``wiring``, because the accounting key is read here and nowhere else.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from counterseal.release.accounting import accounting_html, accounting_pdf
from counterseal.vault.durable import write_durably
from counterseal.vault.keys import accounting_key
from counterseal.wiring import open_office

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path


def give_accounting(workspace: Path, person: str, clerk: str, out: Path) -> dict[str, Any]:
    """Write letter.pdf, letter.html and accounting.json into ``out``; tell what the letter lists, without a name.

    Raises as ``give_accounting`` does, and ``letter-font`` when everything is written but the PDF.
    """
    office = open_office(workspace)
    from counterseal.flow.accounting_letter import give_accounting as give  # models need Django
    from counterseal.flow.accounting_letter import read_person

    asked = read_person(person)
    letter, proof = give(office, accounting_key(office.workspace.keys, os.urandom), asked, clerk)
    write_durably(out / "letter.html", accounting_html(letter).encode(), mode=0o600)
    write_durably(out / "accounting.json", proof.encode(), mode=0o600)
    write_durably(out / "letter.pdf", accounting_pdf(letter), mode=0o600)
    return {
        "entry": letter.entry,
        "requests": len(letter.lines),
        "disclosures": sum(line.disclosed_on is not None for line in letter.lines),
        "folder": str(out),
    }


def enter_index(workspace: Path, out: Path | None) -> dict[str, Any]:
    """Enter the index over everything that was determined; write it for an inspector when ``out`` is given."""
    office = open_office(workspace)
    from counterseal.flow.accounting import enter_index as enter
    from counterseal.flow.accounting_letter import index_lines

    found, entry = enter(office, accounting_key(office.workspace.keys, os.urandom), frozenset(), {})
    if out is not None:
        write_durably(out, "".join(f"{line}\n" for line in index_lines(found, entry)).encode(), mode=0o600)
    return {"entry": entry, "batches": len(found.batches), "rows": found.items, "disclosures": found.disclosures}


def withhold(workspace: Path, submission: str, row: int, until: date, counsel: str, why: str) -> dict[str, Any]:
    """Enter a withholding."""
    office = open_office(workspace)
    from counterseal.flow.accounting_letter import withhold as enter

    return {"entry": enter(office, submission, row, until, counsel, why), "until": until.isoformat()}


def release_evidence(workspace: Path, delivered: int, inspector: str, out: Path) -> None:
    """Write what an inspector needs to follow one release through the ledger."""
    office = open_office(workspace)
    from counterseal.flow.release_evidence import release_evidence as give  # models need Django

    write_durably(out, give(office, delivered, by=inspector).encode(), mode=0o600)


def safeguards_report(workspace: Path, year: int, out: Path) -> None:
    """Write a year's safeguards report into ``out``: safeguards.html, .pdf, .csv and .json."""
    office = open_office(workspace)
    from counterseal.flow.safeguards_report import safeguards_report as draw_up  # models need Django
    from counterseal.oversight.safeguards import files_of  # loads what draws

    for ending, content in files_of(draw_up(office, year)).items():
        write_durably(out / f"safeguards.{ending}", content, mode=0o600)


def cures(workspace: Path, quarter: str) -> dict[tuple[str, str], dict[str, int]]:
    """Count what became of the references that a quarter returned for cure."""
    office = open_office(workspace)
    from counterseal.flow.cures import cures as count  # models need Django

    return count(office, quarter)


def retention_list(workspace: Path, before: date) -> list[dict[str, Any]]:
    """Tell which batches were closed before a day, and what keeps each."""
    office = open_office(workspace)
    from counterseal.flow.retention import disposable

    return [
        {"submission": one.closed.id, "closed_on": one.closed.closed_on.isoformat(), "rows": one.closed.rows,
         "kept_by": list(one.bars)}
        for one in disposable(office, before)
    ]  # fmt: skip


def retention_propose(workspace: Path, before: date, by: str, why: str) -> int:
    """Enter a proposal; give its entry."""
    office = open_office(workspace)
    from counterseal.flow.retention import propose

    return propose(office, before, by, why)


def retention_confirm(workspace: Path, proposal: int, by: str) -> list[str]:
    """Destroy what was proposed; give the submissions."""
    office = open_office(workspace)
    from counterseal.flow.retention import confirm

    return confirm(office, proposal, by, lambda: accounting_key(office.workspace.keys, os.urandom))
