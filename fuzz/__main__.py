"""Coverage-guided fuzzing of one reader: python -m fuzz TARGET CORPUS-FOLDER [libFuzzer's own options].

A finding ends the run and is written beside the corpus; ``python -m fuzz TARGET FILE`` shows it again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["counterseal", "counterseal_open", "counterseal_verify"]):
    from fuzz.parsers import TARGETS, seeds


def main(words: list[str]) -> None:
    """Run the target that the first word names, from its seeds and what earlier runs have found."""
    target = words[1]
    corpus = Path(words[2])
    if not corpus.is_file():
        corpus.mkdir(parents=True, exist_ok=True)
        for number, seed in enumerate(seeds(target)):
            (corpus / f"seed-{number}").write_bytes(seed)
    atheris.Setup([words[0], *words[2:], f"-artifact_prefix={corpus.parent}/{target}-"], TARGETS[target])
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv)
