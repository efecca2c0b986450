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
    found: bool = True,
    narrow: tuple[tuple[str, ...], ...] = (),
) -> tuple[Step, ...]:
    """Compile the agreement for one request.

    Reads the tables ``rows``, the agreement's own and the reference tables; leaves ``findings`` (row, and
    for each rule TRUE, FALSE or NULL) and ``screened`` (row, request_ref, outcome or NULL where every rule
    holds, rules, reasons), and the same as ``in_order``, by row, where the sorting is done before the reasons are
    written out. Rules of the register are asked only when the register is known. Every row of
    ``rows`` is in ``screened`` once. What the rules read is laid down only where it will be ``explained``, and
    ``findings`` can be read only where they are asked for as ``found``; else what they rest on is given up before the
    answer is written. What rests on a group of ``narrow`` fields is worked out by value. Raises CountersealError
    ``agreement``.
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
    measures = compiler.measures(wanted, first, alone)
    laid = () if found or explained else tuple(step.name for step in measures if not step.view)
    columns = ", ".join(quote(rule.id) if rule in first else compiler.rule_column(rule) for rule in rules)
    carried = "".join(f", {quote(said)}" for said in sorted(quoting) if said != "request_ref")
    named = ", ".join(quote(rule.id) for rule in rules)
    told = _answered(agreement, rules)
    return (
        *compiler.typed_rows(first),
        *measures,
        Step("judged", f"SELECT row, request_ref, {columns}{carried} FROM measured", view=True),  # compiled
        Step("findings", f"SELECT row, {named} FROM judged", view=True),  # ditto
        Step(
            "answered_by_law",
            f"SELECT row, request_ref, CAST(NULL AS VARCHAR) AS malformed, {told} FROM judged UNION ALL "  # ditto
            f"SELECT row, request_ref, malformed, '{OUTCOME_OF_ANSWER[Answer.CURE]}', NULL "
            "FROM rows WHERE malformed IS NOT NULL",
            says="Holding every row against every rule",
            frees=laid,
        ),
        Step("screened", _screened(agreement, compiler, rules, "answered_by_law"), view=True),
        Step(
            "in_order",
            _screened(agreement, compiler, rules, "(SELECT * FROM answered_by_law ORDER BY row)"),
            view=True,
        ),
    )


def _answered(agreement: Agreement, rules: list[Rule]) -> str:
    """Give the outcome, and of each rule that does not hold its place, counted from 1, and the values it quotes."""
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
    most = _most_quoted(agreement, rules)
    places = []
    for at, rule in enumerate(rules, 1):
        values = [_shown(agreement, name) for name in _placeholders(agreement, rule)]
        given = "".join(
            f", 'value_{number}': {value}"
            for number, value in enumerate([*values, *["CAST(NULL AS VARCHAR)"] * (most - len(values))])
        )
        places.append(f"CASE WHEN {quote(rule.id)} IS NOT TRUE THEN {{'place': CAST({at} AS SMALLINT){given}}} END")
    return f"CASE {outcome} END AS outcome, list_filter([{', '.join(places)}], lambda x: x IS NOT NULL) AS failing"


def _most_quoted(agreement: Agreement, rules: list[Rule]) -> int:
    return max((len(_placeholders(agreement, rule)) for rule in rules), default=0)


def _screened(agreement: Agreement, compiler: Compiler, rules: list[Rule], source: str) -> str:
    """Give the words of every reason: what is the same for every row is read from lists by the rule's place."""
    words = [_says(agreement, compiler, rule) for rule in rules]
    spoken = [[text(rule.id) for rule in rules], [text(rule.cite) for rule in rules]]
    ids, cites = (f"[{', '.join(each)}][x.place]" for each in spoken)
    pieces = []
    for number in range(_most_quoted(agreement, rules) + 1):
        if number:
            pieces.append(f"coalesce(x.value_{number - 1}, '')")
        pieces.append(f"[{', '.join(each[number] if number < len(each) else text('') for each in words)}][x.place]")
    cases = " ".join(f"WHEN {text(code)} THEN {text(says)}" for code, says in MALFORMED_SAYS.items())
    malformed = (
        f"[{{'rule': '{MALFORMED_RULE}', 'cite': {text(agreement.authority)}, "
        f"'says': CASE malformed {cases} ELSE 'The row cannot be read. Write it anew.' END}}]"
    )
    return (
        "SELECT row, request_ref, outcome, "
        f"CASE WHEN malformed IS NOT NULL THEN ['{MALFORMED_RULE}'] "
        f"ELSE list_transform(failing, lambda x: {ids}) END AS rules, "
        f"CASE WHEN malformed IS NOT NULL THEN {malformed} ELSE list_transform(failing, lambda x: "
        f"{{'rule': {ids}, 'cite': {cites}, 'says': {' || '.join(pieces)}}}) END AS reasons "
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


def _says(agreement: Agreement, compiler: Compiler, rule: Rule) -> list[str]:
    """Give the SQL of the words of a message between the values of its row, one more than there are values."""
    carried = _placeholders(agreement, rule)
    pieces = ["''"]
    for number, part in enumerate(re.split(r"\{([a-z0-9_]+)\}", rule.says)):
        if number % 2 == 0:
            pieces[-1] += f" || {text(part)}"
        elif part in carried:
            pieces.append("''")
        else:
            pieces[-1] += f" || coalesce(CAST({compiler.given(part) or text(part)} AS VARCHAR), '')"
    return pieces
