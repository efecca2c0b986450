"""Cases in the database, for acts: read under the ledger's lock, moved, signed, and what stands about them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db import models

from counterseal.core.case import CaseState
from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.store.models import Approval, Case, CaseEvent, Official, OfficialKey, Opinion

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Acting:
    """Who acts: read anew in each act's transaction, so a role withdrawn a moment ago counts."""

    id: int
    username: str
    role: Role


@dataclass(frozen=True, slots=True)
class CaseHeld:
    """A case as it stands in this transaction."""

    id: int
    submission: str
    agency: str
    agreement: str
    agreement_digest: str
    registry: str
    row: int
    state: CaseState
    round: int
    assignee: int | None
    offered_to: int | None
    determination: str
    case_sha256: str
    answer_sha256: str
    recipients: tuple[str, ...]
    intent_entry: int | None


@dataclass(frozen=True, slots=True)
class SigningKey:
    """An official's enrolled key. ``enrolled`` is its entry in the ledger."""

    id: int
    official: int
    public_key: bytes
    sha256: str
    enrolled: int


@dataclass(frozen=True, slots=True)
class Signed:
    """A signature as it was kept: whose, in which place, over which digest, its entry, and its key's last one."""

    official: int
    role: Role
    active: bool
    place: int
    over: str
    key_sha256: str
    key_ended: bool
    entry: int
    enrolled: int


def acting(official: int, roles: Collection[Role]) -> Acting:
    """Give who acts. Raises CountersealError ``role`` unless the account is alive and has one of the roles."""
    found = Official.objects.filter(pk=official, is_active=True).first()
    if found is None or found.role not in {role.value for role in roles}:
        raise CountersealError("role", "This act is not this official's to do.")
    return Acting(found.pk, found.username, Role(found.role))


def official_named(username: str) -> int:
    """Give the id of an account. Raises CountersealError ``official-unknown``."""
    found = Official.objects.filter(username=username).values_list("pk", flat=True).first()
    if found is None:
        raise CountersealError("official-unknown", "There is no official with this sign-in name.")
    return int(found)


def held_case(case: int) -> CaseHeld:
    """Give a case. Raises CountersealError ``case-unknown``."""
    found = Case.objects.select_related("submission").filter(pk=case).first()
    if found is None:
        raise CountersealError("case-unknown", "There is no such case.")
    return _held(found)


def _held(found: Case) -> CaseHeld:
    submission = found.submission
    return CaseHeld(
        found.pk, submission.pk, submission.agency_id, submission.agreement, submission.agreement_digest,
        submission.registry, found.row, CaseState(found.state), found.round, found.assignee_id, found.offered_to_id,
        found.determination, found.case_sha256, found.answer_sha256, tuple(found.recipients), found.intent_entry,
    )  # fmt: skip


def case_of_release(case_sha256: str) -> CaseHeld:
    """Give the case that was signed under this digest. Raises CountersealError ``case-unknown``."""
    found = Case.objects.select_related("submission").filter(case_sha256=case_sha256).first()
    if found is None:
        raise CountersealError("case-unknown", "There is no such case.")
    return _held(found)


def move_case(case: CaseHeld, state: CaseState, **changed: object) -> None:
    """Move a case and set what changes with it. Raises CountersealError ``case-moved`` when it moved meanwhile."""
    moved = Case.objects.filter(pk=case.id, state=case.state, round=case.round).update(state=state, **changed)
    if moved != 1:
        raise CountersealError(
            "case-moved", "Somebody else moved this case meanwhile.", next_step="Open it again and look."
        )


def add_event(case: int, act: str, official: int | None, *, at: datetime, entry: int, note: str = "") -> None:
    """Set down that somebody touched a case."""
    CaseEvent.objects.create(case_id=case, act=act, official_id=official, at=at, note=note, entry=entry)


def has_touched(case: int, official: int) -> bool:
    """Tell whether this official did anything on this case before."""
    return CaseEvent.objects.filter(case_id=case, official_id=official).exists()


def signing_key(official: int, credential: str) -> SigningKey:
    """Give an official's enrolled key. Raises CountersealError ``signing-key-unknown``."""
    found = OfficialKey.objects.filter(official_id=official, credential=credential, ended_at=None).first()
    if found is None:
        raise CountersealError(
            "signing-key-unknown",
            "This passkey is not one with which this official signs.",
            next_step="Enrol it under Passkeys, and sign with it then.",
        )
    return SigningKey(found.pk, found.official_id, bytes(found.public_key), found.sha256, found.entry)


def credentials(official: int) -> list[str]:
    """Give the ids of the passkeys with which an official may sign, in base64url."""
    return list(OfficialKey.objects.filter(official_id=official, ended_at=None).values_list("credential", flat=True))


def keep_signing_key(
    official: int, credential: str, public_key: bytes, sha256: str, *, at: datetime, entry: int
) -> None:
    """Keep a key that was enrolled."""
    OfficialKey.objects.create(
        official_id=official, credential=credential, public_key=public_key, sha256=sha256, added_at=at, entry=entry
    )


def end_signing_key(official: int, credential: str, *, at: datetime) -> str | None:
    """End a key; give its digest, or None when there is no such key in use."""
    found = OfficialKey.objects.filter(official_id=official, credential=credential, ended_at=None).first()
    if found is None:
        return None
    OfficialKey.objects.filter(pk=found.pk).update(ended_at=at)
    return str(found.sha256)


def keep_approval(
    case: CaseHeld,
    place: int,
    key: SigningKey,
    over: str,
    evidence: Mapping[str, str],
    *,
    at: datetime,
    entry: int,
) -> None:
    """Keep a signature. The database refuses one that is not its signer's to give."""
    Approval.objects.create(
        case_id=case.id, round=case.round, place=place, official_id=key.official, over=over, key_id=key.id,
        evidence=json.dumps(evidence, sort_keys=True), at=at, entry=entry,
    )  # fmt: skip


def signatures(case: int, round_: int) -> list[Signed]:
    """Give the signatures of one round, the first one first, with what their signers are now."""
    found = Approval.objects.filter(case_id=case, round=round_).select_related("official", "key").order_by("place")
    return [
        Signed(
            one.official_id, Role(one.official.role), one.official.is_active, one.place, one.over, one.key.sha256,
            one.key.ended_at is not None, one.entry, one.key.entry,
        )
        for one in found
    ]  # fmt: skip


def keep_opinion(
    submission: str, rules: str, decision: str, text: str, rows: int, counsel: int, *, at: datetime, entry: int
) -> None:
    """Keep counsel's answer to what a group of rows asks; once a group, by the database's own rule."""
    Opinion.objects.create(
        submission_id=submission, rules=rules, decision=decision, text=text, rows=rows, counsel_id=counsel, at=at,
        entry=entry,
    )  # fmt: skip


def opinions(submission: str) -> dict[str, tuple[str, str]]:
    """Give, by group of rules, the decision and the text of every opinion on a submission."""
    found = Opinion.objects.filter(submission_id=submission).values_list("rules", "decision", "text")
    return {rules: (decision, text) for rules, decision, text in found}


def cases_before_release(
    *, agency: str | None = None, agreement: str | None = None, submission: str | None = None
) -> Sequence[CaseHeld]:
    """Give the cases that a stop order of this reach stops: every one that has not been released or closed."""
    live = [
        CaseState.OPEN,
        CaseState.IN_REVIEW,
        CaseState.SIGNED_ONCE,
        CaseState.SIGNED_TWICE,
        CaseState.HELD,
        CaseState.INTENDED,
    ]
    where = models.Q(state__in=live) & _within(agency, agreement, submission)
    return [_held(one) for one in Case.objects.select_related("submission").filter(where).order_by("pk")]


def released_cases(
    before: int, *, agency: str | None = None, agreement: str | None = None, submission: str | None = None
) -> Sequence[CaseHeld]:
    """Give the cases of this reach whose answers were delivered before an entry of the ledger."""
    where = models.Q(delivered_entry__lt=before) & _within(agency, agreement, submission)
    return [_held(one) for one in Case.objects.select_related("submission").filter(where).order_by("pk")]


def _within(agency: str | None, agreement: str | None, submission: str | None) -> models.Q:
    where = models.Q()
    if agency is not None:
        where &= models.Q(submission__agency_id=agency)
    if agreement is not None:
        where &= models.Q(submission__agreement=agreement)
    if submission is not None:
        where &= models.Q(submission_id=submission)
    return where


def stopped_cases() -> Iterable[CaseHeld]:
    """Give the cases that a stop order stopped."""
    found = Case.objects.select_related("submission").filter(state=CaseState.STOPPED).order_by("pk")
    return [_held(one) for one in found]
