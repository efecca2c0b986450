"""Signed tokens by which an agency's program shows itself (RFC 7519, EdDSA of RFC 8037).

A token lives five minutes at most and is taken once: its id is given to the caller, who remembers it. Only
EdDSA is known here, so no token can choose how it is checked (RFC 8725, 3.1).
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jwt

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from datetime import datetime

LONGEST_LIFE = 300
"""Seconds from ``iat`` to ``exp``."""

SKEW = 30
"""Seconds by which the agency's clock may go before ours."""

LONGEST_TOKEN = 4_096
CLAIMS = ["iss", "aud", "iat", "exp", "jti"]


@dataclass(frozen=True, slots=True)
class Token:
    """A token that holds: who made it, its id, and the second at which it ends."""

    issuer: str
    id: str
    expires: int


def wrong_token(why: str) -> CountersealError:
    """Make the refusal of a token."""
    return CountersealError("token", f"The token does not count: {why}.", next_step="Make a new token and send that.")


def key_id(token: str) -> str:
    """Give the name of the key that a token says it was made with. Raises CountersealError ``token``."""
    if len(token) > LONGEST_TOKEN:
        raise wrong_token("it is too long")
    try:
        named = jwt.get_unverified_header(token).get("kid")
    except (jwt.InvalidTokenError, ValueError, RecursionError):
        raise wrong_token("it cannot be read") from None
    if not isinstance(named, str) or not named:
        raise wrong_token("it names no key (kid)")
    return named


def open_token(token: str, public_key: bytes, audience: str, now: datetime) -> Token:
    """Verify a token with an Ed25519 key of 32 bytes.

    Raises CountersealError ``token`` when the signature, the audience, a claim or its time does not hold.
    """
    x = base64.urlsafe_b64encode(public_key).rstrip(b"=").decode("ascii")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            jwt.PyJWK({"kty": "OKP", "crv": "Ed25519", "x": x}, algorithm="EdDSA"),
            algorithms=["EdDSA"],
            audience=audience,
            options={"require": CLAIMS, "verify_exp": False, "verify_iat": False, "strict_aud": True},
        )
    except jwt.InvalidAudienceError:
        raise wrong_token("it is meant for somebody else (aud)") from None
    except jwt.MissingRequiredClaimError:
        raise wrong_token(f"it needs {', '.join(CLAIMS)}") from None
    except (jwt.InvalidTokenError, ValueError, TypeError, RecursionError):
        raise wrong_token("its signature or its form does not hold") from None
    return _in_time(claims, now.timestamp())


def _in_time(claims: dict[str, Any], now: float) -> Token:
    made, ends, name, issuer = claims["iat"], claims["exp"], claims["jti"], claims["iss"]
    if not isinstance(issuer, str):
        raise wrong_token("iss is a text")
    if any(isinstance(moment, bool) or not isinstance(moment, int) for moment in (made, ends)):
        raise wrong_token("iat and exp are whole seconds")
    if not isinstance(name, str) or not 16 <= len(name) <= 128:
        raise wrong_token("jti is a text of 16 to 128 characters, new for every call")
    if not 0 < ends - made <= LONGEST_LIFE:
        raise wrong_token(f"it lives longer than {LONGEST_LIFE} seconds")
    if made > now + SKEW:
        raise wrong_token("it was made in the future")
    if now >= ends:
        raise wrong_token("its time is up")
    return Token(issuer, name, ends)
