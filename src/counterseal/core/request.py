"""The request as its signer made it: the manifest of a submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from datetime import date

SubmissionId = NewType("SubmissionId", str)
AgreementId = NewType("AgreementId", str)


@dataclass(frozen=True, slots=True)
class Signer:
    """Who signed the request and in which office (26 U.S.C. 6103(i)(2)(A))."""

    name: str
    office: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """``manifest.json`` read and checked for form. What it says is judged by the agreement's rules.

    ``sha256`` is that of the rows file, ``digest`` that of the manifest's own bytes, both hexadecimal.
    """

    submission: SubmissionId
    agreement: AgreementId
    requesting_agency: str
    signer: Signer
    signed_on: date
    requested_elements: tuple[str, ...]
    attestation: str
    rows: str
    row_count: int
    sha256: str
    digest: str
