"""The acts of the office: one function an act, one transaction, one entry in the ledger."""
