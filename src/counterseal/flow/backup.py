"""Backing an office up, and putting it back somewhere else.

What is copied: the database, the published ledger, batches, answers, packages, uploads, agreements, the
register's roots and the policy. The private keys go to a folder of their own or nowhere: whoever holds
copy and keys holds everything. A witness's memory is never part of it; restoring that is how a log shows
two histories.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.workspace import Workspace, read_workspace
from counterseal.errors import CountersealError
from counterseal.store.backup import copy_database, load_database
from counterseal.store.connection import make_tables, point_at
from counterseal.vault.durable import synchronise_files, synchronise_folder, write_durably

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from counterseal.flow.office import Office

NOTE = "backup.json"
AFTER = (
    "batches", "retained", "answers", "packages", "papers", "inbox", "agreements", "agencies", "policy",
    "workspace.toml",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class BackedUp:
    """What a backup holds: files with their sums, and how far the ledger had come."""

    files: int
    size: int
    root: str


def back_up(office: Office, out: Path, keys: Path | None) -> BackedUp:
    """Copy the office into ``out``, a new folder; its private keys into ``keys``, another, or nowhere.

    The published ledger is copied before the database, so that it is never ahead of it, and what cases
    need after it, so that none lacks its files. Raises CountersealError ``backup-folder`` when a folder is
    there already or one lies in the other.
    """
    _new(out)
    if keys is not None:
        _new(keys)
        if keys.resolve().is_relative_to(out.resolve()) or out.resolve().is_relative_to(keys.resolve()):
            raise CountersealError("backup-folder", "Keys do not lie beside what they open.", where="--keys")
    size, root = office.ledger.size_and_root()
    out.mkdir(parents=True, mode=0o700)
    workspace = office.workspace
    _copy(workspace.ledger, out / "ledger")
    database = copy_database(out)
    for name in AFTER:
        if (workspace.root / name).exists():
            _copy(workspace.root / name, out / name)
    _synchronise(out)
    if keys is not None:
        _copy(workspace.keys, keys)
        _synchronise(keys)
    sums = {str(path.relative_to(out)): _sum(path) for path in _files(out)}
    told = {"database": database, "size": size, "root": root, "sums": sums}
    write_durably(out / NOTE, json.dumps(told, indent=1, sort_keys=True).encode(), mode=0o600)
    return BackedUp(len(sums), size, root)


def put_back(copy: Path, root: Path, keys: Path) -> Workspace:
    """Make a workspace at ``root`` from a backup and the keys kept apart.

    Raises CountersealError ``backup`` when a file is missing, changed or not of it, ``workspace-exists`` when
    ``root`` holds anything. Whether it is the newest is for the witnesses to say: run ``counterseal doctor``.
    """
    told = _note(copy)
    if root.exists() and (not root.is_dir() or any(root.iterdir())):
        raise CountersealError(
            "workspace-exists", "This is not an empty folder.", where=str(root), next_step="Name a new folder."
        )
    root.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name in (*AFTER, "ledger"):
        if (copy / name).exists():
            _copy(copy / name, root / name)
    _copy(keys, root / "keys")
    for name in ("unfinished", "spill"):
        (root / name).mkdir(mode=0o700)
    workspace = read_workspace(root)
    point_at(root)
    load_database(copy / str(told["database"]), workspace.database)
    _synchronise(root)
    return workspace


def upgrade(root: Path) -> None:
    """Bring the tables and triggers of a workspace's database up to date. Raises CountersealError ``workspace``."""
    read_workspace(root)
    point_at(root)
    make_tables()


def _note(copy: Path) -> dict[str, object]:
    try:
        told = json.loads((copy / NOTE).read_bytes())
        sums: dict[str, str] = told["sums"]
        named = sums.keys() | {NOTE}
        found = {str(path.relative_to(copy)) for path in _files(copy)}
        changed = sorted({*(named ^ found), *(name for name in sums.keys() & found if _sum(copy / name) != sums[name])})
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        raise CountersealError("backup", "This is no backup.", where=str(copy)) from None
    if changed:
        raise CountersealError(
            "backup",
            f"{len(changed)} files are missing, changed or not of this backup, the first: {changed[0]}",
            where=str(copy),
            next_step="Take another copy.",
        )
    return dict(told)


def _new(folder: Path) -> None:
    if folder.exists():
        raise CountersealError("backup-folder", "A backup is written into a new folder.", where=str(folder))


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, symlinks=True, copy_function=shutil.copy2)
    else:
        shutil.copy2(source, target)


def _synchronise(folder: Path) -> None:
    """Make every file below a folder durable: what is done on top of a copy counts on what lies beneath."""
    for place, *_ in os.walk(folder):
        synchronise_files(folder.__class__(place))
    synchronise_folder(folder.parent)


def _files(folder: Path) -> Iterator[Path]:
    for place, folders, names in os.walk(folder):
        folders.sort()
        for name in sorted(names):
            yield folder.__class__(place, name)


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
