"""Which security control is kept by what, and proved by which tests."""
