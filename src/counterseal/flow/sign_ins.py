"""The sign-ins of a demonstration: one official a role, with passwords that are new at each start."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.store.officials import set_sign_in
from counterseal.store.submissions import one_act

if TYPE_CHECKING:
    from counterseal.flow.office import Office


@dataclass(frozen=True, slots=True)
class SignIn:
    """What a newcomer types in."""

    username: str
    password: str


def demonstration_sign_ins(office: Office) -> list[SignIn]:
    """Give one sign-in a role; earlier passwords end, and each new official is an entry in the ledger.

    Raises CountersealError ``not-a-demonstration`` in any other workspace: officials are people there.
    """
    if not office.workspace.demonstration:
        raise CountersealError("not-a-demonstration", "Only a demonstration has sign-ins that anybody may know.")
    made = []
    with one_act():
        for role in Role:
            password = base64.b32encode(office.entropy(10)).decode().lower()
            if set_sign_in(role.value, role, password):
                office.ledger.append("role", {"role": role.value, "act": "given"}, {"official": role.value})
            made.append(SignIn(role.value, password))
    office.ledger.publish()
    return made
