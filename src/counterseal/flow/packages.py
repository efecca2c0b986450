"""An agency's own packages: which there are, their bytes, and that an officer has received one.

Nothing is told before the whole batch is answered, and of another agency's nothing at all: what is not one's own
is as if it were not there.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.answer import packages_of
from counterseal.flow.asker import own
from counterseal.store.packages import acknowledged, released_case
from counterseal.store.submissions import one_act
from counterseal.vault.acknowledgement import read_acknowledgement

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.flow.office import Office


@dataclass(frozen=True, slots=True)
class OwnPackage:
    """A package by the row that it answers: digest and bytes of its file, and how many officers acknowledged it."""

    row: int
    sha256: str
    size: int
    officers: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class Receipted:
    """An acknowledgement in the ledger: its entry, and the digest of the officer's certificate."""

    entry: int
    officer: str


def own_packages(office: Office, agency: str, submission: str) -> list[OwnPackage]:
    """Give the packages of one's own answered submission, in the order of rows.

    Raises CountersealError ``not-found``, or ``not-answered`` before the batch is answered.
    """
    own(agency, submission)
    return [_line(submission, row, path) for row, path in packages_of(office.workspace, submission).items()]


def own_package(office: Office, agency: str, submission: str, row: int) -> Path:
    """Give the file of one package. Raises as ``own_packages``, and ``not-found`` where the row has none."""
    own(agency, submission)
    path = packages_of(office.workspace, submission).get(row)
    if path is None or not path.is_file():
        raise CountersealError("not-found", "There is no package for this row.", where=f"row {row}")
    return path


def acknowledge_package(
    office: Office, agency: str, submission: str, row: int, document: bytes, *, door: str = "interface"
) -> Receipted:
    """Enter that an officer has received a package and accepted its conditions; once for each officer.

    ``document`` is what ``counterseal open`` signed, byte for byte; its digest is entered, the officer's name is
    not. Sent again it changes nothing. Raises CountersealError ``acknowledgement`` when the signature does not
    hold or it is about another package, ``not-a-recipient`` when another's certificate signed it.
    """
    path = own_package(office, agency, submission, row)
    told = read_acknowledgement(document)
    case = released_case(submission, row)
    about = (told.package, told.entry, told.ledger)
    if about != (sha256(path.read_bytes()).hexdigest(), case.intent, office.ledger.origin):
        raise CountersealError(
            "acknowledgement", "This acknowledges another package.", next_step="Send it to the row that it is about."
        )
    if told.certificate not in case.recipients:
        raise CountersealError("not-a-recipient", "The officer who signed this did not receive the package.")
    with one_act():
        office.ledger.lock()
        earlier = acknowledged(case.delivered).get(told.certificate)
        if earlier is not None:
            return Receipted(earlier, told.certificate)
        entry = office.ledger.append(
            "acknowledged",
            {
                "agency": agency, "delivered": case.delivered, "officer": told.certificate, "over": path.stem,
                "document": told.document, "conditions": told.conditions, "door": door,
            },
        )  # fmt: skip
    office.ledger.publish()
    return Receipted(entry, told.certificate)


def _line(submission: str, row: int, path: Path) -> OwnPackage:
    content, case = path.read_bytes(), released_case(submission, row)
    return OwnPackage(
        row, sha256(content).hexdigest(), len(content), len(case.recipients), len(acknowledged(case.delivered))
    )
