"""Officials and the keys with which they sign. Every change is an entry.

An account, a new one-time code and another role take two administrators: one proposes, another confirms, and neither
for themselves; otherwise one alone could make both officials who sign a release. One alone ends an account. Nobody
has a password: an official gets a one-time code from the confirming administrator's hand, and with it enrols a first
passkey.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.case import CaseAct, next_state
from counterseal.core.official import AccountAct, Role
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
    name_taken,
    set_role,
    use_invitation,
)
from counterseal.store.proposals import (
    Proposed,
    end_proposal,
    keep_proposal,
    proposal_ended,
    proposal_held,
    proposals_waiting,
)
from counterseal.store.submissions import one_act
from counterseal.vault.passkeys import public_key_info

if TYPE_CHECKING:
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact
    from counterseal.store.casework import Acting
    from counterseal.store.officials import OfficialListed
    from counterseal.store.proposals import ProposalHeld

ADMINISTRATOR = frozenset({Role.ADMINISTRATOR})
NAME = re.compile(r"[a-z][a-z0-9._-]{1,39}")
CODE_HOURS = 72
"""Hours in which a one-time code opens the door."""
CODE_BYTES = 15
PROPOSAL_DAYS = 7
"""Days after which nobody confirms a proposal any more."""


@dataclass(frozen=True, slots=True)
class Invited:
    """An official with the one-time code that is shown once, and until when it is good for something."""

    official: int
    username: str
    code: str
    hours: int = CODE_HOURS


def propose_person(office: Office, by: int, username: str, role: Role, agency: str = "") -> int:
    """Propose an account in one role; give the proposal's number. No account is made and no code is given.

    Raises CountersealError ``official-name`` for a name that is not plain, ``official-exists`` for one that is
    taken, ``agency`` for a requester without one, ``proposal-open`` for a name that another proposal has, ``role``
    when an administrator does not ask.
    """
    with one_act():
        office.ledger.lock()
        who = acting(by, ADMINISTRATOR)
        _check_person(username, role, agency)
        if name_taken(username):
            raise _taken()
        made = _propose(office, who, Proposed(AccountAct.ADD, username, role=role, agency=agency))
    office.ledger.publish()
    return made


def propose_code(office: Office, by: int, official: int) -> int:
    """Propose a new one-time code for an official. The earlier one and their keys stay as they are.

    Raises CountersealError ``own-role``, ``official-unknown``, ``proposal-open`` and ``role``.
    """
    with one_act():
        office.ledger.lock()
        who, held = _another(by, official)
        made = _propose(office, who, Proposed(AccountAct.INVITE, held.username, held.id, held.role))
    office.ledger.publish()
    return made


def propose_role(office: Office, by: int, official: int, role: Role, agency: str = "") -> int:
    """Propose another role for an official. They keep the one that they have until another administrator confirms.

    Raises CountersealError ``own-role`` for one's own, ``official-unknown``, ``agency``, ``proposal-open``, and
    ``role`` when an administrator does not ask or the official has that role.
    """
    with one_act():
        office.ledger.lock()
        who, held = _another(by, official)
        _check_person(held.username, role, agency)
        if held.role is role:
            raise CountersealError("role", "The official has this role.")
        asked = Proposed(AccountAct.CHANGE, held.username, held.id, held.role, role, agency)
        made = _propose(office, who, asked)
    office.ledger.publish()
    return made


def confirm(office: Office, by: int, proposal: int) -> Invited | None:
    """Do what another administrator proposed; give the one-time code of a new account or a new code.

    Everything that was checked when it was proposed is checked again. Raises CountersealError as ``may_confirm``
    does, and nothing is done.
    """
    with one_act():
        office.ledger.lock()
        held = proposal_held(proposal)
        who = may_confirm(office, by, held)
        entry, invited = _DOES[held.proposed.what](office, held, who)
        end_proposal(held.id, at=office.clock.now(), entry=entry)
    office.ledger.publish()
    return invited


def withdraw(office: Office, by: int, proposal: int) -> None:
    """Take a proposal back, one's own or another's. Raises CountersealError ``proposal-ended`` and ``role``."""
    with one_act():
        office.ledger.lock()
        who, held = acting(by, ADMINISTRATOR), proposal_held(proposal)
        if held.ended:
            raise proposal_ended()
        body: dict[str, Fact] = {"act": "withdrawn", "what": held.proposed.what.value, "proposed": held.entry}
        entry = office.ledger.append("role", body, {"official": held.proposed.username, "by": who.username})
        end_proposal(held.id, at=office.clock.now(), entry=entry)
    office.ledger.publish()


def may_confirm(office: Office, by: int, held: ProposalHeld) -> str:
    """Give the name of the administrator who may confirm a proposal now.

    Raises CountersealError ``role`` for whoever is no administrator, ``proposal-ended``, ``own-proposal``,
    ``own-role`` for what concerns oneself, ``proposal-old``, ``proposer-left``, and as the proposal itself does for
    what has changed since.
    """
    who = acting(by, ADMINISTRATOR)
    if held.ended:
        raise proposal_ended()
    if by == held.by:
        raise CountersealError("own-proposal", "Nobody confirms what they proposed; another administrator does.")
    if by == held.proposed.official:
        raise _own_role()
    if is_old(office, held):
        raise CountersealError(
            "proposal-old", f"This proposal is older than {PROPOSAL_DAYS} days.", next_step="Propose it anew."
        )
    try:
        acting(held.by, ADMINISTRATOR)
    except CountersealError:
        raise CountersealError(
            "proposer-left",
            "Who proposed this is no administrator any more.",
            next_step="Withdraw it, then propose it anew.",
        ) from None
    _check_still(held.proposed)
    return who.username


def proposals(office: Office, by: int) -> list[tuple[ProposalHeld, str]]:
    """Give what waits for another administrator, each with why this one may not confirm it; nothing where they may."""
    told = []
    for held in proposals_waiting():
        try:
            may_confirm(office, by, held)
        except CountersealError as refused:
            told.append((held, refused.message))
        else:
            told.append((held, ""))
    return told


def is_old(office: Office, held: ProposalHeld) -> bool:
    """Tell whether a proposal waited so long that nobody confirms it any more."""
    return office.clock.now() - held.at > timedelta(days=PROPOSAL_DAYS)


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
        _, invited = _invite(office, held.id, username, body, "command")
    office.ledger.publish()
    return invited


def end_person(office: Office, by: int, official: int, why: str) -> None:
    """End an account for good: sessions die, keys sign nothing more, cases in hand go back. What was signed stands."""
    if not why.strip():
        raise CountersealError("reason", "Say why the account ends.")
    with one_act():
        office.ledger.lock()
        who, held = _another(by, official)
        committed: dict[str, str | int] = {"official": held.username, "by": who.username, "note": why.strip()}
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


def _propose(office: Office, who: Acting, asked: Proposed) -> int:
    """Enter and keep a proposal. Raises CountersealError ``proposal-open`` where one for this name still waits."""
    if any(not is_old(office, one) for one in proposals_waiting(asked.username)):
        raise CountersealError(
            "proposal-open", "Something is proposed for this name already.", next_step="Confirm or withdraw that first."
        )
    body: dict[str, Fact] = {"act": "proposed", "what": asked.what.value}
    if asked.role is not None:
        body |= {"from": asked.held_role.value} if asked.held_role else {}
        body["role"] = asked.role.value
    entry = office.ledger.append("role", body, {"official": asked.username, "by": who.username})
    return keep_proposal(asked, by=who.id, at=office.clock.now(), entry=entry)


def _check_still(asked: Proposed) -> None:
    """Check what is proposed once more, against the accounts as they are now."""
    if asked.role is not None:
        _check_person(asked.username, asked.role, asked.agency)
    if asked.official is None:
        if name_taken(asked.username):
            raise _taken()
        return
    account = account_held(asked.official)
    if account.role is not asked.held_role:
        raise CountersealError("role", "The official has another role than when this was proposed.")


def _add(office: Office, held: ProposalHeld, by: str) -> tuple[int, Invited | None]:
    name, role = held.proposed.username, _role_proposed(held)
    if not add_official(name, role, held.proposed.agency or None):
        raise _taken()
    body: dict[str, Fact] = {"act": "added", "role": role.value, "proposed": held.entry}
    return _invite(office, official_named(name), name, body, by)


def _invite_again(office: Office, held: ProposalHeld, by: str) -> tuple[int, Invited | None]:
    """Give a new one-time code; an earlier one is worth nothing. Their keys stay as they are."""
    account = _account_proposed(held)
    return _invite(office, account.id, account.username, {"act": "invited", "proposed": held.entry}, by)


def _change_role(office: Office, held: ProposalHeld, by: str) -> tuple[int, Invited | None]:
    """Give another role. Their sessions die, and the cases they have go back to the queue.

    Each key in use is entered anew in the new role, so that whoever has the ledger alone knows in which role a
    key stands; what it signed before names the earlier entry and approves nothing from now on.
    """
    account, role = _account_proposed(held), _role_proposed(held)
    body: dict[str, Fact] = {"act": "changed", "from": account.role.value, "role": role.value, "proposed": held.entry}
    entry = office.ledger.append("role", body, {"official": account.username, "by": by})
    _give_back_all(office, account.id, entry)
    set_role(account.id, role, held.proposed.agency or None)
    for key, public_key in keys_in_use(account.id):
        enter_key_anew(key, _enter_key(office, role, public_key, account.username))
    return entry, None


_DOES = {AccountAct.ADD: _add, AccountAct.INVITE: _invite_again, AccountAct.CHANGE: _change_role}


def _role_proposed(held: ProposalHeld) -> Role:
    if held.proposed.role is None:
        raise CountersealError("role", "The proposal names no role.")
    return held.proposed.role


def _account_proposed(held: ProposalHeld) -> OfficialListed:
    if held.proposed.official is None:
        raise CountersealError("official-unknown", "The proposal names no account.")
    return account_held(held.proposed.official)


def _invite(office: Office, official: int, username: str, body: dict[str, Fact], by: str) -> tuple[int, Invited]:
    """Enter what gives a one-time code, and keep its digest; give the entry, and the code to be shown once."""
    letters = base64.b32encode(office.entropy(CODE_BYTES)).decode().lower()
    code = "-".join(letters[at : at + 6] for at in range(0, len(letters), 6))
    entry = office.ledger.append("role", body, {"official": username, "by": by})
    at = office.clock.now()
    keep_invitation(official, _digest(code), at=at, until=at + timedelta(hours=CODE_HOURS), entry=entry)
    return entry, Invited(official, username, code)


def _digest(code: str) -> str:
    return sha256("".join(sign for sign in code.lower() if sign.isalnum()).encode()).hexdigest()


def _another(by: int, official: int) -> tuple[Acting, OfficialListed]:
    """Give the administrator who acts and the other official. Raises CountersealError ``own-role`` for oneself."""
    who = acting(by, ADMINISTRATOR)
    if by == official:
        raise _own_role()
    return who, account_held(official)


def _own_role() -> CountersealError:
    return CountersealError("own-role", "Nobody changes their own account; another administrator does.")


def _taken() -> CountersealError:
    return CountersealError("official-exists", "This sign-in name is taken, or was.")


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
