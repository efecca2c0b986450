"""The request as its signer made it: the manifest of a submission."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NewType

if TYPE_CHECKING:
    from datetime import date

SubmissionId = NewType("SubmissionId", str)
AgreementId = NewType("AgreementId", str)

ODD_CHARACTER = (
    r"[\x00-\x1F\x7F-\x{9F}\x{A0}\x{AD}\x{1680}\x{180E}\x{2000}-\x{200F}\x{2028}-\x{202F}\x{205F}-\x{206F}"
    r"\x{3000}\x{FEFF}\x{FFF9}-\x{FFFD}]"
)
"""What is no character of a written value: controls, spaces but the blank, marks without a width. RE2's words."""


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
