"""Offices at work for the tests of acts, each with a database of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from counterseal.store.connection import ready

ready()

from tests.flow.casework import at_work, office_that_ran  # noqa: E402, F401  # fixtures; the models need Django started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_django import DjangoDbBlocker


@pytest.fixture(autouse=True, scope="session")
def own_databases(django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """These tests open the databases of their own offices, not the one that a test run shares."""
    with django_db_blocker.unblock():
        yield
