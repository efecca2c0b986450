"""The pages. They look, and change nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from csp.decorators import csp_update
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import render
from django.utils.safestring import mark_safe
from django.views.decorators.http import require_safe

from counterseal.core.outcome import Outcome
from counterseal.errors import CheckFailedError
from counterseal.flow.in_force import entered
from counterseal.ledger.folder import LedgerFolder, prove_entry, verify_folder
from counterseal.ledger.note import read_head
from counterseal.ledger_wiring import check_signature, trust
from counterseal.web.charts import funnel
from counterseal.web.entries import entry_told
from counterseal.web.rights import Right, asks
from counterseal.wiring import look, notice_style_hash, office

if TYPE_CHECKING:
    from django.http import HttpRequest

    from counterseal.agreements import Agreement
    from counterseal.flow.look import Batch

PAGE = 50
VERIFIED_ON_A_PAGE = 5_000
"""Entries; above it a page would make its reader wait."""
MEANING = {
    Outcome.STOPPED: "A stop order covers it. No record was opened.",
    Outcome.REFUSED: "The law forbids it on its face. No record was opened.",
    Outcome.CURE: "Something required is missing or malformed. Returned; no record was opened.",
    Outcome.JUDGEMENT: "Complete on its face, but a rule needs a person first. No record was opened.",
    Outcome.NOT_DISCLOSED: "The look-up did not confirm exactly one taxpayer at the stated address.",
    Outcome.REVIEWABLE: "Exactly one taxpayer, stated address confirmed: a case for two people.",
}
WORD = {
    Outcome.STOPPED: "Stopped",
    Outcome.REFUSED: "Refused",
    Outcome.CURE: "Returned for cure",
    Outcome.JUDGEMENT: "Waits for a person",
    Outcome.NOT_DISCLOSED: "Not disclosed",
    Outcome.REVIEWABLE: "Reviewable",
}


@require_safe
@asks(Right.LAW)
def keyboard(request: HttpRequest) -> HttpResponse:
    """Give the page of keys."""
    return render(request, "web/keyboard.html")


@require_safe
@asks(Right.COUNTS)
def batches(request: HttpRequest) -> HttpResponse:
    """Give the list of submissions."""
    return render(request, "web/batches.html", {"batches": look().batches()})


@require_safe
@asks(Right.COUNTS)
def batch(request: HttpRequest, submission: str) -> HttpResponse:
    """Give one submission: where its rows went, and why."""
    found = _batch(submission)
    counted = [
        {
            "outcome": outcome,
            "word": WORD[Outcome(outcome)],
            "meaning": MEANING[Outcome(outcome)],
            "rows": rows,
            "share": rows / found.listed.rows,
        }
        for outcome, rows in found.outcomes
    ]
    told = {
        "batch": found,
        "outcomes": counted,
        "wide": mark_safe(funnel(found.stages, width=600)),  # noqa: S308  # drawn here from counts alone
        "narrow": mark_safe(funnel(found.stages, width=270)),  # noqa: S308
        "words": WORD,
        "answered": look().file(submission, "answer.pdf") is not None,
    }
    return render(request, "web/batch.html", told)


@require_safe
@asks(Right.ROWS)
def rows(request: HttpRequest, submission: str) -> HttpResponse:
    """Give the rows of a submission, by outcome and by rule: numbers and references, nothing of a person."""
    found = _batch(submission)
    outcome, rule = request.GET.get("outcome") or None, request.GET.get("rule") or None
    counted = {reason.rule for reason in found.reasons}
    if outcome not in {None, *Outcome} or rule not in {None, *counted}:
        raise Http404
    number = request.GET.get("page", "1")
    page = look().rows(
        found, outcome=outcome, rule=rule, number=int(number) if number.isascii() and number.isdigit() else 1, size=PAGE
    )
    told = {
        "batch": found,
        "page": page,
        "outcome": outcome,
        "rule": rule,
        "reason": next((reason for reason in found.reasons if reason.rule == rule), None),
        "first": (page.number - 1) * PAGE + 1,
        "last": (page.number - 1) * PAGE + len(page.rows),
        "outcomes": [(word.value, WORD[word]) for word in Outcome],
    }
    return render(request, "web/rows.html", told)


@require_safe
@asks(Right.ROWS)
def row(request: HttpRequest, submission: str, row: int) -> HttpResponse:
    """Give one row: the facts as received, and each rule of the law beside them."""
    found = _batch(submission)
    seen = look().row(found, row)
    if seen is None:
        raise Http404
    told = {
        "batch": found,
        "seen": seen,
        "word": WORD[seen.outcome],
        "meaning": MEANING[seen.outcome],
        "before": row - 1 if row > 1 else None,
        "after": row + 1 if row < found.listed.rows else None,
    }
    return render(request, "web/row.html", told)


@require_safe
@asks(Right.ROWS)
def response_file(request: HttpRequest, submission: str) -> FileResponse:  # noqa: ARG001
    """Give what the requester is given, line by line."""
    return _file(submission, "response.jsonl", "application/jsonl", download=True)


@csp_update({"style-src": [notice_style_hash()]})  # type: ignore[arg-type]  # its type knows no view with arguments
@require_safe
@asks(Right.COUNTS)
def notice_page(request: HttpRequest, submission: str) -> FileResponse:  # noqa: ARG001
    """Give the letter as a page."""
    return _file(submission, "notice.html", "text/html; charset=utf-8", download=False)


@require_safe
@asks(Right.COUNTS)
def notice_pdf(request: HttpRequest, submission: str) -> FileResponse:  # noqa: ARG001
    """Give the letter as PDF."""
    return _file(submission, "notice.pdf", "application/pdf", download=True)


@csp_update({"style-src": [notice_style_hash()]})  # type: ignore[arg-type]
@require_safe
@asks(Right.COUNTS)
def answer_page(request: HttpRequest, submission: str) -> FileResponse:  # noqa: ARG001
    """Give the letter that went with the answer as a page."""
    return _file(submission, "answer.html", "text/html; charset=utf-8", download=False)


@require_safe
@asks(Right.COUNTS)
def answer_pdf(request: HttpRequest, submission: str) -> FileResponse:  # noqa: ARG001
    """Give the letter that went with the answer as PDF."""
    return _file(submission, "answer.pdf", "application/pdf", download=True)


@require_safe
@asks(Right.LAW)
def agreements(request: HttpRequest) -> HttpResponse:
    """Give the agreements in this workspace."""
    return render(request, "web/agreements.html", {"agreements": look().agreements()})


@require_safe
@asks(Right.LAW)
def agreement(request: HttpRequest, agreement: str) -> HttpResponse:
    """Give a version of an agreement: its rules with their law, the other way round, and what counsel must settle."""
    here = look().versions(agreement)
    asked = request.GET.get("version") or (here[-1].version if here else "")
    found, known = next((one for one in here if one.version == asked), None), entered()
    if found is None:
        raise Http404
    from counterseal.agreements.page import Block, anchor  # noqa: PLC0415  # loads the printer

    by_law = _by_citation(found)
    duties = [(one.id, one.what, one.cites, one.who, one.clock, one.starts) for one in found.duties]
    told = {
        "agreement": found,
        "conditions": Block("prose", rows=found.conditions, links=tuple((rule.id, rule.id) for rule in found.rules)),
        "duties": Block("prose", rows=((), *duties), links=tuple((cite, anchor("law", cite)) for cite in by_law)),
        "rules": [(rule, [(cite, anchor("law", cite)) for cite in rule.cites]) for rule in found.rules],
        "versions": [(one, (one.id, one.digest) in known) for one in here],
        "open": [one for one in found.parameters if one.is_open],
        "settled": [one for one in found.parameters if not one.is_open],
        "open_duties": [one for one in found.duties if one.is_open],
        "citations": [(cite, anchor("law", cite), resting) for cite, resting in by_law.items()],
    }
    return render(request, "web/agreement.html", told)


@require_safe
@asks(Right.LEDGER)
def ledger(request: HttpRequest) -> HttpResponse:
    """Give the ledger: its signed head, whether the files bear it out, and its newest entries."""
    folder = LedgerFolder(look().workspace.ledger)
    note = folder.checkpoint().decode("utf-8", "replace")
    head = read_head(note)
    broken: CheckFailedError | None = None
    if head.size <= VERIFIED_ON_A_PAGE:
        try:
            verify_folder(folder, trust(folder, None, None), check_signature)
        except CheckFailedError as failed:
            broken = failed
    number = request.GET.get("before", "")
    end = min(int(number), head.size) if number.isascii() and number.isdigit() else head.size
    shown = range(max(0, end - PAGE), end)
    entries = [entry_told(index, folder.entry(index, head.size)) for index in reversed(shown)]
    told = {"head": head, "root": head.root.hex(), "note": note, "broken": broken, "entries": entries}
    told["checked"] = head.size <= VERIFIED_ON_A_PAGE
    told["witnesses"], told["satisfied"] = _witnesses(note)
    return render(request, "web/ledger.html", {**told, "older": shown.start or None})


@require_safe
@asks(Right.LEDGER)
def verify(request: HttpRequest) -> HttpResponse:
    """Give the page on which the reader's own browser verifies a receipt; ``entry`` fills it with one of ours."""
    folder = LedgerFolder(look().workspace.ledger)
    policy = office().policy
    told = {"keys": "\n".join([str(folder.key()), *(str(one.key) for one in (policy.witnesses if policy else ()))])}
    number = request.GET.get("entry", "")
    if number:
        size = read_head(folder.checkpoint().decode("utf-8", "replace")).size
        if not (number.isascii() and number.isdigit() and len(number) < 19) or int(number) >= size:
            raise Http404
        told |= {"entry": folder.entry(int(number), size).decode(), "receipt": str(prove_entry(folder, int(number)))}
    return render(request, "web/verify.html", told)


def _witnesses(note: str) -> tuple[list[tuple[str, str, str, bool]], bool | None]:
    """Give the witnesses of the policy, each with whether it cosigned this checkpoint, and whether they are enough."""
    policy = office().policy
    if policy is None:
        return [], None
    try:
        done = policy.witnessed_by(note.encode(), check_signature)
    except CheckFailedError:
        done = []
    told = [(one.name, one.key.name, one.url, one.name in done) for one in policy.witnesses]
    return told, policy.satisfied(done)


@require_safe
@asks(Right.LEDGER)
def ledger_entry(request: HttpRequest, index: int) -> HttpResponse:
    """Give one entry as it stands in the ledger."""
    folder = LedgerFolder(look().workspace.ledger)
    size = read_head(folder.checkpoint().decode("utf-8", "replace")).size
    if index >= size:
        raise Http404
    return render(request, "web/entry.html", {"entry": entry_told(index, folder.entry(index, size)), "size": size})


@require_safe
@asks(Right.LEDGER)
def ledger_receipt(request: HttpRequest, index: int) -> HttpResponse:  # noqa: ARG001
    """Give the proof of one entry, which is verified without us."""
    folder = LedgerFolder(look().workspace.ledger)
    if index >= read_head(folder.checkpoint().decode("utf-8", "replace")).size:
        raise Http404
    proof = HttpResponse(str(prove_entry(folder, index)), content_type="text/plain; charset=utf-8")
    proof["Content-Disposition"] = f'attachment; filename="entry-{index}.tlog-proof"'
    return proof


def _batch(submission: str) -> Batch:
    found = look().batch(submission)
    if found is None:
        raise Http404
    return found


def _file(submission: str, name: str, kind: str, *, download: bool) -> FileResponse:
    path = look().file(submission, name)
    if path is None:
        raise Http404
    return FileResponse(
        path.open("rb"), content_type=kind, as_attachment=download, filename=f"{submission}-{name}" if download else ""
    )


def _by_citation(agreement: Agreement) -> dict[str, list[str]]:
    """Give each place in the law with the rules and the duties that rest on it."""
    cited: dict[str, list[str]] = {}
    for rule in agreement.rules:
        for cite in rule.cites:
            cited.setdefault(cite, []).append(rule.id)
    for duty in agreement.duties:
        if not duty.cites.startswith("to be settled"):
            cited.setdefault(duty.cites, []).append(duty.id)
    return dict(sorted(cited.items()))
