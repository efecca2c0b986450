"""Recompute a published annual table from an exported ledger: python figures.py TABLE.json FOLDER --policy FILE.

It verifies the whole ledger first and shares no line with the program that counted. Exit 0: every published
number is what the entries say, and no line is missing.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from counterseal_verify.verify import Policy, Refused, ledger

FACIAL = ("stopped", "refused", "cure", "judgement")


def recount(entries: list[bytes], year: int) -> dict[tuple[str, str], dict[str, int]]:
    """Count a year again, by agency and agreement; the line ("all", "all") adds everything up."""
    lines: dict[tuple[str, str], dict[str, int]] = {}
    for raw in entries:
        entry = json.loads(raw)
        kind, body = entry["kind"], entry.get("body", {})
        if entry["at"][:4] != f"{year:04d}" or kind not in {"received", "screened", "identified", "delivered"}:
            continue
        if kind == "received":
            told = {"requests": 1, "people": body["rows"]}
        elif kind == "screened":
            told = {word: body["outcomes"].get(word, 0) for word in FACIAL}
        else:
            told = {"looked_up": body["looked_up"]} if kind == "identified" else {"disclosures": 1}
        own = (body.get("agency", "(not stated)"), body.get("agreement", "(not stated)"))
        for name in (own, ("all", "all")):
            line = lines.setdefault(name, {})
            for column, number in told.items():
                line[column] = line.get(column, 0) + number
    return lines


def compare(published: dict[str, Any], entries: list[bytes]) -> list[str]:
    """Give every difference between a published table and the entries, in words."""
    lines = recount(entries, int(published["year"]))
    shown = {(one["agency"], one["agreement"]): one for one in published["lines"]}
    wrong = [f"{' '.join(name)}: the line is missing" for name in lines if name not in shown]
    for name, one in shown.items():
        for column, number in one.items():
            if column not in {"agency", "agreement"} and number is not None:
                counted = lines.get(name, {}).get(column, 0)
                if counted != number:
                    wrong.append(f"{' '.join(name)}: {column} is {number} in the table and {counted} in the ledger")
    return wrong


def main(arguments: list[str] | None = None) -> int:
    """Verify the ledger, count again, compare. 0 alike, 1 not, with each difference on a line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--policy", type=Path, required=True)
    given = parser.parse_args(arguments)
    try:
        published = json.loads(given.table.read_text("utf-8"))
        head, entries = ledger(given.folder, Policy(given.policy.read_text()))
        wrong = compare(published, entries)
    except (Refused, OSError, ValueError, KeyError, TypeError) as error:
        print(f"REFUSED: {error}", file=sys.stderr)  # noqa: T201
        return 1
    for line in wrong:
        print(line, file=sys.stderr)  # noqa: T201
    if not wrong:
        print(f"{published['year']}: every published number follows from {head.size} entries")  # noqa: T201
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
