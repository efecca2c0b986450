"""A token that should not open the door."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import CountersealError
from counterseal.vault.tokens import key_id, open_token

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = PRIVATE.public_key().public_bytes_raw()
AUDIENCE = "counterseal.example/log"
HEADER = {"alg": "EdDSA", "typ": "JWT", "kid": "ice.client+01020304"}
CLAIMS = {
    "iss": "ice",
    "aud": AUDIENCE,
    "iat": int(NOW.timestamp()),
    "exp": int(NOW.timestamp()) + 300,
    "jti": "a" * 16,
}


def encoded(part: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()


def token(header: object = HEADER, claims: object = CLAIMS) -> str:
    signed = f"{encoded(header)}.{encoded(claims)}"
    return f"{signed}.{base64.urlsafe_b64encode(PRIVATE.sign(signed.encode())).rstrip(b'=').decode()}"


def test_a_sound_token_is_refused():
    assert key_id(token()) == "ice.client+01020304"
    assert open_token(token(), PUBLIC, AUDIENCE, NOW).id == "a" * 16
    assert open_token(token(), PUBLIC, AUDIENCE, NOW + timedelta(seconds=299)).issuer == "ice"


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "somebody.example"}, {"aud": [AUDIENCE, "somebody.example"]}, {"aud": None}, {"exp": CLAIMS["iat"] + 301},
        {"exp": CLAIMS["iat"]}, {"iat": CLAIMS["iat"] + 60, "exp": CLAIMS["iat"] + 120}, {"iat": True}, {"exp": "soon"},
        {"exp": 1e300}, {"jti": "short"}, {"jti": 7}, {"jti": "a" * 129}, {"iat": 0, "exp": 300}, {"iss": 4},
    ],
    ids=str,
)  # fmt: skip
def test_a_claim_that_does_not_hold(change: dict):
    with pytest.raises(CountersealError, match="token"):
        open_token(token(claims={**CLAIMS, **change}), PUBLIC, AUDIENCE, NOW)


@pytest.mark.parametrize("missing", ["iss", "aud", "iat", "exp", "jti"])
def test_a_claim_that_is_missing(missing: str):
    with pytest.raises(CountersealError, match="token"):
        open_token(token(claims={k: v for k, v in CLAIMS.items() if k != missing}), PUBLIC, AUDIENCE, NOW)


@pytest.mark.parametrize("algorithm", ["none", "HS256", "RS256", "ES256", "Ed25519", "", None])
def test_a_token_that_chooses_how_it_is_checked(algorithm: str | None):
    with pytest.raises(CountersealError, match="token"):
        open_token(token(header={**HEADER, "alg": algorithm}), PUBLIC, AUDIENCE, NOW)


def test_a_token_whose_time_is_up_or_of_another_key():
    with pytest.raises(CountersealError, match="time is up"):
        open_token(token(), PUBLIC, AUDIENCE, NOW + timedelta(seconds=300))
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    with pytest.raises(CountersealError, match="signature"):
        open_token(token(), other, AUDIENCE, NOW)


@given(
    st.text(max_size=200) | st.binary(max_size=60).map(lambda raw: f"{base64.urlsafe_b64encode(raw).decode()}.e30.AA")
)
def test_text_that_is_no_token(text: str):
    for ask in (lambda: key_id(text), lambda: open_token(text, PUBLIC, AUDIENCE, NOW)):
        with pytest.raises(CountersealError, match="token"):
            ask()


def test_a_header_without_a_key():
    for header in ({"alg": "EdDSA"}, {"alg": "EdDSA", "kid": 4}, {"alg": "EdDSA", "kid": ""}, []):
        with pytest.raises(CountersealError, match="token"):
            key_id(token(header=header))
