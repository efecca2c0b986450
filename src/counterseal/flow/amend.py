"""An agreement is amended by two people: one proposes a version, another puts it in force from its own day.

A version is law once its adoption stands in the ledger, and for requests signed on its day or later. Nothing that was
signed before is decided anew, and no version reaches back behind a request that was taken in already.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.agreements import load_agreement
from counterseal.agreements.compare import Direction
from counterseal.agreements.versions import VERSIONS, refuse_as_amendment, versions
from counterseal.core.official import Role
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.agreement import check_agreement, compare_agreements
from counterseal.flow.in_force import CONDITIONS
from counterseal.flow.orders import acting_name, door_of
from counterseal.flow.register import named_person, same_person
from counterseal.ledger.entry import EntryKind
from counterseal.store.custody import entries_at, entries_of
from counterseal.store.submissions import last_signed, one_act
from counterseal.vault.durable import synchronise_files, synchronise_folder

if TYPE_CHECKING:
    from pathlib import Path

    from counterseal.agreements import Agreement
    from counterseal.agreements.compare import Change
    from counterseal.flow.office import Office
    from counterseal.flow.orders import By
    from counterseal.store.custody import Told

MAY_AMEND = frozenset({Role.COUNSEL})
PROPOSED = "proposed"


@dataclass(frozen=True, slots=True)
class Proposed:
    """A proposal: its entry, what it proposes, and every change from the version before it."""

    entry: int
    law: Agreement
    changes: tuple[Change, ...]

    @property
    def loosened(self) -> int:
        """How many changes let a row through that was kept back, or may."""
        return _loosened(self.changes)


def propose(office: Office, document: Path, by: By, why: str, citations: Path | None) -> Proposed:
    """Check a version whole, compare it with the newest here, lay it down and enter the proposal.

    ``document`` is a folder with agreement.md, its tables and conditions.txt; ``citations`` the folder of the law.
    Raises CheckFailedError ``agreement-check`` when anything of it is to be mended, CountersealError
    ``agreement-unknown``, ``agreement-draft``, ``agreement-conditions``, ``agreement-versions``,
    ``agreement-retroactive`` or ``agreement-why``.
    """
    if not why.strip():
        raise CountersealError("agreement-why", "Say which law or act the amendment comes from.", where="--why")
    law = load_agreement(document)
    newest = _newest(office, law)
    _refuse_unfit(law, newest)
    faults = list(check_agreement(document, citations))
    if faults:
        raise CheckFailedError(
            "agreement-check",
            f"{len(faults)} things are to be mended, the first at line {faults[0].line}: {faults[0].message}",
            where=str(document),
            next_step="See them all: counterseal agreement check",
        )
    changes = tuple(compare_agreements(newest.path, law.path))
    laid = _lay_down(office, law)
    with one_act():
        office.ledger.lock()
        name = named_person(acting_name(by, MAY_AMEND))
        _refuse_retroactive(law)
        entry = office.ledger.append(
            "agreement",
            {
                "act": "proposed",
                "agreement": law.id,
                "version": law.version,
                "document": laid.digest,
                "conditions": _conditions_digest(laid),
                "in_force": law.in_force.isoformat(),
                "loosened": _loosened(changes),
                "door": door_of(by),
            },
            {"by": name, "why": why.strip()},
        )
    office.ledger.publish()
    return Proposed(entry, law, changes)


def adopt(office: Office, proposal: int, by: By) -> tuple[int, Agreement]:
    """Put in force what somebody else proposed; give the entry and the version.

    Raises CountersealError ``agreement-proposal`` when there is no such proposal, a later one, or it was adopted;
    ``agreement-by-two`` for the one who proposed; ``agreement-moved`` when other words lie here than were proposed;
    ``agreement-versions`` and ``agreement-retroactive`` as ``propose``.
    """
    with one_act():
        office.ledger.lock()
        told = _open_proposal(proposal)
        name = named_person(acting_name(by, MAY_AMEND))
        if same_person(str(office.ledger.opening(proposal, "by").value), name):
            raise CountersealError("agreement-by-two", "The one who proposed cannot also adopt; another must.")
        law = _proposed_here(office, told)
        _refuse_retroactive(law)
        _put_in_place(office, law)
        entry = office.ledger.append(
            "agreement",
            {
                "act": "adopted",
                "agreement": law.id,
                "version": law.version,
                "sha256": law.digest,
                "conditions": told.body["conditions"],
                "in_force": law.in_force.isoformat(),
                "proposal": proposal,
                "door": door_of(by),
            },
            {"by": name},
        )
    office.ledger.publish()
    return entry, law


def _newest(office: Office, law: Agreement) -> Agreement:
    folder = office.workspace.agreements / law.id
    if not (folder / "agreement.md").is_file():
        raise CountersealError(
            "agreement-unknown", f"There is no agreement {law.id} in this workspace to amend.", where="agreement.md, id"
        )
    return versions(folder)[-1]


def _refuse_unfit(law: Agreement, newest: Agreement) -> None:
    refuse_as_amendment(newest, law)
    if law.status == "draft":
        raise CountersealError(
            "agreement-draft",
            "A draft is not put in force.",
            where="agreement.md, status",
            next_step='Write status = "in force", or "ended" for a version that ends the agreement.',
        )
    if not (law.path.parent / CONDITIONS).is_file():
        raise CountersealError(
            "agreement-conditions",
            "The version has no conditions of use, and without them nothing is sealed.",
            where=CONDITIONS,
            next_step="Copy those of the version before, and change them if the amendment does.",
        )


def _refuse_retroactive(law: Agreement) -> None:
    last = last_signed(law.id)
    if last is not None and last >= law.in_force:
        raise CountersealError(
            "agreement-retroactive",
            f"A request signed on {last} was taken in under an earlier version, and this one is in force from "
            f"{law.in_force}.",
            where="agreement.md, in_force",
            next_step="Set a later day. What was signed before it is decided by the version before.",
        )


def _loosened(changes: tuple[Change, ...]) -> int:
    return sum(one.direction not in {Direction.NONE, Direction.READ, Direction.TIGHTENED} for one in changes[1:])


def _conditions_digest(law: Agreement) -> str:
    return sha256((law.path.parent / CONDITIONS).read_bytes()).hexdigest()


def _lay_down(office: Office, law: Agreement) -> Agreement:
    """Copy what belongs to the version, and nothing else, beside the versions in force; give it as it lies there."""
    folder = office.workspace.agreements / law.id / PROPOSED / law.version
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "data").mkdir(parents=True)
    shutil.copyfile(law.path, folder / "agreement.md")
    shutil.copyfile(law.path.parent / CONDITIONS, folder / CONDITIONS)
    for table in law.tables:
        shutil.copyfile(table, folder / "data" / table.name)
    for one in (folder / "data", folder):
        synchronise_files(one)
    return load_agreement(folder)


def _open_proposal(proposal: int) -> Told:
    told = entries_at([proposal]).get(proposal)
    if told is None or told.kind != EntryKind.AGREEMENT or told.body.get("act") != "proposed":
        raise CountersealError("agreement-proposal", f"Entry {proposal} proposes no version of an agreement.")
    later = [
        one
        for one in entries_of([EntryKind.AGREEMENT])
        if one.index > proposal and one.body["agreement"] == told.body["agreement"]
    ]
    if later:
        word = "adopted" if later[-1].body.get("proposal") == proposal else "overtaken by a later one"
        raise CountersealError("agreement-proposal", f"The proposal of entry {proposal} was {word}.")
    return told


def _proposed_here(office: Office, told: Told) -> Agreement:
    """Give the version as it was proposed, wherever an adoption that was cut has left it."""
    here = office.workspace.agreements / str(told.body["agreement"])
    folders = [here / part / str(told.body["version"]) for part in (PROPOSED, VERSIONS)]
    folder = next((one for one in folders if (one / "agreement.md").is_file()), None)
    law = load_agreement(folder) if folder else None
    if law is None or (law.digest, _conditions_digest(law)) != (told.body["document"], told.body["conditions"]):
        raise CountersealError(
            "agreement-moved",
            "What lies here is not what was proposed.",
            where=f"agreements/{told.body['agreement']}/{PROPOSED}/{told.body['version']}",
            next_step="Propose it anew.",
        )
    return law


def _put_in_place(office: Office, law: Agreement) -> None:
    folder = office.workspace.agreements / law.id
    place = folder / VERSIONS / law.version
    if law.path.parent != place:
        place.parent.mkdir(exist_ok=True)
        law.path.parent.rename(place)
        for one in (place.parent, folder / PROPOSED, folder):
            synchronise_folder(one)
    versions(folder)
