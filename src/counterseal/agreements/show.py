"""The document as a page to read, print and sign: HTML and tagged PDF.

Contents, cross references both ways between a rule and its law, and what counsel must still settle set
off. Nothing stands on the page that is not in the document.
"""

from __future__ import annotations

import json
import re
from html import escape
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import typst

from counterseal.agreements.check import citations

if TYPE_CHECKING:
    from counterseal.agreements.model import Agreement, Example, Rule

STYLE = """
body { font: 1rem/1.5 Georgia, serif; color: #1b1b1b; max-width: 48rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.3rem; border-bottom: 1px solid; margin-top: 2rem; }
h3 { font-size: 1.05rem; }
table { border-collapse: collapse; margin: .6rem 0; } caption { text-align: left; font-style: italic; }
th, td { text-align: left; vertical-align: top;
  padding: .2rem .8rem .2rem 0; border-bottom: 1px solid #dfe1e2; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f0f0f0; padding: .6rem; font-size: .85rem; }
.open { border: 2px solid; padding: .4rem .8rem; } td, dd { overflow-wrap: anywhere; }
@media print { section.rule { break-inside: avoid; } body { max-width: none; } }
"""


SETTLED = ["parameter", "value", "settled by", "why this side"]
SIGNATURES = "".join(
    f"<p>For the {party}: ____________________ &emsp; Date: __________</p>" for party in ("custodian", "requester")
)


def sheet(agreement: Agreement) -> dict[str, Any]:
    """Give what the page says, in its order, as plain data."""
    rules = [_rule(rule) for rule in agreement.rules]
    law: dict[str, list[str]] = {}
    for rule in agreement.rules:
        for cite in citations("; ".join(rule.cites)):
            law.setdefault(cite, []).append(rule.id)
    return {
        "id": agreement.id,
        "title": agreement.title,
        "front": [
            ["version", agreement.version],
            ["in force from", agreement.in_force.isoformat()],
            ["status", agreement.status],
            ["authority", agreement.authority],
            ["accounting", agreement.accounting],
            ["custodian", agreement.custodian],
            ["requester", agreement.requester_title],
            ["digest (SHA-256)", agreement.digest],
        ],
        "introduction": agreement.introduction,
        "open": [[p.name, p.value, p.why] for p in agreement.parameters if p.is_open],
        "settled": [[p.name, p.value, p.settled_by, p.why] for p in agreement.parameters if not p.is_open],
        "fields": [[f.name, f.type.value, "yes" if f.may_be_empty else "no", f.meaning] for f in agreement.fields],
        "facts": [[f.name, f.type.value, f.source, f.meaning] for f in agreement.facts],
        "schedules": [
            {"name": s.name, "text": s.text, "columns": list(s.columns), "rows": [list(row) for row in s.rows]}
            for s in agreement.schedules
        ],
        "measures": [
            {"name": m.name, "kind": m.kind.value, "type": m.type.value, "text": m.text, "unknown_when": m.unknown_when,
             "sql": m.sql or f"{m.table}: {m.key} gives {m.gives}"}
            for m in agreement.measures
        ],
        "rules": rules,
        "promises": [{"name": p.name, "text": p.text, "sql": p.sql} for p in agreement.promises],
        "duties": [[d.id, d.what, d.cites, d.who, d.clock, d.starts] for d in agreement.duties],
        "law": [[cite, ids] for cite, ids in sorted(law.items())],
    }  # fmt: skip


def _rule(rule: Rule) -> dict[str, Any]:
    names = list(dict.fromkeys(name for example in rule.examples for name, _ in example.given))
    return {
        "id": rule.id,
        "title": rule.title,
        "cites": citations("; ".join(rule.cites)),
        "phase": rule.phase.value,
        "answer": rule.answer.value + (", cure offered" if rule.cure_offered else ""),
        "unknown": rule.unknown.value,
        "implied": rule.implied,
        "kept_by": rule.kept_by,
        "text": rule.text,
        "sql": rule.sql,
        "says": rule.says,
        "columns": [*names, "outcome"],
        "examples": [_example(example, names) for example in rule.examples],
    }


def _example(example: Example, names: list[str]) -> list[str]:
    given = dict(example.given)
    return [*((given.get(name) or "(empty)") for name in names), example.outcome.value]


def show_pdf(agreement: Agreement) -> bytes:
    """Give the document as tagged PDF (PDF/UA-1). Its words enter as data, never as markup."""
    source = files("counterseal.agreements").joinpath("show.typ").read_bytes()
    return bytes(
        typst.compile(source, sys_inputs={"sheet": json.dumps(sheet(agreement))}, format="pdf", pdf_standards="ua-1")
    )


def show_html(agreement: Agreement) -> str:
    """Give the document as one page of HTML, without script and without anything from outside."""
    held = sheet(agreement)
    parts = [
        ("open", "To be settled by counsel", _open(held)),
        ("rules", "Rules", "".join(map(_rule_html, held["rules"]))),
        ("law", "The law, and the rules that serve it", _law(held)),
        ("fields", "Fields", _table("What a row has", ["field", "type", "may be empty", "meaning"], held["fields"])),
        ("facts", "Request", _table("One for all rows", ["fact", "type", "from", "meaning"], held["facts"])),
        ("parameters", "Parameters settled", _table("Parameters", SETTLED, held["settled"])),
        ("schedules", "Schedules", "".join(map(_schedule, held["schedules"]))),
        ("measures", "Measures", "".join(map(_measure, held["measures"]))),
        ("promises", "Promises", "".join(map(_promise, held["promises"]))),
        ("duties", "Duties", _table("Duties", ["duty", "what", "cites", "who", "clock", "starts"], held["duties"])),
        ("signatures", "Signatures", SIGNATURES),
    ]
    contents = "".join(f"<li><a href='#{name}'>{escape(title)}</a></li>" for name, title, _ in parts)
    body = "".join(f"<section id={name}><h2>{escape(title)}</h2>{inner}</section>" for name, title, inner in parts)
    front = "".join(f"<tr><th scope=row>{escape(k)}</th><td>{escape(v)}</td></tr>" for k, v in held["front"])
    return (
        "<!doctype html><html lang=en><head><meta charset=utf-8>"
        "<meta name=viewport content='width=device-width, initial-scale=1'>"
        f"<title>{escape(held['title'])}</title><style>{STYLE}</style></head><body><main>"
        f"<h1>{escape(held['title'])}</h1><table><caption>{escape(held['id'])}</caption>{front}</table>"
        f"<p>{_prose(held['introduction'])}</p><nav aria-label=Contents><ol>{contents}</ol></nav>"
        f"{body}</main></body></html>\n"
    )


def _prose(text: str) -> str:
    """Give prose with its *emphasis* and `code`."""
    marked = re.sub(r"(?<![\w*])\*([^*\n]+)\*(?!\w)", r"<em>\1</em>", escape(text, quote=False))
    return re.sub(r"`([^`\n]+)`", r"<code>\1</code>", marked).replace("\n", "<br>")


def _table(caption: str, columns: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th scope=col>{escape(column)}</th>" for column in columns)
    body = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<table><caption>{escape(caption)}</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _schedule(held: dict[str, Any]) -> str:
    table = _table(held["name"], held["columns"], held["rows"])
    return f"<h3>{escape(held['name'])}</h3><p>{_prose(held['text'])}</p>{table}"


def _measure(held: dict[str, Any]) -> str:
    about = f"{held['kind']}, {held['type']}. Unknown when: {escape(held['unknown_when'] or 'not said')}."
    return (
        f"<h3>{escape(held['name'])}</h3><p>{_prose(held['text'])} <em>{about}</em></p><pre>{escape(held['sql'])}</pre>"
    )


def _promise(held: dict[str, Any]) -> str:
    return f"<h3>{escape(held['name'])}</h3><p>{_prose(held['text'])}</p><pre>{escape(held['sql'])}</pre>"


def _open(held: dict[str, Any]) -> str:
    if not held["open"]:
        return "<p>Nothing.</p>"
    columns = ["parameter", "value", "why this side"]
    return f"<div class=open>{_table('Set to the strict side until then', columns, held['open'])}</div>"


def _anchor(cite: str) -> str:
    return "law-" + re.sub(r"[^0-9A-Za-z]+", "-", cite).strip("-")


def _rule_html(rule: dict[str, Any]) -> str:
    cites = ", ".join(f"<a href='#{_anchor(c)}'>{escape(c)}</a>" for c in rule["cites"])
    tail = "".join(
        f"<p><strong>{word}:</strong> {_prose(rule[key])}</p>"
        for key, word in (("says", "Says"), ("implied", "Implied"), ("kept_by", "Kept by"))
        if rule[key]
    )
    sql = f"<pre>{escape(rule['sql'])}</pre>" if rule["sql"] else ""
    examples = _table("Examples", rule["columns"], rule["examples"]) if rule["examples"] else ""
    return (
        f"<section class=rule id='{escape(rule['id'])}'><h3>{escape(rule['id'])} {escape(rule['title'])}</h3>"
        f"<p>Cites: {cites}. Phase: {rule['phase']}. Answer: {rule['answer']}. Unknown: {rule['unknown']}.</p>"
        f"<p>{_prose(rule['text'])}</p>{sql}{tail}{examples}</section>"
    )


def _law(held: dict[str, Any]) -> str:
    rows = (
        f"<dt id='{_anchor(cite)}'>{escape(cite)}</dt><dd>"
        + ", ".join(f"<a href='#{i}'>{i}</a>" for i in ids)
        + "</dd>"
        for cite, ids in held["law"]
    )
    return f"<dl>{''.join(rows)}</dl>"
