"""The one error that a person reads: what is wrong, where, and what to do next.

A refusal of a row is a finding, never an exception. An error here means that the call or its input
cannot be acted on at all; every door turns it into one clear line, a status or a page, and nothing is
disclosed.
"""

from __future__ import annotations

from functools import partial


class CountersealError(Exception):
    """The input or the call is wrong.

    ``code`` is stable and may be relied on by programs. ``message`` is a sentence for a person and never
    holds a value that describes one. ``where`` names file, row and column as far as known, ``next_step``
    what to do about it.
    """

    def __init__(self, code: str, message: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.next_step = next_step

    def __reduce__(self) -> tuple[object, ...]:
        """Let it pass whole from one process to another."""
        return partial(type(self), where=self.where, next_step=self.next_step), (self.code, self.message)

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        advice = f" {self.next_step}" if self.next_step else ""
        return f"{place}{self.message}{advice} [{self.code}]"


class NotLoadedError(Exception):
    """A part of the program could not be loaded; what it came from says why, where anybody can."""


class CheckFailedError(CountersealError):
    """A check that the user asked for did not hold (a proof, a verification); the call itself was right."""
