"""The shape of the house: what a reader relies on without being told."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = sorted((ROOT / "src").rglob("*.py"))
PAGES = sorted(p for p in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "agreements").rglob("*.md")))
LONG_FILES: dict[str, str] = {}
"""Files over 500 lines, each with its reason."""
LONG_FUNCTIONS: dict[str, str] = {}
"""Functions over 60 lines, each with its reason."""
EMPTY_NAMES = {"utils", "util", "helpers", "helper", "manager", "managers", "common", "misc"}


def committed() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name for name in listed.decode().split("\0") if name and (ROOT / name).is_file()]


def test_a_file_too_long_to_be_read():
    long = {
        str(path.relative_to(ROOT)): lines
        for path in SOURCE
        if "migrations" not in path.parts and (lines := len(path.read_text().splitlines())) > 500
    }
    assert set(long) == set(LONG_FILES)


def test_a_function_too_long_to_be_read_aloud():
    long = set()
    for path in SOURCE:
        if "migrations" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or 0) - node.lineno + 1
                if length > 60:
                    long.add(f"{path.relative_to(ROOT)}:{node.name}")
    assert long == set(LONG_FUNCTIONS)


def test_a_module_whose_name_says_nothing():
    assert [path for path in SOURCE if path.stem in EMPTY_NAMES or path.parent.name in EMPTY_NAMES] == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_link_that_leads_nowhere(page: Path):
    missing = [
        target
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)\s]*)?\)", page.read_text())
        if "://" not in target and not target.startswith("mailto:") and not (page.parent / target).exists()
    ]
    assert missing == []


def test_a_page_or_a_test_that_is_named_and_is_not_there():
    named = re.compile(r"\b(?:docs|tests|bench)/[a-z0-9_/-]+\.(?:md|py|tla)\b")
    read = (path for path in committed() if path.suffix in {".py", ".md", ".toml", ".cfg"} or path.name == "Makefile")
    missing = {(str(path.relative_to(ROOT)), name) for path in read for name in named.findall(path.read_text())}
    assert {where for where in missing if not (ROOT / where[1]).exists()} == set()


def test_an_address_of_a_package_registry_is_committed():
    pattern = re.compile(rb"https?://[^\s\"']*(pypi\.org|pythonhosted|registry\.npmjs|/simple/|\.whl|\.tgz)")
    held = [
        path
        for path in committed()
        if path.suffix in {".txt", ".toml", ".json", ".lock", ".cfg", ".ini", ""} and pattern.search(path.read_bytes())
    ]
    assert held == []


def test_a_dependency_without_its_reason():
    """Every requirement of pyproject.toml has a line in the page of dependencies."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(r for extra in project["optional-dependencies"].values() for r in extra),
    ]
    names = {re.split(r"[<>=\[;~ ]", requirement)[0] for requirement in wanted}
    page = (ROOT / "docs/design/dependencies.md").read_text()
    assert sorted(name for name in names if f"| {name} |" not in page) == []


def test_the_wall_is_read_for_the_time():
    """Time is an argument: only the system clock, made in wiring, and the entrances of other programs ask."""
    asking = re.compile(r"\b(datetime\.now|date\.today|datetime\.utcnow|time\.time)\(|timezone\.now\(")
    found = {str(path.relative_to(ROOT)) for path in SOURCE if asking.search(path.read_text())}
    assert found <= {
        "src/counterseal/core/clock.py",
        "src/counterseal_open/recipient.py",  # a program of its own, on the recipient's machine
        "src/counterseal_verify/sealer.py",  # a process of its own, which takes no time from who asks it
    }
