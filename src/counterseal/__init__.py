"""Disclosure control for a custodian of confidential records."""
