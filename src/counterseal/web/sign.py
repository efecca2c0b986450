"""Signing: the page shows exactly what is signed, the passkey signs its digest, and a release follows the second.

The challenge that the passkey signs is the digest itself, so that what was agreed to can be checked by anybody
without this office (W3C Web Authentication Level 3, 7.2). Re-authentication comes first.
"""

from __future__ import annotations

import base64
import ipaddress
from typing import TYPE_CHECKING, Any

from allauth.account.decorators import reauthentication_required
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from counterseal.core.case import CaseState
from counterseal.core.official import Role
from counterseal.errors import CheckFailedError, CountersealError
from counterseal.flow.case_look import enter_look
from counterseal.flow.casework import Site, ready_to_sign, sign_first, sign_second
from counterseal.flow.look import MASKED_FIELDS, masked
from counterseal.flow.releasing import release_case
from counterseal.store.casework import credentials, held_case
from counterseal.web.case import known_case, signs
from counterseal.web.queue import STATE_WORD
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import office

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    from counterseal.flow.casework import Ready

PARTS = ("authenticatorData", "clientDataJSON", "signature")


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.CASES)
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def sign(request: HttpRequest, case: int) -> HttpResponse:
    """Show what would be signed; with POST take the signature."""
    held = known_case(case)
    if request.method == "POST":
        return _signed(request, case)
    place = signs(request, held)
    if not place:
        raise PermissionDenied
    return _page(request, case, place)


@asks(Right.CASES)
@require_POST
def release(request: HttpRequest, case: int) -> HttpResponse:
    """Try the release of a case again that two people signed."""
    known_case(case)
    if request.user.role != Role.RELEASING:  # type: ignore[union-attr]  # who has the right is an official
        raise PermissionDenied
    return _released(request, case)


def _signed(request: HttpRequest, case: int) -> HttpResponse:
    given = {name: request.POST.get(name, "") for name in PARTS}
    first = request.user.role == Role.SPECIALIST  # type: ignore[union-attr]
    try:
        (sign_first if first else sign_second)(
            office(), case, who(request), request.POST.get("credential", ""), given, site(request)
        )
    except CountersealError as error:
        return _page(request, case, "first" if first else "second", error=error)
    if first:
        messages.success(request, "Your signature is in the ledger. Another official signs second.")
        return HttpResponseRedirect(reverse("case", args=[case]))
    return _released(request, case)


def _released(request: HttpRequest, case: int) -> HttpResponse:
    """Release, and tell what came of it."""
    told: dict[str, Any] = {"error": None, "waits": False}
    try:
        release_case(office(), case)
    except CheckFailedError as error:  # durable, and not yet witnessed
        told = {"error": error, "waits": True}
    except CountersealError as error:
        told = {"error": error, "waits": error.code in {"sealer", "no-policy", "overtaken"}}
    held = held_case(case)
    told |= {"held": held, "state": STATE_WORD[held.state], "stopped": held.state is CaseState.STOPPED or
             (told["error"] is not None and told["error"].code == "stopped")}  # fmt: skip
    return render(request, "web/case_released.html", told, status=409 if told["error"] else 200)


def _page(request: HttpRequest, case: int, place: str, *, error: CountersealError | None = None) -> HttpResponse:
    ready = ready_to_sign(office(), case)
    enter_look(office(), case, who(request), "case file")
    digest = ready.release.digest
    told = {
        "held": ready.case,
        "place": place,
        "ready": ready,
        "digest": digest,
        "challenge": base64.urlsafe_b64encode(bytes.fromhex(digest)).rstrip(b"=").decode(),
        "rp_id": site(request).rp_id,
        "credentials": credentials(who(request)),
        "nameless": _is_number(site(request).rp_id),
        "facts": _shown(ready),
        "officers": ready.file.officers,
        "error": error,
        "state": STATE_WORD[ready.case.state],
    }
    return render(request, "web/case_sign.html", told, status=409 if error else 200)


def _shown(ready: Ready) -> list[tuple[str, str]]:
    """Give the request's facts of the case file, the taxpayer number masked."""
    return [
        (name, masked(value) if name in MASKED_FIELDS else value)
        for name, value in ready.file.document["request"].items()
    ]


def site(request: HttpRequest) -> Site:
    """Give the site as the browser names it. The host was held against the allowed ones."""
    host = request.get_host()
    scheme = "http" if settings.ENVIRONMENT.plain_http else "https"
    name = host[: host.rindex("]") + 1] if host.startswith("[") else host.partition(":")[0]
    return Site(f"{scheme}://{host}", name)


def _is_number(host: str) -> bool:
    """Tell whether a host is an address in numbers, for which no passkey can sign."""
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
