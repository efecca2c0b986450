"""The examples of a document run as its tests, through the same SQL as a real request."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import pyarrow as pa

from counterseal.agreements.compile import Compiler, own_tables, quote
from counterseal.agreements.markdown import Reader
from counterseal.agreements.model import IDENTITY_FACTS
from counterseal.core.outcome import Finding
from counterseal.core.steps import Step

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from counterseal.agreements.model import Agreement, Example, Rule


WORDS = {True: Finding.HOLDS, False: Finding.FAILS, None: Finding.UNKNOWN}
"""What a rule's three-valued answer is called."""


class Engine(Protocol):
    """What runs the SQL."""

    def table(self, table: str, source: Any) -> None:
        """Name a table."""
        ...

    def run(self, steps: Iterable[Step]) -> None:
        """Run steps in order."""
        ...

    def rows(self, sql: str, parameters: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Give the result of a query."""
        ...


@dataclass(frozen=True, slots=True)
class ExampleFinding:
    """An example and what the rule really finds."""

    rule: Rule
    example: Example
    found: Finding

    @property
    def agrees(self) -> bool:
        """Whether the document says what the rule finds."""
        return self.found is self.example.outcome


def run_examples(agreement: Agreement, engine: Engine) -> list[ExampleFinding]:
    """Run every example, each as a batch of its own; reference tables stand in the engine.

    Raises CountersealError ``agreement`` for a column that is no name of the document.
    """
    cases = [(rule, example) for rule in agreement.expressed_rules for example in rule.examples]
    compiler = measure_examples(agreement, [example for _, example in cases], engine)
    rules = agreement.expressed_rules
    ruled = ", ".join(f"{compiler.rule(rule)} AS {quote(rule.id)}" for rule in rules)
    engine.run([Step("judged", f"SELECT row, {ruled} FROM measured")])  # compiled
    rows: dict[tuple[int, str], bool | None] = {}
    for row, *holds in engine.rows("SELECT * FROM judged"):
        rows |= {(row, rule.id): held for rule, held in zip(rules, holds, strict=True)}
    return [
        ExampleFinding(rule, example, WORDS[rows[number, rule.id]])
        for number, (rule, example) in enumerate(cases, start=1)
    ]


def measure_examples(agreement: Agreement, examples: Sequence[Example], engine: Engine) -> Compiler:
    """Lay the examples out as rows, numbered from 1, each a batch of its own, up to the table ``measured``.

    Gives what compiled them. Raises CountersealError ``agreement`` for a column that is no name of the document.
    """
    engine.table("rows", _table(agreement, examples))
    for name, table in own_tables(agreement).items():
        engine.table(name, table)
    compiler = Compiler(agreement, None)
    steps = [*compiler.typed_rows(), *compiler.measures()]
    engine.run(replace(step, view=False) for step in steps)  # few rows: a chain of views costs more to read than to run
    return compiler


def _table(agreement: Agreement, examples: Sequence[Example]) -> pa.Table:
    reader = Reader(agreement.path.name)
    fields = {field.name for field in agreement.fields}
    texts: dict[str, str | None] = dict.fromkeys(fields)
    texts |= {fact.name: fact.example or None for fact in agreement.facts}
    texts |= dict.fromkeys(IDENTITY_FACTS)
    texts |= {parameter.name: parameter.value for parameter in agreement.parameters}
    settable = [name for name in agreement.types() if name not in texts]
    columns: dict[str, list[Any]] = {"row": list(range(1, len(examples) + 1))}
    given = [dict(example.given) for example in examples]
    for example, held in zip(examples, given, strict=True):
        for name in held:
            if name not in texts and name not in settable:
                raise reader.unknown(example.line, "name in an example", name, [*texts, *settable])
    for name, value in texts.items():
        columns[name] = [held.get(name, value) for held in given]
    for name in settable:
        columns["said_" + name] = [held.get(name) for held in given]
        columns["sets_" + name] = [name in held for held in given]
    types = {name: pa.bool_() if name.startswith("sets_") else pa.string() for name in columns}
    types["row"] = pa.int64()
    return pa.table({name: pa.array(values, types[name]) for name, values in columns.items()})
