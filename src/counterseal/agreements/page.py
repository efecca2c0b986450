"""An agreement as a page to read, print and sign: HTML, and tagged PDF from the same content.

Every rule links to the law that it cites and the names that it reads; every citation links back to its rules.
Parameters that counsel has not settled stand first. Nothing on the page is typed twice: both forms are made
from the sections that ``sections`` gives.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING

import typst

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from counterseal.agreements.model import Agreement, Rule

QUOTED = re.compile(r"'(?:[^']|'')*'")
WORD = re.compile(r"[a-z_][a-z0-9_]*")
MARKED = re.compile(r"\*\*?(?P<stressed>[^*\s](?:[^*]*[^*\s])?)\*\*?|`(?P<word>[^`]+)`")

PAGE_STYLE = """
body { font: 1.05rem/1.55 Georgia, serif; color: #1b1b1b; max-width: 48rem; margin: 2rem auto; padding: 0 1rem;
  overflow-wrap: break-word; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; border-top: 2px solid; padding-top: .6rem; margin-top: 2.5rem; }
h3 { font-size: 1.08rem; margin-bottom: .3rem; } a { color: #1a4480; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f0f0f0; padding: .6rem .8rem; font-size: .85rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-size: .92rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #dfe1e2; }
.open { border-left: .4rem solid #936f38; padding-left: 1rem; } .digest { overflow-wrap: anywhere; }
.links { font-size: .92rem; } td a { white-space: nowrap; } nav ul { columns: 2; padding-left: 1.1rem; }
@media print { body { max-width: none; margin: 0; } nav ul { columns: 1; } h3, tr { break-inside: avoid; } }
"""
"""The page's own style. A server that serves the page allows it by its hash."""


@dataclass(frozen=True, slots=True)
class Block:
    """One piece of a section: ``text``, ``code``, ``links``, ``table`` or ``prose`` (first row is the header).

    The cells of a ``table`` are values and stand as they are. Those of ``prose`` are read as text is, and the words
    that ``links`` names lead to their places.
    """

    kind: str
    text: str = ""
    rows: tuple[tuple[str, ...], ...] = ()
    links: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands under it. ``level`` is 2 for a part and 3 for an item of one."""

    title: str
    anchor: str
    level: int
    blocks: tuple[Block, ...] = ()
    is_open: bool = False


def anchor(kind: str, name: str) -> str:
    """Give the name under which an item of the page is linked to; two items never share one."""
    plain = re.sub(r"[^0-9A-Za-z_]", lambda m: "-" if m[0] == " " else f".{ord(m[0]):x}.", name)
    return f"{kind}-{plain}"


def sections(agreement: Agreement) -> tuple[Section, ...]:
    """Give the whole page, in the document's order, with the open parameters before and the law behind."""
    return tuple(_sections(agreement))


def _sections(agreement: Agreement) -> Iterator[Section]:
    known = _known(agreement)
    readers = _readers(agreement, known)
    unsettled = {p.name for p in agreement.parameters if p.is_open}
    law = _law(agreement)
    yield Section("To be settled by counsel", "open", 2, tuple(_open(agreement)), is_open=True)
    if agreement.conditions:
        rules = tuple((rule.id, anchor("rule", rule.id)) for rule in agreement.rules)
        table = Block("prose", rows=agreement.conditions, links=rules)
        yield Section("Where each condition is kept", "conditions", 2, (table,))
    yield Section("Fields", "fields", 2, (_fields(agreement),))
    facts = [(f.name, f.type.value, f.source, f.meaning) for f in agreement.facts]
    yield Section("Request", "request", 2, (_table(("fact", "type", "from", "meaning"), facts),))
    yield Section("Parameters", "parameters", 2)
    for p in agreement.parameters:
        text = f"{p.value}. Settled by: {p.settled_by}. Why this side: {p.why}."
        blocks = (Block("text", text), *_read_by(readers.get(p.name, ())))
        yield Section(p.name, known[p.name], 3, blocks, is_open=p.is_open)
    yield Section("Schedules", "schedules", 2)
    for s in agreement.schedules:
        blocks = (Block("text", s.text), _table(s.columns, s.rows), *_read_by(readers.get(s.name, ())))
        yield Section(s.name, known[s.name], 3, blocks)
    yield Section("Rules", "rules", 2)
    for rule in agreement.rules:
        yield Section(f"{rule.id} {rule.title}", anchor("rule", rule.id), 3, tuple(_rule(rule, known, unsettled)))
    yield Section("Measures", "measures", 2)
    for m in agreement.measures:
        made = f"Kind: {m.kind.value}. Type: {m.type.value}." + (
            f" Table: {m.table}. Key: {m.key}. Gives: {m.gives}." if m.table else ""
        )
        unknown = f" Unknown when: {m.unknown_when}." if m.unknown_when else ""
        code = (Block("code", m.sql),) if m.sql else ()
        blocks = (Block("text", m.text), Block("text", made + unknown), *code, *_read_by(readers.get(m.name, ())))
        yield Section(m.name, known[m.name], 3, blocks)
    yield Section("Promises", "promises", 2)
    for promise in agreement.promises:
        blocks = (Block("text", promise.text), Block("code", promise.sql))
        yield Section(promise.name, anchor("promise", promise.name), 3, blocks)
    duties = [(d.id, d.what, d.cites, d.who, d.clock, d.starts) for d in agreement.duties]
    header = ("duty", "what", "cites", "who", "clock", "starts")
    cited = tuple((cite, anchor("law", cite)) for cite in law)
    yield Section("Duties", "duties", 2, (Block("prose", rows=(header, *duties), links=cited),))
    yield Section("The law, and what rests on it", "law", 2)
    for cite, resting in law.items():
        yield Section(cite, anchor("law", cite), 3, (Block("links", "Here", links=tuple(resting)),))


def _known(agreement: Agreement) -> dict[str, str]:
    known = {f.name: "fields" for f in agreement.fields}
    known |= {f"{f.name}_as_received": "fields" for f in agreement.fields}
    known |= {f.name: "request" for f in agreement.facts}
    known |= {p.name: anchor("parameter", p.name) for p in agreement.parameters}
    known |= {s.name: anchor("schedule", s.name) for s in agreement.schedules}
    return known | {m.name: anchor("measure", m.name) for m in agreement.measures}


def _reads(sql: str, known: Mapping[str, str]) -> list[str]:
    return [name for name in dict.fromkeys(WORD.findall(QUOTED.sub(" ", sql))) if name in known]


def _readers(agreement: Agreement, known: Mapping[str, str]) -> dict[str, list[tuple[str, str]]]:
    found: dict[str, list[tuple[str, str]]] = {}
    for rule in agreement.rules:
        for name in _reads(rule.sql, known):
            found.setdefault(name, []).append((rule.id, anchor("rule", rule.id)))
    for measure in agreement.measures:
        for name in _reads(f"{measure.sql} {measure.key}", known):
            found.setdefault(name, []).append((measure.name, anchor("measure", measure.name)))
    return found


def _read_by(links: Sequence[tuple[str, str]]) -> tuple[Block, ...]:
    return (Block("links", "Read by", links=tuple(links)),) if links else ()


def _open(agreement: Agreement) -> Iterator[Block]:
    unsettled = [p for p in agreement.parameters if p.is_open]
    duties = [duty for duty in agreement.duties if duty.is_open]
    if not unsettled and not duties:
        yield Block("text", "Nothing: every parameter is settled, and every duty has its law and its clock.")
    if unsettled:
        yield Block("text", "The law leaves these open. Until counsel settles them they stand on the strict side.")
        yield _table(("parameter", "value", "why this side"), [(p.name, p.value, p.why) for p in unsettled])
        yield Block("links", "Where they stand", links=tuple((p.name, anchor("parameter", p.name)) for p in unsettled))
    if duties:
        yield Block(
            "text", "The law of these duties, or their clock, is open too. Until counsel settles it they are done."
        )
        yield Block("links", "Duties", links=tuple((f"{duty.id} {duty.what}", "duties") for duty in duties))


def _fields(agreement: Agreement) -> Block:
    rows = [(f.name, f.type.value, "yes" if f.may_be_empty else "no", f.meaning) for f in agreement.fields]
    return Block("prose", rows=(("field", "type", "may be empty", "meaning"), *rows))


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Block:
    return Block("table", rows=(tuple(header), *(tuple(row) for row in rows)))


def _rule(rule: Rule, known: Mapping[str, str], unsettled: Collection[str]) -> Iterator[Block]:
    yield Block("links", "Law", links=tuple((cite, anchor("law", cite)) for cite in rule.cites))
    cure = ", cure offered" if rule.cure_offered else ""
    yield Block("text", f"Phase: {rule.phase.value}. Answer: {rule.answer.value}{cure}. Unknown: {rule.unknown.value}.")
    yield Block("text", rule.text)
    if rule.implied:
        yield Block("text", f"Implied by other rules: {rule.implied}.")
    if rule.kept_by:
        yield Block("text", f"Kept by: {rule.kept_by}.")
    if rule.sql:
        yield Block("code", rule.sql)
        reads = _reads(rule.sql, known)
        if reads:
            yield Block("links", "Reads", links=tuple((name, known[name]) for name in reads))
        if turns := tuple((name, known[name]) for name in reads if name in unsettled):
            yield Block("links", "Turns on what counsel must settle", links=turns)
    if rule.says:
        yield Block("text", f"Says: {rule.says}")
    if rule.examples:
        names = list(dict.fromkeys(name for example in rule.examples for name, _ in example.given))
        lines = [dict(example.given) for example in rule.examples]
        shown = [
            (*("(empty)" if line.get(name) is None else str(line[name]) for name in names), example.outcome.value)
            for line, example in zip(lines, rule.examples, strict=True)
        ]
        yield _table((*names, "outcome"), shown)


def _law(agreement: Agreement) -> dict[str, list[tuple[str, str]]]:
    """Give each place in the law with the rules and the duties that rest on it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for rule in agreement.rules:
        for cite in rule.cites:
            found.setdefault(cite, []).append((f"{rule.id} {rule.title}", anchor("rule", rule.id)))
    for duty in agreement.duties:
        if not duty.cites.startswith("to be settled"):
            found.setdefault(duty.cites, []).append((f"{duty.id} {duty.what}", "duties"))
    return dict(sorted(found.items()))


def _facts(agreement: Agreement) -> list[tuple[str, str]]:
    return [
        ("Agreement", agreement.id),
        ("Version", agreement.version),
        ("In force", agreement.in_force.isoformat()),
        ("Status", agreement.status),
        ("Authority", agreement.authority),
        ("Accounting", agreement.accounting),
        ("Custodian", agreement.custodian),
        ("Requester", agreement.requester_title or agreement.requester),
        ("SHA-256 of the document and its tables", agreement.digest),
    ]


def spans(text: str) -> list[tuple[str, str]]:
    """Give a text in pieces: ``plain``, ``stressed`` (between asterisks), a ``word`` of the language (in backticks)."""
    found, at = [], 0
    for mark in MARKED.finditer(text):
        found += [("plain", text[at : mark.start()]), (str(mark.lastgroup), str(mark[str(mark.lastgroup)]))]
        at = mark.end()
    return [piece for piece in [*found, ("plain", text[at:])] if piece[1]]


def _pieces(block: Block) -> list[list[list[tuple[str, str, str]]]]:
    """Give the cells of a table, its header left out, each in pieces: how it stands, its words, where they lead."""
    if block.kind == "table":
        return [[[("plain", cell, "")] for cell in row] for row in block.rows[1:]]
    places = dict(block.links)
    named = re.compile("|".join(rf"(?<![\w-]){re.escape(name)}(?![\w(-])" for name in places) or "(?!)")
    return [
        [[piece for one in spans(cell) for piece in _linked(one, named, places)] for cell in row]
        for row in block.rows[1:]
    ]


def _linked(span: tuple[str, str], named: re.Pattern[str], places: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    kind, text = span
    at = 0
    for found in named.finditer(text):
        yield kind, text[at : found.start()], ""
        yield kind, found[0], places[found[0]]
        at = found.end()
    yield kind, text[at:], ""


MARKS = {"plain": "{}", "stressed": "<em>{}</em>", "word": "<code>{}</code>"}


def _marked(text: str) -> str:
    return "".join(MARKS[kind].format(escape(piece)) for kind, piece in spans(text))


def prose_html(text: str) -> str:
    """Give a text of the document as paragraphs of HTML, its marks read and everything else escaped."""
    return "".join(f"<p>{_marked(line)}</p>" for line in text.splitlines())


def cells_html(block: Block) -> list[list[str]]:
    """Give the cells of a table as HTML, its header left out, everything in them escaped."""
    return [["".join(map(_piece, cell)) for cell in row] for row in _pieces(block)]


def _piece(piece: tuple[str, str, str]) -> str:
    kind, text, to = piece
    words = MARKS[kind].format(escape(text))
    return f'<a href="#{escape(to)}">{words}</a>' if to else words


def _html(block: Block) -> str:
    if block.kind == "code":
        return f"<pre><code>{escape(block.text)}</code></pre>"
    if block.kind == "links":
        links = " · ".join(f'<a href="#{escape(to)}">{escape(label)}</a>' for label, to in block.links)
        return f"<p class=links>{escape(block.text)}: {links}</p>"
    if block.kind in {"table", "prose"}:
        head = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in block.rows[0])
        body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in cells_html(block))
        return f"<div class=wide><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    return prose_html(block.text)


def page_html(agreement: Agreement) -> str:
    """Give the agreement as one page of HTML, without script and without anything from outside."""
    page = sections(agreement)
    contents = "".join(f'<li><a href="#{s.anchor}">{escape(s.title)}</a></li>' for s in page if s.level == 2)
    facts = "".join(
        f"<tr><th scope=row>{escape(k)}</th><td class=digest>{escape(v)}</td></tr>" for k, v in _facts(agreement)
    )
    body = "".join(
        f'<section id="{s.anchor}"{" class=open" if s.is_open else ""}><h{s.level}>{escape(s.title)}</h{s.level}>'
        f"{''.join(map(_html, s.blocks))}</section>\n"
        for s in page
    )
    return f"""<!doctype html>
<html lang=en><head><meta charset=utf-8><meta name=viewport content="width=device-width, initial-scale=1">
<title>{escape(agreement.title)}</title><style>{PAGE_STYLE}</style></head>
<body><main><h1>{escape(agreement.title)}</h1>
<table><tbody>{facts}</tbody></table>
{prose_html(agreement.introduction)}
<nav aria-label=Contents><ul>{contents}</ul></nav>
{body}</main></body></html>
"""


def page_pdf(agreement: Agreement) -> bytes:
    """Give the agreement as tagged PDF (PDF/UA-1), with lines for two signatures. Its words enter as data."""
    held = {
        "title": agreement.title,
        "custodian": agreement.custodian,
        "requester": agreement.requester_title or agreement.requester,
        "introduction": [spans(line) for line in agreement.introduction.splitlines()],
        "facts": _facts(agreement),
        "sections": [
            {
                **asdict(section),
                "blocks": [
                    {**asdict(one), "spans": [spans(line) for line in one.text.splitlines()], "cells": _pieces(one)}
                    for one in section.blocks
                ],
            }
            for section in sections(agreement)
        ],
    }
    pdf = typst.compile(
        files("counterseal.agreements").joinpath("page.typ").read_bytes(),
        format="pdf",
        sys_inputs={"page": json.dumps(held, ensure_ascii=False)},
        pdf_standards=["ua-1"],
    )
    if not isinstance(pdf, bytes):
        raise TypeError(type(pdf).__name__)
    return pdf
