"""A passkey that is added to an account is enrolled for signing; one that is removed signs nothing more."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

from allauth.mfa.models import Authenticator
from allauth.mfa.signals import authenticator_added, authenticator_removed
from django.contrib import messages
from django.dispatch import receiver
from fido2 import cbor

from counterseal.errors import CountersealError
from counterseal.flow.people import end_key, enrol_passkey
from counterseal.web.first_key import INVITED
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest


@receiver(authenticator_added)
def enrol(request: HttpRequest, user: Any, authenticator: Any, **_: Any) -> None:
    """Enter the key's public half. A kind of key that cannot sign opens the door all the same, and is told."""
    if authenticator.type != Authenticator.Type.WEBAUTHN:
        return
    attested = authenticator.wrap().authenticator_data.credential_data
    try:
        enrol_passkey(office(), int(user.pk), _name(attested), cbor.encode(attested.public_key))
    except CountersealError as error:
        messages.warning(request, f"This passkey opens the door and signs nothing. {error.message}")
    request.session.pop(INVITED, None)


@receiver(authenticator_removed)
def end(user: Any, authenticator: Any, **_: Any) -> None:
    """End the key. What it signed stands."""
    if authenticator.type != Authenticator.Type.WEBAUTHN:
        return
    try:
        end_key(office(), int(user.pk), _name(authenticator.wrap().authenticator_data.credential_data))
    except CountersealError as error:
        if error.code != "signing-key-unknown":  # it never was enrolled
            raise


def _name(attested: Any) -> str:
    return base64.urlsafe_b64encode(attested.credential_id).rstrip(b"=").decode()
