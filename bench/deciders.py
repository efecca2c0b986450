"""The opponents of screening that decide one row at a time: Cedar, CEL and OPA's Rego, on the same twelve rules.

None of them can count over a batch, and Cedar has no regular expressions: what they are asked over is prepared
in Python beside them, which is part of their time. Each names the rules that do not hold.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twelve import CLASSES, STAGES, STATUTES, prepared

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

BATCH = 1_000
RULES = {
    "R-10a": "{c}load > 0 && {c}load <= 25",
    "R-02a": "{c}first == {c}row",
    "R-14": "{c}missing == 0",
    "R-16": "{c}placed && {c}zip_formed",
    "R-20": "{c}earliest >= 2019 && {c}latest <= 2026",
    "R-21": "{list_statutes}",
    "R-22": "{list_stages}",
    "R-23a": "{c}sharing > 0 && {c}sharing <= 5",
    "R-23b": "{c}words >= 5",
    "R-24": "{c}numbered && {c}since > 90",
    "R-24b": '{c}stay == "no"',
    "R-25": "{list_classes}",
}
"""The rules in the words that Cedar and CEL share; ``{c}`` is where the facts stand."""


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
        "list_classes": f"{json.dumps(CLASSES)}.contains(context.removal_class)",
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

    lists = {
        "list_statutes": f"statute in {json.dumps(STATUTES)}",
        "list_stages": f"stage in {json.dumps(STAGES)}",
        "list_classes": f"removal_class in {json.dumps(CLASSES)}",
    }
    programs = [(rule, compile_cel(text.format(c="", **lists))) for rule, text in RULES.items()]

    def decide(batch: list[dict[str, Any]]) -> list[list[str]]:
        return [[rule for rule, program in programs if program.execute(facts) is not True] for facts in batch]

    _write(rows, out, decide)


def rego(rows: Path, out: Path) -> None:
    from regopy import Interpreter

    lists = {
        "list_statutes": f"input.statute in {json.dumps(STATUTES)}",
        "list_stages": f"input.stage in {json.dumps(STAGES)}",
        "list_classes": f"input.removal_class in {json.dumps(CLASSES)}",
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
