"""What an inspector needs to follow one release through the ledger: the case file, openings and the row's proof.

The ledger ties a release's entries to a submission by commitments alone. This opens those of one release, and of no
other. It holds what was asked about the person, so it is as confidential as the case; that it was taken away is an
entry.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.flow.casefile import case_file
from counterseal.flow.row_proofs import prove_row_of_batch
from counterseal.store.audit import keep_inspection
from counterseal.store.casework import acting, held_case, official_named
from counterseal.store.custody import delivered_cases, entries_at, entries_of
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Opening

FORMAT = "counterseal-release-evidence/v1"
STAGES = ("received", "screened", "identified", "determined")


def release_evidence(office: Office, delivered: int, *, by: str) -> str:
    """Give the evidence of one delivery, as `counterseal-verify release` reads it.

    Raises CountersealError ``no-such-delivery``, ``role`` for anybody but oversight, ``opening`` or ``row-secret``
    where something was destroyed, and ``agreement-moved`` or ``release-evidence`` where the case file cannot be made
    again as it was signed.
    """
    case = delivered_cases().get(delivered)
    if case is None:
        raise CountersealError("no-such-delivery", "This entry delivered nothing.", where=str(delivered))
    held = held_case(case.case)
    file = case_file(office.workspace, office.files, held, today=office.clock.now().date())
    intent = entries_at([told := int(entries_at([delivered])[delivered].body["intent"])])[told]
    if file.reviewed.digest != intent.body["case"]:
        raise CountersealError("release-evidence", "The case file is no longer the one that was signed.")
    opened = _openings(office, case.submission)
    signed = [int(one["entry"]) for one in intent.body["approvals"]]
    opened += [(at, office.ledger.opening(at, "case")) for at in signed]
    row = prove_row_of_batch(office.workspace, office.files, case.submission, case.row)
    _enter(office, case.case, by)
    told_as: dict[str, Any] = {
        "format": FORMAT,
        "delivered": delivered,
        "case": file.document,
        "openings": [
            {"entry": at, "field": one.field, "salt": one.salt.hex(), "value": one.value} for at, one in opened
        ],
        "row": json.loads(str(row)),
    }
    return json.dumps(told_as, indent=1) + "\n"


def _openings(office: Office, submission: str) -> list[tuple[int, Opening]]:
    """Open the entries of a submission's stages, each newest of its kind."""
    found: dict[str, tuple[int, Opening]] = {}
    for told in entries_of(STAGES):
        try:
            one = office.ledger.opening(told.index, "submission")
        except CountersealError as error:
            if error.code != "opening":
                raise
            continue
        if one.value == submission:
            found[told.kind] = told.index, one
    missing = [kind for kind in STAGES if kind not in found]
    if missing:
        raise CountersealError("opening", f"What opens the entry '{missing[0]}' was destroyed, or never was.")
    return [found[kind] for kind in STAGES]


def _enter(office: Office, case: int, by: str) -> None:
    with one_act():
        office.ledger.lock()
        who = acting(official_named(by), frozenset({Role.OVERSIGHT}))
        body = {"what": "release", "role": who.role.value}
        entry = office.ledger.append("inspected", body, {"official": who.username, "case": case})
        keep_inspection(case, who.id, "release", "", at=office.clock.now(), entry=entry)
    office.ledger.publish()
