"""The pages as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class WebConfig(AppConfig):
    """Pages, and what hears of passkeys that come and go."""

    name = "counterseal.web"

    def ready(self) -> None:
        """Listen."""
        from counterseal.web import enrol  # noqa: F401, PLC0415  # models stand only now
