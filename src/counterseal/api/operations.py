"""The operations. Each sees the caller's own agency and nothing of another."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Annotated, Any

from django.http import FileResponse, HttpRequest, HttpResponse
from ninja import Header, Path

from counterseal import wiring
from counterseal.api.door import PROBLEMS, caller_of, interface, once
from counterseal.api.forms import (
    NAME,
    About,
    AcknowledgementIn,
    AcknowledgementOut,
    AttemptOut,
    CertificateIn,
    CompletionIn,
    OfficerIn,
    OfficerOut,
    OrderAnswerIn,
    OrderOut,
    PackageOut,
    SubmissionOut,
    UploadIn,
    UploadOut,
    WishIn,
)
from counterseal.errors import CountersealError
from counterseal.flow import asker, holder, packages, register, upload
from counterseal.flow.caller import CALLS_A_MINUTE
from counterseal.vault.tokens import LONGEST_LIFE

if TYPE_CHECKING:
    from counterseal.store.registration import Line
    from counterseal.store.uploads import UploadLine

Call = Annotated[str, Header(alias="Idempotency-Key", min_length=8, max_length=128, description="New for every call.")]
Submission = Annotated[str, Path(pattern=NAME, description="The agency's own id of the submission.")]
UploadId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="The upload's id.")]
Row = Annotated[int, Path(ge=1, le=1_000_000_000, description="The row's number in the rows file, from 1.")]

Order = Annotated[int, Path(ge=0, le=1_000_000_000_000, description="The order: its entry in the ledger.")]

FILE_OF = {
    "response": ("application/x-ndjson", {"type": "string", "description": "One line a row, in file order."}),
    "notice": ("application/pdf", {"type": "string", "format": "binary"}),
    "package": ("application/json", {"type": "string", "format": "binary", "description": "As it was sealed."}),
    "key": ("text/plain", {"type": "string", "description": "One line: a verifier key of C2SP signed-note."}),
    "order": ("application/json", {"type": "object", "description": "The order, its entry and that entry's receipt."}),
}


def _file(what: str) -> dict[str, Any]:
    media, schema = FILE_OF[what]
    return {"responses": {200: {"description": "The file.", "content": {media: {"schema": schema}}}}}


@interface.get("/about", auth=None, response={200: About}, summary="What to know before the first call")
def about(request: HttpRequest) -> About:  # noqa: ARG001
    """Say for whom a token is made out, and what the limits are. Needs no key."""
    office = wiring.office()
    return About(
        audience=office.ledger.origin,
        demonstration=office.workspace.demonstration,
        largest_piece=upload.LARGEST_PIECE,
        calls_a_minute=CALLS_A_MINUTE,
        token_life=LONGEST_LIFE,
    )


@interface.get(
    "/custodian.vkey",
    auth=None,
    response={404: PROBLEMS[404]},
    openapi_extra=_file("key"),
    summary="The custodian's verifier key",
)
def see_custodian_key(request: HttpRequest) -> HttpResponse:  # noqa: ARG001
    """Give the key that signs what packages hold, for `counterseal-open --custodian`. Needs no key of one's own."""
    return HttpResponse(f"{asker.custodian_key(wiring.office())}\n", content_type=FILE_OF["key"][0])


@interface.post("/uploads", response={201: UploadOut, **PROBLEMS}, summary="Announce a submission")
def open_upload(request: HttpRequest, form: UploadIn, call: Call) -> HttpResponse:
    """Open an upload. Its rows file follows in pieces, then the signed manifest."""
    office, caller = wiring.office(), caller_of(request)
    announced = form.model_dump(exclude_none=True)
    return once(
        request,
        call,
        201,
        lambda: _upload(upload.open_upload(office, caller.agency, key=caller.key, **announced)),
    )


@interface.get("/uploads/{number}", response={200: UploadOut, **PROBLEMS}, summary="How far an upload has come")
def see_upload(request: HttpRequest, number: UploadId) -> UploadOut:
    """Give the offset at which the next piece begins, and the state."""
    return _upload(upload.own_upload(caller_of(request).agency, number))


PIECE = {
    "requestBody": {
        "required": True,
        "content": {"application/octet-stream": {"schema": {"type": "string", "format": "binary", "minLength": 1}}},
    }
}


@interface.patch(
    "/uploads/{number}/rows",
    response={200: UploadOut, **PROBLEMS},
    openapi_extra=PIECE,
    summary="Send a piece of the rows file",
)
def add_piece(
    request: HttpRequest,
    number: UploadId,
    offset: Annotated[int, Header(alias="Upload-Offset", ge=0, le=8 * 1024**3)],
    digest: Annotated[
        str,
        Header(
            alias="Content-Digest",
            pattern="^sha-256=:[A-Za-z0-9+/]{43}=:$",
            description="Of the piece (RFC 9530): sha-256=:base64:",
        ),
    ],
) -> UploadOut:
    """Add the bytes of the body at an offset. After a cut, ask for the offset and go on from there."""
    try:
        sha256 = base64.b64decode(digest.removeprefix("sha-256=:").removesuffix(":"), validate=True).hex()
    except (binascii.Error, ValueError):
        raise CountersealError("piece-digest", "This is no digest.", where="Content-Digest") from None
    piece = request.read(upload.LARGEST_PIECE + 1)
    agency = caller_of(request).agency
    return _upload(upload.add_piece(wiring.office(), agency, number, offset, piece, sha256))


@interface.post(
    "/uploads/{number}/completion", response={200: UploadOut, **PROBLEMS}, summary="Complete it: the signed manifest"
)
def complete_upload(request: HttpRequest, number: UploadId, form: CompletionIn, call: Call) -> HttpResponse:
    """Put the manifest and its signature to the rows. The submission then waits to be run."""
    office, agency = wiring.office(), caller_of(request).agency
    return once(
        request,
        call,
        200,
        lambda: _upload(upload.complete_upload(office, agency, number, form.manifest, form.signature)),
    )


def _upload(line: UploadLine) -> UploadOut:
    return UploadOut.model_validate(line, from_attributes=True)


@interface.get("/submissions", response={200: list[SubmissionOut], **PROBLEMS}, summary="One's own submissions")
def see_submissions(request: HttpRequest) -> list[SubmissionOut]:
    """Give every submission of the agency with its status, newest first."""
    own = asker.everything_of(caller_of(request).agency)
    return [SubmissionOut.model_validate(one, from_attributes=True) for one in own]


@interface.get("/submissions/{submission}", response={200: SubmissionOut, **PROBLEMS}, summary="The status of one")
def see_submission(request: HttpRequest, submission: Submission) -> SubmissionOut:
    """Give both fields: what the custodian did, what the agency wants."""
    found = asker.own(caller_of(request).agency, submission)
    return SubmissionOut.model_validate(found, from_attributes=True)


@interface.patch("/submissions/{submission}", response={200: SubmissionOut, **PROBLEMS}, summary="Withdraw one")
def withdraw(request: HttpRequest, submission: Submission, form: WishIn) -> SubmissionOut:  # noqa: ARG001
    """Withdraw a submission: nothing more of it is judged or released. It cannot be undone."""
    found = asker.withdraw(wiring.office(), caller_of(request).agency, submission)
    return SubmissionOut.model_validate(found, from_attributes=True)


@interface.get(
    "/submissions/{submission}/response", response=PROBLEMS, openapi_extra=_file("response"), summary="The response"
)
def see_response(request: HttpRequest, submission: Submission) -> FileResponse:
    """Give one line a row: reference, answer, and for each rule that does not hold its law and what to mend."""
    return _send(request, submission, "response")


@interface.get(
    "/submissions/{submission}/notice", response=PROBLEMS, openapi_extra=_file("notice"), summary="The letter"
)
def see_notice(request: HttpRequest, submission: Submission) -> FileResponse:
    """Give the return letter: counts, the reasons with their law, what to mend."""
    return _send(request, submission, "notice")


def _send(request: HttpRequest, submission: str, what: str) -> FileResponse:
    path = asker.own_file(wiring.office(), caller_of(request).agency, submission, what)
    return FileResponse(path.open("rb"), content_type=FILE_OF[what][0])


@interface.get(
    "/submissions/{submission}/rows/{row}/history",
    response={200: list[AttemptOut], **PROBLEMS},
    summary="Every attempt at a row",
)
def see_history(request: HttpRequest, submission: Submission, row: Row) -> list[AttemptOut]:
    """Give every attempt under the row's reference, over the submissions that mend one another, oldest first."""
    found = asker.history(wiring.office(), caller_of(request).agency, submission, row)
    return [AttemptOut.model_validate(one, from_attributes=True) for one in found]


@interface.get(
    "/submissions/{submission}/packages", response={200: list[PackageOut], **PROBLEMS}, summary="The sealed answers"
)
def see_packages(request: HttpRequest, submission: Submission) -> list[PackageOut]:
    """Give what there is to fetch, by row, once the whole submission is answered; before that nothing is told."""
    found = packages.own_packages(wiring.office(), caller_of(request).agency, submission)
    return [PackageOut.model_validate(one, from_attributes=True) for one in found]


@interface.get(
    "/submissions/{submission}/packages/{row}",
    response=PROBLEMS,
    openapi_extra=_file("package"),
    summary="One sealed answer",
)
def fetch_package(request: HttpRequest, submission: Submission, row: Row) -> FileResponse:
    """Give the package, sealed to the officers whom the row named; `counterseal open` opens it."""
    path = packages.own_package(wiring.office(), caller_of(request).agency, submission, row)
    return FileResponse(path.open("rb"), content_type=FILE_OF["package"][0])


@interface.post(
    "/submissions/{submission}/packages/{row}/acknowledgement",
    response={201: AcknowledgementOut, **PROBLEMS},
    summary="Acknowledge one",
)
def acknowledge_package(
    request: HttpRequest, submission: Submission, row: Row, form: AcknowledgementIn, call: Call
) -> HttpResponse:
    """Enter that an officer has received it and accepted its conditions. Sent again it changes nothing."""
    office, agency, document = (
        wiring.office(),
        caller_of(request).agency,
        form.acknowledgement.encode("utf-8", "replace"),
    )
    return once(
        request,
        call,
        201,
        lambda: AcknowledgementOut.model_validate(
            packages.acknowledge_package(office, agency, submission, row, document), from_attributes=True
        ),
    )


@interface.post(
    "/submissions/{submission}/packages/{row}/certificate",
    response={201: AcknowledgementOut, **PROBLEMS},
    summary="Certify use, return or destruction",
)
def certify_package(
    request: HttpRequest, submission: Submission, row: Row, form: CertificateIn, call: Call
) -> HttpResponse:
    """Enter an officer's signed certificate about a package they acknowledged. Sent again it changes nothing."""
    office, agency = wiring.office(), caller_of(request).agency
    document = form.certificate.encode("utf-8", "replace")
    return once(
        request,
        call,
        201,
        lambda: AcknowledgementOut.model_validate(
            holder.certify(office, agency, submission, row, document), from_attributes=True
        ),
    )


@interface.get("/orders", response={200: list[OrderOut], **PROBLEMS}, summary="Orders that are open")
def see_orders(request: HttpRequest) -> list[OrderOut]:
    """Give every recall, court's stop and correction that one of the agency's officers has still to certify."""
    found = holder.own_orders(wiring.office(), caller_of(request).agency)
    return [OrderOut.model_validate(one, from_attributes=True) for one in found]


@interface.get("/orders/{order}", response=PROBLEMS, openapi_extra=_file("order"), summary="The document of an order")
def fetch_order(request: HttpRequest, order: Order) -> HttpResponse:
    """Give the order as its officer verifies and answers it: `counterseal-open answer-order`."""
    written = holder.own_order_document(wiring.office(), caller_of(request).agency, order)
    return HttpResponse(written, content_type=FILE_OF["order"][0])


@interface.post("/orders/{order}/answer", response={201: AcknowledgementOut, **PROBLEMS}, summary="Answer an order")
def answer_order(request: HttpRequest, order: Order, form: OrderAnswerIn, call: Call) -> HttpResponse:
    """Enter the officer's signed answer. Only a certificate closes an order; `ceased` and `cannot` leave it open."""
    office, agency, document = wiring.office(), caller_of(request).agency, form.answer.encode("utf-8", "replace")
    return once(
        request,
        call,
        201,
        lambda: AcknowledgementOut.model_validate(
            holder.answer_order(office, agency, order, document), from_attributes=True
        ),
    )


@interface.get("/officers", response={200: list[OfficerOut], **PROBLEMS}, summary="Who may receive")
def see_officers(request: HttpRequest) -> list[OfficerOut]:
    """Give the agency's officers in the register, and where each stands."""
    return [_officer(line) for line in register.officers(caller_of(request).agency)]


@interface.post("/officers", response={201: OfficerOut, **PROBLEMS}, summary="Propose an officer")
def propose_officer(request: HttpRequest, form: OfficerIn, call: Call) -> HttpResponse:
    """Propose an officer with a certificate. It counts when the custodian has confirmed it out of band."""
    office, caller = wiring.office(), caller_of(request)
    certificate, by = form.certificate.encode("utf-8", "replace"), f"{caller.agency}, program with key {caller.key}"
    return once(
        request,
        call,
        201,
        lambda: _officer(register.propose_officer(office, caller.agency, form.officer, certificate, by=by)),
    )


def _officer(line: Line) -> OfficerOut:
    return OfficerOut(
        id=line.id,
        officer=line.whose,
        sha256=line.sha256,
        valid_from=line.valid_from,
        valid_to=line.valid_to,
        state=line.state,
    )
