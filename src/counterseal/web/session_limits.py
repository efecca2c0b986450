"""How long a session lives: half an hour without a page, twelve hours in all (NIST SP 800-63B-4, AAL2).

Whoever signs in once more gets a new session id, so that one that was seen before is worth nothing after.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.signals import authentication_step_completed
from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY, logout
from django.dispatch import receiver

from counterseal.wiring import office

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

IDLE, LIFETIME = 30 * 60, 12 * 3600
"""Seconds."""
NOTED = 60
"""Seconds between two notes that the session is in use: a page is not a write."""
BEGAN, SEEN = "session began", "session seen"


class SessionLimits:
    """Ends a session whose time is up; the page then leads to the door."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer the request."""
        if request.user.is_authenticated:
            now = office().clock.now().timestamp()
            began, seen = request.session.get(BEGAN), request.session.get(SEEN)
            if began is None or seen is None:
                request.session[BEGAN] = request.session[SEEN] = now
            elif not 0 <= now - began <= LIFETIME or now - seen > IDLE:
                logout(request)
            elif now - seen > NOTED:
                request.session[SEEN] = now
        elif SESSION_KEY in request.session:
            request.session.flush()  # of an account that has ended: it does not come back to life with the account
        return self.get_response(request)


@receiver(authentication_step_completed)
def new_id(request: HttpRequest, **told: Any) -> None:
    """Give the session a new id after a step-up, and keep its place in the list of one's sessions."""
    if not told.get("reauthenticated"):
        return
    before = request.session.session_key
    request.session.cycle_key()
    UserSession.objects.filter(session_key=before).update(session_key=request.session.session_key)
