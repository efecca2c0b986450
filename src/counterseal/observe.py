"""Logs that cannot carry a person: JSON lines in UTC, with a list of allowed keys.

What is not on the list is dropped and counted, so that a careless line loses its facts, not a taxpayer's.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, TextIO

import structlog

if TYPE_CHECKING:
    from collections.abc import MutableMapping

ALLOWED_KEYS = frozenset(
    {
        "event",
        "level",
        "timestamp",
        "request_id",
        "method",
        "route",
        "status",
        "milliseconds",
        "rows",
        "seconds",
        "code",
        "kind",
        "ledger_size",
        "agreement",
        "version",
        "step",
        "failure",
    }
)
"""Keys whose values the product makes itself. None of them ever holds what a request or a registry says."""


def only_allowed(_logger: object, _method: str, event: MutableMapping[str, object]) -> MutableMapping[str, object]:
    """Drop every key that is not on the list, and say how many were dropped."""
    kept = {key: value for key, value in event.items() if key in ALLOWED_KEYS}
    if len(kept) < len(event):
        kept["dropped"] = len(event) - len(kept)
    return kept


def set_up_logs(stream: TextIO = sys.stderr) -> None:
    """Let every log line of the process be one JSON object with allowed keys, on ``stream``."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            only_allowed,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
        logger_factory=structlog.PrintLoggerFactory(stream),
        cache_logger_on_first_use=False,
    )
