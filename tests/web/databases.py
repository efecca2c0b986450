"""Each office of these tests with a case database of its own, on SQLite or, where the environment says, PostgreSQL."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tests import preloaded
from tests.flow.casework import POSTGRESQL, empty_out

ROOT = Path(__file__).parents[2]
KEPT = "kept"
DATABASES: dict[Path, str] = {}
"""The address of each workspace's database, where the tests run on PostgreSQL."""


def environment_of(workspace: Path) -> dict[str, str]:
    """What a process is told that opens the workspace."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COUNTERSEAL_", "DJANGO_"))}
    database = {POSTGRESQL: DATABASES[workspace]} if workspace in DATABASES else {}
    return {**kept, **database, "PYTHONPATH": str(ROOT / "src")}


def make_database(workspace: Path, like: Path | None = None) -> None:
    """Where the tests run on PostgreSQL, make the database of a workspace: empty, or as that of another is."""
    if POSTGRESQL in os.environ:
        copied = DATABASES.get(like) if like else None
        DATABASES[workspace] = url = f"{os.environ[POSTGRESQL]}_web_{len(DATABASES)}"
        empty_out(url, like=copied)


def copy_workspace(workspace: Path, folder: Path) -> Path:
    """Copy an office, folder and case database; where it may be at work meanwhile, the copy kept of it."""
    kept = workspace.with_name(KEPT)
    source = kept if kept.exists() else workspace
    make_database(folder, like=source)
    return shutil.copytree(source, folder)


def call(workspace: Path, program: str, *arguments: object) -> str:
    """Run a program in Python on a workspace, in a process of its own; give what it prints."""
    told = preloaded.run(program, *arguments, environment=environment_of(workspace))
    assert told.code == 0, told.err
    return told.out
