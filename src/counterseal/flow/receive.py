"""Receiving a submission: bytes hashed, rows kept as they came, one entry before anything is judged.

Every request is recorded, granted or not (26 U.S.C. 6103(p)(3)(A)): a submission whose file is not the one
that was signed, or whose signature does not count, is entered as refused, and its id stays free for the right file.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.authenticate import authenticate, read_signature, refusal
from counterseal.flow.hold import hold_if_unusual
from counterseal.flow.in_force import law_for
from counterseal.intake import read_manifest, take_in
from counterseal.store.asker import is_withdrawn
from counterseal.store.registration import registered_keys
from counterseal.store.submissions import enter_submission, one_act, refuse_if_received, registered_agency

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date, datetime
    from pathlib import Path

    from counterseal.agreements import Agreement
    from counterseal.core.request import Manifest
    from counterseal.flow.authenticate import Signed
    from counterseal.flow.office import Office, Progress
    from counterseal.intake import Receipt


@dataclass(frozen=True, slots=True)
class Received:
    """A submission that lies in the workspace as received, under the agreement that governs it."""

    manifest: Manifest
    receipt: Receipt
    agreement: Agreement
    received_on: date
    agency: str
    register: Mapping[str, bool]
    signed: Signed | None


OUT_OF_TIME = {"agreement-not-in-force", "agreement-ended"}
"""A request that was signed outside the time of its agreement is refused as a whole, and that is an entry."""


def agreement_for(office: Office, manifest: Manifest, named: Path | None) -> Agreement:
    """Give the version in force when the request was signed, of the agreement that it names or of ``named`` instead.

    Raises CountersealError ``agreement-unknown`` when the workspace has no such agreement, and as ``law_for``.
    """
    folder = named or office.workspace.agreements / manifest.agreement
    if not (folder / "agreement.md" if folder.is_dir() else folder).is_file():
        raise CountersealError(
            "agreement-unknown",
            "The manifest names an agreement that is not in force here.",
            where="manifest.json, agreement",
            next_step="Name an agreement of this workspace, or give a folder with --agreement.",
        )
    return law_for(office.workspace, folder, manifest.signed_on)


def receive(
    office: Office,
    submission: Path,
    *,
    received_on: date,
    agreement: Path | None = None,
    came: datetime | None = None,
    progress: Progress | None = None,
) -> Received:
    """Take a submission in and enter it in the ledger. ``came`` is when a program sent it.

    Raises CountersealError: the manifest's and the file's own faults; ``agency-unknown`` for an agency that
    is not registered; ``unsigned`` and the faults of ``authenticate``; ``held``; ``already-received``.
    """
    manifest = read_manifest(submission)
    found = registered_agency(manifest.requesting_agency, today=office.clock.now().date())
    if found is None:
        enter_refusal(office, manifest, "agency-unknown")
        raise CountersealError(
            "agency-unknown",
            "The requesting agency is not registered here, so nothing it sends is taken.",
            where="manifest.json, requesting_agency",
            next_step="An agency is registered by the custodian, with its offices and keys.",
        )
    agency, register = found
    signed = check_signer(office, submission, manifest, agency)
    if is_withdrawn(agency, manifest.submission):
        enter_refusal(office, manifest, "withdrawn")
        raise CountersealError("withdrawn", "The agency has withdrawn this submission; nothing of it is judged.")
    try:
        law = agreement_for(office, manifest, agreement)
    except CountersealError as fault:
        if fault.code in OUT_OF_TIME or (fault.code == "agreement-unknown" and agreement is None):
            enter_refusal(office, manifest, fault.code)
        raise
    refuse_if_received(manifest, digest=law.digest, received_on=received_on)
    hold_if_unusual(office, manifest, agency, came)
    folder = office.workspace.unfinished(manifest.submission)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    office.files.make_key(manifest.submission)
    try:
        receipt = take_in(
            submission,
            manifest,
            [field.name for field in law.fields],
            folder / "rows.parquet",
            files=office.files,
            progress=progress,
        )
    except CountersealError as fault:
        shutil.rmtree(folder, ignore_errors=True)
        enter_refusal(office, manifest, fault.code)
        raise
    received = Received(manifest, receipt, law, received_on, agency, register, signed)
    _enter(office, received, agreement)
    return received


def check_signer(office: Office, submission: Path, manifest: Manifest, agency: str) -> Signed | None:
    """Say who signed; None only for an unsigned submission in a demonstration. A refusal is an entry.

    Raises CountersealError ``unsigned`` and the faults of ``authenticate``.
    """
    try:
        signature = read_signature(submission)
        if signature is not None:
            return authenticate(manifest, signature, agency, registered_keys(agency), office.clock.now().date())
        if office.workspace.demonstration:
            return None
        raise refusal("unsigned", "The submission is not signed.", "Sign it: counterseal sign SUBMISSION --key FILE")
    except CountersealError as fault:
        enter_refusal(office, manifest, fault.code)
        raise


def _enter(office: Office, received: Received, named: Path | None) -> None:
    manifest, receipt, law = received.manifest, received.receipt, received.agreement
    with one_act():
        office.ledger.lock()
        if agreement_for(office, manifest, named).digest != law.digest:
            raise CountersealError(
                "agreement-moved",
                "Another version of the agreement was put in force while the request was read.",
                next_step="Give the same command again.",
            )
        new = enter_submission(
            manifest,
            received.agency,
            manifest_sha256=receipt.manifest_sha256,
            version=law.version,
            digest=law.digest,
            received_on=received.received_on,
            at=office.clock.now(),
        )
        if new:
            office.ledger.append(
                "received",
                {
                    "agency": received.agency,
                    "agreement": law.id,
                    "agreement_version": law.version,
                    "agreement_sha256": law.digest,
                    "rows": receipt.rows_received,
                    "signed_with": received.signed.key_sha256 if received.signed else "unsigned demonstration",
                },
                {
                    "submission": manifest.submission,
                    "manifest_sha256": receipt.manifest_sha256,
                    "rows_sha256": receipt.sha256,
                },
            )
    office.ledger.publish()


def enter_refusal(office: Office, manifest: Manifest, code: str) -> None:
    """Enter that a submission was refused as a whole, and why (a code)."""
    with one_act():
        office.ledger.append(
            "refused",
            {"why": code},
            {"submission": manifest.submission, "agency": manifest.requesting_agency},
        )
    office.ledger.publish()
