"""What goes in and out of the interface, each with what it means."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from ninja import Schema
from pydantic import ConfigDict, Field

NAME = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
SHA256 = r"^[0-9a-f]{64}$"
FILE = r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}\.(csv|jsonl|parquet|xlsx)$"

Name = Annotated[str, Field(pattern=NAME, max_length=64)]
Digest = Annotated[str, Field(pattern=SHA256, description="SHA-256, 64 lower-case hexadecimal digits.")]


class Strict(Schema):
    """A form that knows its fields: another one is an error."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Fault(Schema):
    """One field that is not of the right form."""

    where: str
    kind: str


class Problem(Schema):
    """What is wrong (RFC 9457). ``code`` is stable; no value of a person stands in it."""

    type: str
    title: str
    status: int
    code: str
    where: str = ""
    next_step: str = ""
    errors: list[Fault] = Field(default_factory=list)


class About(Schema):
    """What a program has to know before its first call."""

    audience: str = Field(description="What a token names as its audience (aud): the log's name.")
    demonstration: bool
    largest_piece: int = Field(description="Bytes that one piece of an upload may have.")
    calls_a_minute: int
    token_life: int = Field(description="Seconds from iat to exp, at most.")


class UploadIn(Strict):
    """A submission that is about to be sent."""

    submission: Name = Field(description="The agency's own id of the submission.")
    rows: Annotated[str, Field(pattern=FILE, max_length=110)] = Field(description="The name of the rows file.")
    size: Annotated[int, Field(ge=1, le=8 * 1024**3)] = Field(description="Its bytes.")
    sha256: Digest
    cures: Annotated[str, Field(pattern=NAME, max_length=64)] | None = Field(
        None, description="One's own submission whose returned rows this one mends, under the same references."
    )


class UploadOut(Schema):
    """An upload as it stands."""

    id: str
    submission: str
    state: Literal["open", "complete", "held", "taken", "refused", "withdrawn"]
    size: int
    offset: int = Field(description="Bytes that are durable; the next piece begins here.")
    cures: str
    refused: str = Field(description="The code of the error when it was refused.")


class PackageOut(Schema):
    """A sealed answer that can be fetched."""

    row: int
    sha256: Digest
    size: int = Field(description="Its bytes.")
    officers: int = Field(description="To how many officers it is sealed.")
    acknowledged: int = Field(description="How many of them have acknowledged it.")


class AcknowledgementIn(Strict):
    """What `counterseal open` wrote and the officer signed."""

    acknowledgement: Annotated[str, Field(min_length=1, max_length=32_768)] = Field(
        description="The exact text of the file."
    )


class CertificateIn(Strict):
    """What `counterseal-open certify` wrote and the officer signed."""

    certificate: Annotated[str, Field(min_length=1, max_length=32_768)] = Field(
        description="The exact text of the file: a certificate that use has ended, of return, or of destruction."
    )


class OrderAnswerIn(Strict):
    """What `counterseal-open answer-order` wrote and the officer signed."""

    answer: Annotated[str, Field(min_length=1, max_length=32_768)] = Field(description="The exact text of the file.")


class OrderOut(Schema):
    """An order to one of the agency's officers about one package."""

    order: int = Field(description="Its entry in the ledger.")
    ground: Literal["recall", "court", "correction"]
    duty: str = Field(description="The duty of the agreement under which it is given.")
    submission: str
    row: int
    officer: Digest
    package: str = Field(description="SHA-256 of the package, 64 lower-case hexadecimal digits.")
    due: datetime
    state: Literal["ordered", "acknowledged", "ceased", "cannot", "overdue"]


class AcknowledgementOut(Schema):
    """What an officer signed, in the ledger: an acknowledgement, a certificate, or an answer to an order."""

    entry: int
    officer: Digest


class CompletionIn(Strict):
    """The manifest and its signature, each as the exact text of its file."""

    manifest: Annotated[str, Field(min_length=2, max_length=1_000_000)]
    signature: Annotated[str, Field(min_length=1, max_length=16_384)] | None = None


class SubmissionOut(Schema):
    """A submission. ``status`` is the custodian's, ``desired_status`` the agency's (after ETSI TS 103 120)."""

    submission: str
    status: Literal["uploading", "waiting", "held", "refused", "received", "determined", "answered", "withdrawn"]
    desired_status: Literal["answered", "withdrawn"]
    upload: str
    rows: int
    cures: str
    refused: str
    opened_at: datetime | None
    received_at: datetime | None


class WishIn(Strict):
    """What the agency wants of its submission: only a withdrawal can be asked for."""

    desired_status: Literal["withdrawn"]


class ReasonOut(Schema):
    """A rule that does not hold, its law, and what to mend."""

    rule: str
    cite: str
    says: str


class AttemptOut(Schema):
    """One row under a reference, in one submission."""

    submission: str
    row: int
    answer: str
    reasons: list[ReasonOut]


class OfficerIn(Strict):
    """An officer who shall receive. It counts when one of the custodian's people has confirmed it."""

    officer: Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^;]+$")]
    certificate: Annotated[str, Field(min_length=1, max_length=65_536)] = Field(
        description="One X.509 certificate in PEM: RSA of 2,048 bits or more, P-256 or P-384."
    )


class OfficerOut(Schema):
    """A line of the register."""

    id: int
    officer: str
    sha256: str
    valid_from: date
    valid_to: date
    state: Literal["proposed", "confirmed", "ended"]
