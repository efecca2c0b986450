"""Officials: the accounts of those who sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from counterseal.store.models import Official

if TYPE_CHECKING:
    from counterseal.core.official import Role


def set_sign_in(username: str, role: Role, password: str) -> bool:
    """Let this official sign in with this password from now on; True when the account is new."""
    official = Official.objects.filter(username=username).first()
    new = official is None
    if official is None:
        official = Official(username=username, role=role.value)
    official.set_password(password)
    official.save()
    return new
