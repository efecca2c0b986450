"""The rules of an agreement over the rows of a request, as steps of SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterseal.agreements.compile import Compiler, quote
from counterseal.agreements.model import Phase, Type
from counterseal.core.outcome import OUTCOME_OF_ANSWER, Answer
from counterseal.core.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from counterseal.agreements.model import Agreement, Rule

MALFORMED_RULE = "R-00"
MALFORMED_SAYS = {
    "ragged": "The row has more or fewer values than the header. Write it anew.",
    "encoding": "A value of the row is not UTF-8 text. Write it anew.",
    "nul_byte": "A value of the row holds a NUL byte. Write it anew.",
    "quoting": "A quote stands neither around a value nor doubled within one. Write the row anew.",
    "too_long": "A value of the row is longer than any value can be. Shorten it.",
    "not_json": "The line is not one JSON object. Write it anew.",
    "unknown_key": "The line holds a key that is no field of the agreement. Leave it out.",
    "duplicate_key": "The line holds a key twice. Write it once.",
    "not_text": "A value of the row is not text. Write every value as text.",
    "formula": "A cell of the row holds a formula. Write the value itself.",
}
BITS = 60
"""Findings that one whole number marks."""
UNTOLD = "this cannot be told, because a value that it rests on is missing or cannot be read. Mend that value."
LONGEST_QUOTE = 120
"""Characters of a value that a message repeats to its sender."""


def screening_steps(
    agreement: Agreement,
    facts: Mapping[str, object],
    *,
    register_known: bool,
    explained: bool = False,
    found: bool = True,
    narrow: tuple[tuple[str, ...], ...] = (),
) -> tuple[Step, ...]:
    """Compile the agreement for one request.

    Reads the tables ``rows``, the agreement's own and the reference tables; leaves ``findings`` (row, and
    for each rule TRUE, FALSE or NULL) and ``screened`` (row, request_ref, outcome or NULL where every rule
    holds, rules, reasons). Rules of the register are asked only when the register is known. Every row of
    ``rows`` is in ``screened`` once. What the rules read is laid down only where it will be ``explained``, and
    ``findings`` can be read only where they are asked for as ``found``; else ``screened`` is not laid down either, but
    worked out when it is read. What rests on a group of ``narrow`` fields is worked out by value. Raises
    CountersealError ``agreement``.
    """
    compiler = Compiler(agreement, facts, narrow)
    rules = [rule for rule in agreement.screened_rules if register_known or rule.phase is not Phase.REGISTER]
    counted = compiler.counted()
    first = [rule for rule in rules if not (compiler.read_by(rule) & counted)]
    later = [rule for rule in rules if rule not in first]
    quoting: dict[str, list[Rule]] = {}
    for rule in rules:
        for said in _placeholders(agreement, rule):
            quoting.setdefault(said, []).append(rule)
    read = (name for rule in (rules if explained else later) for name in compiler.read_by(rule))
    wanted = frozenset({"request_ref", *quoting, *read})
    alone = {said: told for said, told in quoting.items() if not explained and all(rule in first for rule in told)}
    measures = compiler.measures(wanted, first, alone, _marks(rules, first, "first_"))
    quoted = sorted(quoting)
    told = "".join(f", {quote(said)}" for said in quoted if said != "request_ref")
    values = "".join(f", {quote(said)} AS {_value(said)}" for said in quoted)
    held = ", ".join([*_marks(rules, (), "first_"), *(compiler.rule_column(rule) for rule in later)])
    marks = ", ".join(f"first_{name} | {mark} AS {name}" for name, mark in _marks(rules, later).items())
    unread = ", ".join(["NULL"] * (len(quoted) + len(_marks(rules, ()))))
    return (
        *compiler.typed_rows(first),
        *measures,
        Step("judged", f"SELECT row, request_ref, {held}{told} FROM measured", view=True),  # compiled
        Step(
            "marked",
            f"SELECT row, request_ref, CAST(NULL AS VARCHAR) AS malformed{values}, {marks} FROM judged "  # ditto
            f"UNION ALL SELECT row, request_ref, malformed, {unread} FROM rows WHERE malformed IS NOT NULL",
            says="Holding every row against every rule",
            view=not found,
        ),
        Step("findings", f"SELECT row, {_findings(rules)} FROM marked WHERE malformed IS NULL", view=True),  # ditto
        Step("failing_together", _failing_together(rules)),
        Step("screened", _screened(agreement, compiler, rules), view=True),
    )


def _marks(rules: Sequence[Rule], held: Sequence[Rule], before: str = "") -> dict[str, str]:
    """Give the whole numbers whose bits are the findings of the rules ``held``, by name: what fails, what is unknown.

    A rule's bit is its place among ``rules``. Rows differ in few ways: what follows from their findings is worked out
    once for all rows of one pattern.
    """
    marks = {}
    for number, start in enumerate(range(0, len(rules), BITS)):
        some = [(1 << at, rule) for at, rule in enumerate(rules[start : start + BITS]) if rule in held]
        failing = [f"CASE WHEN {quote(rule.id)} THEN 0 ELSE {bit} END" for bit, rule in some]
        unknown = [f"CASE WHEN {quote(rule.id)} IS NULL THEN {bit} ELSE 0 END" for bit, rule in some]
        for name, bits in (("failing", failing), ("unknown", unknown)):
            marks[f"{before}{name}_{number}"] = f"CAST({' | '.join(bits) or 0} AS BIGINT)"
    return marks


def _findings(rules: Sequence[Rule]) -> str:
    """Give the columns of the rules from the marks: TRUE, FALSE or NULL."""
    found = []
    for at, rule in enumerate(rules):
        number, bit = at // BITS, 1 << at % BITS
        holds = f"(failing_{number} & {bit}) = 0"
        found.append(f"CASE WHEN (unknown_{number} & {bit}) = 0 THEN {holds} END AS {quote(rule.id)}")
    return ", ".join(found)


def _failing_together(rules: list[Rule]) -> str:
    """Give, for each pattern of findings that a row has, the outcome and the places of the rules that do not hold."""
    places = [f"CASE WHEN {quote(rule.id)} IS NOT TRUE THEN {at} END" for at, rule in enumerate(rules, 1)]
    marks = ", ".join(_marks(rules, ()))
    held = f"SELECT {marks}, {_findings(rules)} FROM (SELECT DISTINCT {marks} FROM marked WHERE malformed IS NULL)"
    told = f"list_filter([{', '.join(places)}], lambda x: x IS NOT NULL)"
    answers = f"SELECT {marks}, {_outcome(rules)} AS outcome, {told} AS places FROM ({held})"  # compiled
    ids = f"[{', '.join(text(rule.id) for rule in rules)}]"
    return f"SELECT *, list_transform(places, lambda x: {ids}[x]) AS rules FROM ({answers})"  # ditto


def _outcome(rules: Sequence[Rule]) -> str:
    failing = {
        answer: " OR ".join(
            part
            for rule in rules
            for part in (
                [f"{quote(rule.id)} IS NOT TRUE"]
                if rule.answer is rule.unknown is answer
                else [f"{quote(rule.id)} IS FALSE"]
                if rule.answer is answer
                else [f"{quote(rule.id)} IS NULL"]
                if rule.unknown is answer
                else []
            )
        )
        or "FALSE"
        for answer in Answer
    }
    return f"CASE {' '.join(f'WHEN {failing[answer]} THEN {text(OUTCOME_OF_ANSWER[answer])}' for answer in Answer)} END"


def _screened(agreement: Agreement, compiler: Compiler, rules: list[Rule]) -> str:
    """Give each row's outcome, rules and reasons.

    What is the same for every row is read from lists, by the rule's place. A message that quotes its row is written
    once a row, where its rule does not hold, and found by its place among those messages.
    """
    words = [_says(agreement, compiler, rule) for rule in rules]
    quoting = [at for at, said in enumerate(words) if len(said) > 1]
    told = [
        f"CASE WHEN (failing_{at // BITS} & {1 << at % BITS}) <> 0 THEN "
        f"{_or_untold(agreement, rules[at], ' || '.join(words[at]))} END"
        for at in quoting
    ]
    written = f", [{', '.join(told)}] AS told" if told else ""
    ids, cites = (f"[{', '.join(each)}][x]" for each in zip(*((text(r.id), text(r.cite)) for r in rules), strict=True))
    says = f"[{', '.join('NULL' if at in quoting else said[0] for at, said in enumerate(words))}][x]"
    if told:
        which = ", ".join(str(quoting.index(at) + 1) if at in quoting else "NULL" for at in range(len(rules)))
        says = f"coalesce(list_extract(told, [{which}][x]), {says})"
    same = " AND ".join(f"m.{name} = p.{name}" for name in _marks(rules, ()))
    cases = " ".join(f"WHEN {text(code)} THEN {text(says)}" for code, says in MALFORMED_SAYS.items())
    malformed = (
        f"[{{'rule': '{MALFORMED_RULE}', 'cite': {text(agreement.authority)}, "
        f"'says': CASE malformed {cases} ELSE 'The row cannot be read. Write it anew.' END}}]"
    )
    held_back = f"malformed IS NOT NULL OR places IS NULL THEN {text(OUTCOME_OF_ANSWER[Answer.CURE])}"  # closed, always
    return (
        f"SELECT row, request_ref, CASE WHEN {held_back} ELSE outcome END AS outcome, "
        f"CASE WHEN malformed IS NOT NULL THEN ['{MALFORMED_RULE}'] ELSE rules END AS rules, "
        f"CASE WHEN malformed IS NOT NULL THEN {malformed} ELSE list_transform(places, lambda x: "
        f"{{'rule': {ids}, 'cite': {cites}, 'says': {says}}}) END AS reasons "
        f"FROM (SELECT *{written} FROM marked) m LEFT JOIN failing_together p ON {same}"
    )


def text(value: str) -> str:
    """Give a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def _placeholders(agreement: Agreement, rule: Rule) -> list[str]:
    known = agreement.types()
    constant = {p.name for p in agreement.parameters} | {f.name for f in agreement.facts}
    return [name for name in re.findall(r"\{([a-z0-9_]+)\}", rule.says) if name in known and name not in constant]


def _or_untold(agreement: Agreement, rule: Rule, words: str) -> str:
    """Give the words of a message, or where a measure that they quote is unknown, that nothing can be told by it."""
    measured = {measure.name for measure in agreement.measures}
    unknown = [f"{_value(name)} IS NULL" for name in _placeholders(agreement, rule) if name in measured]
    if not unknown:
        return words
    return f"CASE WHEN {' OR '.join(unknown)} THEN {text(f'{rule.title}: {UNTOLD}')} ELSE {words} END"


def _value(name: str) -> str:
    """Give the column of a value that messages quote; no name of a document holds a blank."""
    return quote(f"value {name}")


def _shown(agreement: Agreement, name: str) -> str:
    column = _value(name)
    if agreement.types()[name] in {Type.TEXTS, Type.YEARS}:
        column = f"array_to_string({column}, '; ')"
    return f"substr(CAST({column} AS VARCHAR), 1, {LONGEST_QUOTE})"


def _says(agreement: Agreement, compiler: Compiler, rule: Rule) -> list[str]:
    """Give the SQL of the words of a message and of the values of its row between them."""
    carried = _placeholders(agreement, rule)
    pieces = ["''"]
    for number, part in enumerate(re.split(r"\{([a-z0-9_]+)\}", rule.says)):
        if number % 2 == 0:
            pieces[-1] += f" || {text(part)}"
        elif part in carried:
            pieces += [f"coalesce({_shown(agreement, part)}, '')", "''"]
        else:
            pieces[-1] += f" || coalesce(CAST({compiler.given(part) or text(part)} AS VARCHAR), '')"
    return pieces
