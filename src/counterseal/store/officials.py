"""Officials: the accounts of those who sign in."""

from __future__ import annotations

from counterseal.core.official import Role
from counterseal.store.models import Agency, Official


def set_sign_in(username: str, role: Role, password: str) -> bool:
    """Let this official sign in with this password from now on; True when the account is new.

    For demonstrations, where a requester belongs to the first agency on file; people get passkeys.
    """
    official = Official.objects.filter(username=username).first()
    new = official is None
    if official is None:
        agency = Agency.objects.order_by("pk").first() if role is Role.REQUESTER else None
        official = Official(username=username, role=role.value, agency=agency)
    official.set_password(password)
    official.save()
    return new


def add_official(username: str, role: Role) -> bool:
    """Add an account that nobody can sign in to yet; True when it is new."""
    if Official.objects.filter(username=username).exists():
        return False
    official = Official(username=username, role=role.value)
    official.set_unusable_password()
    official.save()
    return True
