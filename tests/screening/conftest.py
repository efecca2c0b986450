"""The same small agreement and engine as for the tests of agreements."""

from tests.agreements.conftest import engine, read

__all__ = ["engine", "read"]
