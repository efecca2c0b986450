"""The table of controls, and whether the tests that it names ran and passed."""

from __future__ import annotations

import ast
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).resolve().parent.parent
TABLE = Path(__file__).with_name("controls.toml")


@dataclass(frozen=True, slots=True)
class Control:
    """One control: what we do, the tests that prove it, the kinds of entry that show it, what a recipient shows."""

    id: str
    title: str
    keeps: str
    tests: tuple[str, ...]
    evidence: tuple[str, ...]
    recipient: str


@dataclass(frozen=True, slots=True)
class Controls:
    """The table, and where the two catalogues stand."""

    catalogue: str
    recipient_catalogue: str
    controls: tuple[Control, ...]

    @property
    def tests(self) -> frozenset[str]:
        """Every test that a control names, as ``file::function``."""
        return frozenset(test for control in self.controls for test in control.tests)


def read_controls(path: Path = TABLE) -> Controls:
    """Read the table. Raises KeyError or ValueError where a control lacks a part, or names no test."""
    held = tomllib.loads(path.read_text(encoding="utf-8"))
    controls = tuple(
        Control(
            one["id"], one["title"], one["keeps"], tuple(one["tests"]), tuple(one["evidence"]), one.get("recipient", "")
        )
        for one in held["control"]
    )
    bare = [control.id for control in controls if not control.tests or not control.evidence]
    if bare or len({control.id for control in controls}) != len(controls):
        raise ValueError(f"A control stands twice, or without a test or evidence: {bare}")
    return Controls(held["catalogue"], held["recipient_catalogue"], controls)


def missing(tests: Iterable[str], root: Path = ROOT) -> list[str]:
    """Give the tests that no file defines."""
    defined: dict[str, set[str]] = {}
    for file in {test.split("::")[0] for test in tests}:
        source = root / file
        tree = ast.parse(source.read_text(encoding="utf-8")) if source.is_file() else ast.Module([], [])
        defined[file] = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return sorted(test for test in tests if test.split("::")[-1] not in defined[test.split("::")[0]])


def not_passed(tests: Iterable[str], ran: Iterable[str]) -> list[str]:
    """Give the tests that did not pass in these runs. ``ran``: lines of an outcome and a node id, as runs wrote them.

    A test with parameters has passed when one of them passed and none failed or was skipped.
    """
    passed, spoiled = set(), set()
    for line in ran:
        outcome, _, node = line.strip().partition(" ")
        (passed if outcome == "passed" else spoiled).add(node.split("[")[0])
    return sorted(test for test in tests if test not in passed or test in spoiled)
