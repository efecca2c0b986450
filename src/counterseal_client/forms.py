"""What the interface answers, typed. A field that is not known here is passed over: the interface may grow."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, ClassVar, Self


@dataclass(frozen=True, slots=True)
class Form:
    """One object of the interface."""

    parts: ClassVar[dict[str, type[Form]]] = {}

    @classmethod
    def read(cls, told: dict[str, Any]) -> Self:
        """Read an object. Raises KeyError when a field is missing."""
        found = {}
        for one in fields(cls):
            value = told[one.name]
            part = cls.parts.get(one.name)
            found[one.name] = tuple(part.read(each) for each in value) if part else value
        return cls(**found)


@dataclass(frozen=True, slots=True)
class Upload(Form):
    """An upload as it stands; ``offset`` is where the next piece begins."""

    id: str
    submission: str
    state: str
    size: int
    offset: int
    cures: str
    refused: str


@dataclass(frozen=True, slots=True)
class Submission(Form):
    """A submission. ``status`` is the custodian's, ``desired_status`` the agency's."""

    submission: str
    status: str
    desired_status: str
    upload: str
    rows: int
    cures: str
    refused: str


@dataclass(frozen=True, slots=True)
class Reason(Form):
    """A rule that does not hold, its law, and what to mend."""

    rule: str
    cite: str
    says: str


@dataclass(frozen=True, slots=True)
class Answer(Form):
    """One line of a response: ``refused``, ``cure``, ``pending``, ``disclosed`` or ``no disclosure``."""

    request_ref: str
    answer: str
    reasons: tuple[Reason, ...]
    parts: ClassVar[dict[str, type[Form]]] = {"reasons": Reason}


@dataclass(frozen=True, slots=True)
class Attempt(Form):
    """One row under a reference, in one submission."""

    submission: str
    row: int
    answer: str
    reasons: tuple[Reason, ...]
    parts: ClassVar[dict[str, type[Form]]] = {"reasons": Reason}


@dataclass(frozen=True, slots=True)
class Package(Form):
    """A sealed answer that can be fetched."""

    row: int
    sha256: str
    size: int
    officers: int
    acknowledged: int


@dataclass(frozen=True, slots=True)
class Order(Form):
    """A recall, a court's stop or a correction to one officer; ``due`` is RFC 3339, ``order`` its entry."""

    order: int
    ground: str
    duty: str
    submission: str
    row: int
    officer: str
    package: str
    due: str
    state: str


@dataclass(frozen=True, slots=True)
class Acknowledged(Form):
    """What an officer signed, in the custodian's ledger: an acknowledgement, a certificate, an answer to an order."""

    entry: int
    officer: str
