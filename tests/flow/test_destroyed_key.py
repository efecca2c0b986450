"""A batch whose key was destroyed: what can still be read of it, and whether the ledger suffers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.flow.casework import SUBMISSION
from tests.flow.test_casework import refused

from counterseal.cli import status

if TYPE_CHECKING:
    import pytest
    from tests.flow.casework import AtWork


def test_a_person_who_can_still_be_read_or_a_ledger_that_no_longer_verifies(
    at_work: AtWork, capsys: pytest.CaptureFixture[str]
):
    folder, files = at_work.folder / "batches" / SUBMISSION, at_work.office.files
    names = (
        "rows.parquet",
        "officers.parquet",
        "findings.parquet",
        "identified.parquet",
        "screened.parquet",
        "rows.secret",
    )
    assert all(files.read(folder / name) for name in names)
    before = at_work.office.ledger.size_and_root()
    files.destroy_key(SUBMISSION)
    for name in names:
        with refused("batch-key"):
            files.read(folder / name)
    assert at_work.office.ledger.size_and_root() == before
    assert status(["ledger", "verify", str(at_work.folder / "ledger")]) == 0
    assert "verified" in capsys.readouterr().out
