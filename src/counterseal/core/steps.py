"""A step: one named piece of SQL that a stage compiles and an engine runs.

Seven million rows never become objects. A stage is a pure function from facts and rules to steps; the
engine runs them in order and keeps nothing but the tables that they name.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Step:
    """``sql`` is a SELECT in DuckDB's dialect; the engine stores its result under ``name``.

    ``says`` is what a person reads while it runs. A ``view`` is not stored, only named.
    """

    name: str
    sql: str
    says: str = ""
    view: bool = False


class Engine(StrEnum):
    """Where steps run; the answers are the same."""

    DUCKDB = "duckdb"
    SPARK = "spark"
