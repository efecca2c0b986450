"""The registry's index sealed, of which pieces are opened, against the same arrays mapped in the clear, in one run.

The mapped side is what an index in the clear would be: the arrays of the sealed one, written out and searched in place.
Both are asked the same: a thousand keys with the accounts filed under them, and whole requests. Each side runs in a
process of its own, after a first call that brings its files into the page cache; time is processor time, user and
system, the least of some turns; memory is what the process took of its own, mapped pages left out.

    python bench/registry_at_rest.py [PEOPLE [REQUESTS]]
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from counterseal.identity.index import RegistryIndex

LOOKED_UP, TURNS = 1_000, 5


class MappedArray:
    """What ``SealedArray`` is, over an array in the clear that is mapped."""

    def __init__(self, path: Path, key: str) -> None:
        self._all = np.load(path, mmap_mode="r") if path.stat().st_size > 1024 else np.load(path)
        self._keys = np.load(path.with_suffix(".key.npy"), mmap_mode="r") if key and len(self._all) else self._all

    def __len__(self) -> int:
        return len(self._all)

    def take(self, positions: np.ndarray) -> np.ndarray:
        """Give the records at ``positions``."""
        return self._all[positions]

    def runs(self, wanted: np.ndarray, limit: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Give the records that bear each of the keys ``wanted``, as ``SealedArray.runs`` does."""
        from counterseal.identity.sealed_array import spread

        left = np.searchsorted(self._keys, wanted)
        right = np.searchsorted(self._keys, wanted, "right")
        given = np.where(right - left <= limit, right - left, 0)
        return right - left, np.cumsum(given) - given, self._all[spread(left, given)]


def write_clear(index: Path, clear: Path) -> None:
    """Write the arrays of an index in the clear, and the field by which each is searched beside it."""
    from counterseal.identity.index import array_forms, open_registry
    from counterseal.vault.registry_files import RegistryFiles

    opened = open_registry(index, RegistryFiles(os.urandom))
    clear.mkdir()
    for name, (_, key) in array_forms(opened.about["identifier_bytes"]).items():
        array = opened.counts[name] if name in opened.counts else getattr(opened, name)
        whole = array.span(0, len(array))
        np.save(clear / f"{name}.npy", whole)
        if key:
            np.save(clear / f"{name}.key.npy", np.ascontiguousarray(whole[key]))
    np.save(clear / "initials.npy", opened.initials)
    (clear / "about.json").write_text(json.dumps(opened.about), encoding="utf-8")


def open_side(side: str, place: Path) -> RegistryIndex:
    from counterseal.identity.index import COUNTED, RegistryIndex, array_forms, open_registry
    from counterseal.vault.registry_files import RegistryFiles

    if side == "sealed":
        return open_registry(place / "sealed", RegistryFiles(os.urandom))
    clear = place / "clear"
    about = json.loads((clear / "about.json").read_text(encoding="utf-8"))
    forms = array_forms(about["identifier_bytes"])
    arrays: dict[str, Any] = {name: MappedArray(clear / f"{name}.npy", key) for name, (_, key) in forms.items()}
    counts = {name: arrays.pop(name) for name in COUNTED}
    return RegistryIndex(about=about, counts=counts, initials=np.load(clear / "initials.npy"), **arrays)


def processor() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def own_memory() -> float:
    """Give the memory that no file stands behind, in MB: pages that are mapped can be given back at any time."""
    told = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return int(told["RssAnon"].split()[0]) / 1024


def look_up(side: str, place: Path) -> list[float]:
    """Open the index and look up a thousand keys; give the milliseconds of each and the memory in MB."""
    import counterseal.identity.index
    import counterseal.vault.registry_files  # noqa: F401  # neither side's time

    wanted = np.load(place / "wanted.npy")
    before, began = own_memory(), processor()
    index = open_side(side, place)
    ready = processor()
    count, _, owners = index.filed_under(wanted, 1 << 40)
    found = index.accounts.take(owners)
    done = processor()
    if min(count) < 1 or len(found) < LOOKED_UP:
        raise SystemExit("a key that stands in the index was not found")
    return [1e3 * (ready - began), 1e3 * (done - ready), own_memory() - before]


def answer(side: str, place: Path) -> list[float]:
    """Answer every request on one thread, and keep the answers; give the seconds and the memory in MB."""
    import pyarrow as pa
    from pyarrow import feather

    from counterseal.core.files import PlainFiles
    from counterseal.flow.identify import read_requests
    from counterseal.identity.answer_table import answer_table
    from counterseal.identity.model import load_model

    index, model = open_side(side, place), load_model()
    batches = list(read_requests(place / "set" / "requests.parquet", PlainFiles()))
    before, began = own_memory(), processor()
    told = pa.concat_tables([answer_table(index, model, batch) for batch in batches])
    seconds = processor() - began
    memory = own_memory() - before
    feather.write_feather(told, place / f"{side}.arrow")
    return [seconds, memory]


def main(people: int, requests: int) -> None:
    from pyarrow import feather

    from counterseal.flow.registry import build_registry
    from counterseal.synth.identity_set import write_identity_set
    from counterseal.vault.registry_files import RegistryFiles

    with tempfile.TemporaryDirectory() as scratch:
        place = Path(scratch)
        write_identity_set(people, requests, 4, place / "set")
        build_registry(place / "set" / "registry", place / "sealed", RegistryFiles(os.urandom))
        write_clear(place / "sealed", place / "clear")
        filed = np.load(place / "clear" / "filed.key.npy", mmap_mode="r")
        np.save(place / "wanted.npy", np.unique(np.random.default_rng(7).choice(filed, LOOKED_UP * 2))[:LOOKED_UP])
        size = sum(path.stat().st_size for path in (place / "sealed").iterdir()) / 1e6
        print(f"index of {people:,} people, {size:,.0f} MB; {requests:,} requests; least of {TURNS} turns")
        for what in ("look", "answer"):
            turns: dict[str, list[list[float]]] = {"clear": [], "sealed": []}
            for turn in range(TURNS + 1):
                for side, told in turns.items():
                    call = [sys.executable, __file__, "--side", side, what, str(place)]
                    done = subprocess.run(call, check=True, capture_output=True, text=True).stdout
                    if turn:  # the first brings the files into the page cache
                        told.append([float(one) for one in done.split()])
            least = {side: [min(column) for column in zip(*told, strict=True)] for side, told in turns.items()}
            tell(what, least)
        clear, sealed = (feather.read_table(place / f"{side}.arrow") for side in ("clear", "sealed"))
        print(f"{clear.num_rows:,} answers, the same in all {clear.num_columns} columns: {sealed.equals(clear)}")


def tell(what: str, least: dict[str, list[float]]) -> None:
    clear, sealed = least["clear"], least["sealed"]
    for side, told in least.items():
        if what == "look":
            print(f"{side:7} open {told[0]:6.1f} ms   {LOOKED_UP:,} keys {told[1]:6.1f} ms   {told[2]:6.1f} MB")
        else:
            print(f"{side:7} requests {told[0]:6.2f} s   {told[1]:6.1f} MB")
    if what == "look":
        print(f"sealed / clear: {sum(sealed[:2]) / sum(clear[:2]):.2f}")
    else:
        print(f"sealed / clear: {sealed[0] / clear[0]:.2f}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--side"]:
        print(*{"look": look_up, "answer": answer}[sys.argv[3]](sys.argv[2], Path(sys.argv[4])))
    else:
        main(*[int(one) for one in sys.argv[1:]] or (100_000, 20_000))
