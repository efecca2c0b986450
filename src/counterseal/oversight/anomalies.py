"""What in the ledger is worth a look. It is no accusation: each measure has innocent causes, and only people know them.

Pure functions over what the ledger's entries tell. Each gives every line that it measured, the largest first, whether
it is beyond the threshold or not, with the entries that it comes from; the thresholds are stated, not learnt.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

NOT_ACCUSED = "Worth a look, not an accusation."
FIRST, SECOND = "sign first", "sign second"
APPROVALS = frozenset({FIRST, SECOND})
OTHERWISE = frozenset({"refuse", "return", "give back", "hold"})
"""Acts that end a streak of approvals."""
MINUTE = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Acted:
    """One act of an official on a case. ``over`` is what a signature is over, empty for other acts; ``at`` in UTC."""

    entry: int
    at: datetime
    official: str
    act: str
    over: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """An answer that reached an officer of the agency, by the entry of its delivery."""

    entry: int
    at: datetime
    officer: str


@dataclass(frozen=True, slots=True)
class Screened:
    """A submission's screening: its rows, and in how many each rule does not hold."""

    entry: int
    at: datetime
    agency: str
    rows: int
    reasons: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something is worth a look. ``night`` is from an hour to an hour, by the clock of ``zone``.

    ``*_least`` is how much must have been seen before a share says anything.
    """

    load: int = 50
    reason: float = 0.5
    reason_least: int = 1000
    pace: int = 3
    streak: int = 200
    pair: float = 0.9
    pair_least: int = 20
    night: tuple[int, int] = (22, 6)
    night_least: int = 5
    zone: tzinfo = UTC


STATED = Thresholds()


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a measure: of whom, how much, and from which entries, the first first."""

    who: str
    value: float
    beyond: bool
    entries: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Measured:
    """A measure in words, its threshold, and its lines, the largest first."""

    name: str
    title: str
    measure: str
    innocent: str
    threshold: float
    unit: str
    lines: tuple[Line, ...]

    @property
    def beyond(self) -> tuple[Line, ...]:
        """The lines that are worth a look."""
        return tuple(line for line in self.lines if line.beyond)


def anomalies(
    acts: Sequence[Acted], received: Sequence[Received], screened: Sequence[Screened], stated: Thresholds = STATED
) -> tuple[Measured, ...]:
    """Measure everything. Each sequence is in the ledger's order."""
    return (
        officer_load(received, stated),
        shared_reason(screened, stated),
        pace(acts, stated),
        streaks(acts, stated),
        pairs(acts, stated),
        night_acts(acts, stated),
    )


def officer_load(received: Iterable[Received], stated: Thresholds = STATED) -> Measured:
    """Count the answers that one officer received in a day (UTC), on their fullest day.

    6103(i)(2) asks for an officer who is personally and directly engaged; nobody is, in hundreds of cases a day.
    """
    days: dict[str, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
    for one in received:
        days[one.officer][one.at.date().isoformat()].append(one.entry)
    lines = []
    for officer, each in days.items():
        day, entries = max(each.items(), key=lambda pair: (len(pair[1]), pair[0]))
        lines.append(_line(f"{officer}, {day}", len(entries), len(entries) > stated.load, entries))
    return Measured(
        "load",
        "An officer's load",
        f"Answers that one officer of an agency received in one day; worth a look above {stated.load}.",
        "A backlog that was released at once, or an officer who serves a whole task force.",
        stated.load,
        "answers",
        _ordered(lines),
    )


def shared_reason(screened: Iterable[Screened], stated: Thresholds = STATED) -> Measured:
    """Give the share of a submission's rows in which one and the same rule does not hold."""
    lines = []
    for one in screened:
        for rule, rows in one.reasons.items():
            if one.rows >= stated.reason_least and rows:
                share = rows / one.rows
                lines.append(
                    _line(f"{one.agency}, entry {one.entry}: {rule}", share, share >= stated.reason, [one.entry])
                )
    return Measured(
        "reason",
        "A reason shared by very many rows",
        f"Share of a submission's rows in which one rule does not hold, from {stated.reason_least:,} rows on; worth a "
        f"look from {stated.reason:.0%}.",
        "A column that the agency's system leaves out, or a template for a lawful purpose.",
        stated.reason,
        "of the rows",
        _ordered(lines),
    )


def pace(acts: Iterable[Acted], stated: Thresholds = STATED) -> Measured:
    """Count the signatures of an official within the fullest minute that begins with one of them."""
    signed = _by_official(act for act in acts if act.act in APPROVALS)
    lines = []
    for official, own in signed.items():
        times = [one.at for one in own]
        most, first = max((bisect_right(times, at + MINUTE) - n, -n) for n, at in enumerate(times))
        entries = [one.entry for one in own[-first : -first + most]]
        lines.append(_line(official, most, most > stated.pace, entries))
    return Measured(
        "pace",
        "A reviewer's pace",
        f"Most signatures of one official within a minute; worth a look above {stated.pace}.",
        "Cases that were read first and signed together afterwards.",
        stated.pace,
        "signatures in a minute",
        _ordered(lines),
    )


def streaks(acts: Iterable[Acted], stated: Thresholds = STATED) -> Measured:
    """Count the longest run of an official's signatures between two acts that were none: refused, returned, held."""
    lines = []
    for official, own in _by_official(acts).items():
        longest, running = list[int](), list[int]()
        for one in own:
            if one.act in APPROVALS:
                running.append(one.entry)
            elif one.act in OTHERWISE:
                running = []
            if len(running) > len(longest):
                longest = list(running)
        if longest:
            lines.append(_line(official, len(longest), len(longest) > stated.streak, longest))
    return Measured(
        "streak",
        "Approvals without a refusal",
        f"Longest run of one official's signatures without a case refused, returned, given back or held; worth a look "
        f"above {stated.streak}.",
        "Law and look-up had left nothing to refuse, or somebody else refuses in this office.",
        stated.streak,
        "signatures",
        _ordered(lines),
    )


def pairs(acts: Iterable[Acted], stated: Thresholds = STATED) -> Measured:
    """Give, for two who sign together, the smaller of the shares of their signatures that are over the same thing.

    Where an office has one person for a place there is nobody else to sign with, and the pair says nothing.
    """
    firsts: dict[str, Acted] = {}
    together: dict[tuple[str, str], list[int]] = defaultdict(list)
    first_with: dict[str, list[int]] = defaultdict(list)
    second_with: dict[str, list[int]] = defaultdict(list)
    for one in acts:
        if one.act == FIRST:
            firsts[one.over] = one
        elif one.act == SECOND and one.over in firsts:
            first = firsts[one.over].official
            together[first, one.official].append(one.entry)
            first_with[first].append(one.entry)
            second_with[one.official].append(one.entry)
    lines = []
    for (first, second), entries in together.items():
        if len(entries) >= stated.pair_least and len(first_with) > 1 and len(second_with) > 1:
            share = len(entries) / max(len(first_with[first]), len(second_with[second]))
            lines.append(_line(f"{first} and {second}", share, share >= stated.pair, entries))
    return Measured(
        "pair",
        "Two who always sign together",
        f"Share of both officials' cases that the two signed together, from {stated.pair_least} on and where there "
        f"were others; worth a look from {stated.pair:.0%}.",
        "The same shift, the same office, the same language.",
        stated.pair,
        "of both",
        _ordered(lines),
    )


def night_acts(acts: Iterable[Acted], stated: Thresholds = STATED) -> Measured:
    """Count an official's acts at night."""
    begin, end = stated.night
    lines = []
    for official, own in _by_official(acts).items():
        hours = [(one.at.astimezone(stated.zone).hour, one.entry) for one in own]
        late = [entry for hour, entry in hours if (hour >= begin or hour < end if begin > end else begin <= hour < end)]
        if late:
            lines.append(_line(official, len(late), len(late) > stated.night_least, late))
    return Measured(
        "night",
        "Acts at night",
        f"Acts of one official between {begin:02d}:00 and {end:02d}:00 ({stated.zone}); worth a look above "
        f"{stated.night_least}.",
        "A late shift, another time zone, or a court's order that could not wait.",
        stated.night_least,
        "acts",
        _ordered(lines),
    )


def _by_official(acts: Iterable[Acted]) -> dict[str, list[Acted]]:
    found: dict[str, list[Acted]] = defaultdict(list)
    for one in acts:
        if one.official:
            found[one.official].append(one)
    return found


def _line(who: str, value: float, beyond: bool, entries: Sequence[int]) -> Line:
    return Line(who, value, beyond, tuple(entries))


def _ordered(lines: list[Line]) -> tuple[Line, ...]:
    return tuple(sorted(lines, key=lambda line: (-line.value, line.who)))
