"""Registering those who may ask and those who may receive: two people, out of band, each act an entry.

A proposal is worth nothing until another person has confirmed it (P-03, P-04, P-09). An officer may be proposed by
the agency's own program; a key and a root only by the custodian's people, because a stolen key must not be
able to make another.
"""

from __future__ import annotations

from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.agency import is_acting
from counterseal.errors import CountersealError
from counterseal.ledger.note import ED25519, read_key
from counterseal.store.registration import (
    Kind,
    Line,
    enter_confirmation,
    enter_end,
    enter_proposal,
    find_line,
    is_known,
    listed,
    require_agency,
)
from counterseal.store.submissions import one_act, register_agency, registered_agency
from counterseal.vault.presented import read_certificate, wrong_certificate

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from counterseal.flow.office import Office

LONGEST_NAME = 150
LONGEST_OFFICER = 80
REVIEWED_FOR = timedelta(days=3 * 365)
"""How long a contractor's review counts (26 U.S.C. 6103(p)(9))."""


def register_asker(office: Office, agency: str, title: str, names: Sequence[str], *, by: str) -> None:
    """Enter an agency, with safeguards not in force and no key: nothing that it sends is taken yet.

    Raises CountersealError ``agency-known`` when another agency has its id or signs under one of its names.
    """
    by = named_person(by)
    at = office.clock.now()
    with one_act():
        known = any(registered_agency(name, today=at.date()) for name in (agency, title, *names))
        if known or not register_agency(agency, title, names, at=at):
            raise CountersealError("agency-known", "An agency has this id or name already.", where=agency)
        office.ledger.append("registered", {"act": "entered", "what": "agency", "agency": agency}, {"by": by})
    office.ledger.publish()


def propose_key(
    office: Office,
    agency: str,
    vkey: str,
    *,
    signer: str,
    office_held: str,
    valid: tuple[date, date],
    memo: bytes | None,
    by: str,
) -> Line:
    """Propose a signer's key, or with an empty ``office_held`` a program's. ``memo`` is an acting official's.

    Raises CountersealError: ``verifier-key``, ``memo-missing``, ``register-known``, ``register-dates``,
    ``agency-unknown``, ``person``.
    """
    key = read_key(vkey.strip())
    if key.type != ED25519:
        raise CountersealError("verifier-key", "An agency signs with Ed25519.", next_step="counterseal agency new-key")
    if is_acting(office_held) and not memo:
        raise CountersealError(
            "memo-missing",
            "Somebody who acts in an office is registered with the memorandum by which they act.",
            next_step="Name it with --memo.",
        )
    fields = {
        "agency_id": agency,
        "key": str(key),
        "sha256": sha256(key.public_key).hexdigest(),
        "signer": named_person(signer),
        "office": office_held.strip(),
        "memo_sha256": sha256(memo).hexdigest() if memo else "",
    }
    return _propose(office, Kind.KEY, fields, valid, by)


def propose_officer(
    office: Office, agency: str, officer: str, certificate: bytes, *, by: str, certification: bytes | None = None
) -> Line:
    """Propose an officer, as requests name them, with the certificate that answers are sealed to.

    ``certification`` is that of 26 U.S.C. 6103(p)(9), without which no contractor is registered; its digest is
    entered, and the registration ends with the review's three years. Raises CountersealError: ``certificate``,
    ``contractor``, ``officer``, ``register-known``, ``agency-unknown``, ``person``.
    """
    if not officer.strip() or len(officer) > LONGEST_OFFICER or not officer.isprintable() or ";" in officer:
        raise CountersealError("officer", f"An officer is named in at most {LONGEST_OFFICER} signs, without semicolon.")
    read = read_certificate(certificate)
    if read.is_authority:
        raise wrong_certificate("it is an authority's, not an officer's")
    if read.is_affiliate and not certification:
        raise CountersealError(
            "contractor",
            "This certificate is a contractor's, and an answer goes to the agency's own officers and employees.",
            next_step="Present the certification of 26 U.S.C. 6103(p)(9) with --certification.",
        )
    fields = {"agency_id": agency, "officer": officer.strip(), "certificate": read.pem, "sha256": read.sha256}
    if not certification:
        return _propose(office, Kind.OFFICER, fields, (read.valid_from, read.valid_to), by)
    last = min(read.valid_to, office.clock.now().date() + REVIEWED_FOR)
    told = {"contractor": sha256(certification).hexdigest()}
    return _propose(office, Kind.OFFICER, fields, (read.valid_from, last), by, told)


def propose_root(office: Office, agency: str, certificate: bytes, *, by: str) -> Line:
    """Propose the authority under which an agency's officers have their certificates.

    Raises CountersealError: ``certificate``, ``register-known``, ``agency-unknown``, ``person``.
    """
    read = read_certificate(certificate)
    if not read.is_authority:
        raise wrong_certificate("it is not that of an authority")
    fields = {"agency_id": agency, "certificate": read.pem, "sha256": read.sha256}
    return _propose(office, Kind.ROOT, fields, (read.valid_from, read.valid_to), by)


def _propose(
    office: Office,
    kind: Kind,
    fields: dict[str, str],
    valid: tuple[date, date],
    by: str,
    told: dict[str, str] | None = None,
) -> Line:
    by = named_person(by)
    if valid[1] < valid[0]:
        raise CountersealError("register-dates", "The last day of validity is before the first.")
    with one_act():
        require_agency(fields["agency_id"])
        if is_known(kind, fields["agency_id"], fields["sha256"], fields.get("officer", "")):
            raise CountersealError(
                "register-known",
                f"This {kind} stands in the register already.",
                next_step="See: counterseal agency list. A key is never registered twice; make a new one.",
            )
        facts = {
            "act": "proposed",
            "what": kind.value,
            "agency": fields["agency_id"],
            "sha256": fields["sha256"],
            "valid_from": valid[0].isoformat(),
            "valid_to": valid[1].isoformat(),
            **(told or {}),
        }
        whose = {name: fields[name] for name in ("signer", "office", "officer", "memo_sha256") if fields.get(name)}
        at = office.clock.now()
        entry = office.ledger.append("registered", {**facts}, {"by": by, **whose})
        number = enter_proposal(kind, fields, valid=valid, by=by, at=at, entry=entry)
        line = find_line(kind, number)
    office.ledger.publish()
    return line


def officers(agency: str) -> list[Line]:
    """Give the agency's officers in the register, ended ones too."""
    return [line for line in listed(agency) if line.kind is Kind.OFFICER]


def confirm(office: Office, kind: Kind, number: int, *, by: str) -> Line:
    """Confirm what another person proposed; from now on it counts.

    Raises CountersealError: ``register-none``, ``register-same-person``, ``register-settled``.
    """
    by = named_person(by)
    with one_act():
        line = find_line(kind, number)
        if same_person(line.proposed_by, by):
            raise CountersealError(
                "register-same-person",
                "Whoever proposed it cannot confirm it.",
                next_step="Another of the custodian's people checks it out of band and confirms it.",
            )
        entry = _enter(office, "confirmed", line, by)
        if not enter_confirmation(kind, number, by=by, at=office.clock.now(), entry=entry):
            raise CountersealError("register-settled", f"The {kind} is {line.state}; it waits for nobody.")
        line = find_line(kind, number)
    office.ledger.publish()
    return line


def end(office: Office, kind: Kind, number: int, *, by: str, why: str) -> Line:
    """End a line of the register at once; one person is enough, because ending only closes.

    Raises CountersealError: ``register-none``, ``register-settled``, ``person``.
    """
    by = named_person(by)
    with one_act():
        line = find_line(kind, number)
        entry = _enter(office, "ended", line, by, why)
        if not enter_end(kind, number, at=office.clock.now(), entry=entry):
            raise CountersealError("register-settled", f"The {kind} has ended already.")
        line = find_line(kind, number)
    office.ledger.publish()
    return line


def _enter(office: Office, act: str, line: Line, by: str, why: str = "") -> int:
    facts = {"act": act, "what": line.kind.value, "agency": line.agency, "sha256": line.sha256}
    return office.ledger.append("registered", {**facts}, {"by": by, **({"why": why} if why else {})})


def same_person(one: str, other: str) -> bool:
    """Tell whether two names are one person's, however they are spaced or capitalised."""
    return " ".join(one.casefold().split()) == " ".join(other.casefold().split())


def named_person(person: str) -> str:
    """Give a person's name as it is committed to. Raises CountersealError ``person``."""
    if not person.strip() or len(person) > LONGEST_NAME or not person.isprintable():
        raise CountersealError("person", f"A person is named in at most {LONGEST_NAME} signs.")
    return person.strip()
