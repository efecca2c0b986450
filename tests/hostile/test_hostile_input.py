"""Every file of the corpus through the real command, under limits of memory and time.

What comes of each: every row has its determination, or one clear line says what is wrong. Never a traceback, a
hang, a process that the system ends, or a file where none belongs.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from tests.hostile.corpus import ROWS
from tests.intake.test_take_in import submit

MEMORY = 5 << 30
"""Bytes of address space; the engine may use 2 GB of it, and what lies between its pages counts."""
SECONDS = 40
ROOT = Path(__file__).parents[2]
HEAVY = {"zip-bomb.xlsx", "page-bomb.parquet", "rows-without-end.parquet", "dictionary-bomb.parquet"}
"""Seconds each, to make or to read: left to the full pass."""


@dataclass(frozen=True)
class Ended:
    code: int
    out: str
    err: str
    seconds: float

    def clearly(self) -> None:
        """Assert that it ended by itself, well or with one clear line."""
        assert self.code in {0, 1, 2}, (self.code, self.err[-2000:])
        assert "Traceback" not in self.out + self.err, self.err[-2000:]
        assert "unexpected failure" not in self.err, self.err
        told = self.err.strip().splitlines()
        assert len(told) == (1 if self.code == 2 else len(told)), self.err[-2000:]
        assert all(line.isprintable() and len(line) < 600 for line in told), self.err[:2000]


Confined = Callable[..., Ended]


@pytest.fixture(scope="module")
def confined(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Confined]:
    folder = tmp_path_factory.mktemp("confined")
    program = [sys.executable, str(Path(__file__).with_name("confined.py"))]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder,
        env={"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "HOME": str(folder), "PYTHONUTF8": "1"},
    ) as server:  # fmt: skip

        def run(*words: object, program: str = "counterseal", seconds: float = SECONDS) -> Ended:
            order = {
                "words": [str(word) for word in words], "program": program, "memory": MEMORY, "seconds": seconds,
                "out": str(folder / "out"), "err": str(folder / "err"),
            }  # fmt: skip
            server.stdin.write(json.dumps(order) + "\n")
            server.stdin.flush()
            told = json.loads(server.stdout.readline())
            out, err = ((folder / name).read_text(encoding="utf-8", errors="replace") for name in ("out", "err"))
            return Ended(told["code"], out, err, told["seconds"])

        yield run
        server.stdin.close()


def all_below(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.thorough] if name in HEAVY else []) for name in ROWS]
)
def test_rows(confined: Confined, tmp_path: Path, name: str):
    content, count = ROWS[name]()
    folder = submit(tmp_path / "in", f"r.{name.rpartition('.')[2]}", content, count)
    ended = confined("screen", folder, "--out", tmp_path / "out")

    ended.clearly()
    left = all_below(tmp_path)
    if ended.code == 0:
        judged = pq.read_table(tmp_path / "out" / "determinations.parquet").to_pylist()
        assert sorted(row["row"] for row in judged) == list(range(1, count + 1))
        assert all(row["outcome"] is not None for row in judged)
    assert {path for path in left if not path.startswith(("in", "out"))} == set()
    assert not (tmp_path / "escaped.xml").exists()
