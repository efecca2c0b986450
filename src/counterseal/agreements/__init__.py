"""Law as code: an agreement is read, checked, compiled, proved, compared and printed from one document."""

from counterseal.agreements.compile import own_tables, reference_tables
from counterseal.agreements.document import load_agreement
from counterseal.agreements.model import Agreement, Rule

__all__ = ["Agreement", "Rule", "load_agreement", "own_tables", "reference_tables"]
