"""The requester's pages: one agency's own requests, and nobody else's. What is not theirs is not there.

Whoever signs in here belongs to one agency; the agency comes from the account and never from an address or a form.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, Http404, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from counterseal.errors import CountersealError
from counterseal.flow import asker, holder, packages
from counterseal.flow.authenticate import LARGEST_SIGNATURE
from counterseal.flow.requester import Sent, check, read_response, send
from counterseal.intake.manifest import LARGEST_MANIFEST
from counterseal.vault.acknowledgement import LARGEST as LARGEST_ACKNOWLEDGEMENT
from counterseal.web.rights import Right, asks
from counterseal.wiring import office

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from django.core.files.uploadedfile import UploadedFile
    from django.http import HttpRequest, HttpResponse

    from counterseal.flow.requester import Told
    from counterseal.store.asker import OwnSubmission

STATUS_WORD = {
    "uploading": "On its way", "waiting": "Waits to be read", "held": "Held for a person", "refused": "Refused whole",
    "received": "Being read", "determined": "Answered on its face", "answered": "Answered", "withdrawn": "Withdrawn",
}  # fmt: skip
MEANING = {
    "uploading": "A program of your agency is sending it.",
    "waiting": "It is here whole and signed. The custodian reads requests in the order in which they came.",
    "held": "Something about it is unusual, and a person of the custodian looks at it before anything is read.",
    "refused": "Nothing of it was read. Mend what the code names, sign it anew and send it again.",
    "received": "The custodian is reading it.",
    "determined": "Rows that fail on their face are answered. All others wait, and are answered together.",
    "answered": "Every row is answered.",
    "withdrawn": "Your agency wanted it no more. Nothing more of it is judged or released.",
}
CHECKED = {
    "cure": ("What to mend before it is signed", "A row with one of these would be returned; nobody would look it up."),
    "refuse": ("What would be refused", "As such a row stands the law forbids it; nobody would look it up."),
    "judge": (
        "What a person would settle first",
        "The custodian’s counsel decides this before any look-up.",
    ),
}
ANSWERED = {
    "cure": ("Rows to mend", "Mend them, and send them in a new request that names this one."),
    "refuse": ("Rows that are refused", "As they stand the law forbids them; no record was opened."),
}
"""Reasons by what they ask of the requester, in this order: heading, and what it means."""
ANSWER_WORD = {"refused": "Refused", "cure": "To mend", "pending": "Pending", "disclosed": "Disclosed",
               "no disclosure": "No disclosure"}  # fmt: skip
OUTCOME_WORD = {
    "admitted": "Holds on its face", "refuse": "Would be refused", "refused": "Would be refused",
    "cure": "To mend first", "judgement": "Waits for a person",
}  # fmt: skip
SHOWN = 200
"""So many packages stand on a page; a program fetches any number."""
FILES = {
    "response.jsonl": ("response", "application/jsonl"),
    "letter.pdf": ("notice", "application/pdf"),
}


def agency_of(request: HttpRequest) -> str:
    """Give the one agency of whoever asks. Raises PermissionDenied for an account without one."""
    agency = cast("str | None", request.user.agency_id)  # type: ignore[union-attr]  # who has the right is an official
    if not agency:
        raise PermissionDenied
    return agency


@require_safe
@asks(Right.REQUESTS)
def requests(request: HttpRequest) -> HttpResponse:
    """Give the orders that the agency has to answer, and its own requests, the newest first."""
    found = asker.everything_of(agency_of(request))
    told = {
        "orders": holder.own_orders(office(), agency_of(request)),
        "requests": [(one, STATUS_WORD[one.status]) for one in found],
        "agency": request.user.agency,  # type: ignore[union-attr]
    }
    return render(request, "web/requester.html", told)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.REQUESTS)
def check_request(request: HttpRequest) -> HttpResponse:
    """Hold a request against the law before it is signed; nothing of it is kept."""
    agency_of(request)
    told: dict[str, object] = {"checked": None, "error": None}
    if request.method == "POST":
        try:
            found = check(office(), _sent(request, signed=False))
        except CountersealError as error:
            told["error"] = error
        else:
            told["checked"] = found
            told["outcomes"] = [(OUTCOME_WORD.get(word, word), n, n / found.rows) for word, n in found.outcomes.items()]
            told["groups"] = _grouped(found.reasons, CHECKED)
    return render(request, "web/requester_check.html", told, status=409 if told["error"] else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.REQUESTS)
def send_request(request: HttpRequest) -> HttpResponse:
    """Take in a request with its signature."""
    agency = agency_of(request)
    if request.method != "POST":
        return _sending(request, agency)
    try:
        line = send(office(), agency, _sent(request, signed=True), cures=request.POST.get("cures", ""))
    except CountersealError as error:
        return _sending(request, agency, error)
    messages.success(request, f"Request {line.submission} is here, whole. It waits to be read.")
    return HttpResponseRedirect(reverse("request", args=[line.submission]))


def _sending(request: HttpRequest, agency: str, error: CountersealError | None = None) -> HttpResponse:
    mendable = [one.submission for one in asker.everything_of(agency) if one.status in {"determined", "answered"}]
    told = {"error": error, "mendable": mendable, "cures": request.POST.get("cures", request.GET.get("cures", ""))}
    return render(request, "web/requester_send.html", told, status=409 if error else 200)


@require_safe
@asks(Right.REQUESTS)
def one_request(request: HttpRequest, submission: str) -> HttpResponse:
    """Give one request: where it stands, and its response by reason with what to mend."""
    found = _own(request, submission)
    told: dict[str, object] = {
        "own": found,
        "word": STATUS_WORD[found.status],
        "meaning": MEANING[found.status],
        "withdraws": found.desired_status != "withdrawn" and found.status != "refused",
    }
    try:
        read = read_response(office(), agency_of(request), submission)
    except CountersealError as error:
        if error.code != "not-yet":
            raise
    else:
        told["answers"] = [(ANSWER_WORD[word], n, n / found.rows) for word, n in read.answers.items()]
        told["groups"] = _grouped(read.reasons, ANSWERED)
        told["read"] = read
    if found.status == "answered":
        sealed = packages.own_packages(office(), agency_of(request), submission)
        told |= {"packages": sealed[:SHOWN], "sealed": len(sealed)}
    return render(request, "web/requester_request.html", told)


@require_safe
@asks(Right.REQUESTS)
def own_file(request: HttpRequest, submission: str, name: str) -> FileResponse:
    """Give a file of one's own answer to take away."""
    _own(request, submission)
    what, kind = FILES[name]
    try:
        path = asker.own_file(office(), agency_of(request), submission, what)
    except CountersealError:
        raise Http404 from None
    return FileResponse(path.open("rb"), content_type=kind, as_attachment=True, filename=f"{submission}-{name}")


@require_safe
@asks(Right.REQUESTS)
def package(request: HttpRequest, submission: str, row: int) -> FileResponse:
    """Give a sealed package. It opens with the key of an officer whom the row names, and with nothing here."""
    path = _own_package(request, submission, row)
    return FileResponse(path.open("rb"), content_type="application/octet-stream", as_attachment=True,
                        filename=f"{submission}-{row}.sealed")  # fmt: skip


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.REQUESTS)
def acknowledge(request: HttpRequest, submission: str, row: int) -> HttpResponse:
    """Take in what an officer signed when they opened a package."""
    _own_package(request, submission, row)
    error = None
    if request.method == "POST":
        try:
            document = sent_file(request, "acknowledgement", "the acknowledgement").read(LARGEST_ACKNOWLEDGEMENT + 1)
            done = packages.acknowledge_package(
                office(), agency_of(request), submission, row, document, door="pages"
            )  # fmt: skip
        except CountersealError as refused:
            error = refused
        else:
            messages.success(request, f"The acknowledgement is entry {done.entry} of the ledger.")
            return HttpResponseRedirect(reverse("request", args=[submission]))
    told = {"submission": submission, "row": row, "error": error}
    return render(request, "web/requester_acknowledge.html", told, status=409 if error else 200)


def _own_package(request: HttpRequest, submission: str, row: int) -> Path:
    """Give the file of one's own package. Raises Http404 where there is none, or not yet, or it is another's."""
    try:
        return packages.own_package(office(), agency_of(request), submission, row)
    except CountersealError:
        raise Http404 from None


@require_http_methods(["GET", "HEAD", "POST"])
@asks(Right.REQUESTS)
@reauthentication_required  # type: ignore[untyped-decorator]  # allauth has no types
def withdraw(request: HttpRequest, submission: str) -> HttpResponse:
    """Ask whether a request is wanted no more; with POST withdraw it."""
    found = _own(request, submission)
    if request.method == "POST":
        asker.withdraw(office(), agency_of(request), submission)
        messages.success(request, "The request is withdrawn.")
        return HttpResponseRedirect(reverse("request", args=[submission]))
    return render(request, "web/requester_withdraw.html", {"own": found, "word": STATUS_WORD[found.status]})


def _grouped(reasons: Sequence[Told], words: Mapping[str, tuple[str, str]]) -> list[tuple[str, str, list[Told]]]:
    """Give the reasons under their headings, those that somebody can mend first; no heading without a reason."""
    groups = ((*told, [one for one in reasons if one.answer == answer]) for answer, told in words.items())
    return [(heading, means, held) for heading, means, held in groups if held]


def _own(request: HttpRequest, submission: str) -> OwnSubmission:
    """Give one of the agency's own. Raises Http404 for another's as for one that never was."""
    try:
        return asker.own(agency_of(request), submission)
    except CountersealError:
        raise Http404 from None


def _sent(request: HttpRequest, *, signed: bool) -> Sent:
    """Read what a form brought. Raises CountersealError ``sent-missing`` naming the file that is not there."""
    rows, manifest = sent_file(request, "rows", "the rows file"), sent_file(request, "manifest", "manifest.json")
    signature = (
        sent_file(request, "signature", "manifest.json.sig") if signed and "signature" in request.FILES else None
    )
    return Sent(
        rows.chunks(),
        int(rows.size or 0),
        manifest.read(LARGEST_MANIFEST + 1),
        None if signature is None else signature.read(LARGEST_SIGNATURE + 1),
    )


def sent_file(request: HttpRequest, field: str, meant: str) -> UploadedFile[Any]:
    """Give the file that a form brought. Raises CountersealError ``sent-missing`` where it brought none."""
    found = request.FILES.get(field)
    if found is None or isinstance(found, list):
        raise CountersealError("sent-missing", f"Choose {meant}.", where=field)
    return found
