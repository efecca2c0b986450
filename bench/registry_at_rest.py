"""The registry's index sealed against the index in the clear, both sides in one run.

In the clear it is mapped, and a look-up reads the pages that it needs. Sealed as batches are (``vault/sealed_file.py``)
its arrays have to be opened into memory first. Each side runs in a process of its own; time is wall time, memory what
the process took of its own, mapped pages left out.

    python bench/registry_at_rest.py [ACCOUNTS]
"""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

KEY = bytes(32)
LOOKED_UP = 1_000


def seal(index: Path, sealed: Path) -> None:
    from counterseal.vault.sealed_file import SealedWriter

    sealed.mkdir()
    for path in index.iterdir():
        if path.suffix == ".npy":
            with SealedWriter(sealed / path.name, KEY, os.urandom) as file:
                file.write(path.read_bytes())
        else:
            (sealed / path.name).write_bytes(path.read_bytes())


def own_memory() -> float:
    """Give the memory that no file stands behind, in MB: pages that are mapped can be given back at any time."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(told["RssAnon"].split()[0]) / 1024


def look_up(side: str, folder: Path) -> None:
    """Open the index, look up a thousand keys, and print the seconds of each and the memory in MB."""
    from counterseal.identity import index
    from counterseal.vault.sealed_file import SealedReader

    def opened(path: Path) -> np.ndarray:
        with SealedReader(path, KEY) as file:
            return np.load(io.BytesIO(file.read()), allow_pickle=False)

    if side == "sealed":
        index._mapped = opened  # noqa: SLF001  # the other side of the comparison
    before = own_memory()
    began = time.perf_counter()
    registry = index.open_registry(folder)
    ready = time.perf_counter()
    wanted = registry.keys[np.random.default_rng(7).integers(0, len(registry.keys), LOOKED_UP)]
    first, last = registry.filed_under(np.asarray(wanted))
    found = sum(len(registry.owners[a:b]) for a, b in zip(first, last, strict=True))
    done = time.perf_counter()
    if found < LOOKED_UP:
        raise SystemExit("a key that stands in the index was not found")
    print(ready - began, done - ready, max(own_memory() - before, 0.1))


def main(accounts: int) -> None:
    from counterseal.flow.registry import build_registry
    from counterseal.synth.__main__ import registry

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        registry(accounts, place / "people", seed=11)
        build_registry(place / "people", place / "clear")
        seal(place / "clear", place / "sealed")
        size = sum(path.stat().st_size for path in (place / "clear").glob("*.npy")) / 1e6
        print(f"index of {accounts:,} people, {size:,.0f} MB")
        told = {}
        for side in ("clear", "sealed", "clear", "sealed"):  # the second time both lie in the page cache
            call = [sys.executable, __file__, "--side", side, str(place / side)]
            answer = subprocess.run(call, check=True, capture_output=True, text=True).stdout
            told[side] = [float(one) for one in answer.split()]
        for side, (opening, looking, memory) in told.items():
            print(
                f"{side:7} open {opening * 1e3:9.1f} ms   {LOOKED_UP:,} keys {looking * 1e3:7.1f} ms   {memory:8.1f} MB"
            )
        clear, sealed = told["clear"], told["sealed"]
        print(
            f"sealed / clear: open and look up {sum(sealed[:2]) / sum(clear[:2]):.1f}, memory {sealed[2] / clear[2]:.1f}"
        )


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        look_up(sys.argv[2], Path(sys.argv[3]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
