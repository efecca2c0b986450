"""What officials do to a case. Each act is one transaction with one entry, and asks who acts anew.

A case moves only by ``core.case``; the two signatures are WebAuthn assertions over the digest of the case, the
answer and the recipients, kept in the ledger, where anybody can check them without the database.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from counterseal.core.case import CaseAct, CaseState, next_state
from counterseal.core.official import Role
from counterseal.engine.mailing import last_known_address
from counterseal.errors import CountersealError
from counterseal.flow.casefile import answer_of, case_file, release_of
from counterseal.store.casework import (
    acting,
    add_event,
    has_touched,
    held_case,
    keep_approval,
    move_case,
    signing_key,
)
from counterseal.store.submissions import one_act
from counterseal.vault.durable import make_folder, write_durably
from counterseal.vault.passkeys import check_assertion

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from counterseal.flow.casefile import CaseFile
    from counterseal.flow.office import Office
    from counterseal.ledger.entry import Fact
    from counterseal.ledger.intent import Release
    from counterseal.store.casework import CaseHeld

SPECIALIST, RELEASING = frozenset({Role.SPECIALIST}), frozenset({Role.RELEASING})
EITHER = SPECIALIST | RELEASING
ANYBODY_S = frozenset({CaseAct.TAKE, CaseAct.RESUME})
"""What a specialist may do to a case that nobody has; everything else only to one's own."""
ANEW: dict[str, object] = {"assignee_id": None, "offered_to_id": None}
OFFICE_DAYS = 10
"""Days that the office gives itself for a case once it is taken; the law's own clocks stand in the agreement."""


@dataclass(frozen=True, slots=True)
class Site:
    """The site whose pages asked for a signature, as the browser names it."""

    origin: str
    rp_id: str


@dataclass(frozen=True, slots=True)
class Ready:
    """A case with what would be signed now."""

    case: CaseHeld
    file: CaseFile
    answer: bytes
    release: Release


def take(office: Office, case: int, official: int) -> None:
    """Take an open case: from now on it is this specialist's."""
    due = office.clock.now() + timedelta(days=OFFICE_DAYS)
    _act(office, case, official, CaseAct.TAKE, SPECIALIST, changed={"assignee_id": official, "due_at": due})


def give_back(office: Office, case: int, official: int, why: str) -> None:
    """Give a case back to the queue. What was determined stands; a signature made is made anew."""
    _act(office, case, official, CaseAct.GIVE_BACK, EITHER, note=_said(why), changed=ANEW)


def hand_over(office: Office, case: int, official: int, to: int) -> None:
    """Offer one's case to another specialist; it stays one's own until they accept."""
    with one_act():
        office.ledger.lock()
        held, who = held_case(case), acting(official, SPECIALIST)
        _own(held, who.id)
        other = acting(to, SPECIALIST)
        _entered(office, held, who.id, "hand over", {}, {"to": other.username})
        move_case(held, held.state, offered_to_id=other.id)
    office.ledger.publish()


def accept(office: Office, case: int, official: int) -> None:
    """Accept a case that was offered."""
    with one_act():
        office.ledger.lock()
        held, who = held_case(case), acting(official, SPECIALIST)
        if held.offered_to != who.id or held.state is not CaseState.IN_REVIEW:
            raise CountersealError("not-offered", "This case was not offered to this official.")
        _entered(office, held, who.id, "accept", {})
        move_case(held, held.state, assignee_id=who.id, offered_to_id=None)
    office.ledger.publish()


def determine(office: Office, case: int, official: int, text: str) -> None:
    """Record the determination of 26 U.S.C. 6103(i)(6), in the specialist's own words, before signing."""
    if not text.strip():
        raise CountersealError("determination", "Say what was determined under 6103(i)(6), and why.")
    with one_act():
        office.ledger.lock()
        held, who = held_case(case), acting(official, SPECIALIST)
        _own(held, who.id)
        if held.state is not CaseState.IN_REVIEW:
            raise CountersealError("case-transition", f"A case that is {held.state.value} is not determined.")
        _entered(office, held, who.id, "determine", {}, {"determination": text.strip()}, note=text.strip())
        move_case(held, held.state, determination=text.strip())
    office.ledger.publish()


def refuse(office: Office, case: int, official: int, why: str) -> None:
    """Refuse a case for good; the agency reads ``no disclosure`` and not why."""
    _act(office, case, official, CaseAct.REFUSE, EITHER, note=_said(why))


def return_for_cure(office: Office, case: int, official: int, why: str) -> None:
    """Return a case to the requester with what to mend."""
    _act(office, case, official, CaseAct.RETURN, EITHER, note=_said(why))


def hold(office: Office, case: int, official: int, why: str) -> None:
    """Hold a case; its clock stands still."""
    changed = {**ANEW, "paused_at": office.clock.now()}
    _act(office, case, official, CaseAct.HOLD, SPECIALIST, note=_said(why), changed=changed)


def resume(office: Office, case: int, official: int) -> None:
    """Take up a held case again: it is open, its clock runs, and both signatures are made anew."""
    now = office.clock.now()
    changed = {"paused_at": None, "due_at": now + timedelta(days=OFFICE_DAYS)}
    _act(office, case, official, CaseAct.RESUME, SPECIALIST, changed=changed)


def ready_to_sign(office: Office, case: int) -> Ready:
    """Make the case file and the answer, and give what a signature would be over.

    Raises CountersealError ``recipients``, ``mailing-address``, ``agreement-moved`` or ``batch-damaged`` when
    there is nothing that could be signed.
    """
    held = held_case(case)
    file = case_file(office.workspace, office.files, held, today=office.clock.now().date())
    mailing = last_known_address(_registry(held), file.account, office.registries)
    answer = answer_of(office.workspace, office.files, held, file, mailing)
    return Ready(held, file, answer, release_of(file, answer))


def sign_first(
    office: Office, case: int, official: int, credential: str, evidence: Mapping[str, str], site: Site
) -> None:
    """Enter the specialist's signature, and keep the answer for the sealer alone.

    Raises CountersealError ``assertion`` when the signature is not over this case as it stands now.
    """
    ready = ready_to_sign(office, case)
    write_answer(office, ready)
    with one_act():
        office.ledger.lock()
        held, who = held_case(case), acting(official, SPECIALIST)
        _own(held, who.id)
        state = next_state(held.state, CaseAct.SIGN_FIRST)
        _unmoved(held, ready)
        if not held.determination:
            raise CountersealError("determination", "The (i)(6) determination is recorded before the case is signed.")
        _sign(office, held, 1, official, credential, evidence, ready.release, site)
        move_case(
            held, state, case_sha256=ready.release.case, answer_sha256=ready.release.answer,
            recipients=list(ready.release.recipients),
        )  # fmt: skip
    office.ledger.publish()


def sign_second(
    office: Office, case: int, official: int, credential: str, evidence: Mapping[str, str], site: Site
) -> None:
    """Enter the releasing official's signature, over the very digest that the specialist signed.

    Raises CountersealError ``touched`` for anybody who did anything on this case before, ``assertion``, and
    ``case-changed`` when the case no longer is what the first signature was over.
    """
    ready = ready_to_sign(office, case)
    with one_act():
        office.ledger.lock()
        held, who = held_case(case), acting(official, RELEASING)
        if has_touched(case, who.id):
            raise CountersealError("touched", "The second signature is that of somebody who has not touched the case.")
        state = next_state(held.state, CaseAct.SIGN_SECOND)
        _unmoved(held, ready)
        signed = (held.case_sha256, held.answer_sha256, sorted(held.recipients))
        if signed != (ready.release.case, ready.release.answer, sorted(ready.release.recipients)):
            raise CountersealError(
                "case-changed",
                "The case is no longer what the first signature was over.",
                next_step="Give it back; the specialist looks again.",
            )
        _sign(office, held, 2, official, credential, evidence, ready.release, site)
        move_case(held, state)
    office.ledger.publish()


def write_answer(office: Office, ready: Ready) -> None:
    """Keep the answer under its digest where the sealer fetches it, and nobody else looks."""
    make_folder(office.workspace.answers, mode=0o700)
    write_durably(office.workspace.answers / ready.release.answer, ready.answer, mode=0o600)


def _sign(
    office: Office,
    held: CaseHeld,
    place: int,
    official: int,
    credential: str,
    evidence: Mapping[str, str],
    release: Release,
    site: Site,
) -> None:
    key = signing_key(official, credential)
    check_assertion(key.public_key, bytes.fromhex(release.digest), evidence, origin=site.origin, rp_id=site.rp_id)
    body: dict[str, Fact] = {
        "over": release.digest,
        "official": key.sha256,
        "enrolled": key.enrolled,
        "place": place,
        "evidence": {name: str(part) for name, part in evidence.items()},
    }
    index = office.ledger.append("signed", body, {"case": held.id})
    at = office.clock.now()
    keep_approval(held, place, key, release.digest, evidence, at=at, entry=index)
    add_event(held.id, "sign first" if place == 1 else "sign second", official, at=at, entry=index)


def _act(
    office: Office,
    case: int,
    official: int,
    act: CaseAct,
    roles: Collection[Role],
    *,
    note: str = "",
    changed: Mapping[str, object] | None = None,
) -> None:
    with one_act():
        office.ledger.lock()
        held, who = held_case(case), acting(official, roles)
        state = next_state(held.state, act)
        if who.role is Role.SPECIALIST and act not in ANYBODY_S:
            _own(held, who.id)
        if who.role is Role.RELEASING and held.state is not CaseState.SIGNED_ONCE:
            raise CountersealError("role", "A releasing official acts on a case once a specialist has signed it.")
        _entered(office, held, who.id, act.value.replace("_", " "), {"state": state.value}, note=note)
        anew = {"round": held.round + 1} if state is CaseState.OPEN else {}
        move_case(held, state, **(changed or {}), **anew)
    office.ledger.publish()


def _entered(
    office: Office,
    held: CaseHeld,
    official: int,
    act: str,
    body: Mapping[str, str],
    committed: Mapping[str, str] | None = None,
    *,
    note: str = "",
) -> None:
    named: dict[str, str | int] = {"case": held.id, "official": official, **(committed or {})}
    if note and "determination" not in named:
        named["note"] = note
    index = office.ledger.append("case", {"act": act, **body}, named)
    add_event(held.id, act, official, at=office.clock.now(), entry=index, note=note)


def _own(held: CaseHeld, official: int) -> None:
    if held.assignee != official:
        raise CountersealError("not-assigned", "This case is not this official's.", next_step="Take it first.")


def _unmoved(held: CaseHeld, ready: Ready) -> None:
    if held != ready.case:
        raise CountersealError("case-moved", "The case moved while it was being signed.", next_step="Look at it again.")


def _said(why: str) -> str:
    if not why.strip():
        raise CountersealError("reason", "Say why; it stands in the history of the case.")
    return why.strip()


def _registry(held: CaseHeld) -> Path:
    if not held.registry:
        raise CountersealError("registry-mailing", "This case was opened before registries were remembered.")
    return Path(held.registry)
