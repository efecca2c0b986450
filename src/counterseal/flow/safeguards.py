"""An agency's safeguards: in force by two people, to a day, on a document; lapsed by one, at once (P-08, D-23).

Screening reads them when a request comes, and the release reads them again in the transaction of its intent
(26 U.S.C. 6103(p)(4), Publication 1075). Past their last day they are not in force, and nobody has to say so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.register import named_person, same_person
from counterseal.store.custody import entries_of
from counterseal.store.register import Safeguards, end_safeguards, enter_safeguards, safeguards_listed
from counterseal.store.registration import require_agency
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.flow.office import Office
    from counterseal.store.custody import Told

LONGEST = timedelta(days=3 * 366)
"""A safeguards review comes about every three years (26 U.S.C. 6103(p)(4), (p)(9)); no status outlasts it."""


@dataclass(frozen=True, slots=True)
class Status:
    """An agency's safeguards for a list. ``entry`` is the newest about them; ``waits`` that of a proposal.

    ``borne_out`` is false where the register has them in force and the ledger does not say the same.
    """

    kept: Safeguards
    entry: int | None
    at: datetime | None
    document: str
    waits: int | None
    borne_out: bool


def propose(office: Office, agency: str, since: date, until: date, document: bytes, *, by: str) -> int:
    """Propose that an agency's safeguards are in force from a day to another, on a document. Give the entry.

    Raises CountersealError ``agency-unknown``, ``safeguards-dates``, ``safeguards-document`` or ``person``.
    """
    name, today = named_person(by), office.clock.now().date()
    if not since <= today <= until or until - since > LONGEST:
        raise CountersealError(
            "safeguards-dates", "They are in force from today or before, to today or later, for three years at most."
        )
    if not document.strip():
        raise CountersealError("safeguards-document", "The document that bears them out is empty.")
    with one_act():
        office.ledger.lock()
        require_agency(agency)
        told = {"act": "proposed", "agency": agency, "since": since.isoformat(), "until": until.isoformat()}
        entry = office.ledger.append("safeguards", {**told, "document": sha256(document).hexdigest()}, {"by": name})
    office.ledger.publish()
    return entry


def confirm(office: Office, agency: str, document: bytes, *, by: str) -> int:
    """Confirm what another person proposed last, with the same document at hand. Give the entry; they are in force.

    Raises CountersealError ``safeguards-none``, ``safeguards-same-person``, ``safeguards-document``,
    ``safeguards-dates`` when the last day has passed meanwhile, or ``person``.
    """
    name = named_person(by)
    with one_act():
        office.ledger.lock()
        last = _newest(agency)
        if last is None or last.body["act"] != "proposed":
            raise CountersealError("safeguards-none", "No proposal waits for this agency.", where=agency)
        if same_person(str(office.ledger.opening(last.index, "by").value), name):
            raise CountersealError("safeguards-same-person", "Whoever proposed it cannot confirm it.")
        if sha256(document).hexdigest() != last.body["document"]:
            raise CountersealError("safeguards-document", "This is another document than the one proposed on.")
        until = date.fromisoformat(last.body["until"])
        if until < office.clock.now().date():
            raise CountersealError("safeguards-dates", "The last day has passed meanwhile. Propose them anew.")
        entry = office.ledger.append(
            "safeguards", {"act": "confirmed", "agency": agency, "proposal": last.index, "until": until.isoformat()},
            {"by": name},
        )  # fmt: skip
        enter_safeguards(agency, until)
    office.ledger.publish()
    return entry


def lapse(office: Office, agency: str, *, by: str, why: str) -> int:
    """Set down that an agency's safeguards have lapsed: from here on nothing is released to it. Give the entry.

    One person is enough, because it only closes. Raises CountersealError ``agency-unknown``, ``safeguards-why`` or
    ``person``.
    """
    name = named_person(by)
    if not why.strip():
        raise CountersealError("safeguards-why", "Say why; it is committed to in the ledger.")
    with one_act():
        office.ledger.lock()
        require_agency(agency)
        entry = office.ledger.append(
            "safeguards", {"act": "lapsed", "agency": agency}, {"by": name, "why": why.strip()}
        )
        end_safeguards(agency)
    office.ledger.publish()
    return entry


def statuses(office: Office) -> list[Status]:
    """Give every agency's safeguards as they stand today, with the entry that says so."""
    newest: dict[str, Told] = {}
    decided: dict[str, Told] = {}
    documents: dict[str, str] = {}
    for one in entries_of(["safeguards"]):
        newest[one.body["agency"]] = one
        if one.body["act"] != "proposed":
            decided[one.body["agency"]] = one
        documents[one.body["agency"]] = one.body.get("document", documents.get(one.body["agency"], ""))
    found = []
    for kept in safeguards_listed(today=office.clock.now().date()):
        last = newest.get(kept.agency)
        waits = last.index if last and last.body["act"] == "proposed" else None
        said = decided.get(kept.agency)
        borne = not kept.in_force or _says(said, kept, of_nobody=office.workspace.demonstration)
        at, entry = (last.at, last.index) if last else (None, None)
        found.append(Status(kept, entry, at, documents.get(kept.agency, ""), waits, borne))
    return found


def _says(said: Told | None, kept: Safeguards, *, of_nobody: bool) -> bool:
    """Tell whether the ledger says what the register has. A demonstration's own agencies stand by no entry."""
    if said is None:
        return of_nobody
    return said.body["act"] == "confirmed" and kept.until is not None and said.body["until"] == kept.until.isoformat()


def _newest(agency: str) -> Told | None:
    return next((one for one in reversed(entries_of(["safeguards"])) if one.body["agency"] == agency), None)
