"""A second, separate verifier of the ledger: one file, ``verify.py``, and ``cryptography``."""
