"""Officials and the keys with which they sign. Every change is an entry."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.store.casework import acting, end_signing_key, keep_signing_key
from counterseal.store.submissions import one_act
from counterseal.vault.passkeys import public_key_info

if TYPE_CHECKING:
    from counterseal.flow.office import Office


def enrol_key(office: Office, official: int, credential: str, public_key: bytes) -> int:
    """Enrol a passkey for signing: its public key (SubjectPublicKeyInfo) stands in the ledger from now on.

    Whoever checks a signature takes the key from that entry, not from the database. Gives the entry's index.
    """
    digest = sha256(public_key).hexdigest()
    with one_act():
        office.ledger.lock()
        who = acting(official, frozenset(Role))
        body = {"act": "key", "role": who.role.value, "key": base64.b64encode(public_key).decode()}
        entry = office.ledger.append("role", body, {"official": who.username})
        keep_signing_key(official, credential, public_key, digest, at=office.clock.now(), entry=entry)
    office.ledger.publish()
    return entry


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
