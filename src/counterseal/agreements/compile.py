"""From a document to steps of SQL: typed fields, measures, rules, each a column.

Pure: the same agreement and facts give the same text. Aggregates are made by GROUP BY and join, on a
hash of what they group by; never by a window over the batch.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.csv as pacsv

from counterseal.agreements.cheaper import Parts, taken_by_value
from counterseal.agreements.counts import counted
from counterseal.agreements.expression import (
    BATCH_FUNCTIONS,
    MEASURE_FUNCTIONS,
    RULE_FUNCTIONS,
    check_names,
    compiled,
    literal,
    names,
    parse,
    schedule_values,
    substituted,
)
from counterseal.agreements.markdown import Reader
from counterseal.agreements.model import IDENTITY_FACTS, Fact, Kind, Measure, Phase, Type
from counterseal.agreements.narrow import parts_that_rest_on, rest_on
from counterseal.agreements.quiet import asked_together
from counterseal.agreements.values import canonical, canonical_of_plain, typed
from counterseal.core.request import ODD_CHARACTER
from counterseal.core.steps import Step
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlglot import exp

    from counterseal.agreements.model import Agreement, Field, Parameter, Rule

REFERENCE = {
    "zip_places": ("zip", "place", "state"),
    "zip_codes": ("zip", "state", "kind", "active"),
    "zip_prefixes": ("prefix", "state"),
}
"""The reference tables that the gateway provides, with their columns; the first ones are the key."""

AGGREGATES = {Kind.SHARED_BY, Kind.MAX_LOAD, Kind.EARLIER_SAME, Kind.BATCH}


def own_tables(agreement: Agreement) -> dict[str, pa.Table]:
    """Give the agreement's own data files as tables of text, by their names."""
    found = {}
    for path in agreement.tables:
        try:
            head = path.read_text(encoding="utf-8").split("\n", 1)[0].split(",")
            found[path.stem] = pacsv.read_csv(
                path, convert_options=pacsv.ConvertOptions(column_types=dict.fromkeys(head, pa.string()))
            )
        except (OSError, ValueError):  # Arrow's own faults are ValueErrors
            raise CountersealError(
                "agreement", "The table cannot be read.", where=f"data/{path.name}", next_step="Write CSV in UTF-8."
            ) from None
    return found


def reference_tables(agreement: Agreement) -> tuple[str, ...]:
    """Give the names of the gateway's reference tables that the agreement looks up."""
    named = {measure.table for measure in agreement.measures if measure.kind is Kind.LOOKUP}
    return tuple(table for table in REFERENCE if table in named)


def _columns(named: Mapping[str, str]) -> str:
    """Give further columns of a SELECT, by their quoted names."""
    return "".join(f", {sql} AS {name}" for name, sql in named.items())


@dataclass(frozen=True)
class Compiler:
    """One agreement on its way to SQL.

    ``facts`` are the values of this request, or None when facts are columns of the rows: so examples run,
    each with facts of its own and each as a batch of one. ``narrow`` are groups of fields that have few values.
    """

    agreement: Agreement
    facts: Mapping[str, object] | None
    narrow: tuple[tuple[str, ...], ...] = ()

    @property
    def alone(self) -> bool:
        """Whether every row is a batch of its own."""
        return self.facts is None

    def given(self, name: str) -> str | None:
        """Give the literal that stands for a fact or a parameter."""
        for parameter in self.agreement.parameters:
            if parameter.name == name:
                return None if self.alone else literal(parameter.value, parameter.type)
        for fact in self.agreement.facts:
            if fact.name == name:
                return literal(self.facts.get(name), fact.type) if self.facts is not None else None
        return None

    def sql(
        self,
        line: int,
        text: str,
        functions: frozenset[str] = RULE_FUNCTIONS,
        known: Mapping[str, Type] | None = None,
        parts: Parts | None = None,
    ) -> str:
        """Compile one expression over ``known`` names, its inner values laid into ``parts``.

        Raises CountersealError ``agreement``.
        """
        reader = Reader(self.agreement.path.name)
        tree = parse(reader, line, text, functions=functions)
        schedules = schedule_values(self.agreement)
        check_names(reader, line, tree, {**(known or self.agreement.types()), **schedules, "row": Type.NUMBER})
        return compiled(tree, self.given, schedules, parts)

    # -- rows to typed columns ------------------------------------------------------------------------------

    def typed_rows(self, first: Sequence[Rule] = ()) -> list[Step]:
        """Read every sound row's text as the types of its fields.

        What rests on narrow fields alone, the rules ``first`` among it, is worked out once for each of their values.
        """
        texts = [*self.agreement.fields, *self._row_facts()]
        if self.alone:
            read = ", ".join(f"{canonical(quote(t.name))} AS {quote(t.name)}" for t in texts)
            left = ", ".join(quote(t.name) for t in texts)
            columns = ", ".join([self._set("odd_characters", Type.YES_NO, self._odd()), *map(self._typed, texts)])
            sql = f"SELECT * EXCLUDE ({left}), {columns} FROM (SELECT * REPLACE ({read}) FROM rows)"  # names, quoted
            return [Step("typed", sql, says="Reading the values", view=True)]
        steps, joins, taken = [], [], []
        for number, group in enumerate(self.narrow):
            steps += self._by_value(number, group, first)
            raw = [quote(f"raw {name}") for name in group]
            on = " AND ".join(f"t.{column} IS NOT DISTINCT FROM narrow_{number}.{column}" for column in raw)
            joins.append(f"LEFT JOIN narrow_{number} ON {on}")
            taken.append(f"narrow_{number}.* EXCLUDE ({', '.join(raw)})")
        by_value = {name for group in self.narrow for name in group}
        wide = [field for field in texts if field.name not in by_value]
        read = ", ".join(
            [
                f"CASE WHEN plain THEN FALSE ELSE {self._odd(canonical)} END AS odd_characters",
                *(f"{canonical_of_plain(quote(field.name))} AS {quote(field.name)}" for field in wide),
                *(f"{quote(name)} AS {quote('raw ' + name)}" for name in sorted(by_value)),
            ]
        )
        columns = ", ".join(["t.row", "t.odd_characters", *map(self._typed, wide), *taken])
        rows = f"(SELECT row, {read} FROM rows WHERE malformed IS NULL)"  # names of the agreement, quoted
        sql = f"SELECT {columns} FROM {rows} t {' '.join(joins)}"  # ditto
        return [*steps, Step("typed", sql, says="Reading the values", view=True)]

    def _by_value(self, number: int, group: Sequence[str], first: Sequence[Rule]) -> list[Step]:
        """Give the steps that leave a table: each value of ``group`` as received, and what rests on it."""
        name = f"narrow_{number}"
        fields = [field for field in self.agreement.fields if field.name in group]
        values = ", ".join(quote(field.name) for field in fields)
        raw = ", ".join(f"{quote(field.name)} AS {quote('raw ' + field.name)}" for field in fields)
        read = ", ".join(f"{canonical(quote(field.name))} AS {quote(field.name)}" for field in fields)
        columns = ", ".join([*(quote(f"raw {field.name}") for field in fields), *map(self._typed, fields)])
        distinct = f"(SELECT DISTINCT {values} FROM rows WHERE malformed IS NULL)"  # names of the agreement, quoted
        sql = f"SELECT {columns} FROM (SELECT {raw}, {read} FROM {distinct})"  # ditto
        steps = [Step(f"{name}_typed", sql, says="Reading the values", view=True)]
        waiting, rules = rest_on(self, tuple(group), first)
        done = {n for n in self.agreement.types() if n not in {m.name for m in self.agreement.measures}}
        while waiting:
            ready = self._ready(waiting, done, aggregates=False)
            steps.append(self._level(ready, steps[-1].name, f"{name}_level_{len(steps)}"))
            waiting = [m for m in waiting if m not in ready]
        held = ", ".join(["*", *map(self.rule_column, rules)])
        parts = _columns({quote(column): sql for sql, column in self._parts_by_value[number].items()})
        return [*steps, Step(name, f"SELECT {held}{parts} FROM {steps[-1].name}")]  # our own name

    @cached_property
    def _parts_by_value(self) -> tuple[dict[str, str], ...]:
        """Give, for each group of narrow fields, the parts of wider measures that rest on it: name by SQL."""
        found: list[dict[str, str]] = []
        agreement, kinds = self.agreement, self.agreement.types()
        for number, group in enumerate(self.narrow):
            measures, _ = rest_on(self, group, ())
            known = {name for field in group for name in (field, f"{field}_as_received") if name in kinds}
            known |= {m.name for m in measures}
            trees = [t for m in agreement.measures if m not in measures for t in self._trees(m)]
            parts = parts_that_rest_on(known, trees)
            found.append({sql: f"by value {number} {at}" for at, sql in enumerate(parts)})
        return tuple(found)

    def _trees(self, measure: Measure) -> list[exp.Expression]:
        """Give the expressions of a measure, with what is no column in its place."""
        if measure.kind is Kind.BATCH:
            return []
        schedules, reader = schedule_values(self.agreement), Reader(self.agreement.path.name)
        told = [measure.sql] if measure.sql else split_keys(measure.key)
        trees = (parse(reader, measure.sql_line, one, functions=MEASURE_FUNCTIONS) for one in told)
        return [substituted(tree, self.given, schedules) for tree in trees]

    def _row_facts(self) -> tuple[Fact | Parameter, ...]:
        """Give what is a column in an example and is none in a run."""
        if not self.alone:
            return ()
        identity = (Fact(name, kind, "identity", "", "", 0) for name, kind in IDENTITY_FACTS.items())
        return (*self.agreement.facts, *self.agreement.parameters, *identity)

    def _odd(self, text: Callable[[str], str] = str) -> str:
        """Give whether a value, read as ``text`` of its column, holds a character that is none of a text's."""
        fields = ", ".join(text(quote(f.name)) for f in self.agreement.fields)
        return f"regexp_matches(concat_ws(' ', {fields}), '{ODD_CHARACTER}')"

    def _typed(self, item: Field | Fact | Parameter) -> str:
        column = quote(item.name)
        value = f"{typed(column, item.type)} AS {column}"
        if item.type is Type.TEXT or item not in self.agreement.fields:
            return value
        return f"{value}, {self._set(item.name + '_as_received', Type.TEXT, column)}"

    def _set(self, name: str, kind: Type, value: str) -> str:
        """Give the column; in an example, what the example says of it comes first."""
        if self.alone:
            said = typed(canonical(quote("said_" + name)), kind)
            value = f"CASE WHEN {quote('sets_' + name)} THEN {said} ELSE {value} END"
        return f"{value} AS {quote(name)}"

    # -- measures ---------------------------------------------------------------------------------------------

    def measures(
        self,
        wanted: frozenset[str] | None = None,
        first: Sequence[Rule] = (),
        quoted: Mapping[str, Sequence[Rule]] | None = None,
        marks: Mapping[str, str] | None = None,
    ) -> list[Step]:
        """Give the steps that add every measure, and the rules ``first``, ending in the table ``measured``.

        Where a count over the batch is among them, the rows are laid down once before it, and with ``wanted``
        only the columns of that name. The rules ``first``, which read no such count, are held against the rows
        before, so that what they read need not be laid down; ``marks`` are columns that stand in their place. What is
        ``quoted`` by those rules alone is laid down where one of them does not hold. All keep what lies in memory or
        is spilled a fraction of the rows.
        """
        marks = marks or {}

        def marked(sql: str) -> str:
            ids = f"EXCLUDE ({', '.join(quote(rule.id) for rule in first)})" if first else ""
            return f"SELECT * {ids}{_columns(marks)} FROM ({sql})" if marks else sql  # compiled

        narrow = [rest_on(self, group, first) for group in self.narrow]
        by_value = {sql: column for parts in self._parts_by_value for sql, column in parts.items()}
        known = {m.name for measures, _ in narrow for m in measures}
        ruled = [rule for _, rules in narrow for rule in rules]
        held = [quote(rule.id) if rule in ruled else self.rule_column(rule) for rule in first]
        steps: list[Step] = []
        waiting = [m for m in self.agreement.measures if m.name not in known]
        done = {name for name in self.agreement.types() if name not in {m.name for m in waiting}} | {"row"}
        source = "typed"
        while waiting:
            ready = self._ready(waiting, done, aggregates=False)
            if ready:
                steps.append(self._level(ready, source, f"level_{len(steps)}", by_value))
            else:
                ready = self._ready(waiting, done, aggregates=True)
                if not ready:
                    raise Reader(self.agreement.path.name).wrong(
                        waiting[0].line, f"The measure {waiting[0].name!r} depends on itself."
                    )
                later = [m for m in waiting if m not in ready]
                counted = {m.name for m in ready}
                whole = [*later, *(m for m in ready if m.kind is Kind.BATCH)]
                kept = ", ".join([*held, self._kept(wanted, done - counted, whole, quoted or {})])
                wanted = wanted and wanted.union(marks or (rule.id for rule in first))
                done |= {*marks} or {rule.id for rule in first}
                stage, *counts = self._aggregates(ready, source, f"stage_{len(steps)}", kept, by_value)
                steps += [replace(stage, sql=marked(stage.sql)), *counts]
                held, marks = [], {}
            source = steps[-1].name
            waiting = [m for m in waiting if m not in ready]
        measured = f"SELECT {', '.join(['*', *held])} FROM {source}"  # our own name
        return [*steps, Step("measured", marked(measured), view=True)]

    def counted(self) -> set[str]:
        """Give the measures that depend on a count over the batch."""
        found: set[str] = set()
        while more := {
            m.name
            for m in self.agreement.measures
            if m.name not in found and (m.kind in AGGREGATES or self.needs(m) & found)
        }:
            found |= more
        return found

    def _kept(
        self,
        wanted: frozenset[str] | None,
        done: set[str],
        later: Sequence[Measure],
        quoted: Mapping[str, Sequence[Rule]],
    ) -> str:
        """Give the columns to lay down before a count: what is wanted, and what the ``later`` ones read."""
        if wanted is None or self.alone:
            return "*"
        read = {name for measure in later for name in self.needs(measure)}
        kept = sorted(name for name in wanted.union(read, {"row"}) & done if self.given(name) is None)
        told = {name: fails(rules) for name, rules in quoted.items() if name not in read | {"request_ref"}}
        return ", ".join(
            f"CASE WHEN {told[name]} THEN {quote(name)} END AS {quote(name)}" if name in told else quote(name)
            for name in kept
        )

    def _ready(self, waiting: list[Measure], done: set[str], *, aggregates: bool) -> list[Measure]:
        """Give the measures of one level: all that they read stands already."""
        ready = [m for m in waiting if (m.kind in AGGREGATES) is aggregates and self.needs(m) <= done]
        done.update(m.name for m in ready)
        return ready

    def needs(self, measure: Measure) -> set[str]:
        """Give the names that a measure reads, schedules aside."""
        return self._needed[measure.name]

    @cached_property
    def _needed(self) -> dict[str, set[str]]:
        reader = Reader(self.agreement.path.name)
        schedules = {schedule.name for schedule in self.agreement.schedules}
        known = {**self.agreement.types(), **dict.fromkeys(schedules)}
        needed: dict[str, set[str]] = {}
        for measure in self.agreement.measures:
            functions = MEASURE_FUNCTIONS | (BATCH_FUNCTIONS if measure.kind is Kind.BATCH else frozenset())
            found = needed.setdefault(measure.name, set())
            for part in [measure.sql] if measure.sql else split_keys(measure.key):
                tree = parse(reader, measure.sql_line, part, functions=functions)
                check_names(reader, measure.sql_line, tree, known)
                found |= names(tree) - schedules
        return needed

    def _level(
        self, measures: Sequence[Measure], source: str, name: str, by_value: Mapping[str, str] | None = None
    ) -> Step:
        """Add a level of row measures and lookups at once: one query deep, however many there are.

        ``by_value`` are the names of columns that hold parts of them already, by their SQL.
        """
        keys, values, joins = [], [], []
        trees = (tree for m in measures if m.kind is Kind.ROW for tree in self._trees(m))
        parts = Parts(asked_together(taken_by_value(tree, by_value or {}) for tree in trees), by_value)
        for number, measure in enumerate(measures):
            if measure.kind is Kind.LOOKUP:
                made, value, join = self._lookup(measure, number, parts)
                keys += made
                joins.append(join)
            else:
                value = self.sql(measure.sql_line, measure.sql, MEASURE_FUNCTIONS, parts=parts)
            values.append(self._set(measure.name, measure.type, value))
        carried = "".join(f", {key} AS {column}" for column, key in keys)
        left = [*(column for column, _ in keys), *(quote(part) for part in parts.names)]
        dropped = f" EXCLUDE ({', '.join(left)})" if left else ""
        rows = f"(SELECT *{carried} FROM {parts.beside(source)})"
        sql = f"SELECT s.*{dropped}, {', '.join(values)} FROM {rows} s {' '.join(joins)}"
        return Step(name, sql, says="Measuring the rows", view=True)

    def _lookup(self, measure: Measure, number: int, parts: Parts) -> tuple[list[tuple[str, str]], str, str]:
        """Give the key columns to carry, the value, and the join. The joined names are of this measure alone."""
        table = f"table_{number}"
        keys = [
            (quote(f"key {number} {at}"), self.sql(measure.line, part, MEASURE_FUNCTIONS, parts=parts))
            for at, part in enumerate(split_keys(measure.key))
        ]
        columns = self.table_columns(measure.table, measure.line)[: len(keys)]
        held = ", ".join(f"{quote(column)} AS {quote(f'{table} {at}')}" for at, column in enumerate(columns))
        given = quote(f"{table} given")
        if measure.gives == "found":
            unknown = " OR ".join(f"s.{column} IS NULL" for column, _ in keys)
            gives, value = "TRUE", f"CASE WHEN {unknown} THEN NULL ELSE {given} IS NOT NULL END"
        else:
            column = quote(measure.gives)
            gives = f"CASE WHEN count(DISTINCT {column}) = 1 THEN min({column}) END"
            value = given if measure.table in REFERENCE else typed(given, measure.type)
        grouped = ", ".join(quote(column) for column in columns)
        of = f"SELECT {held}, {gives} AS {given} FROM {quote(measure.table)} GROUP BY {grouped}"
        on = " AND ".join(f"s.{column} = {quote(f'{table} {at}')}" for at, (column, _) in enumerate(keys))
        return keys, value, f"LEFT JOIN ({of}) {table} ON {on}"

    def table_columns(self, table: str, line: int) -> tuple[str, ...]:
        """Give the columns of a table that a lookup names. Raises CountersealError ``agreement``."""
        own = {path.stem: path for path in self.agreement.tables}
        if table in own:
            return tuple(own[table].read_text(encoding="utf-8").split("\n", 1)[0].split(","))
        if table in REFERENCE:
            return REFERENCE[table]
        raise Reader(self.agreement.path.name).unknown(line, "table", table, {*own, *REFERENCE})

    def _aggregates(
        self, measures: Sequence[Measure], source: str, stage: str, kept: str, by_value: Mapping[str, str]
    ) -> list[Step]:
        if self.alone:
            values = ", ".join(self._set(m.name, m.type, self._alone(m)) for m in measures)
            return [Step(stage, f"SELECT *, {values} FROM {source}", view=True)]  # compiled
        parts = Parts(by_value=by_value)
        keys = {
            quote("key " + m.name): self.sql(m.sql_line, m.sql, MEASURE_FUNCTIONS, parts=parts)
            for m in measures
            if m.kind is not Kind.BATCH
        }
        counts = {m.name: counted(m, stage, quote("key " + m.name)) for m in measures if m.kind is not Kind.BATCH}
        if kept.endswith("*") and (inner := [*map(quote, parts.names), *keys]):
            kept += f" EXCLUDE ({', '.join(inner)})"
        laid = {name: sql for count in counts.values() for name, sql in count.laid.items()}
        rows = f"(SELECT *{_columns(keys)} FROM {parts.beside(source)})"
        steps = [Step(stage, f"SELECT {kept}{_columns(laid)} FROM {rows}", says="Measuring the rows")]  # compiled
        selected, joins = [], []
        for m in measures:
            if m.kind is Kind.BATCH:
                value = self.sql(m.sql_line, m.sql, MEASURE_FUNCTIONS | BATCH_FUNCTIONS)
                steps.append(Step(f"of_{m.name}", f"SELECT {value} AS n FROM {stage}"))  # compiled
                selected.append(f"of_{m.name}.n AS {quote(m.name)}")
                joins.append(f"CROSS JOIN of_{m.name}")
            else:
                steps += counts[m.name].steps
                selected.append(f"{counts[m.name].value} AS {quote(m.name)}")
                joins += counts[m.name].joins
        exclude = f" EXCLUDE ({', '.join(laid)})" if laid else ""
        sql = f"SELECT s.*{exclude}, {', '.join(selected)} FROM {stage} s {' '.join(joins)}"  # ditto
        return [*steps, Step(f"{stage}_joined", sql, view=True)]

    def _alone(self, measure: Measure) -> str:
        functions = MEASURE_FUNCTIONS | (BATCH_FUNCTIONS if measure.kind is Kind.BATCH else frozenset())
        value = self.sql(measure.sql_line, measure.sql, functions)
        if measure.kind is Kind.MAX_LOAD:
            return f"CASE WHEN len({value}) > 0 THEN 1 END"
        if measure.kind is Kind.BATCH:
            return "1"
        return f"CASE WHEN ({value}) IS NOT NULL THEN {1 if measure.kind is Kind.SHARED_BY else 0} END"

    # -- rules ------------------------------------------------------------------------------------------------

    def rule(self, rule: Rule) -> str:
        """Give the rule as a three-valued column."""
        return f"CAST({self.sql(rule.sql_line, rule.sql, known=self.rule_names(rule))} AS BOOLEAN)"

    def rule_column(self, rule: Rule) -> str:
        """Give the rule as a column by its id."""
        return f"{self.rule(rule)} AS {quote(rule.id)}"

    def read_by(self, rule: Rule) -> set[str]:
        """Give the names that a rule reads, schedules aside."""
        return self._read[rule.id]

    @cached_property
    def _read(self) -> dict[str, set[str]]:
        reader, known = Reader(self.agreement.path.name), self.agreement.types()
        return {
            rule.id: {n for n in names(parse(reader, rule.sql_line, rule.sql)) if n in known}
            for rule in self.agreement.rules
            if rule.sql
        }

    def rule_names(self, rule: Rule) -> dict[str, Type] | None:
        """Give the names that a rule of the identity phase may use; None, all of the document's, for others."""
        if rule.phase is not Phase.IDENTITY:
            return None
        return {**IDENTITY_FACTS, **{parameter.name: parameter.type for parameter in self.agreement.parameters}}


def fails(rules: Sequence[Rule]) -> str:
    """Give the condition that one of the rules, each a column by its id, does not hold."""
    return " OR ".join(f"{quote(rule.id)} IS NOT TRUE" for rule in rules)


def split_keys(text: str) -> list[str]:
    """Split at commas outside brackets and quotes."""
    parts, depth, quoted_text, start = [], 0, False, 0
    for at, sign in enumerate(text):
        if sign == "'":
            quoted_text = not quoted_text
        elif not quoted_text:
            depth += (sign == "(") - (sign == ")")
            if sign == "," and depth == 0:
                parts.append(text[start:at].strip())
                start = at + 1
    return [*parts, text[start:].strip()]


def quote(name: str) -> str:
    """Give the name as a quoted SQL name."""
    return '"' + name.replace('"', '""') + '"'
