"""Offices at work, for what oversight asks of them."""

from __future__ import annotations

from counterseal.store.connection import ready

ready()

from tests.flow.casework import at_work  # noqa: E402, F401  # a fixture; the models need Django started
from tests.flow.sampling import sampled  # noqa: E402, F401
