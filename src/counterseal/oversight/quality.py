"""A quarter's quality figures, counted from the ledger's entries and nothing else.

What the entries cannot join is not told: a submission and a case stand in them as commitments with fresh salts. What
became of rows returned for cure is therefore the custodian's own figure, handed in and marked as such.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError
from counterseal.oversight.sample import decision_of
from counterseal.oversight.suppress import SMALLEST, with_totals, withheld

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any

_QUARTER = re.compile(r"(?P<year>[2-9][0-9]{3})Q(?P<quarter>[1-4])")
ANSWERS = ("stopped", "refused", "cure", "judgement", "looked_up")
REVERSALS = {
    "admitted": "Judgement: rows let in",
    "dropped": "Judgement: rows not let in",
    "refuse": "Case refused by an official",
    "return": "Case returned to the agency",
    "give back": "Case given back for a new look",
    "stop": "Stop order entered",
    "lift": "Stop order lifted",
    "incident": "Incident opened",
}
RE_REVIEWS = {
    "alike": "Drawn, reviewed again: decided alike",
    "otherwise": "Drawn, reviewed again: decided otherwise",
    "cannot tell": "Drawn, reviewed again: cannot tell",
}
STEPS = ("signed first", "signed second", "intent", "delivered")
CURED = ("admitted", "judgement", "refused", "cure", "not back")
"""What became of a reference returned for cure; ``admitted`` is every rule held before a look-up."""
Count = int | None


@dataclass(frozen=True, slots=True)
class Span:
    """How long a step took: how often it was seen, and median and 90th percentile in seconds (nearest rank).

    Both are None where fewer than ``SMALLEST`` were seen.
    """

    step: str
    seen: Count
    median: float | None
    ninetieth: float | None


@dataclass(frozen=True, slots=True)
class Quality:
    """One quarter. A count of None is withheld; ``unreasoned`` screenings told no reasons by rule."""

    quarter: str
    agencies: tuple[tuple[str, str, dict[str, Count]], ...]
    reasons: tuple[tuple[str, Count], ...]
    unreasoned: int
    spans: tuple[Span, ...]
    reversals: tuple[tuple[str, Count], ...]
    officials: tuple[tuple[str, Count], ...]
    re_reviews: tuple[tuple[str, Count], ...]
    cures: tuple[tuple[str, str, dict[str, Count]], ...] | None = None
    """The custodian's own figures, not the ledger's; None where they were not counted."""


def months(quarter: str) -> tuple[str, str]:
    """Give where a quarter begins and ends, as an entry's time begins (the end excluded).

    Raises CountersealError ``quarter`` when it is not of the form 2026Q3.
    """
    found = _QUARTER.fullmatch(quarter)
    if found is None:
        raise CountersealError("quarter", "A quarter is a year and a number.", where=quarter, next_step="Like 2026Q3.")
    year, first = int(found["year"]), int(found["quarter"]) * 3 - 2
    return f"{year:04d}-{first:02d}", f"{year:04d}-{first + 3:02d}"


def quality(entries: Iterable[Mapping[str, Any]], quarter: str) -> Quality:
    """Count a calendar quarter (UTC), small counts withheld.

    A span belongs to the quarter in which it ended. ``entries`` are all of the ledger's, in their order.
    """
    begin, end = months(quarter)
    agencies: dict[tuple[str, str], Counter[str]] = {}
    reasons, reversals, officials = Counter[str](), Counter(dict.fromkeys(REVERSALS, 0)), Counter[str]()
    seen: dict[str, dict[str, str]] = {}
    spans: dict[str, list[float]] = {step: [] for step in pairwise_names()}
    decisions: dict[int, str | None] = {}
    again = Counter(dict.fromkeys(RE_REVIEWS, 0))
    unreasoned = 0
    for index, entry in enumerate(entries):
        kind, at, body = str(entry["kind"]), str(entry["at"]), entry.get("body", {})
        within = begin <= at[:7] < end
        _walked(kind, at, body, seen, spans if within else None)
        decisions[index] = decision_of(kind, body)
        if not within:
            continue
        if kind in {"screened", "identified"}:
            line = agencies.setdefault(_line(body), Counter())
            line.update(
                {word: int(body["outcomes"].get(word, 0)) for word in ANSWERS[:-1]}
                if kind == "screened"
                else {"looked_up": int(body["looked_up"])}
            )
        if kind == "screened":
            unreasoned += "reasons" not in body
            reasons.update({rule: int(rows) for rule, rows in body.get("reasons", {}).items()})
        if kind == "signed":
            officials[str(body["official"])] += 1
        if kind == "re-reviewed":
            again[_compared(str(body["finding"]), decisions.get(int(body["decision"])))] += 1
        reversals.update(_reversed(kind, body))
    return Quality(
        quarter,
        _by_agency(agencies),
        _shown(reasons.most_common()),
        unreasoned,
        tuple(_span(step, found) for step, found in spans.items()),
        _shown([(REVERSALS[word], n) for word, n in reversals.items()]),
        _shown(officials.most_common()),
        _shown([(RE_REVIEWS[word], n) for word, n in again.items()]),
    )


def _compared(finding: str, decision: str | None) -> str:
    return finding if finding == "cannot tell" else "alike" if finding == decision else "otherwise"


def pairwise_names() -> tuple[str, ...]:
    """Name the steps that the ledger can time, in their order."""
    return tuple(f"{first} → {then}" for first, then in pairwise(STEPS))


def _line(body: Mapping[str, Any]) -> tuple[str, str]:
    return str(body.get("agency", "(not stated)")), str(body.get("agreement", "(not stated)"))


def _reversed(kind: str, body: Mapping[str, Any]) -> dict[str, int]:
    if kind == "judged":
        return {"admitted" if body["decision"] == "admit" else "dropped": int(body["rows"])}
    if kind == "case":
        return {body["act"]: 1} if body.get("act") in {"refuse", "return", "give back"} else {}
    if kind == "lift":
        return {"lift": 1} if body.get("act") == "lifted" else {}
    if kind == "incident":
        return {"incident": 1} if body.get("act") == "opened" else {}
    return {"stop": 1} if kind == "stop" else {}


def _walked(
    kind: str,
    at: str,
    body: Mapping[str, Any],
    seen: dict[str, dict[str, str]],
    spans: dict[str, list[float]] | None,
) -> None:
    """Time a release from step to step by the digest that each of its entries is over."""
    if kind not in {"signed", "intent", "delivered"} or "over" not in body:
        return
    step = kind if kind != "signed" else ("signed first" if body.get("place") == 1 else "signed second")
    steps = seen.setdefault(str(body["over"]), {})
    before = STEPS[STEPS.index(step) - 1] if step != STEPS[0] else None
    if step not in steps and before in steps and spans is not None:
        spans[f"{before} → {step}"].append((_time(at) - _time(steps[before])).total_seconds())
    steps.setdefault(step, at)


def _time(at: str) -> datetime:
    return datetime.strptime(at, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def _span(step: str, found: list[float]) -> Span:
    if len(found) < SMALLEST:
        return Span(step, None if found else 0, None, None)
    found = sorted(found)
    return Span(step, len(found), _rank(found, 50), _rank(found, 90))


def _rank(found: Sequence[float], percent: int) -> float:
    """Give the nearest-rank percentile of values in their order."""
    return found[max(0, -(-percent * len(found) // 100) - 1)]


def _shown(counts: Iterable[tuple[str, int]]) -> tuple[tuple[str, Count], ...]:
    """Withhold small counts of lines without a total: no other line follows from them."""
    return tuple((name, None if 0 < n < SMALLEST else n) for name, n in counts)


def with_cures(found: Quality, counted: Mapping[tuple[str, str], Mapping[str, int]]) -> Quality:
    """Give a quarter's figures with what became of references returned for cure, small counts withheld."""
    return replace(found, cures=_by_agency(counted, CURED, "returned"))


def _by_agency(
    found: Mapping[tuple[str, str], Mapping[str, int]], columns: tuple[str, ...] = ANSWERS, total: str = "rows"
) -> tuple[tuple[str, str, dict[str, Count]], ...]:
    lines = sorted(found)
    if not lines:
        return ()
    table = with_totals([[found[line][column] for column in columns] for line in lines])
    hidden = withheld(table)
    return tuple(
        (*line, {name: None if (at, c) in hidden else table[at][c] for c, name in enumerate((*columns, total))})
        for at, line in enumerate([*lines, ("all", "all")])
    )
