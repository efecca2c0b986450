"""Accounts are made by an administrator: nobody signs up, and no password is reset by e-mail.

A key that is added is a passkey: it lies on the authenticator, and a finger, a face or a PIN unlocks it. Only such a
key opens the door by itself, and only such a key signs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms

if TYPE_CHECKING:
    from django.http import HttpRequest


class ClosedAccounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth has no types
    """No account comes into being through a page, and no mail leaves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002  # allauth's interface
        """Refuse."""
        return False

    def send_mail(self, template_prefix: str, email: str, context: dict[str, object]) -> None:
        """Send nothing: who holds a mailbox must not thereby hold an account."""


class PasskeyForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth has no types
    """The form of a new key."""

    name = forms.CharField(required=False, label="A name for this key", help_text="Such as: desk key.")
    passwordless = forms.BooleanField(
        label="It is unlocked by a finger, a face or a PIN",
        help_text="Signing needs such a key. It opens the door without a password.",
        initial=True,
    )
