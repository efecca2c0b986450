"""What two people sign: one case as it was reviewed, in canonical bytes, and the answer that would leave.

The case file holds the request as received, every finding, what identity found, the opinions of counsel and the
(i)(6) determination. Its digest is what the ledger names, salted from the batch's secret, so that nobody who
guesses a person can test the guess. It is made anew from the batch's own files whenever it is asked for, and
must come out the same: what was signed and what is released cannot differ.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pyarrow.parquet as pq

from counterseal.core.request import SubmissionId
from counterseal.errors import CountersealError
from counterseal.flow.in_force import read_agreement
from counterseal.ledger.canonical import canonical
from counterseal.ledger.intent import Release, Reviewed
from counterseal.store.casework import opinions
from counterseal.store.register import officers_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date
    from pathlib import Path

    from counterseal.core.workspace import Workspace
    from counterseal.store.casework import CaseHeld
    from counterseal.store.register import OfficerHeld
    from counterseal.vault.batch_files import BatchFiles

NOT_EVIDENCE = {"row", "request_ref", "account_id"}
NOT_THE_REQUEST = {"row", "malformed", "plain"}
FINDING = {True: "holds", False: "fails", None: "unknown"}


@dataclass(frozen=True, slots=True)
class CaseFile:
    """A case as reviewed. ``officers`` are those whom the request names and the register knows today."""

    document: dict[str, Any]
    account: str
    officers: tuple[OfficerHeld, ...]
    unregistered: tuple[str, ...]

    @property
    def reviewed(self) -> Reviewed:
        """The case by its digests: what is signed."""
        file = sha256(b"counterseal/case-file/v2\0" + canonical(self.document)).hexdigest()
        under = self.document["agreement"]
        return Reviewed(file, self.document["agency"], under["id"], under["version"])


def case_file(workspace: Workspace, files: BatchFiles, case: CaseHeld, *, today: date) -> CaseFile:
    """Make the case file from the batch. Raises CountersealError ``batch-damaged`` when the batch is not whole."""
    folder = workspace.batch(SubmissionId(case.submission))
    received, findings, identified = (
        one_row(files, folder / f"{name}.parquet", case.row) for name in ("rows", "findings", "identified")
    )
    agreement = read_agreement(workspace.agreements / case.agreement, case.agreement_digest)
    if agreement.digest != case.agreement_digest:
        raise CountersealError(
            "agreement-moved",
            "The version of the agreement is no longer here that judged this case.",
            next_step="The submission is judged anew under the version in force.",
        )
    salt = _keyed(files, folder, case, "case")
    asked = sorted(name for name in findings if name != "row")
    document = {
        "v": 2,
        "agency": case.agency,
        "case": case.id,
        "round": case.round,
        "submission": case.submission,
        "row": case.row,
        "agreement": {"id": agreement.id, "version": agreement.version, "sha256": agreement.digest},
        "request": {name: value or "" for name, value in received.items() if name not in NOT_THE_REQUEST},
        "findings": {rule: FINDING[findings[rule]] for rule in asked},
        "identity": {name: _told(value) for name, value in identified.items() if name not in NOT_EVIDENCE},
        "opinions": {rules: text for rules, (_, text) in sorted(opinions(case.submission).items())},
        "determination": case.determination,
        "account": sha256(f"{salt}{identified['account_id']}".encode()).hexdigest(),
        "salt": salt,
    }
    named = [one.strip() for one in str(received.get("officers") or "").split(";") if one.strip()]
    known = officers_of(case.agency, named, today=today)
    return CaseFile(
        document,
        str(identified["account_id"]),
        tuple(known[name] for name in named if name in known),
        tuple(name for name in named if name not in known),
    )


def answer_of(
    workspace: Workspace,
    files: BatchFiles,
    case: CaseHeld,
    file: CaseFile,
    mailing: Mapping[str, str],
) -> bytes:
    """Make the answer's bytes: the one element that was asked for, and nothing else of the person.

    The salt keeps the answer's digest, which stands in the ledger, from being tried out with guessed addresses.
    """
    folder = workspace.batch(SubmissionId(case.submission))
    return canonical(
        {
            "v": 1,
            "request_ref": file.document["request"].get("request_ref", ""),
            "mailing_address": dict(mailing),
            "salt": _keyed(files, folder, case, "answer"),
        }
    )


def release_of(file: CaseFile, answer: bytes) -> Release:
    """Give what is signed: case, answer and recipients.

    Raises CountersealError ``recipients`` when an officer whom the request names is not in the register.
    """
    if file.unregistered or not file.officers:
        raise CountersealError(
            "recipients",
            f"{len(file.unregistered) or 'All'} of the officers whom the request names are not registered to receive.",
            next_step="The agency registers their certificates; until then nothing is signed.",
        )
    return Release(file.reviewed.digest, sha256(answer).hexdigest(), tuple(one.sha256 for one in file.officers))


def one_row(files: BatchFiles, path: Path, row: int) -> dict[str, Any]:
    """Read one row of a batch's file, by column. Raises CountersealError ``batch-damaged``."""
    try:
        with files.open(path) as file:
            found = pq.read_table(file, filters=[("row", "=", row)]).to_pylist()
    except (OSError, ValueError) as error:
        raise CountersealError("batch-damaged", "A file of this batch cannot be read.", where=path.name) from error
    if len(found) != 1:
        raise CountersealError("batch-damaged", f"Row {row} does not stand once in the batch.", where=path.name)
    return dict(found[0])


def _keyed(files: BatchFiles, folder: Path, case: CaseHeld, purpose: str) -> str:
    secret = files.read(folder / "rows.secret")
    return hmac.new(secret, f"{purpose}/{case.id}/{case.round}".encode(), sha256).hexdigest()


def _told(value: object) -> str | int:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, int) else str(value)
