"""The annual table of 26 U.S.C. 6103(p)(3)(C): who asked, for how many, and how many disclosures were made.

Counted from the ledger's entries and nothing else, so that whoever has the exported folder counts the same.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from counterseal.oversight.suppress import with_totals, withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import Any

COLUMNS = ("requests", "people", "stopped", "refused", "cure", "judgement", "looked_up", "disclosures")
"""``people`` are rows as requested; ``stopped`` to ``judgement`` are answered without a record being opened."""
FACIAL = ("stopped", "refused", "cure", "judgement")
UNKNOWN = "(not stated)"

ADDED = ("stopped", "refused", "cure", "judgement", "looked_up", "people")
"""The last is what the others add up to, once everything received in the year is determined."""
APART = ("requests", "disclosures")

Line = tuple[str, str]


def annual_counts(entries: Iterable[Mapping[str, Any]], year: int) -> dict[Line, dict[str, int]]:
    """Count, by agency and agreement, what was entered in a calendar year (UTC). Every line has every column."""
    counted: dict[Line, Counter[str]] = {}
    for entry in entries:
        if not str(entry["at"]).startswith(f"{year:04d}-"):
            continue
        body = entry.get("body", {})
        line = (str(body.get("agency", UNKNOWN)), str(body.get("agreement", UNKNOWN)))
        found = _of(str(entry["kind"]), body)
        if found:
            counted.setdefault(line, Counter()).update(found)
    return {line: {column: found[column] for column in COLUMNS} for line, found in sorted(counted.items())}


def _of(kind: str, body: Mapping[str, Any]) -> dict[str, int]:
    if kind == "received":
        return {"requests": 1, "people": int(body["rows"])}
    if kind == "screened":
        return {word: int(body["outcomes"].get(word, 0)) for word in FACIAL}
    if kind == "identified":
        return {"looked_up": int(body["looked_up"])}
    return {"disclosures": 1} if kind == "delivered" else {}


def public_lines(counts: Mapping[Line, Mapping[str, int]]) -> list[dict[str, str | int | None]]:
    """Give the public table, its sums last; a count that is withheld, or from which one would follow, is None."""
    if not counts:
        return []
    rows = list(counts.values())
    added = [[row[column] for column in ADDED] for row in rows]
    added.append([sum(column) for column in zip(*added, strict=True)])
    apart = with_totals([[row[column] for column in APART] for row in rows])
    shown: dict[str, list[int | None]] = {}
    for columns, table in ((ADDED, added), (APART, apart)):
        hidden = withheld(table)
        for c, name in enumerate(columns):
            shown[name] = [None if (at, c) in hidden else row[c] for at, row in enumerate(table)]
    lines = [*counts, ("all", "all")]
    return [
        {"agency": agency, "agreement": agreement, **{column: shown[column][at] for column in COLUMNS}}
        for at, (agency, agreement) in enumerate(lines)
    ]
