"""The page of a replay: what a version of the law answers to a request, drawn, beside the record of the matter.

One file of HTML without script or anything from outside, fit for print. No row is shown and nobody is named.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from counterseal.oversight.record import Record

STYLE = files("counterseal.oversight").joinpath("replay.css").read_text(encoding="utf-8")
STYLE_SOURCE = f"'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}'"
WORDS = {
    "stopped": "stopped by an order",
    "refused": "refused",
    "cure": "returned for cure",
    "judgement": "held for a person",
    "admitted": "admitted to look-up",
}
LOOKED_UP = frozenset({"admitted"})


@dataclass(frozen=True, slots=True)
class RuleLine:
    """One rule: in how many rows it does not hold, and how many rows would pass if it and those above were met."""

    rule: str
    title: str
    cite: str
    rows: int
    left: int


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version's answer to the request: outcomes by word, and its rules, the most frequent first."""

    agreement: str
    version: str
    digest: str
    rows: int
    outcomes: dict[str, int]
    rules: tuple[RuleLine, ...]


@dataclass(frozen=True, slots=True)
class SameFile:
    """The same made-up file under the matching of the record and under the gate.

    ``matched`` rows agree in name and number and state something like an address; of these ``unconfirmed`` state
    an address that the registry does not hold for that person. ``cases`` go before two people; ``wrong`` of them
    state such an address.
    """

    asked: int
    matched: int
    unconfirmed: int
    opened: int
    cases: int
    wrong: int


def replay_page(
    submission: str, versions: Sequence[VersionLine], record: Record | None = None, same: SameFile | None = None
) -> str:
    """Give the page. ``record`` and ``same`` add what happened, and the same file under both."""
    title = f"{record.title}, replayed" if record else f"{submission}, replayed"
    parts = [_happened(record)] if record else []
    parts += [_answered(submission, version) for version in versions]
    parts += [_both(same)] if same else []
    parts += [_sources(record)] if record else []
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src {STYLE_SOURCE}; base-uri 'none'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title><style>{STYLE}</style></head>
<body><main><header><p class=mark>Counterseal</p><h1>{escape(title)}</h1></header>
{"".join(parts)}
<footer><p>Everybody in the replayed file is made up. No registry of real people was opened, and nothing was
entered anywhere.</p></footer></main></body></html>
"""


def _share(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 0.0


def _percent(part: int, whole: int) -> str:
    share = _share(part, whole)
    return f"{share:.1f} %" if share >= 0.1 or not part else "under 0.1 %"


def _strip(pieces: Sequence[tuple[int, str]], whole: int, says: str) -> str:
    """One strip the width of the page; a piece that is not nothing is at least a hair wide."""
    at, drawn = 0.0, []
    for count, kind in pieces:
        wide = max(_share(count, whole), 0.25) if count else 0.0
        drawn.append(f'<rect class="{kind}" x="{at:.3f}" y="0" width="{wide:.3f}" height="10"/>')
        at += wide
    return (
        f'<svg class=strip viewBox="0 0 100 10" preserveAspectRatio="none" role="img" aria-label="{escape(says)}">'
        f'<rect class=rest width="100" height="10"/>{"".join(drawn)}</svg>'
    )


def _widening(part: int, whole: int) -> str:
    wide = max(_share(part, whole), 0.25)
    return (
        '<svg class=widening viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<polygon points="0,0 {wide:.3f},0 100,10 0,10"/></svg>'
    )


def _drawing(asked: tuple[int, str], left: tuple[int, str], good: tuple[int, str], bad: tuple[int, str]) -> str:
    """Two strips: all that was asked, with what came of it; and that piece, widened, by what it rested on."""
    upper = _strip([(left[0], "out")], asked[0], f"{left[0]:,} of {asked[0]:,}: {left[1]}")
    told = f"<p class=label><b>{asked[0]:,}</b> {asked[1]}</p>{upper}"
    if not left[0]:
        return f"<figure>{told}<p class=label><b>0</b> {left[1]}</p></figure>"
    lower = _strip([(bad[0], "bad"), (good[0], "good")], left[0], f"{bad[0]:,} {bad[1]}; {good[0]:,} {good[1]}")
    share = _percent(left[0], asked[0])
    return (
        f"<figure>{told}{_widening(left[0], asked[0])}"
        f"<p class=label><b>{left[0]:,}</b> {left[1]} ({share})</p>{lower}"
        f"<p class=legend><span class=bad></span><b>{bad[0]:,}</b> {bad[1]} "
        f"<span class=good></span><b>{good[0]:,}</b> {good[1]}</p></figure>"
    )


def _happened(record: Record) -> str:
    drawing = _drawing(
        (record.asked, "people asked for"),
        (record.disclosed, "last known addresses disclosed"),
        (record.disclosed - record.unconfirmed, "name and address compared"),
        (record.unconfirmed, "name and number only; nobody confirmed the address"),
    )
    return (
        "<section><h2>What happened</h2><p class=lead>The law lets a custodian give an address only to somebody who "
        "already states one: the request must set forth <q>the name and address of the taxpayer</q> (26 U.S.C. "
        f"6103(i)(2)(B)(i)). A name and a number were taken instead.</p>{drawing}</section>"
    )


def _answered(submission: str, version: VersionLine) -> str:
    looked_up = sum(version.outcomes.get(word, 0) for word in LOOKED_UP)
    rows = version.rows
    outcomes = "".join(
        f"<tr><th scope=row>{WORDS[word]}</th><td class=n>{version.outcomes[word]:,}</td>"
        f"<td class=n>{_percent(version.outcomes[word], rows)}</td></tr>"
        for word in WORDS
        if version.outcomes.get(word)
    )
    rules = "".join(
        f"<tr><th scope=row>{escape(one.rule)}</th><td>{escape(one.title)}</td><td>{escape(one.cite)}</td>"
        f"<td class=bar>{_strip([(one.rows, 'bad')], rows, f'{one.rows:,} of {rows:,} rows')}</td>"
        f"<td class=n>{one.rows:,}</td><td class=n>{one.left:,}</td></tr>"
        for one in version.rules
    )
    lead = (
        f"Not one of the {rows:,} rows reaches the records. What fails can be read from the request alone."
        if not looked_up
        else f"{looked_up:,} of {rows:,} rows may be looked up; the others are answered from the request alone."
    )
    return f"""<section><h2>The request {escape(submission)} at the gate</h2>
<p class=lead>{lead} Held against {escape(version.agreement)}, version {escape(version.version)}.</p>
<div class=wide role=region tabindex=0 aria-label="Outcomes"><table><caption>What becomes of the rows</caption>
<thead><tr><th scope=col>Outcome</th><th scope=col class=n>Rows</th><th scope=col class=n>Share</th></tr></thead>
<tbody>{outcomes}</tbody></table></div>
<p>A row may fail for several reasons, and every rule is held against every row. The last column asks: if this fault
and all those above it were mended, how many rows would then be looked up?</p>
<div class=wide role=region tabindex=0 aria-label="The rules"><table><caption>The faults, with their law</caption>
<thead><tr><th scope=col>Rule</th><th scope=col>What it asks</th><th scope=col>Law</th><th scope=col>Drawn</th>
<th scope=col class=n>Rows that fail</th><th scope=col class=n>Would be looked up</th></tr></thead>
<tbody>{rules}</tbody></table></div>
<p class=digest>Digest of the agreement: <code>{escape(version.digest)}</code></p></section>"""


def _both(same: SameFile) -> str:
    matching = _drawing(
        (same.asked, "made-up people asked for"),
        (same.matched, "answered, because name and number agree"),
        (same.matched - same.unconfirmed, "at an address held for that person"),
        (same.unconfirmed, "at an address that is not"),
    )
    gate = _drawing(
        (same.asked, "the same people"),
        (same.cases, "go before two officials as cases"),
        (same.cases - same.wrong, "at an address held for that person"),
        (same.wrong, "at an address that is not"),
    )
    held = same.matched - same.unconfirmed
    return f"""<section><h2>Asked again, with sound paper</h2>
<p class=lead>Suppose every fault of the paper were mended: an officer for every few rows, a matter and a reason of
its own for each, the right signer.
What is left is the question that nobody asked. The people are made up; how many of them are registered, and how
many state an address that is held, follows the shares of the record.</p>
<h3>Name and number</h3>{matching}<h3>The gate</h3>{gate}
<p>Of the {held:,} people whose stated address is one held for them, the gate takes {same.cases - same.wrong:,} to two
officials; for the others the file says too little to be sure of one person, and nothing is said of them. It opened
records for {same.opened:,} rows; the rest were answered from the request alone.</p></section>"""


def _sources(record: Record) -> str:
    lines = "".join(
        f"<tr><th scope=row class=n>{escape(fact.figure)}</th><td>{escape(fact.says)}</td>"
        f"<td>{escape(fact.source)}</td></tr>"
        for fact in record.facts
    )
    return (
        "<section><h2>Where the figures stand</h2><div class=wide role=region tabindex=0 aria-label=Sources><table>"
        "<caption>The record, in our own words</caption><thead><tr><th scope=col class=n>Figure</th>"
        "<th scope=col>What it counts</th><th scope=col>Source</th></tr></thead>"
        f"<tbody>{lines}</tbody></table></div></section>"
    )
