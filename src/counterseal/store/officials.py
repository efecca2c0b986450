"""Officials: who may sign in."""

from __future__ import annotations

from counterseal.core.official import Role
from counterseal.store.models import Agency, Official


def set_sign_in(name: str, role: Role, password: str) -> None:
    """Make the official, or set the password anew. For demonstrations; people get passkeys."""
    agency = Agency.objects.order_by("pk").first() if role is Role.REQUESTER else None
    official, _ = Official.objects.get_or_create(username=name, defaults={"role": role, "agency": agency})
    official.role = role
    official.set_password(password)
    official.save()
