"""The database of the office as a Django application."""

from __future__ import annotations

from django.apps import AppConfig


class StoreConfig(AppConfig):
    """Cases, submissions, officials, stop orders and the ledger's entries."""

    name = "counterseal.store"
    label = "store"
    verbose_name = "Counterseal"
