"""An agreement as read: fields, facts, parameters, schedules, measures, rules, promises, duties."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import date
    from pathlib import Path

    from counterseal.core.outcome import Answer, Finding


class Type(StrEnum):
    """What a value may be. Everything arrives as text."""

    TEXT = "text"
    DATE = "date"
    YEARS = "year list"
    TEXTS = "text list"
    YES_NO = "yes/no"
    NUMBER = "number"


class Phase(StrEnum):
    """When a rule is held against a row. Screening runs the first two."""

    REGISTER = "register"
    FACIAL = "facial"
    IDENTITY = "identity"
    REVIEW = "review"
    RELEASE = "release"


IDENTITY_FACTS = {
    "identity": Type.TEXT,
    "address_confirmed": Type.YES_NO,
    "evidence_class": Type.TEXT,
    "given_agrees": Type.TEXT,
    "middle_agrees": Type.TEXT,
    "family_agrees": Type.TEXT,
    "suffix_agrees": Type.TEXT,
    "birth_agrees": Type.TEXT,
    "tin_agrees": Type.TEXT,
    "address_agrees": Type.TEXT,
    "address_families": Type.NUMBER,
}
"""What identity answers for a row: the names that a rule of the identity phase may use, and no other rule."""


class Kind(StrEnum):
    """How a measure is made."""

    ROW = "row"
    LOOKUP = "lookup"
    SHARED_BY = "shared_by"
    MAX_LOAD = "max_load"
    EARLIER_SAME = "earlier_same"
    BATCH = "batch"


@dataclass(frozen=True, slots=True)
class Field:
    """A column of the rows file."""

    name: str
    type: Type
    may_be_empty: bool
    meaning: str
    line: int


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that is the same for every row of a request."""

    name: str
    type: Type
    source: str
    meaning: str
    example: str
    line: int


@dataclass(frozen=True, slots=True)
class Parameter:
    """A fact that the law leaves open, or a number that it sets, under a name."""

    name: str
    type: Type
    value: str
    settled_by: str
    why: str
    line: int

    @property
    def is_open(self) -> bool:
        """Whether counsel still has to settle it."""
        return "to be settled by counsel" in self.settled_by


@dataclass(frozen=True, slots=True)
class Schedule:
    """A named table; its first column holds the values that ``IN`` asks for."""

    name: str
    text: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    line: int

    @property
    def values(self) -> tuple[str, ...]:
        """The first column."""
        return tuple(row[0] for row in self.rows)


@dataclass(frozen=True, slots=True)
class Measure:
    """A typed column that rules read."""

    name: str
    text: str
    kind: Kind
    type: Type
    sql: str
    line: int
    sql_line: int
    unknown_when: str = ""
    range: tuple[int, int] | None = None
    table: str = ""
    key: str = ""
    gives: str = ""


@dataclass(frozen=True, slots=True)
class Example:
    """One line of a rule's table: what is set, and what the rule then finds."""

    given: tuple[tuple[str, str | None], ...]
    outcome: Finding
    line: int


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, with its law."""

    id: str
    title: str
    cites: tuple[str, ...]
    phase: Phase
    answer: Answer
    unknown: Answer
    cure_offered: bool
    implied: str
    kept_by: str
    text: str
    sql: str
    says: str
    examples: tuple[Example, ...]
    line: int
    sql_line: int

    @property
    def is_screened(self) -> bool:
        """Whether screening holds it against rows."""
        return self.phase in {Phase.REGISTER, Phase.FACIAL}

    @property
    def is_expressed(self) -> bool:
        """Whether it is an expression that runs: in screening, or over the answer of identity."""
        return self.is_screened or self.phase is Phase.IDENTITY

    @property
    def cite(self) -> str:
        """The citations as one text."""
        return "; ".join(self.cites)


@dataclass(frozen=True, slots=True)
class Promise:
    """What the agreement promises of every admitted row: proved, not tested."""

    name: str
    text: str
    sql: str
    line: int
    sql_line: int


@dataclass(frozen=True, slots=True)
class Duty:
    """What somebody must do, and by when."""

    id: str
    what: str
    cites: str
    who: str
    clock: str
    starts: str
    line: int

    @property
    def is_open(self) -> bool:
        """Whether counsel must still settle what law it rests on, or its clock."""
        return "to be settled by counsel" in f"{self.cites} {self.clock}"


@dataclass(frozen=True, slots=True)
class Agreement:
    """The document that runs. ``digest`` is the SHA-256 of the document and its data files, as hex."""

    path: Path
    digest: str
    id: str
    title: str
    version: str
    in_force: date
    status: str
    authority: str
    accounting: str
    custodian: str
    requester: str
    requester_names: tuple[str, ...]
    requester_title: str
    introduction: str
    fields: tuple[Field, ...]
    facts: tuple[Fact, ...]
    parameters: tuple[Parameter, ...]
    schedules: tuple[Schedule, ...]
    measures: tuple[Measure, ...]
    rules: tuple[Rule, ...]
    promises: tuple[Promise, ...]
    duties: tuple[Duty, ...]
    tables: tuple[Path, ...] = field(default=())
    conditions: tuple[tuple[str, ...], ...] = ()
    """The table of the introduction, its header first: where each condition of the law is kept."""
    accounting_reason: str = ""

    @property
    def screened_rules(self) -> tuple[Rule, ...]:
        """The rules that screening runs, in the document's order."""
        return tuple(rule for rule in self.rules if rule.is_screened)

    @property
    def expressed_rules(self) -> tuple[Rule, ...]:
        """The rules that are expressions, in the document's order."""
        return tuple(rule for rule in self.rules if rule.is_expressed)

    @property
    def identity_rules(self) -> tuple[Rule, ...]:
        """The rules held against the answer of identity."""
        return tuple(rule for rule in self.rules if rule.phase is Phase.IDENTITY)

    def types(self) -> dict[str, Type]:
        """Give every name that an expression may use, with its type."""
        known: dict[str, Type] = {}
        for item in self.fields:
            known[item.name] = item.type
            if item.type is not Type.TEXT:
                known[f"{item.name}_as_received"] = Type.TEXT
        known |= {fact.name: fact.type for fact in self.facts}
        known |= {parameter.name: parameter.type for parameter in self.parameters}
        known["odd_characters"] = Type.YES_NO
        known |= {measure.name: measure.type for measure in self.measures}
        return known
