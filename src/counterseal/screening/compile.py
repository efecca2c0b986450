"""The rules of an agreement over the rows of a request, as steps of SQL."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from counterseal.agreements.compile import Compiler, quote
from counterseal.agreements.model import Phase, Type
from counterseal.core.outcome import OUTCOME_OF_ANSWER, Answer
from counterseal.core.steps import Step

if TYPE_CHECKING:
    from collections.abc import Mapping

    from counterseal.agreements.model import Agreement, Rule

MALFORMED_RULE = "R-00"
MALFORMED_SAYS = {
    "ragged": "The row has more or fewer values than the header. Write it anew.",
    "encoding": "A value of the row is not UTF-8 text. Write it anew.",
    "nul_byte": "A value of the row holds a NUL byte. Write it anew.",
    "too_long": "A value of the row is longer than any value can be. Shorten it.",
    "not_json": "The line is not one JSON object. Write it anew.",
    "unknown_key": "The line holds a key that is no field of the agreement. Leave it out.",
    "duplicate_key": "The line holds a key twice. Write it once.",
    "not_text": "A value of the row is not text. Write every value as text.",
    "formula": "A cell of the row holds a formula. Write the value itself.",
}
LONGEST_QUOTE = 120
"""Characters of a value that a message repeats to its sender."""


def screening_steps(
    agreement: Agreement,
    facts: Mapping[str, object],
    *,
    register_known: bool,
    explained: bool = False,
    narrow: tuple[tuple[str, ...], ...] = (),
) -> tuple[Step, ...]:
    """Compile the agreement for one request.

    Reads the tables ``rows``, the agreement's own and the reference tables; leaves ``findings`` (row, and
    for each rule TRUE, FALSE or NULL) and ``screened`` (row, request_ref, outcome or NULL where every rule
    holds, rules, reasons), and the same as ``in_order``, by row, where the sorting is done before the reasons are
    written out. Rules of the register are asked only when the register is known. Every row of
    ``rows`` is in ``screened`` once. What the rules read is laid down only where it will be ``explained``. Raises
    CountersealError ``agreement``. What rests on a group of ``narrow`` fields is worked out by value.
    """
    compiler = Compiler(agreement, facts, narrow)
    rules = [rule for rule in agreement.screened_rules if register_known or rule.phase is not Phase.REGISTER]
    counted = compiler.counted()
    first = [rule for rule in rules if not (compiler.read_by(rule) & counted)]
    later = [rule for rule in rules if rule not in first]
    said = sorted({name for rule in rules for name in _placeholders(agreement, rule)})
    read = (name for rule in (rules if explained else later) for name in compiler.read_by(rule))
    wanted = frozenset({"request_ref", *said, *read})
    columns = ", ".join(quote(rule.id) if rule in first else compiler.rule_column(rule) for rule in rules)
    carried = "".join(f", {_shown(agreement, name)} AS {quote('says ' + name)}" for name in said)
    unheld = "".join(f", CAST(NULL AS BOOLEAN) AS {quote(rule.id)}" for rule in rules)
    unsaid = "".join(f", CAST(NULL AS VARCHAR) AS {quote('says ' + name)}" for name in said)
    judged = (
        f"SELECT row, request_ref, CAST(NULL AS VARCHAR) AS malformed, {columns}{carried} FROM measured "  # compiled
        f"UNION ALL SELECT row, request_ref, malformed{unheld}{unsaid} FROM rows WHERE malformed IS NOT NULL"  # ditto
    )
    named = ", ".join(quote(rule.id) for rule in rules)
    return (
        *compiler.typed_rows(first),
        *compiler.measures(wanted, first, {} if explained else _quoted_by(agreement, rules, first)),
        Step("judged", judged, view=True),
        Step("findings", f"SELECT row, {named} FROM judged WHERE malformed IS NULL", view=True),  # compiled
        Step("answered_by_law", _answered(rules, said), says="Holding every row against every rule"),
        Step("screened", _screened(agreement, compiler, rules, "answered_by_law"), view=True),
        Step(
            "in_order",
            _screened(agreement, compiler, rules, "(SELECT * FROM answered_by_law ORDER BY row)"),
            view=True,
        ),
    )


def _answered(rules: list[Rule], said: list[str]) -> str:
    """Give each row its outcome and the places, counted from 1, of the rules that do not hold."""
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
    outcome = " ".join(f"WHEN {failing[answer]} THEN '{OUTCOME_OF_ANSWER[answer]}'" for answer in Answer)
    places = ", ".join(f"CASE WHEN {quote(rule.id)} IS NOT TRUE THEN {at} END" for at, rule in enumerate(rules, 1))
    carried = "".join(f", {quote('says ' + name)}" for name in said)
    return (
        f"SELECT row, request_ref, malformed{carried}, "  # compiled
        f"CASE WHEN malformed IS NOT NULL THEN '{OUTCOME_OF_ANSWER[Answer.CURE]}' {outcome} END AS outcome, "
        f"CASE WHEN malformed IS NULL THEN list_filter([{places}], lambda x: x IS NOT NULL) END AS failing "
        "FROM judged"
    )


def _screened(agreement: Agreement, compiler: Compiler, rules: list[Rule], source: str) -> str:
    """Give the words of every reason. What is the same for every row is read from a list by the rule's place."""
    varying = {rule.id for rule in rules if _placeholders(agreement, rule)}
    ids, cites, words = (
        f"[{', '.join(each)}]"
        for each in (
            [text(rule.id) for rule in rules],
            [text(rule.cite) for rule in rules],
            ["''" if rule.id in varying else _says(agreement, compiler, rule) for rule in rules],
        )
    )
    own = " ".join(
        f"WHEN {at} THEN {_says(agreement, compiler, rule)}" for at, rule in enumerate(rules, 1) if rule.id in varying
    )
    says = f"CASE x {own} ELSE {words}[x] END" if own else f"{words}[x]"
    cases = " ".join(f"WHEN {text(code)} THEN {text(says)}" for code, says in MALFORMED_SAYS.items())
    malformed = (
        f"[{{'rule': '{MALFORMED_RULE}', 'cite': {text(agreement.authority)}, "
        f"'says': CASE malformed {cases} ELSE 'The row cannot be read. Write it anew.' END}}]"
    )
    return (
        "SELECT row, request_ref, outcome, "
        f"CASE WHEN malformed IS NOT NULL THEN ['{MALFORMED_RULE}'] "
        f"ELSE list_transform(failing, lambda x: {ids}[x]) END AS rules, "
        f"CASE WHEN malformed IS NOT NULL THEN {malformed} ELSE list_transform(failing, lambda x: "
        f"{{'rule': {ids}[x], 'cite': {cites}[x], 'says': {says}}}) END AS reasons "
        f"FROM {source}"
    )


def text(value: str) -> str:
    """Give a text as an SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def _placeholders(agreement: Agreement, rule: Rule) -> list[str]:
    known = agreement.types()
    constant = {p.name for p in agreement.parameters} | {f.name for f in agreement.facts}
    return [name for name in re.findall(r"\{([a-z0-9_]+)\}", rule.says) if name in known and name not in constant]


def _quoted_by(agreement: Agreement, rules: list[Rule], first: list[Rule]) -> dict[str, list[Rule]]:
    """Give, for each name that only messages of the rules ``first`` quote, the rules that quote it."""
    by_name: dict[str, list[Rule]] = {}
    for rule in rules:
        for name in _placeholders(agreement, rule):
            by_name.setdefault(name, []).append(rule)
    reads = {name for rule in rules if rule not in first for name in _placeholders(agreement, rule)} | {"request_ref"}
    return {name: quoting for name, quoting in by_name.items() if name not in reads}


def _shown(agreement: Agreement, name: str) -> str:
    column = quote(name)
    if agreement.types()[name] in {Type.TEXTS, Type.YEARS}:
        column = f"array_to_string({column}, '; ')"
    return f"substr(CAST({column} AS VARCHAR), 1, {LONGEST_QUOTE})"


def _says(agreement: Agreement, compiler: Compiler, rule: Rule) -> str:
    parts = re.split(r"\{([a-z0-9_]+)\}", rule.says)
    carried = _placeholders(agreement, rule)
    pieces = []
    for number, part in enumerate(parts):
        if number % 2 == 0:
            if part:
                pieces.append(text(part))
        elif part in carried:
            pieces.append(f"coalesce({quote('says ' + part)}, '')")
        else:
            pieces.append(f"coalesce(CAST({compiler.given(part) or text(part)} AS VARCHAR), '')")
    return " || ".join(pieces) or "''"
