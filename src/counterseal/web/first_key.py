"""Whoever came in with a one-time code enrols a passkey, and sees nothing else before."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpResponseRedirect
from django.urls import reverse

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

INVITED = "invited"
"""Marks the session of somebody who has no key yet; enrolling one takes it away."""
MEANWHILE = {"mfa_add_webauthn", "account_logout", "account_reauthenticate"}


class FirstKey:
    """Sends such a session to the page where a key is enrolled."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        return self.get_response(request)

    def process_view(self, request: HttpRequest, view: object, arguments: Any, named: Any) -> HttpResponse | None:  # noqa: ARG002  # Django's interface
        """Let nothing through but the key's own page and the way out."""
        if not request.session.get(INVITED) or not request.resolver_match:
            return None
        if request.resolver_match.url_name in MEANWHILE:
            return None
        return HttpResponseRedirect(reverse("mfa_add_webauthn"))
