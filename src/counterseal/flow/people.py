"""Officials and the keys with which they sign. Every change is an entry.

An administrator makes accounts, gives roles and ends them, and never their own. Nobody has a password: a new
official gets a one-time code from the administrator's hand, and with it enrols a first passkey.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.case import CaseAct, next_state
from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.store.casework import acting, add_event, end_signing_key, keep_signing_key, move_case, official_named
from counterseal.store.officials import (
    account_held,
    add_official,
    cases_in_hand,
    end_account,
    enter_key_anew,
    keep_invitation,
    keys_in_use,
    set_role,
    use_invitation,
)
from counterseal.store.submissions import one_act
from counterseal.vault.passkeys import public_key_info

if TYPE_CHECKING:
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact
    from counterseal.store.officials import OfficialListed

ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
CODE_HOURS = 72
"""Hours in which a one-time code opens the door."""
CODE_BYTES = 15


@dataclass(frozen=True, slots=True)
class Invited:
    """An official with the one-time code that is shown once, and until when it is good for something."""

    official: int
    username: str
    code: str
    hours: int = CODE_HOURS


def add_person(office: Office, by: int, username: str, role: Role, agency: str = "") -> Invited:
    """Make an account in one role and give the one-time code for its first passkey.

    Raises CountersealError ``official-name`` for a name that is not plain, ``official-exists`` for one that is
    taken, ``agency`` for a requester without one, ``role`` when an administrator does not ask.
    """
    with one_act():
        office.ledger.lock()
        who = acting(by, ADMINISTRATOR)
        _check_person(username, role, agency)
        if not add_official(username, role, agency or None):
            raise CountersealError("official-exists", "This sign-in name is taken, or was.")
        invited = _invite(
            office, official_named(username), username, {"act": "added", "role": role.value}, who.username
        )
    office.ledger.publish()
    return invited


def invite_administrator(office: Office, username: str) -> Invited:
    """Make an administrator, or give one a new code, at the machine itself: the beginning, and the way back in.

    Raises CountersealError ``official-exists`` when the name is that of an official in another role.
    """
    with one_act():
        office.ledger.lock()
        _check_person(username, Role.ADMINISTRATOR, "")
        body: dict[str, Fact] = {"act": "invited", "door": "command"}
        if add_official(username, Role.ADMINISTRATOR):
            body = {"act": "added", "role": Role.ADMINISTRATOR.value, "door": "command"}
        held = account_held(official_named(username))
        if held.role is not Role.ADMINISTRATOR:
            raise CountersealError("official-exists", "This name is that of an official who is no administrator.")
        invited = _invite(office, held.id, username, body, "command")
    office.ledger.publish()
    return invited


def invite_again(office: Office, by: int, official: int) -> Invited:
    """Give an official a new one-time code; an earlier one is worth nothing. Their keys stay as they are."""
    with one_act():
        office.ledger.lock()
        who, held = _another(by, official)
        invited = _invite(office, held.id, held.username, {"act": "invited"}, who)
    office.ledger.publish()
    return invited


def change_role(office: Office, by: int, official: int, role: Role, agency: str = "") -> None:
    """Give an official another role. Their sessions die, and the cases they have go back to the queue.

    Each key in use is entered anew in the new role, so that whoever has the ledger alone knows in which role a
    key stands; what it signed before names the earlier entry and approves nothing from now on.

    Raises CountersealError ``own-role`` for one's own, ``official-unknown``, ``agency``, and ``role`` when an
    administrator does not ask or the official has that role.
    """
    with one_act():
        office.ledger.lock()
        who, held = _another(by, official)
        _check_person(held.username, role, agency)
        if held.role is role:
            raise CountersealError("role", "The official has this role.")
        body: dict[str, Fact] = {"act": "changed", "from": held.role.value, "role": role.value}
        entry = office.ledger.append("role", body, {"official": held.username, "by": who})
        _give_back_all(office, held.id, entry)
        set_role(held.id, role, agency or None)
        for key, public_key in keys_in_use(held.id):
            enter_key_anew(key, _enter_key(office, role, public_key, held.username))
    office.ledger.publish()


def end_person(office: Office, by: int, official: int, why: str) -> None:
    """End an account for good: sessions die, keys sign nothing more, cases in hand go back. What was signed stands."""
    if not why.strip():
        raise CountersealError("reason", "Say why the account ends.")
    with one_act():
        office.ledger.lock()
        who, held = _another(by, official)
        committed: dict[str, str | int] = {"official": held.username, "by": who, "note": why.strip()}
        entry = office.ledger.append("role", {"act": "ended", "role": held.role.value}, committed)
        _give_back_all(office, held.id, entry)
        for digest in end_account(held.id, at=office.clock.now()):
            office.ledger.append("role", {"act": "key ended", "key_sha256": digest})
    office.ledger.publish()


def open_with_code(office: Office, username: str, code: str) -> int:
    """Use a one-time code up; give whose it was. Raises CountersealError ``code`` for any that opens nothing."""
    with one_act():
        found = use_invitation(username.strip().lower(), _digest(code), now=office.clock.now())
    if found is None:
        raise CountersealError(
            "code", "This name and this code open nothing.", next_step="Ask an administrator for a new code."
        )
    return found


def _invite(office: Office, official: int, username: str, body: dict[str, Fact], by: str) -> Invited:
    letters = base64.b32encode(office.entropy(CODE_BYTES)).decode().lower()
    code = "-".join(letters[at : at + 6] for at in range(0, len(letters), 6))
    entry = office.ledger.append("role", body, {"official": username, "by": by})
    at = office.clock.now()
    keep_invitation(official, _digest(code), at=at, until=at + timedelta(hours=CODE_HOURS), entry=entry)
    return Invited(official, username, code)


def _digest(code: str) -> str:
    return sha256("".join(sign for sign in code.lower() if sign.isalnum()).encode()).hexdigest()


def _another(by: int, official: int) -> tuple[str, OfficialListed]:
    """Give the administrator who acts and the other official. Raises CountersealError ``own-role`` for oneself."""
    who = acting(by, ADMINISTRATOR)
    if by == official:
        raise CountersealError("own-role", "Nobody changes their own account; another administrator does.")
    return who.username, account_held(official)


def _check_person(username: str, role: Role, agency: str) -> None:
    if not NAME.fullmatch(username):
        raise CountersealError(
            "official-name", "A sign-in name is 2 to 40 small letters, digits, dots, dashes or lines, a letter first."
        )
    if (role is Role.REQUESTER) != bool(agency):
        raise CountersealError("agency", "A requester belongs to one agency, and nobody else to any.")


def _give_back_all(office: Office, official: int, entry: int) -> None:
    """Give the official's cases back to the queue, in the transaction and under the entry of the change."""
    for case in cases_in_hand(official):
        add_event(case.id, "give back", None, at=office.clock.now(), entry=entry, note="The official left this part.")
        move_case(
            case, next_state(case.state, CaseAct.GIVE_BACK), round=case.round + 1, assignee_id=None, offered_to_id=None
        )


def enrol_key(office: Office, official: int, credential: str, public_key: bytes) -> int:
    """Enrol a passkey for signing: its public key (SubjectPublicKeyInfo) stands in the ledger from now on.

    Whoever checks a signature takes the key from that entry, not from the database. Gives the entry's index.
    """
    digest = sha256(public_key).hexdigest()
    with one_act():
        office.ledger.lock()
        who = acting(official, frozenset(Role))
        entry = _enter_key(office, who.role, public_key, who.username)
        keep_signing_key(official, credential, public_key, digest, at=office.clock.now(), entry=entry)
    office.ledger.publish()
    return entry


def _enter_key(office: Office, role: Role, public_key: bytes, username: str) -> int:
    body = {"act": "key", "role": role.value, "key": base64.b64encode(public_key).decode()}
    return office.ledger.append("role", body, {"official": username})


def enrol_passkey(office: Office, official: int, credential: str, cose: bytes) -> int:
    """Enrol a passkey as an authenticator gives it (COSE, CBOR). Raises CountersealError ``passkey-kind``."""
    return enrol_key(office, official, credential, public_key_info(cose))


def end_key(office: Office, official: int, credential: str) -> None:
    """End a key: what it signed stands, and it signs nothing more. Raises CountersealError ``signing-key-unknown``."""
    with one_act():
        office.ledger.lock()
        ended = end_signing_key(official, credential, at=office.clock.now())
        if ended is None:
            raise CountersealError("signing-key-unknown", "This official has no such key in use.")
        office.ledger.append("role", {"act": "key ended", "key_sha256": ended})
    office.ledger.publish()
