"""Offices at work for the tests of acts, each with a database of its own."""

from __future__ import annotations

from counterseal.store.connection import ready

ready()

from tests.flow.casework import at_work  # noqa: E402, F401  # a fixture; the models need Django started
from tests.flow.cut_run import empty_office, office_of_nobody, small_request  # noqa: E402, F401  # fixtures
from tests.flow.sampling import sampled  # noqa: E402, F401
