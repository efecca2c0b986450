"""An audit taken away: its lines as a table, with the receipt of every entry, to be verified without this office."""

from __future__ import annotations

import csv
import io
import zipfile
from typing import TYPE_CHECKING

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.ledger.folder import CUSTODIAN_KEY, LedgerFolder, prove_entry
from counterseal.ledger.note import read_head
from counterseal.store.audit import audit_page, keep_inspection
from counterseal.store.casework import acting
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact
    from counterseal.store.audit import Audited

OVERSIGHT = frozenset({Role.OVERSIGHT})
LARGEST = 2_000
"""Lines of one export; a larger one is taken by case or by official."""
COLUMNS = ("entry", "at", "act", "official", "case", "submission", "receipt")


def export_audit(office: Office, by: int, *, case: int | None, official: int | None) -> bytes:
    """Enter that an audit is taken away, and give it: a ZIP of ``audit.csv``, each entry and each receipt.

    Raises CountersealError ``role`` for anybody but oversight and ``audit-size`` above ``LARGEST`` lines.
    """
    found = audit_page(case=case, official=official, number=1, size=LARGEST)
    if found.total > LARGEST:
        raise CountersealError(
            "audit-size", f"This is more than {LARGEST:,} lines.", next_step="Take it by case, or by official."
        )
    with one_act():
        office.ledger.lock()
        who = acting(by, OVERSIGHT)
        committed: dict[str, str | int] = {"official": who.username}
        if case is not None:
            committed["case"] = case
        if official is not None:
            committed["of"] = official
        body: dict[str, Fact] = {"what": "audit", "lines": found.total, "role": who.role.value}
        entry = office.ledger.append("inspected", body, committed)
        keep_inspection(case, who.id, "audit", "", at=office.clock.now(), entry=entry)
    office.ledger.publish()
    return _packed(LedgerFolder(office.ledger.folder), found.lines)


def _packed(folder: LedgerFolder, lines: tuple[Audited, ...]) -> bytes:
    packed, table = io.BytesIO(), io.StringIO(newline="")
    written = csv.writer(table)
    written.writerow(COLUMNS)
    size = read_head(folder.checkpoint().decode("utf-8", "replace")).size
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for entry in sorted({one.entry for one in lines}):
            archive.writestr(f"receipts/entry-{entry}.tlog-proof", str(prove_entry(folder, entry)))
            archive.writestr(f"entries/entry-{entry}.json", folder.entry(entry, size))
        for one in lines:
            written.writerow(
                _plain(part)
                for part in (
                    one.entry, one.at.isoformat(), one.what, one.official, "" if one.case is None else one.case,
                    one.submission, f"receipts/entry-{one.entry}.tlog-proof",
                )
            )  # fmt: skip
        archive.writestr("audit.csv", table.getvalue())
        archive.writestr("log.vkey", f"{folder.key()}\n")
        if (folder.path / CUSTODIAN_KEY).is_file():
            archive.writestr(CUSTODIAN_KEY, f"{folder.custodian()}\n")
    return packed.getvalue()


def _plain(part: object) -> object:
    """Keep a spreadsheet from taking text for a formula."""
    return f"'{part}" if isinstance(part, str) and part[:1] in {"=", "+", "-", "@", "\t", "\r"} else part
