"""Who may come in, and how an error is told: RFC 9457, without a value of anybody."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING, Any

import structlog
from django.conf import settings
from django.core.exceptions import SuspiciousOperation
from django.http import HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError
from ninja.security import HttpBearer
from ninja.security.base import AuthBase

from counterseal import wiring
from counterseal.api.forms import Problem
from counterseal.errors import CountersealError
from counterseal.flow.caller import admit_call, caller_by_certificate, caller_by_token, earlier_answer, keep_answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from ninja import Schema
    from ninja.openapi.schema import OpenAPISchema

    from counterseal.flow.caller import Caller

PROBLEM_TYPE = "application/problem+json"
TYPES = "https://counterseal.example/problems/"

STATUS = {
    "not-found": 404,
    "not-yet": 409,
    "not-answered": 409,
    "upload-open": 409,
    "upload-closed": 409,
    "upload-moved": 409,
    "upload-offset": 409,
    "upload-short": 409,
    "register-known": 409,
    "already-received": 409,
    "not-acknowledged": 409,
    "order-waits": 409,
    "custody-ended": 409,
    "custody-certified": 409,
    "too-many-calls": 429,
}
"""Errors with a status of their own; any other error of what was sent is 422."""

PROBLEMS = dict.fromkeys((400, 401, 404, 409, 413, 422, 429), Problem)


class CallerRefusedError(Exception):
    """The caller is not let in."""

    def __init__(self, error: CountersealError) -> None:
        super().__init__(error.message)
        self.error = error


def _let_in(caller: Callable[[], Caller]) -> Caller:
    try:
        found = caller()
    except CountersealError as error:
        raise CallerRefusedError(error) from None
    admit_call(wiring.office(), found)
    return found


class SignedToken(HttpBearer):
    """A token signed with a registered key: iss, aud, iat, exp (five minutes at most), jti (new for every call)."""

    openapi_bearerFormat = "JWT"  # noqa: N815  # the interface's own word

    def authenticate(self, request: HttpRequest, token: str) -> Caller:  # noqa: ARG002  # ninja's interface
        """Let the program in whose token it is."""
        return _let_in(lambda: caller_by_token(wiring.office(), token))


class OwnCertificate(AuthBase):
    """TLS with a certificate of a registered key, told by the proxy in front in ``Client-Cert`` (RFC 9440).

    The header counts only from an address in COUNTERSEAL_CLIENT_CERTIFICATE_FROM; the proxy removes what callers
    send under that name. From anywhere else it is as if it were not there.
    """

    openapi_type = "mutualTLS"

    def __call__(self, request: HttpRequest) -> Caller | None:
        """Let the program in whose certificate it is; None without one."""
        told = request.headers.get("Client-Cert")
        trusted = [one for one in settings.ENVIRONMENT.client_certificate_from.split(",") if one]
        if told is None or request.META.get("REMOTE_ADDR") not in trusted:
            return None
        try:
            der = base64.b64decode(told.strip().removeprefix(":").removesuffix(":"), validate=True)
        except (binascii.Error, ValueError):
            der = b""
        return _let_in(lambda: caller_by_certificate(wiring.office(), der))


class Interface(NinjaAPI):
    """The interface; its description names the media type that problems really have."""

    def get_openapi_schema(self, *arguments: Any, **named: Any) -> OpenAPISchema:
        """Give the description."""
        schema = super().get_openapi_schema(*arguments, **named)
        for methods in schema["paths"].values():
            for operation in methods.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400 and "application/json" in response.get("content", {}):
                        response["content"] = {PROBLEM_TYPE: response["content"]["application/json"]}
        return schema


interface = Interface(
    title="Counterseal",
    version="1",
    description="The interface for agencies that ask. Every operation sees the calling agency's own alone.",
    urls_namespace="api-1",
    docs_url=None,
    auth=[OwnCertificate(), SignedToken()],
)


def problem(status: int, error: CountersealError, errors: list[dict[str, str]] | None = None) -> HttpResponse:
    """Write an error as a problem."""
    body = {
        "type": f"{TYPES}{error.code}",
        "title": error.message,
        "status": status,
        "code": error.code,
        "where": error.where,
        "next_step": error.next_step,
        "errors": errors or [],
    }
    answer = JsonResponse(body, status=status, content_type=PROBLEM_TYPE)
    if status == 401:
        answer["WWW-Authenticate"] = 'Bearer realm="counterseal"'
    if status == 429:
        answer["Retry-After"] = "60"
    return answer


@interface.exception_handler(CallerRefusedError)
def _refused(request: HttpRequest, refused: CallerRefusedError) -> HttpResponse:  # noqa: ARG001
    return problem(401, refused.error)


@interface.exception_handler(AuthenticationError)
def _unknown(request: HttpRequest, _: AuthenticationError) -> HttpResponse:  # noqa: ARG001
    next_step = "Send a token of a registered key: Authorization: Bearer …"
    return problem(401, CountersealError("caller", "No registered program has made this call.", next_step=next_step))


@interface.exception_handler(CountersealError)
def _wrong(request: HttpRequest, error: CountersealError) -> HttpResponse:  # noqa: ARG001
    return problem(STATUS.get(error.code, 422), error)


@interface.exception_handler(ValidationError)
def _misshapen(request: HttpRequest, error: ValidationError) -> HttpResponse:  # noqa: ARG001
    faults = [{"where": ".".join(map(str, one["loc"]))[:100], "kind": str(one["type"])} for one in error.errors]
    return problem(422, CountersealError("form", "Something in the call is not of the right form."), faults)


@interface.exception_handler(HttpError)
def _unreadable(request: HttpRequest, error: HttpError) -> HttpResponse:  # noqa: ARG001
    return problem(error.status_code, CountersealError("call", "The call cannot be read."))


@interface.exception_handler(SuspiciousOperation)
def _too_large(request: HttpRequest, _: SuspiciousOperation) -> HttpResponse:  # noqa: ARG001
    return problem(413, CountersealError("too-large", "The call is larger than this one may be."))


@interface.exception_handler(Exception)
def _failed(request: HttpRequest, failure: Exception) -> HttpResponse:  # noqa: ARG001
    structlog.get_logger().error("interface-failed", failure=type(failure).__name__)
    return problem(500, CountersealError("failure", "This could not be done; nothing was disclosed."))


def once(request: HttpRequest, name: str, status: int, act: Callable[[], Schema]) -> HttpResponse:
    """Do an act once under an Idempotency-Key: a repetition of the same call gets the same answer."""
    office, caller = wiring.office(), caller_of(request)
    call = f"{request.method} {request.path}\n".encode() + request.body
    answered = earlier_answer(office, caller, name, call)
    if answered is None:
        answered = (status, act().model_dump_json())
        keep_answer(office, caller, name, call, answered)
    return HttpResponse(answered[1], status=answered[0], content_type="application/json; charset=utf-8")


def caller_of(request: HttpRequest) -> Caller:
    """Give who was let in."""
    caller: Caller = request.auth  # type: ignore[attr-defined]  # set by ninja
    return caller
