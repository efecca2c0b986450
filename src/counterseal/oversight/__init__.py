"""Counts, reports and what is withheld from them, from the ledger's entries alone."""
