"""What the environment may say. A value that cannot be is refused, an empty one too; there is no default for a secret.

Every variable begins with ``COUNTERSEAL_``. A secret may stand in a file of the folder that
``COUNTERSEAL_SECRETS`` names, under its variable's name.
"""

from __future__ import annotations

import os
from datetime import date
from difflib import get_close_matches
from pathlib import Path

from pydantic import SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from counterseal.errors import CountersealError

PREFIX = "COUNTERSEAL_"
ELSEWHERE = ("COUNTERSEAL_SECRETS", "COUNTERSEAL_TRACEBACK")
"""Variables that are read before these, or by the command line."""


class Environment(BaseSettings):
    """The settings of one process."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, secrets_dir=os.environ.get("COUNTERSEAL_SECRETS"), extra="forbid"
    )

    workspace: Path | None = None
    """The workspace that the pages serve; commands name theirs."""

    database_url: SecretStr | None = None
    """``postgresql://user:password@host:port/name``; without it SQLite in the workspace."""

    registry_key: Path | None = None
    """The file of the key under which the registry's index lies sealed; without it ``REGISTRY.key`` beside it."""

    today: date | None = None
    """A day that it was, said by a person, for an office that entered nothing for a month: it may enter again."""

    secret_key: SecretStr | None = None
    """Signs sessions. Without it the workspace's own key file is read."""

    allowed_hosts: str = "127.0.0.1,localhost,[::1]"
    """Host names that the pages answer to, separated by commas."""

    plain_http: bool = False
    """Cookies without TLS, for a demonstration on this machine alone."""

    client_certificate_from: str = ""
    """Addresses of the proxies, separated by commas, whose ``Client-Cert`` header tells a program's certificate."""

    @field_validator("workspace", "database_url", "registry_key", "today", "secret_key", "allowed_hosts", mode="before")
    @classmethod
    def _set_to_something(cls, value: object) -> object:
        """Refuse what is empty: a template that was not filled in would have another database or key take its place."""
        if isinstance(value, str) and not value.strip():
            raise ValueError
        return value


def _meant_by(name: str) -> str | None:
    """Give the variable that a misspelt name means: without it another database or key would take its place."""
    known = [*(f"{PREFIX}{field.upper()}" for field in Environment.model_fields), *ELSEWHERE]
    if name in known or not name.startswith(PREFIX[:-1]):
        return None
    return next(iter(get_close_matches(name, known, n=1, cutoff=0.88)), None)


def read_environment() -> Environment:
    """Read it. Raises CountersealError ``environment`` that names the variable, never its value."""
    for name in sorted(os.environ):
        if meant := _meant_by(name):
            raise CountersealError(
                "environment",
                f"No environment variable is called that; {meant} is.",
                where=name,
                next_step="Write its name as it is, or take it away.",
            )
    try:
        return Environment()
    except ValidationError as fault:
        wrong = sorted({f"{PREFIX}{str(one['loc'][0]).upper()}" for one in fault.errors()})
    raise CountersealError(
        "environment",
        "An environment variable, or a file of the secrets, is set to what it cannot be.",
        where=", ".join(wrong),
        next_step="Give it a value, or take it away.",
    )
