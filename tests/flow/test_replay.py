"""A request under two versions of the law: what moves is counted, and nothing is entered."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from counterseal import wiring

if TYPE_CHECKING:
    from pathlib import Path


def test_an_amendment_that_moves_rows_unseen(made_up: Path, tmp_path: Path):
    """A stricter version refuses more; the rows that moved are those, and the same version moves none."""
    amended = tmp_path / "amended"
    shutil.copytree(wiring.shipped_agreements() / "irs-ice-2025", amended)
    document = amended / "agreement.md"
    text = document.read_text(encoding="utf-8")
    assert "| most_rows_an_officer | number | 25 |" in text
    document.write_text(
        text.replace("| most_rows_an_officer | number | 25 |", "| most_rows_an_officer | number | 0 |"),
        encoding="utf-8",
    )
    request = made_up / "request" / "SYN-2026-0001"

    answers, moved = wiring.replay(request, ["irs-ice-2025", str(amended)], progress=None)
    assert [sum(one.outcomes.values()) for one in answers] == [900, 900]
    assert answers[1].outcomes.get("admitted", 0) == 0
    assert sum(one.rows for one in moved if one.before == "admitted") == answers[0].outcomes["admitted"] > 0
    assert wiring.replay(request, ["irs-ice-2025", "irs-ice-2025"], progress=None)[1] == []
