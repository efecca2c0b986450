"""People and keys: accounts, codes and roles proposed and confirmed, accounts ended, each after a page and a step-up.

One administrator proposes and another confirms. A one-time code is shown once, to whoever confirmed, to be handed over
in person; with it a first passkey is enrolled.
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

from counterseal.core.official import AccountAct, Role
from counterseal.errors import CountersealError
from counterseal.flow import people
from counterseal.store.officials import keys_listed, officials_listed
from counterseal.store.proposals import proposal_held, proposals_waiting
from counterseal.store.queue import agencies_listed
from counterseal.web.first_key import INVITED
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from counterseal.store.officials import OfficialListed
    from counterseal.store.proposals import ProposalHeld

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
    Role.ADMINISTRATOR: "Accounts and roles, with another administrator, never one’s own. Reads no case, signs none.",
    Role.CLERK: "Answers one person’s accounting. No case work.",
}
ASKED = {
    AccountAct.ADD: "A new account",
    AccountAct.INVITE: "A new one-time code",
    AccountAct.CHANGE: "Another role",
}


@require_safe
@asks(Right.PEOPLE)
def officials(request: HttpRequest) -> HttpResponse:
    """Give every account, and what waits for another administrator."""
    listed = [(one, ROLE_WORD[one.role]) for one in officials_listed()]
    waiting = [(held, *_words(held), refusal) for held, refusal in people.proposals(office(), who(request))]
    alone = sum(one.active and one.role is Role.ADMINISTRATOR for one, _ in listed) == 1
    told = {"people": listed, "now": office().clock.now(), "official": who(request), "waiting": waiting,
            "days": people.PROPOSAL_DAYS, "alone": alone}  # fmt: skip
    return render(request, "web/people.html", told)


@require_safe
@asks(Right.PEOPLE)
def official(request: HttpRequest, official: int) -> HttpResponse:
    """Give one account: its role, and each key with the entry that proves it."""
    held = _known(official)
    told = {"one": held, "word": ROLE_WORD[held.role], "does": DOES[held.role], "keys": keys_listed(official),
            "own": held.id == who(request), "now": office().clock.now(),
            "waiting": proposals_waiting(held.username)}  # fmt: skip
    return render(request, "web/person.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def add(request: HttpRequest) -> HttpResponse:
    """Give the form of an account; with POST propose it."""
    name, role, agency = (request.POST.get(field, "").strip() for field in ("username", "role", "agency"))
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            people.propose_person(office(), who(request), name, _role(role), _agency(role, agency))
        except CountersealError as refused:
            error = refused
        else:
            return _proposed(request)
    told = {"name": name, "role": role, "agency": agency, "roles": _roles(), "agencies": agencies_listed(),
            "error": error}  # fmt: skip
    return render(request, "web/person_add.html", told, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]
def change(request: HttpRequest, official: int) -> HttpResponse:
    """Give the page that asks for another role; with POST propose it."""
    held = _other(request, official)
    role, agency = request.POST.get("role", ""), request.POST.get("agency", "")
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            people.propose_role(office(), who(request), official, _role(role), _agency(role, agency))
        except CountersealError as refused:
            error = refused
        else:
            return _proposed(request)
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
    """Give the page that asks whether to propose a new one-time code; with POST propose it."""
    held = _other(request, official)
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            people.propose_code(office(), who(request), official)
        except CountersealError as refused:
            error = refused
        else:
            return _proposed(request)
    told = {"one": held, "word": ROLE_WORD[held.role], "error": error}
    return render(request, "web/person_invite.html", told, status=409 if error else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]
def confirm(request: HttpRequest, proposal: int) -> HttpResponse:
    """Give the page that asks whether to confirm what another proposed; with POST do it, and show its code once."""
    held = _proposal(request, proposal)
    if who(request) in {held.by, held.proposed.official}:
        raise PermissionDenied
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            made = people.confirm(office(), who(request), proposal)
        except CountersealError as refused:
            error = refused
        else:
            if made is not None:
                return render(request, "web/person_code.html", {"made": made})
            messages.success(request, "The role is changed. Their sessions have ended.")
            return HttpResponseRedirect(reverse("person", args=[held.proposed.official]))
    return _asked(request, "web/proposal_confirm.html", held, error)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.PEOPLE)
@reauthentication_required  # type: ignore[untyped-decorator]
def withdraw(request: HttpRequest, proposal: int) -> HttpResponse:
    """Give the page that asks whether to withdraw a proposal; with POST withdraw it."""
    held = _proposal(request, proposal)
    error: CountersealError | None = None
    if request.method == "POST":
        try:
            people.withdraw(office(), who(request), proposal)
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, "The proposal is withdrawn. Nothing was changed.")
            return HttpResponseRedirect(reverse("people"))
    return _asked(request, "web/proposal_withdraw.html", held, error)


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


def _proposed(request: HttpRequest) -> HttpResponse:
    messages.success(request, "It is proposed. Nothing is changed until another administrator confirms it.")
    return HttpResponseRedirect(reverse("people"))


def _asked(request: HttpRequest, page: str, held: ProposalHeld, error: CountersealError | None) -> HttpResponse:
    asked, role = _words(held)
    told = {"held": held, "asked": asked, "role": role, "does": DOES[held.proposed.role] if held.proposed.role else "",
            "error": error}  # fmt: skip
    return render(request, page, told, status=409 if error else 200)


def _words(held: ProposalHeld) -> tuple[str, str]:
    """Give in words what is proposed, and the role: the one that is given, or that the account has."""
    asked = held.proposed
    roles = [ROLE_WORD[role] for role in (asked.held_role, asked.role) if role is not None]
    return ASKED[asked.what], " → ".join(roles)


def _proposal(request: HttpRequest, proposal: int) -> ProposalHeld:
    """Give a proposal; one that has ended is no page any more, and a form sent for it is refused in words."""
    try:
        held = proposal_held(proposal)
    except CountersealError:
        raise Http404 from None
    if held.ended and request.method != "POST":
        raise Http404
    return held


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
