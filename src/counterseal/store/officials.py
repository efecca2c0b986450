"""Officials: the accounts of those who sign in, the codes with which they begin, and the keys they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from counterseal.core.case import CaseState
from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.store.casework import held_case
from counterseal.store.models import Agency, Case, Invitation, Official, OfficialKey

if TYPE_CHECKING:
    from datetime import datetime

    from counterseal.store.casework import CaseHeld


@dataclass(frozen=True, slots=True)
class OfficialListed:
    """One account: name, role, agency of a requester, whether it is alive, keys in use, and when it was last used."""

    id: int
    username: str
    role: Role
    agency: str
    active: bool
    keys: int
    added_at: datetime
    last_sign_in: datetime | None
    invited_until: datetime | None


@dataclass(frozen=True, slots=True)
class KeyListed:
    """One key with which an official signs or signed. ``entry`` proves it; the ledger names it by ``sha256``."""

    sha256: str
    added_at: datetime
    entry: int
    ended_at: datetime | None


def set_sign_in(username: str, role: Role, password: str) -> bool:
    """Let this official sign in with this password from now on; True when the account is new.

    For demonstrations, where a requester belongs to the agency that asked first; people get passkeys.
    """
    official = Official.objects.filter(username=username).first()
    new = official is None
    if official is None:
        asked = Agency.objects.order_by("submission__received_at", "pk").filter(submission__isnull=False).first()
        agency = (asked or Agency.objects.order_by("pk").first()) if role is Role.REQUESTER else None
        official = Official(username=username, role=role.value, agency=agency)
    official.set_password(password)
    official.save()
    return new


def name_taken(username: str) -> bool:
    """Tell whether an account has or had this sign-in name."""
    return Official.objects.filter(username=username).exists()


def add_official(username: str, role: Role, agency: str | None = None) -> bool:
    """Add an account that nobody can sign in to yet; True when it is new."""
    if name_taken(username):
        return False
    official = Official(username=username, role=role.value, agency_id=agency)
    official.set_unusable_password()
    official.save()
    return True


def officials_listed(official: int | None = None) -> list[OfficialListed]:
    """Give every account, or the one with this number: those alive first, by role and name."""
    found = Official.objects.filter(**({} if official is None else {"pk": official})).select_related("agency")
    found = found.annotate(keys=Count("signing_keys", filter=Q(signing_keys__ended_at=None)))
    invited = dict(
        Invitation.objects.filter(used_at=None).order_by("made_at").values_list("official_id", "ends_at")
    )  # fmt: skip
    return [
        OfficialListed(
            one.pk, one.username, Role(one.role), one.agency.title if one.agency else "", one.is_active, one.keys,
            one.date_joined, one.last_login, invited.get(one.pk),
        )
        for one in found.order_by("-is_active", "role", "username")
    ]  # fmt: skip


def keys_listed(official: int) -> list[KeyListed]:
    """Give every key that an official has or had, the newest first."""
    found = OfficialKey.objects.filter(official_id=official).order_by("-pk")
    return [KeyListed(one.sha256, one.added_at, one.entry, one.ended_at) for one in found]


def account_held(official: int) -> OfficialListed:
    """Give an account that is alive. Raises CountersealError ``official-unknown``."""
    found = officials_listed(official)
    if not found or not found[0].active:
        raise CountersealError("official-unknown", "There is no official with this number, or the account has ended.")
    return found[0]


def set_role(official: int, role: Role, agency: str | None) -> None:
    """Give an official another role. Sessions of the old one are dead from here on."""
    Official.objects.filter(pk=official).update(role=role.value, agency_id=agency)


def keys_in_use(official: int) -> list[tuple[int, bytes]]:
    """Give the keys with which an official signs: each by its number, with its SubjectPublicKeyInfo."""
    found = OfficialKey.objects.filter(official_id=official, ended_at=None).order_by("pk")
    return [(one.pk, bytes(one.public_key)) for one in found]


def enter_key_anew(key: int, entry: int) -> None:
    """Let a key stand at a later entry from now on; what it signed before names the earlier one."""
    OfficialKey.objects.filter(pk=key).update(entry=entry)


def end_account(official: int, *, at: datetime) -> list[str]:
    """End an account with its keys and its invitations; give the digests of the keys ended."""
    Official.objects.filter(pk=official).update(is_active=False)
    Invitation.objects.filter(official_id=official, used_at=None).update(used_at=at)
    ended = OfficialKey.objects.filter(official_id=official, ended_at=None)
    digests = list(ended.values_list("sha256", flat=True))
    ended.update(ended_at=at)
    return digests


def keep_invitation(official: int, code_sha256: str, *, at: datetime, until: datetime, entry: int) -> None:
    """Keep a one-time code's digest; earlier codes of the same official are worth nothing from now on."""
    Invitation.objects.filter(official_id=official, used_at=None).update(used_at=at)
    Invitation.objects.create(official_id=official, code_sha256=code_sha256, made_at=at, ends_at=until, entry=entry)


def use_invitation(username: str, code_sha256: str, *, now: datetime) -> int | None:
    """Use a one-time code up; give whose it was, None for one that is unknown, used, too old or somebody else's."""
    found = Invitation.objects.filter(
        code_sha256=code_sha256, official__username=username, official__is_active=True, used_at=None, ends_at__gt=now
    )
    official = found.values_list("official_id", flat=True).first()
    return official if official is not None and found.update(used_at=now) == 1 else None


def cases_in_hand(official: int) -> list[CaseHeld]:
    """Give the cases that an official has and that have not been signed twice."""
    mine = Case.objects.filter(assignee_id=official, state__in=[CaseState.IN_REVIEW, CaseState.SIGNED_ONCE])
    return [held_case(case) for case in mine.order_by("pk").values_list("pk", flat=True)]
