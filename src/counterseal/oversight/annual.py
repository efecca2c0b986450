"""The annual table of 26 U.S.C. 6103(p)(3)(B) and (C): who asked, for how many, what was disclosed about how many.

Counted from the ledger's entries and, for taxpayers, the inspector's index over them, so that whoever has the
exported files counts the same. The public table withholds small counts; the committee's withholds nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from counterseal.agreements.versions import versions
from counterseal.errors import CountersealError
from counterseal.oversight.suppress import withheld, withheld_lines

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path
    from typing import Any

COLUMNS = ("requests", "people", "stopped", "refused", "cure", "judgement", "looked_up", "disclosures")
"""``people`` are rows as requested; ``stopped`` to ``judgement`` are answered without a record being opened."""
TAXPAYERS = "taxpayers"
"""The last column, where an index was given: lists of one person's with a disclosure in the year."""
FACIAL = ("stopped", "refused", "cure", "judgement")
UNKNOWN = "(not stated)"
CLOCK = timedelta(days=90)
"""After the close of the calendar year (26 U.S.C. 6103(p)(3)(B), (C))."""

ADDED = ("stopped", "refused", "cure", "judgement", "looked_up", "people")
"""The last is what the others add up to, once everything received in the year is determined."""

_FILED = frozenset({"determined", "judged", "delivered", "answered", "withheld", "accounted"})
Line = tuple[str, str]
Row = dict[str, str | int | None]


@dataclass(frozen=True, slots=True)
class Purpose:
    """What an agreement is for, in the words of the document whose digest the ledger has."""

    agreement: str
    version: str
    sha256: str
    authority: str
    purpose: str


@dataclass(frozen=True, slots=True)
class Annual:
    """One year's report. ``counts`` are whole; ``newest`` is the time of the newest entry counted from."""

    year: int
    origin: str
    size: int
    newest: str
    counts: Mapping[Line, Mapping[str, int]]
    purposes: tuple[Purpose, ...]

    @property
    def due(self) -> date:
        """The last day for both tables."""
        return due(self.year)

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are counted."""
        return next((tuple(one) for one in self.counts.values()), COLUMNS)

    def lines(self, *, public: bool) -> list[Row]:
        """Give the table's lines, the sums last."""
        return public_lines(self.counts) if public else committee_lines(self.counts)


def due(year: int) -> date:
    """Give the last day on which a calendar year's tables are in time."""
    return date(year, 12, 31) + CLOCK


def read_index(path: Path, entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """Read the inspector's index, which must be of these entries and newer than every filing among them.

    Raises CountersealError ``index``. That its lists are whole, `counterseal-verify index` shows.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
        head = json.loads(lines[0])
        at = head["entry"]
        entered = head["format"] == "counterseal-accounting-index/v1" and entries[at]["kind"] == "accounted"
    except (OSError, ValueError, LookupError, TypeError):
        entered, at = False, 0
    if not entered or any(entry["kind"] in _FILED for entry in entries[at + 1 :]):
        raise CountersealError(
            "index",
            "This is not the newest index over this ledger.",
            where=str(path),
            next_step="Make it anew with: counterseal report index --workspace WORKSPACE --out index.jsonl",
        )
    return lines


def purposes(
    entries: Iterable[Mapping[str, Any]], documents: Path, counts: Mapping[Line, Mapping[str, int]]
) -> tuple[Purpose, ...]:
    """Tell what each counted agreement is for, from the documents whose digests the ledger has; others are left out."""
    entered = {(body["agreement"], body["sha256"]) for body in _bodies(entries, "agreement") if "sha256" in body}
    found = []
    for name in sorted({agreement for _, agreement in counts}):
        if (documents / name / "agreement.md").is_file():
            found += [
                Purpose(one.id, one.version, one.digest, one.authority, one.title)
                for one in versions(documents / name)
                if (one.id, one.digest) in entered
            ]
    return tuple(found)


def _bodies(entries: Iterable[Mapping[str, Any]], kind: str) -> Iterable[Mapping[str, Any]]:
    return (entry.get("body", {}) for entry in entries if entry["kind"] == kind)


def annual_counts(
    entries: Sequence[Mapping[str, Any]], year: int, index: Iterable[str] | None = None
) -> dict[Line, dict[str, int]]:
    """Count, by agency and agreement, what was entered in a calendar year (UTC). Every line has every column.

    ``index`` is the inspector's index over these entries, as lines of JSON; without it taxpayers are not counted.
    """
    counted: dict[Line, Counter[str]] = {}
    for entry in entries:
        if not str(entry["at"]).startswith(f"{year:04d}-"):
            continue
        found = _of(str(entry["kind"]), entry.get("body", {}))
        if found:
            counted.setdefault(_line(entry), Counter()).update(found)
    for line in _disclosed(entries, year, index or ()):
        counted[line][TAXPAYERS] += 1
    columns = COLUMNS if index is None else (*COLUMNS, TAXPAYERS)
    return {line: {column: found[column] for column in columns} for line, found in sorted(counted.items())}


def _line(entry: Mapping[str, Any]) -> Line:
    body = entry.get("body", {})
    return str(body.get("agency", UNKNOWN)), str(body.get("agreement", UNKNOWN))


def _disclosed(entries: Sequence[Mapping[str, Any]], year: int, index: Iterable[str]) -> Iterable[Line]:
    """Give a line for each person and agreement that something was disclosed under in the year."""
    for at, text in enumerate(index):
        if at:
            person = json.loads(text)
            items = (*person["shown"], *person["reserved"])
            told = [entries[delivery] for *_, delivery, _ in items if delivery != -1]
            yield from {_line(entry) for entry in told if str(entry["at"]).startswith(f"{year:04d}-")}


def _of(kind: str, body: Mapping[str, Any]) -> dict[str, int]:
    if kind == "received":
        return {"requests": 1, "people": int(body["rows"])}
    if kind == "screened":
        return {word: int(body["outcomes"].get(word, 0)) for word in FACIAL}
    if kind == "identified":
        return {"looked_up": int(body["looked_up"])}
    return {"disclosures": 1} if kind == "delivered" else {}


def _summed(counts: Mapping[Line, Mapping[str, int]]) -> dict[Line, Mapping[str, int]]:
    total = Counter[str]()
    for row in counts.values():
        total.update(row)
    return {**counts, ("all", "all"): {column: total[column] for column in next(iter(counts.values()))}}


def committee_lines(counts: Mapping[Line, Mapping[str, int]]) -> list[Row]:
    """Give the committee's table, its sums last; nothing is withheld."""
    if not counts:
        return []
    return [{"agency": line[0], "agreement": line[1], **row} for line, row in _summed(counts).items()]


def public_lines(counts: Mapping[Line, Mapping[str, int]]) -> list[Row]:
    """Give the public table, its sums last; a count that is withheld, or from which one would follow, is None.

    Disclosures and taxpayers of a line are withheld together: there are never more taxpayers than disclosures, so
    one of the two would narrow the other.
    """
    lines = committee_lines(counts)
    if not lines:
        return []
    rows = list(_summed(counts).values())
    hidden = {(at, ADDED[c]) for at, c in withheld([[row[column] for column in ADDED] for row in rows])}
    for together in (("requests",), tuple(name for name in ("disclosures", TAXPAYERS) if name in rows[0])):
        apart = withheld_lines([[row[column] for column in together] for row in rows])
        hidden |= {(at, column) for at in apart for column in together}
    return [
        {name: None if (at, name) in hidden else value for name, value in line.items()} for at, line in enumerate(lines)
    ]
