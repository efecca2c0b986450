"""Recompute a published annual table from an exported ledger, withheld cells included.

    counterseal-verify annual TABLE.json|.csv --ledger FOLDER (--policy FILE | --key VKEY) [--index index.jsonl]

It shares no line with the program that counted. Every cell must be the one that the entries and the rule for small
counts give: a number that differs, a small number shown, a large one kept back, a line left out are each named.
Taxpayers are the lists of the index with a delivery in the year; the index is verified whole first.
"""

from __future__ import annotations

import csv
import io
import json
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from counterseal_verify.accounting import whole
from counterseal_verify.verify import Head, Policy, Refused

if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

FACIAL = ("stopped", "refused", "cure", "judgement")
ADD_UP = (*FACIAL, "looked_up", "people")
LEAST = 5
ALL = ("all", "all")
Line = tuple[str, str]
Cell = tuple[int, int]


def recount(entries: list[bytes], year: int, index: list[str] | None = None) -> dict[Line, dict[str, int]]:
    """Count a year again, by agency and agreement; the line ("all", "all"), the last, adds everything up."""
    lines: dict[Line, dict[str, int]] = {}
    told = [json.loads(raw) for raw in entries]
    for entry in told:
        kind, body = entry["kind"], entry.get("body", {})
        if entry["at"][:4] != f"{year:04d}" or kind not in {"received", "screened", "identified", "delivered"}:
            continue
        if kind == "received":
            found = {"requests": 1, "people": body["rows"]}
        elif kind == "screened":
            found = {word: body["outcomes"].get(word, 0) for word in FACIAL}
        else:
            found = {"looked_up": body["looked_up"]} if kind == "identified" else {"disclosures": 1}
        _add(lines, _name(body), found)
    for one in map(json.loads, (index or [])[1:]):
        delivered = {item[3] for part in ("shown", "reserved") for item in one[part]} - {-1}
        for name in {_name(told[at]["body"]) for at in delivered if told[at]["at"][:4] == f"{year:04d}"}:
            _add(lines, name, {"taxpayers": 1})
    ordered = {name: lines[name] for name in sorted(lines)}
    for one in list(ordered.values()):
        _add(ordered, ALL, one)
    return ordered


def _name(body: dict[str, Any]) -> Line:
    return body.get("agency", "(not stated)"), body.get("agreement", "(not stated)")


def _add(lines: dict[Line, dict[str, int]], name: Line, found: dict[str, int]) -> None:
    line = lines.setdefault(name, {})
    for column, number in found.items():
        line[column] = line.get(column, 0) + number


def kept_back(lines: dict[Line, dict[str, int]], *, taxpayers: bool) -> set[tuple[Line, str]]:
    """Give the cells of the public table that must be withheld, and no other."""
    names = list(lines)
    table = {(r, c): lines[name].get(word, 0) for r, name in enumerate(names) for c, word in enumerate(ADD_UP)}
    hidden = {(names[r], ADD_UP[c]) for r, c in _in_table(table)}
    for together in (("requests",), ("disclosures", "taxpayers") if taxpayers else ("disclosures",)):
        columns = [[lines[name].get(word, 0) for word in together] for name in names]
        rows = [at for at, row in enumerate(columns) if any(0 < number < LEAST for number in row)]
        while rows and (len(rows) == 1 or _follow([columns[at] for at in rows], whole=len(names) - 1 in rows)):
            rows.append(min((row, at) for at, row in enumerate(columns) if at not in rows and row[0])[1])
        hidden |= {(names[at], word) for at in rows for word in together}
    return hidden


def _follow(rows: list[list[int]], *, whole: bool) -> bool:
    """Tell whether withheld lines follow from a sum that is shown: each of them must be 1, as no zero is withheld."""
    return not whole and any(all(number == 1 for number in column) for column in zip(*rows, strict=True))


def _in_table(table: dict[Cell, int]) -> set[Cell]:
    """Withhold in a table whose rows and columns add up, until no withheld cell is the only way between two lines."""
    hidden = {cell for cell, number in table.items() if 0 < number < LEAST}
    while alone := sorted(cell for cell in hidden if not _reached(cell, hidden - {cell})):
        row, column = alone[0]
        rings = []
        for r, c in table:
            corners = [(row, c), (r, column), (r, c)]
            if r != row and c != column and all(table[one] for one in corners):
                rings.append((sum(table[one] + 1 for one in corners if one not in hidden), sorted(corners)))
        if not rings:
            return set(table)
        hidden |= set(min(rings)[1])
    return hidden


def _reached(cell: Cell, others: set[Cell]) -> bool:
    """Tell whether cells lead from this one's row to its column."""
    row, column = cell
    met, todo = {row}, [row]
    while todo:
        here = todo.pop()
        for c in [c for r, c in others if r == here]:
            if c == column:
                return True
            further = {r for r, other in others if other == c} - met
            met |= further
            todo += further
    return False


def compare(published: dict[str, Any], entries: list[bytes], index: list[str] | None = None) -> list[str]:
    """Give every difference between a published table and the entries, in words."""
    year, public = int(published["year"]), published["table"] == "public"
    shown = {(one["agency"], one["agreement"]): one for one in published["lines"]}
    counts_people = any("taxpayers" in one for one in shown.values())
    if counts_people and index is None:
        raise Refused("the table counts taxpayers, which stand in the index: give --index")
    lines = recount(entries, year, index if counts_people else None)
    hidden = kept_back(lines, taxpayers=counts_people) if public and lines else set()
    columns = ["requests", *ADD_UP, "disclosures", *(["taxpayers"] if counts_people else [])]
    wrong = [f"{' '.join(name)}: the line is missing" for name in lines if name not in shown]
    wrong += [f"{' '.join(name)}: the ledger has no such line" for name in shown if name not in lines]
    if len(shown) != len(published["lines"]):
        wrong.append("a line stands twice")
    for name in [name for name in shown if name in lines]:
        for column in columns:
            counted = lines[name].get(column, 0)
            number, due = shown[name].get(column), None if (name, column) in hidden else counted
            if number != due:
                said = "withheld" if number is None else number
                must = f" and must be withheld, {counted}" if due is None else f", {counted}"
                wrong.append(f"{' '.join(name)}: {column} is {said} in the table; in the ledger it is{must}")
        more = set(shown[name]) - {"agency", "agreement", *columns}
        wrong += [f"{' '.join(name)}: {column} is counted from nothing" for column in sorted(more)]
    return wrong + _told_of(published, entries, year)


def _told_of(published: dict[str, Any], entries: list[bytes], year: int) -> list[str]:
    """Check what the JSON says beside its counts: the last day for publication, and the documents it cites."""
    wrong = []
    due = (date(year, 12, 31) + timedelta(days=90)).isoformat()
    if published.get("due", due) != due:
        wrong.append(f"the last day is {published['due']} in the report and {due} by the statute")
    entered = [entry.get("body", {}) for entry in map(json.loads, entries) if entry["kind"] == "agreement"]
    known = {(one.get("agreement"), one.get("sha256")) for one in entered}
    cited = [one for one in published.get("purposes", []) if (one["agreement"], one["sha256"]) not in known]
    return wrong + [f"the document of {one['agreement']} that the report cites is not in the ledger" for one in cited]


def read_table(path: Path) -> dict[str, Any]:
    """Read a published table, JSON or CSV; an empty cell of the CSV is withheld. Raises Refused."""
    text = path.read_text("utf-8")
    if path.suffix != ".csv":
        told: dict[str, Any] = json.loads(text)
        if told.get("format") != "counterseal-annual/v1" or told["table"] not in {"public", "committee"}:
            raise Refused("this is no annual table")
        return told
    rows = list(csv.DictReader(io.StringIO(text)))
    heads = {(one.pop("year"), one.pop("table")) for one in rows}
    if len(heads) != 1:
        raise Refused("a CSV of one year and one table has at least a line, and one head")
    year, table = heads.pop()
    words = {"agency", "agreement"}
    lines = [
        {name: cell if name in words else int(cell) if cell else None for name, cell in one.items()} for one in rows
    ]
    return {"year": int(year), "table": table, "lines": lines}


def check(given: Namespace, head: Head, entries: list[bytes], _: Policy) -> tuple[str, str]:
    """Hold a table against a verified ledger; give what holds, or else each difference on a line."""
    try:
        published = read_table(given.path)
        lines = given.index.read_text("utf-8").splitlines() if given.index else None
        if lines is not None:
            whole(lines, entries)
        wrong = compare(published, entries, lines)
    except Refused as refused:
        return "", str(refused)
    cells = sum(len(one) - 2 for one in published["lines"])
    held = f"{published['year']}: each of {cells} cells of the {published['table']} table follows"
    return ("", "\n".join(wrong)) if wrong else (f"{held} from {head.size} entries of {head.origin}", "")
