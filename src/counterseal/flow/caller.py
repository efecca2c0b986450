"""Who calls: a program of one agency, by a signed token or over TLS with its own certificate.

Both end at the same register: the key has no office, was confirmed by a second person, and is in its time. Nobody
learns which of an agency's keys there are: until a signature holds, every refusal is the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.flow.authenticate import fault_of_key
from counterseal.ledger.note import read_key
from counterseal.store.calls import KEPT_FOR, count_call, forget, remember, remembered, spend_token
from counterseal.store.registration import registered_keys
from counterseal.store.submissions import one_act
from counterseal.vault.presented import certificate_key
from counterseal.vault.tokens import key_id, open_token, wrong_token

if TYPE_CHECKING:
    from counterseal.core.agency import RegisteredKey
    from counterseal.flow.office import Office

CALLS_A_MINUTE = 240


@dataclass(frozen=True, slots=True)
class Caller:
    """A program of an agency: the agency's id and the register's number of its key."""

    agency: str
    key: int


def unknown_caller(why: str = "No registered program has made this call.") -> CountersealError:
    """Make the refusal of a caller."""
    return CountersealError("caller", why, next_step="Send a token of a registered key: Authorization: Bearer …")


def caller_by_token(office: Office, token: str) -> Caller:
    """Say who made a token, and take it once. Raises CountersealError ``token``, ``caller`` or a key's fault."""
    named = key_id(token)
    for one in registered_keys():
        key = read_key(one.key)
        if one.opens_the_interface and f"{key.name}+{key.id.hex()}" == named:
            held = open_token(token, key.public_key, office.ledger.origin, office.clock.now())
            if held.issuer != one.agency:
                raise wrong_token("it was not made by the agency whose key it is (iss)")
            caller = _counting(office, one)
            with one_act():
                digest = sha256(held.id.encode()).hexdigest()
                if not spend_token(one.id, digest, held.expires, int(office.clock.now().timestamp())):
                    raise wrong_token("it was taken before (jti)")
            return caller
    raise unknown_caller()


def caller_by_certificate(office: Office, der: bytes) -> Caller:
    """Say whose certificate a connection was made with: its Ed25519 key is the registered one (RFC 8705, 2.2).

    Raises CountersealError ``caller`` or a key's fault.
    """
    raw = certificate_key(der)
    for one in registered_keys():
        if one.opens_the_interface and raw is not None and read_key(one.key).public_key == raw:
            return _counting(office, one)
    raise unknown_caller("No registered program has this certificate.")


def _counting(office: Office, key: RegisteredKey) -> Caller:
    today = office.clock.now().date()
    fault = fault_of_key(key, today, today)
    if fault is not None:
        raise CountersealError(fault.code, fault.message, next_step=fault.next_step)
    return Caller(key.agency, key.id)


def admit_call(office: Office, caller: Caller) -> None:
    """Count a call. Raises CountersealError ``too-many-calls`` beyond the agency's share of a minute."""
    with one_act():
        calls = count_call(caller.agency, int(office.clock.now().timestamp()) // 60)
    if calls > CALLS_A_MINUTE:
        raise CountersealError(
            "too-many-calls",
            f"An agency may make {CALLS_A_MINUTE} calls a minute.",
            next_step="Wait for the next minute.",
        )


def earlier_answer(office: Office, caller: Caller, name: str, request: bytes) -> tuple[int, str] | None:
    """Give what was answered to the same call under this idempotency key, or None.

    Raises CountersealError ``idempotency-key`` when another call was made under it.
    """
    with one_act():
        forget(office.clock.now() - timedelta(seconds=KEPT_FOR))
    found = remembered(caller.agency, sha256(name.encode()).hexdigest())
    if found is None:
        return None
    if found[0] != sha256(request).hexdigest():
        raise CountersealError(
            "idempotency-key",
            "Another call was made under this Idempotency-Key.",
            next_step="Choose a new one for every call that is not a repetition.",
        )
    return found[1], found[2]


def keep_answer(office: Office, caller: Caller, name: str, request: bytes, answer: tuple[int, str]) -> None:
    """Keep what was answered under an idempotency key, so that a repetition does nothing."""
    with one_act():
        remember(
            caller.agency,
            sha256(name.encode()).hexdigest(),
            sha256(request).hexdigest(),
            *answer,
            at=office.clock.now(),
        )
