"""Where an installation keeps its files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.core.request import SubmissionId


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder that ``counterseal init`` made. ``demonstration`` is said on everything it produces."""

    root: Path
    demonstration: bool

    @property
    def database(self) -> Path:
        """The case database when it is SQLite."""
        return self.root / "counterseal.sqlite3"

    @property
    def ledger(self) -> Path:
        """The published ledger: checkpoint, tiles and the log's public key. No personal data."""
        return self.root / "ledger"

    @property
    def keys(self) -> Path:
        """Private keys, readable by the owner alone."""
        return self.root / "keys"

    @property
    def agreements(self) -> Path:
        """The agreements in force here, a folder each."""
        return self.root / "agreements"

    def inbox(self, upload: str) -> Path:
        """The folder in which an agency's upload grows until it is a whole submission."""
        return self.root / "inbox" / upload

    @property
    def policy(self) -> Path:
        """Whose cosignatures a release and a stop order need (C2SP tlog-policy)."""
        return self.root / "policy"

    @property
    def answers(self) -> Path:
        """Answers that were signed for, each under its digest: the sealer's to fetch."""
        return self.root / "answers"

    @property
    def packages(self) -> Path:
        """Sealed packages, each under the digest of its release."""
        return self.root / "packages"

    @property
    def papers(self) -> Path:
        """What holders signed, each under its digest: certificates and answers to orders, as the ledger names them."""
        return self.root / "papers"

    @property
    def agencies(self) -> Path:
        """What the sealer knows of each agency: its certificate authorities, and a gateway key where it has one."""
        return self.root / "agencies"

    @property
    def custodian(self) -> Path:
        """The key that signs what packages hold: the sealer's alone."""
        return self.keys / "custodian.ed25519"

    def batch(self, submission: SubmissionId) -> Path:
        """The folder of a submission that has been determined."""
        return self.root / "batches" / submission

    def unfinished(self, submission: SubmissionId) -> Path:
        """The folder of a submission while it is being worked on; never read by a door."""
        return self.root / "unfinished" / submission


def read_workspace(root: Path) -> Workspace:
    """Open the workspace at ``root``. Raises CountersealError ``workspace`` when there is none."""
    note = root / "workspace.toml"
    try:
        facts = tomllib.loads(note.read_text(encoding="utf-8"))
        return Workspace(root, demonstration=bool(facts["demonstration"]))
    except (OSError, ValueError, KeyError):
        raise CountersealError(
            "workspace",
            "This folder is not a workspace.",
            where=str(root),
            next_step=f"Make one: counterseal init {root}",
        ) from None
