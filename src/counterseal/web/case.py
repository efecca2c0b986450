"""A case: its page, and everything that is done to it but signing. Each heavy act has a page of its own first."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from counterseal.core.case import CaseState
from counterseal.core.official import Role
from counterseal.errors import CountersealError
from counterseal.flow import casework
from counterseal.flow.case_look import enter_look, look_at_case, reveal
from counterseal.flow.clocks import LIVE
from counterseal.release import NO_DISCLOSURE
from counterseal.store.case_history import case_clocks, signatures_given, specialists_besides, touches
from counterseal.store.casework import has_touched, held_case
from counterseal.web.clocks import clock_told
from counterseal.web.queue import STATE_WORD
from counterseal.web.rights import Right, asks, who
from counterseal.wiring import look, office

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest, HttpResponse

    from counterseal.store.casework import CaseHeld

SEEN = "cases seen"
"""Where a session remembers which cases it has looked at: one entry a case, not one a click."""
REMEMBERED = 500
MEANING = {
    CaseState.OPEN: "Nobody has it. A specialist takes it, reviews it and signs first.",
    CaseState.IN_REVIEW: "A specialist reviews it, records the determination and signs first.",
    CaseState.SIGNED_ONCE: "A specialist has signed. A releasing official who has not touched it signs second.",
    CaseState.SIGNED_TWICE: "Two people have signed. Nothing has left: the release is yet to be made.",
    CaseState.INTENDED: "The release is entered in the ledger. Nothing has left until it is witnessed and sealed.",
    CaseState.RELEASED: "The answer was sealed to the officers named below.",
    CaseState.REFUSED: "Refused by an official. The agency reads that nothing is disclosed, and not why.",
    CaseState.RETURNED: "Returned to the requester with what to mend.",
    CaseState.HELD: "On hold; its clock stands still. Taken up again, both signatures are made anew.",
    CaseState.STOPPED: "A stop order reaches it. Nothing leaves while it is in force.",
    CaseState.WITHDRAWN: "Withdrawn by the requester.",
}


@dataclass(frozen=True, slots=True)
class Act:
    """One act as its page tells it. ``asks`` labels the reason; without it none is given."""

    title: str
    does: str
    button: str
    done: str
    roles: frozenset[str]
    states: frozenset[CaseState]
    mine: bool = True
    asks: str = ""
    letter: str = ""


_S, _E = frozenset({Role.SPECIALIST.value}), frozenset({Role.SPECIALIST.value, Role.RELEASING.value})
_REVIEW, _SIGNED = CaseState.IN_REVIEW, CaseState.SIGNED_ONCE
_BOTH = frozenset({_REVIEW, _SIGNED})
ACTS = {
    "take": Act("Take the case", "It is yours until you give it back. The office's clock of ten days begins.",
                "Take the case", "The case is yours.", _S, frozenset({CaseState.OPEN}), mine=False),
    "give-back": Act("Give the case back", "It goes back to the queue, open. What was determined stands; a signature "
                     "already made is made anew.", "Give it back", "The case is back in the queue.", _E, _BOTH,
                     asks="Why it goes back"),
    "hand-over": Act("Hand the case over", "It stays yours until the other specialist accepts.", "Offer it",
                     "The case is offered; it stays yours until it is accepted.", _S, frozenset({_REVIEW})),
    "accept": Act("Accept the case", "It was offered to you. From now on it is yours.", "Accept it",
                  "The case is yours.", _S, frozenset({_REVIEW}), mine=False),
    "hold": Act("Put the case on hold", "Its clock stands still. Taken up again it is open, and both signatures are "
                "made anew.", "Hold it", "The case is on hold.", _S, frozenset({_REVIEW}), asks="Why it waits",
                letter="hold"),
    "resume": Act("Take the case up again", "It is open again, and the office's clock begins anew.", "Take it up again",
                  "The case is open again.", _S, frozenset({CaseState.HELD}), mine=False),
    "refuse": Act("Refuse the case", "For good. The agency reads “no disclosure” with the whole submission, and not "
                  "why.", "Refuse it", "The case is refused.", _E, _BOTH, asks="Why nothing is disclosed",
                  letter="refuse"),
    "return": Act("Return the case for cure", "The requester may mend it and send it in a new submission. What you "
                  "write stays in the office; the letter says only what every returned row is told.", "Return it",
                  "The case is returned.", _E, _BOTH, asks="What must be mended", letter="return"),
}  # fmt: skip
_FLOW: dict[str, Callable[..., None]] = {
    "take": casework.take, "give-back": casework.give_back, "accept": casework.accept, "hold": casework.hold,
    "resume": casework.resume, "refuse": casework.refuse, "return": casework.return_for_cure,
}  # fmt: skip


@require_safe
@asks(Right.CASES)
def case(request: HttpRequest, case: int) -> HttpResponse:
    """Give a case: facts left, law right, evidence, determination, history."""
    return _page(request, case)


@asks(Right.CASES)
@require_POST
def determine(request: HttpRequest, case: int) -> HttpResponse:
    """Record the determination of 6103(i)(6)."""
    known_case(case)
    text = request.POST.get("determination", "")
    try:
        casework.determine(office(), case, who(request), text)
    except CountersealError as error:
        return _page(request, case, error=error, written=text)
    messages.success(request, "The determination is recorded.")
    return HttpResponseRedirect(f"{reverse('case', args=[case])}#determination")


@asks(Right.CASES)
@require_POST
def reveal_field(request: HttpRequest, case: int) -> HttpResponse:
    """Show the taxpayer number once; that it was shown is entered first."""
    known_case(case)
    return _page(request, case, revealed=reveal(office(), case, who(request), "tin"))


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.CASES)
def act(request: HttpRequest, case: int, act: str) -> HttpResponse:
    """Give the page that asks whether to do it; with POST do it."""
    held, told = known_case(case), ACTS[act]
    if request.user.role not in told.roles:  # type: ignore[union-attr]  # who has the right is an official
        raise PermissionDenied
    why, to = request.POST.get("why", ""), request.POST.get("to", "")
    if request.method == "POST":
        try:
            _do(act, case, who(request), why, to)
        except CountersealError as error:
            return _confirm(request, held, act, error=error, why=why)
        messages.success(request, told.done)
        return HttpResponseRedirect(reverse("case", args=[case]))
    return _confirm(request, held, act)


def _do(act: str, case: int, official: int, why: str, to: str) -> None:
    if act == "hand-over":
        if not (to.isascii() and to.isdigit() and len(to) < 19):
            raise CountersealError("reason", "Say to whom the case is offered.")
        casework.hand_over(office(), case, official, int(to))
    elif ACTS[act].asks:
        _FLOW[act](office(), case, official, why)
    else:
        _FLOW[act](office(), case, official)


def _confirm(
    request: HttpRequest, held: CaseHeld, act: str, *, error: CountersealError | None = None, why: str = ""
) -> HttpResponse:
    batch = look().batch(held.submission) if ACTS[act].letter else None
    row = look().row(batch, held.row) if batch else None
    told = {
        "held": held,
        "name": act,
        "act": ACTS[act],
        "error": error,
        "why": why,
        "others": specialists_besides(who(request)) if act == "hand-over" else (),
        "state": STATE_WORD[held.state],
        "look": batch,
        "ref": row.request_ref if row else "",
        "today": office().clock.now(),
        "no_disclosure": NO_DISCLOSURE,
    }
    return render(request, "web/case_act.html", told, status=409 if error else 200)


def _page(
    request: HttpRequest, case: int, *, error: CountersealError | None = None, written: str | None = None,
    revealed: str | None = None,
) -> HttpResponse:  # fmt: skip
    held = known_case(case)
    _enter_once(request, held)
    told = {
        **case_told(request, held),
        "error": error,
        "written": held.determination if written is None else written,
        "revealed": revealed,
    }
    return render(request, "web/case.html", told, status=409 if error else 200)


def case_told(request: HttpRequest, held: CaseHeld) -> dict[str, Any]:
    """Give what the page of a case tells this person, and what they may do there."""
    case = held.id
    seen, clocks = look_at_case(office(), look(), case), case_clocks(case)
    given = signatures_given(case)
    now, official = office().clock.now(), who(request)
    return {
        "held": held,
        "seen": seen,
        "clocks": clocks,
        "own": clock_told(clocks.due_at, clocks.paused_at, now),
        "legal": clock_told(clocks.legal_due_at, clocks.legal_paused_at, now),
        "state": STATE_WORD[held.state],
        "meaning": MEANING[held.state],
        "touches": touches(case),
        "given": given,
        "of_round": [one for one in given if one.round == held.round],
        "mine": held.assignee == official,
        "acts": _acts(request, held),
        "sign": signs(request, held),
        "releases": request.user.role == Role.RELEASING  # type: ignore[union-attr]
        and held.state in {CaseState.SIGNED_TWICE, CaseState.INTENDED},
        "touched": request.user.role == Role.RELEASING and has_touched(case, official),  # type: ignore[union-attr]
        "keeps_time": held.assignee == official and held.state in LIVE,
        "determines": held.assignee == official and held.state is CaseState.IN_REVIEW,
    }


def _acts(request: HttpRequest, held: CaseHeld) -> list[tuple[str, Act]]:
    """Give what this official may do to the case as it stands."""
    role, official = request.user.role, who(request)  # type: ignore[union-attr]
    found = []
    for name, one in ACTS.items():
        if role not in one.roles or held.state not in one.states:
            continue
        if one.mine and role == Role.SPECIALIST and held.assignee != official:
            continue
        if role == Role.RELEASING and held.state is not CaseState.SIGNED_ONCE:
            continue
        if name == "accept" and held.offered_to != official:
            continue
        found.append((name, one))
    return found


def signs(request: HttpRequest, held: CaseHeld) -> str:
    """Give which signature this official would make now, in words; empty for none."""
    role, official = request.user.role, who(request)  # type: ignore[union-attr]
    if role == Role.SPECIALIST and held.state is CaseState.IN_REVIEW and held.assignee == official:
        return "first"
    if role == Role.RELEASING and held.state is CaseState.SIGNED_ONCE and not has_touched(held.id, official):
        return "second"
    return ""


def _enter_once(request: HttpRequest, held: CaseHeld) -> None:
    mark = f"{held.id}/{held.round}"
    seen = request.session.get(SEEN, [])
    if mark not in seen:
        enter_look(office(), held.id, who(request), "case")
        request.session[SEEN] = [*seen, mark][-REMEMBERED:]


def known_case(case: int) -> CaseHeld:
    """Give a case as it stands. Raises Http404 for a number that is none."""
    if case >= 2**63:
        raise Http404
    try:
        return held_case(case)
    except CountersealError:
        raise Http404 from None
