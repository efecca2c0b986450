"""What the index by person costs beside the run that made the batch, and what checking it costs a stranger.

    python bench/accounting.py [ROWS]

Both sides in one process on one machine: the run, the entry of the index over it, and the check of the
whole index by the standalone verifier.
"""

from __future__ import annotations

import os
import resource
import sys
import tempfile
import time
from datetime import date, datetime
from pathlib import Path

from counterseal import accounting_wiring, wiring
from counterseal.flow.registry import build_registry
from counterseal.synth.__main__ import registry, submission
from counterseal.vault.registry_files import RegistryFiles
from counterseal_verify.accounting import check
from counterseal_verify.verify import Policy, ledger


def timed(name: str, act: object, beside: float = 0) -> float:
    began = time.perf_counter()
    act()  # type: ignore[operator]
    took = time.perf_counter() - began
    print(f"{name}: {took:.1f} s" + (f", {took / beside:.2f} of the run" if beside else ""))
    return took


def main(rows: int) -> None:
    with tempfile.TemporaryDirectory(prefix="counterseal-bench-") as place:
        folder = Path(place)
        registry(max(1_000, rows // 2), folder / "people", seed=11)
        submission(folder / "people", rows, folder / "request", datetime(2026, 11, 2), seed=12)  # noqa: DTZ001  # a day
        build_registry(folder / "people", folder / "registry", RegistryFiles(os.urandom))
        office, asked = folder / "office", folder / "request" / "SYN-2026-0001"
        wiring.establish(office, demonstration=True)
        opened = wiring.open_office(office)
        run = timed(
            f"run of {rows} rows",
            lambda: wiring.run(
                opened, asked, folder / "registry", received_on=date(2026, 11, 3), agreement=None, progress=None
            ),
        )
        index = folder / "index.jsonl"
        timed("index, with the inspector's file", lambda: accounting_wiring.enter_index(office, index), run)
        policy = Policy(f"log {(office / 'ledger' / 'log.vkey').read_text().strip()}\nquorum none\n")
        timed("check of the index", lambda: check("index", index, *ledger(office / "ledger", policy)), run)
        print(f"memory at most: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
