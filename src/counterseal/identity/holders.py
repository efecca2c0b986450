"""Who holds a taxpayer number: what an order on a person must know, however a request describes that person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from counterseal.identity.coding import PERSON, mixed
from counterseal.identity.identifiers import tin
from counterseal.identity.keys import TIN

if TYPE_CHECKING:
    from counterseal.identity.index import RegistryIndex


def accounts_of_number(index: RegistryIndex, number: str) -> list[str]:
    """Give the accounts that hold a taxpayer number; none for what is no number."""
    coded = np.array([tin(number)], PERSON["tin"])
    if not coded[0] or not index.size:
        return []
    _, _, filed = index.filed_under(mixed(TIN, [coded]), index.size)
    holders = filed[index.accounts.take(filed)["tin"] == coded[0]]
    return [identifier.decode("utf-8", "replace") for identifier in index.account_ids.take(holders).tolist()]
