"""An order to the holder of a package: the entry's body, and the document that goes to the holder.

The document names a package, a release and a certificate by their digests and an agency by its id; it says nothing of
the person. Its digest stands in the entry, and the entry's receipt under the witnessed checkpoint is its signature:
the log and a quorum of witnesses bear it out, and nobody who holds one key alone can make it.
"""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import TYPE_CHECKING

from counterseal.core.custody import Ground
from counterseal.ledger.canonical import canonical

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from counterseal.core.custody import Holding
    from counterseal.ledger.entry import Fact

FORM = "counterseal/holder-order/v1"
DO: dict[Ground, tuple[str, ...]] = {
    Ground.RECALL: (
        "The custodian recalls the answer of this release.",
        "Stop every use of it and pass it on to nobody, from now on.",
        "Return it or destroy it, with every copy and extract, wherever you have put one.",
        "Acknowledge this order, and certify by the time given which of the two was done.",
    ),
    Ground.COURT: (
        "A court has stopped disclosure and use of what this release holds.",
        "Cease every use of it and pass it on to nobody, from now on.",
        "Return it, destroy it, or keep it apart and unused where the court has it kept.",
        "Acknowledge this order, and certify by the time given which of these was done.",
    ),
    Ground.CORRECTION: (
        "The record behind the answer of this release was corrected, or is in dispute.",
        "Do not rely on the answer. What is right comes only as another release.",
        "Tell everybody to whom you passed it on, and mark, return or destroy it.",
        "Acknowledge this order, and certify by the time given that it was done.",
    ),
}
"""What each ground asks, in the words of version 1. A change of words is another form."""


def order_body(
    ground: Ground, holding: Holding, *, duty: str, due: datetime, package: str, court: Mapping[str, Fact]
) -> dict[str, Fact]:
    """Make the body of the entry of an order. ``package`` is its SHA-256, empty where it is not at hand.

    ``court`` holds ``stop``, ``court``, ``docket`` of the stop order that it serves, or nothing.
    """
    body: dict[str, Fact] = {
        "act": "ordered",
        "ground": str(ground),
        "duty": duty,
        "agency": holding.agency,
        "agreement": holding.agreement,
        "delivered": holding.delivered,
        "intent": holding.intent,
        "over": holding.over,
        "officer": holding.officer,
        "package": package,
        "due": due.isoformat(),
        **court,
    }
    return {**body, "document": sha256(_written(body)).hexdigest()}


def order_text(body: Mapping[str, Fact]) -> dict[str, Fact]:
    """Give what a holder reads, from the body of the order's entry."""
    told = {name: value for name, value in body.items() if name not in {"act", "document", "door"}}
    return {"form": FORM, "do": list(DO[Ground(str(body["ground"]))]), **told}


def order_document(entry: bytes, body: Mapping[str, Fact], receipt: str) -> bytes:
    """Write the document: what is ordered, the entry that ordered it, and that entry's receipt. Canonical JSON."""
    whole = {"order": order_text(body), "entry": base64.b64encode(entry).decode("ascii"), "receipt": receipt}
    return canonical(whole) + b"\n"


def _written(body: Mapping[str, Fact]) -> bytes:
    return canonical(order_text(body))
