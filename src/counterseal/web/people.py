"""People and keys: accounts made, roles given, accounts ended, each with a page that asks and a step-up first.

A one-time code is shown once, to be handed over in person; with it a first passkey is enrolled.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from allauth.account.auth_backends import AuthenticationBackend
from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import login
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.flow import people
from counterseal.store.officials import keys_listed, officials_listed
from counterseal.store.queue import agencies_listed
from counterseal.web.first_key import INVITED
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from counterseal.flow.people import Invited
    from counterseal.store.officials import OfficialListed

ROLE_WORD = {
    Role.REQUESTER: "Requester",
    Role.SPECIALIST: "Specialist",
    Role.RELEASING: "Releasing official",
    Role.COUNSEL: "Counsel",
    Role.OVERSIGHT: "Oversight",
    Role.ADMINISTRATOR: "Administrator",
    Role.CLERK: "Subject’s clerk",
}
DOES = {
    Role.REQUESTER: "Of one agency: submits, reads its own response, cures, acknowledges, certifies destruction.",
    Role.SPECIALIST: "Takes cases, reviews, signs first. Never second on the same case.",
    Role.RELEASING: "Signs second, on cases never touched before.",
    Role.COUNSEL: "Settles questions of law, issues stop orders and lifts them with another counsel. Signs no release.",
    Role.OVERSIGHT: "Reads counts, proofs and cases by a logged look; issues stop orders. Changes nothing else.",
    Role.ADMINISTRATOR: "Accounts, keys and roles, never their own. Reads no case, signs nothing.",
    Role.CLERK: "Answers one person’s accounting. No case work.",
}


@require_safe
@asks(Right.PEOPLE)
def officials(request: HttpRequest) -> HttpResponse:
    """Give every account."""
    listed = [(one, ROLE_WORD[one.role]) for one in officials_listed()]
    told = {"people": listed, "now": office().clock.now(), "official": who(request),
            "alone": sum(one.active and one.role is Role.ADMINISTRATOR for one, _ in listed) == 1}  # fmt: skip
    return render(request, "web/people.html", told)


@require_safe
@asks(Right.PEOPLE)
def official(request: HttpRequest, official: int) -> HttpResponse:
    """Give one account: its role, and each key with the entry that proves it."""
    held = _known(official)
    told = {"one": held, "word": ROLE_WORD[held.role], "does": DOES[held.role], "keys": keys_listed(official),
            "own": held.id == who(request), "now": office().clock.now()}  # fmt: skip
    return render(request, "web/person.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def add(request: HttpRequest) -> HttpResponse:
    """Give the form of an account; with POST make it and show its code once."""
    name, role, agency = (request.POST.get(field, "").strip() for field in ("username", "role", "agency"))
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            return _code(request, people.add_person(office(), who(request), name, _role(role), _agency(role, agency)))
        except CountersealError as refused:
            error = refused
    told = {"name": name, "role": role, "agency": agency, "roles": _roles(), "agencies": agencies_listed(),
            "error": error}  # fmt: skip
    return render(request, "web/person_add.html", told, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]
def change(request: HttpRequest, official: int) -> HttpResponse:
    """Give the page that asks for another role; with POST give it."""
    held = _other(request, official)
    role, agency = request.POST.get("role", ""), request.POST.get("agency", "")
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            people.change_role(office(), who(request), official, _role(role), _agency(role, agency))
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, "The role is changed. Their sessions have ended.")
            return HttpResponseRedirect(reverse("person", args=[official]))
    told = {"one": held, "word": ROLE_WORD[held.role], "role": role, "agency": agency, "error": error,
            "roles": [one for one in _roles() if one[0] != held.role.value], "agencies": agencies_listed()}  # fmt: skip
    return render(request, "web/person_role.html", told, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]
def end(request: HttpRequest, official: int) -> HttpResponse:
    """Give the page that asks whether to end an account; with POST end it."""
    held, why = _other(request, official), request.POST.get("why", "")
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            people.end_person(office(), who(request), official, why)
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, "The account has ended, with its sessions and its keys.")
            return HttpResponseRedirect(reverse("person", args=[official]))
    told = {"one": held, "word": ROLE_WORD[held.role], "error": error, "why": why}
    return render(request, "web/person_end.html", told, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]
def invite(request: HttpRequest, official: int) -> HttpResponse:
    """Give the page that asks whether to make a new one-time code; with POST make it and show it once."""
    held = _other(request, official)
    if request.method == "POST":
        return _code(request, people.invite_again(office(), who(request), official))
    return render(request, "web/person_invite.html", {"one": held, "word": ROLE_WORD[held.role]})


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def invited(request: HttpRequest) -> HttpResponse:
    """Take a one-time code: whoever has one enrols a passkey now, and sees no other page before."""
    name = request.POST.get("username", "")
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            found = people.open_with_code(office(), name, request.POST.get("code", ""))
        except CountersealError as refused:
            error = refused
        else:
            login(request, AuthenticationBackend().get_user(found), settings.AUTHENTICATION_BACKENDS[0])
            request.session[INVITED] = True
            return HttpResponseRedirect(reverse("mfa_add_webauthn"))
    return render(request, "web/invited.html", {"name": name, "error": error}, status=409 if error else 200)


def _code(request: HttpRequest, made: Invited) -> HttpResponse:
    return render(request, "web/person_code.html", {"made": made})


def _roles() -> list[tuple[str, str, str]]:
    return [(role.value, word, DOES[role]) for role, word in ROLE_WORD.items()]


def _role(given: str) -> Role:
    try:
        return Role(given)
    except ValueError:
        raise CountersealError("role", "Choose one of the roles.") from None


def _agency(role: str, agency: str) -> str:
    """Give the agency that was chosen, to a requester alone."""
    known = {one for one, _ in agencies_listed()}
    return agency if role == Role.REQUESTER and agency in known else ""


def _known(official: int) -> OfficialListed:
    found = officials_listed(official) if official < 2**63 else []
    if not found:
        raise Http404
    return found[0]


def _other(request: HttpRequest, official: int) -> OfficialListed:
    """Give an account that is alive and not one's own."""
    held = _known(official)
    if held.id == who(request):
        raise PermissionDenied
    if not held.active:
        raise Http404
    return held
