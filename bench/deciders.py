"""The opponents of screening that decide one row at a time: Cedar, CEL and OPA's Rego, on the same twelve rules.

None of them can count over a batch, and Cedar has no regular expressions: what they are asked over is prepared
in Python beside them, which is part of their time. Each names the rules that do not hold.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SPACE = " \t\n\x0b\x0c\r"
SIGNED_ON = date(2026, 11, 2)
BATCH = 1_000
RULES = {
    "R-10a": "{c}load > 0 && {c}load <= 25",
    "R-02a": "{c}first == {c}row",
    "R-14": "{c}missing == 0",
    "R-16": "{c}lettered && {c}zip_formed",
    "R-20": "{c}earliest >= 2019 && {c}latest <= 2026",
    "R-21": "{list_statutes}",
    "R-22": "{list_stages}",
    "R-23a": "{c}sharing > 0 && {c}sharing <= 5",
    "R-23b": "{c}words >= 40",
    "R-24": "{c}numbered && {c}since > 90",
    "R-24b": '{c}stay == "no"',
    "R-25": "{c}basis_formed",
}
"""The rules in the words that Cedar and CEL share; ``{c}`` is where the facts stand."""
STAGES = ("preparation", "investigation", "grand_jury")
STATUTES = tuple(f"8USC1253(A)(1)({letter})" for letter in "ABCD")


def _text(value: str | None) -> str:
    return (value or "").strip(SPACE)


def _day(value: str) -> date | None:
    try:
        return date.fromisoformat(value) if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", value) else None
    except ValueError:
        return None


def _squeezed(value: str) -> str:
    return re.sub("USCODE|USCA|USCS", "USC", re.sub(r"[ .§]", "", value.upper()))


def _words(reason: str) -> str:
    return re.sub("[^a-z]+", " ", reason.lower()).strip(" ") if re.search("[A-Za-z]", reason) else ""


def _named(officers: str) -> set[str]:
    return {name.strip(" ") for name in officers.split(";")} - {""}


def prepared(rows: Path) -> Iterator[dict[str, Any]]:
    """Give the facts of each row, the counts over the batch among them. Reads the file twice."""
    import pyarrow.parquet as pq

    loads: Counter[str] = Counter()
    sharing: Counter[str] = Counter()
    firsts: dict[str, int] = {}
    with pq.ParquetFile(rows) as held:
        for batch in held.iter_batches(20_000, columns=["row", "request_ref", "reason", "officers"]):
            for line in batch.to_pylist():
                loads.update(_named(_text(line["officers"])))
                sharing[_words(_text(line["reason"]))] += 1
                firsts.setdefault(_text(line["request_ref"]), line["row"])
        sharing[""] = 0
        firsts[""] = 0
        for batch in held.iter_batches(20_000):
            for line in batch.to_pylist():
                yield _facts(line, loads, sharing, firsts)


def _facts(line: dict[str, Any], loads: Counter[str], sharing: Counter[str], firsts: dict[str, int]) -> dict[str, Any]:
    held = {name: _text(value) for name, value in line.items() if name not in {"row", "malformed"}}
    periods = held["taxable_periods"]
    years = [int(y) for y in periods.split(";")] if re.fullmatch(r"[0-9]{4}( ?; ?[0-9]{4})*", periods) else [0, 9999]
    ordered = _day(held["final_order_date"])
    either = _day(held["judicial_review_date"]) if held["judicial_review_date"] else ordered
    words = _words(held["reason"])
    stated = held["zip"]
    return {
        "row": line["row"],
        "first": firsts[held["request_ref"]],
        "load": max((loads[name] for name in _named(held["officers"])), default=0),
        "missing": sum(not held[name] for name in ("address_line_1", "city", "state", "zip")),
        "lettered": bool(re.search("[A-Za-z]", held["address_line_1"])),
        "zip_formed": bool(re.fullmatch("[0-9]{5}(-?[0-9]{4})?", stated))
        and not re.fullmatch("(00000|11111|99999)(-?[0-9]{4})?", stated),
        "earliest": min(years),
        "latest": max(years),
        "statute": _squeezed(held["statute"]),
        "stage": held["stage"],
        "sharing": sharing[words],
        "words": len(words),
        "numbered": bool(held["final_order_case"]),
        "since": min((SIGNED_ON - day).days if day else 0 for day in (ordered, either)),
        "stay": held["stay_in_force"].lower(),
        "basis_formed": bool(
            re.fullmatch(
                r"8USC1227\(A\)\([1-6]\)(\([A-Z]\))?(\([IVX]+\))?(\([IVX]+\))?", _squeezed(held["order_basis"])
            )
        ),
    }


def _batches(rows: Path) -> Iterator[list[dict[str, Any]]]:
    waiting: list[dict[str, Any]] = []
    for facts in prepared(rows):
        waiting.append(facts)
        if len(waiting) == BATCH:
            yield waiting
            waiting = []
    if waiting:
        yield waiting


def _write(rows: Path, out: Path, decide: Callable[[list[dict[str, Any]]], list[list[str]]]) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema = pa.schema([("row", pa.int64()), ("rules", pa.list_(pa.string()))])
    with pq.ParquetWriter(out, schema) as writer:
        for batch in _batches(rows):
            found = zip(batch, decide(batch), strict=True)
            answers = [{"row": facts["row"], "rules": failing} for facts, failing in found]
            writer.write_table(pa.Table.from_pylist(answers, schema=schema))


def cedar(rows: Path, out: Path) -> None:
    import cedarpy

    lists = {
        "list_statutes": f"{json.dumps(STATUTES)}.contains(context.statute)",
        "list_stages": f"{json.dumps(STAGES)}.contains(context.stage)",
    }
    rules = {rule: text.format(c="context.", **lists) for rule, text in RULES.items()}
    policies = "permit(principal, action, resource);\n" + "\n".join(
        f'@id("{rule}") forbid(principal, action, resource) unless {{ {text} }};' for rule, text in rules.items()
    )
    names = {f"policy{number}": rule for number, rule in enumerate(RULES, start=1)} | {rule: rule for rule in RULES}
    asked = {"principal": 'Agency::"1"', "action": 'Action::"ask"', "resource": 'Row::"1"'}

    def decide(batch: list[dict[str, Any]]) -> list[list[str]]:
        answers = cedarpy.is_authorized_batch([{**asked, "context": facts} for facts in batch], policies, [])
        return [[names[reason] for reason in one.diagnostics.reasons if reason in names] for one in answers]

    _write(rows, out, decide)


def cel(rows: Path, out: Path) -> None:
    from cel import compile as compile_cel

    lists = {"list_statutes": f"statute in {json.dumps(STATUTES)}", "list_stages": f"stage in {json.dumps(STAGES)}"}
    programs = [(rule, compile_cel(text.format(c="", **lists))) for rule, text in RULES.items()]

    def decide(batch: list[dict[str, Any]]) -> list[list[str]]:
        return [[rule for rule, program in programs if program.execute(facts) is not True] for facts in batch]

    _write(rows, out, decide)


def rego(rows: Path, out: Path) -> None:
    from regopy import Interpreter

    lists = {
        "list_statutes": f"input.statute in {json.dumps(STATUTES)}",
        "list_stages": f"input.stage in {json.dumps(STAGES)}",
    }
    held = "\n".join(
        f'holds contains "{rule}" if {{ {text.format(c="input.", **lists).replace(" && ", "; ")} }}'
        for rule, text in RULES.items()
    )
    interpreter = Interpreter()
    interpreter.add_module("twelve", f"package twelve\nimport rego.v1\n{held}\n")

    def decide(batch: list[dict[str, Any]]) -> list[list[str]]:
        answers = []
        for facts in batch:
            interpreter.set_input(facts)
            found = json.loads(str(interpreter.query("data.twelve.holds")))
            holding = set(found["result"][0]["expressions"][0] if "result" in found else found["expressions"][0])
            answers.append([rule for rule in RULES if rule not in holding])
        return answers

    _write(rows, out, decide)
