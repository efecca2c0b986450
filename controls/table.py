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
THREATS = ROOT / "docs" / "design" / "threats.md"


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


def defences(page: Path = THREATS) -> dict[str, str]:
    """Give, for each threat of the page, the test that defends it. Raises ValueError for a threat without one."""
    rows = [line.strip("| ").split(" | ") for line in page.read_text(encoding="utf-8").splitlines() if "|" in line]
    told = {row[0]: row[-1].strip("` ") for row in rows if row[0] != "threat" and not row[0].startswith("---")}
    bare = [threat for threat, test in told.items() if "::test_" not in test]
    if bare or not told:
        raise ValueError(f"Threats without a test: {bare}")
    return told


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

    Each of a test's parameters must have passed in one run, and failed in none: what is skipped on one database
    has to pass on the other.
    """
    ended: dict[str, dict[str, set[str]]] = {}
    for line in ran:
        outcome, _, node = line.strip().partition(" ")
        ended.setdefault(node.split("[")[0], {}).setdefault(node, set()).add(outcome)
    sound = {
        test
        for test, nodes in ended.items()
        if all("passed" in told and "failed" not in told for told in nodes.values())
    }
    return sorted(set(tests) - sound)
