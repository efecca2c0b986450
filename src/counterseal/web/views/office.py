"""The ledger and the agreements, for everybody who may sign in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from counterseal import wiring
from counterseal.web.roles import EVERYBODY, open_to

if TYPE_CHECKING:
    from django.http import HttpRequest


@require_safe
@open_to(EVERYBODY)
def ledger(request: HttpRequest) -> HttpResponse:
    """Show the newest checkpoint and the last entries. No entry holds a person."""
    return render(request, "office/ledger.html", {"ledger": wiring.pages().ledger()})


@require_safe
@open_to(EVERYBODY)
def agreement(request: HttpRequest, agreement: str) -> HttpResponse:
    """Show an agreement: every rule with its law, and what counsel still has to settle."""
    return render(request, "office/agreement.html", {"agreement": wiring.pages().agreement(agreement)})


@require_safe
@open_to(EVERYBODY)
def agreements(request: HttpRequest) -> HttpResponse:
    """List the agreements in force here."""
    return render(request, "office/agreements.html", {"agreements": wiring.pages().agreements()})
