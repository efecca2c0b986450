"""Patterns that are seldom found, asked of one text all at once.

A lexicon of what must not stand in a text is matched nowhere in nearly every row. Where several such patterns are
asked of one text, the text is first asked for any of them; only where one is found is each asked by itself. What
comes of it is equal for every text: where none matches, a replacement is the text itself, an extract is empty.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from counterseal.agreements.cheaper import Lay

SOUGHT = (exp.RegexpLike, exp.RegexpReplace, exp.RegexpExtract)
COMMON = (
    " 1204 N MAPLE ST APT 4B DENVER CO 80203 ",
    " PO BOX 12 ",
    "the subject, j. doe, failed to depart after the order of 2024-03-01 (no. 12) became final; see the file.",
)
"""Texts as most are. A pattern that matches one of them is found too often to be asked for first."""

WORD = re.compile("[A-Za-z]{3}")
"""What a lexicon has at least; patterns of single signs have cheaper words of their own."""


def asked_together(trees: Iterable[exp.Expression]) -> dict[str, str]:
    """Give, for each text of which several seldom patterns are asked, the pattern that finds any of them."""
    asked: dict[str, list[str]] = {}
    for tree in trees:
        for node in _sought(tree):
            if (pattern := _seldom(node)) is not None:
                patterns = asked.setdefault(_base(node).sql(dialect="duckdb"), [])
                if pattern not in patterns:
                    patterns.append(pattern)
    return {base: "|".join(f"(?:{one})" for one in patterns) for base, patterns in asked.items() if len(patterns) > 1}


def quieted(tree: exp.Expression, asked: Mapping[str, str], lay: Lay) -> exp.Expression:
    """Give ``tree`` with each seldom pattern asked only where one of those ``asked`` of its text is found.

    ``lay`` gives what stands for an inner value that is read more than once.
    """
    found = [
        (node, _base(node).copy())
        for node in reversed(_sought(tree))  # the innermost first
        if _seldom(node) is not None and _base(node).sql(dialect="duckdb") in asked
    ]
    for node, base in found:
        pattern = exp.Literal.string(asked[base.sql(dialect="duckdb")])
        text = lay(base)
        any_of_them = lay(exp.RegexpLike(this=text.copy(), expression=pattern))
        nothing: exp.Expression = exp.false()
        if isinstance(node, exp.RegexpReplace):
            nothing = text.copy()
        elif isinstance(node, exp.RegexpExtract):
            nothing = exp.Literal.string("")
        asked_alone = node.copy()
        if node.this.sql(dialect="duckdb") == base.sql(dialect="duckdb"):
            asked_alone.set("this", text.copy())
        case = exp.Case(ifs=[exp.If(this=exp.not_(any_of_them), true=nothing)], default=asked_alone)
        case.meta["quiet"] = True
        if node is tree:
            tree = case
        else:
            node.replace(case)
    return tree


def _sought(tree: exp.Expression) -> list[exp.Expression]:
    return list(tree.find_all(*SOUGHT))


def _base(node: exp.Expression) -> exp.Expression:
    """Give the text that a pattern is asked of, seldom replacements in it left out."""
    text = node.this
    while isinstance(text, exp.RegexpReplace) and _seldom(text) is not None:
        text = text.this
    return text  # type: ignore[no-any-return]  # a node


def _seldom(node: exp.Expression) -> str | None:
    """Give the pattern of a node that matches seldom, as far as can be told; else None."""
    pattern, option = node.args.get("expression"), node.args.get("modifiers")
    if not (isinstance(pattern, exp.Literal) and pattern.is_string and WORD.search(pattern.name)):
        return None
    if isinstance(node, exp.RegexpReplace) and (option is None or option.name != "g"):
        return None
    try:
        words = re.compile(pattern.name)
    except re.error:  # RE2's words for a sign by its number are none of Python's
        return None
    return None if any(words.search(text) for text in COMMON) else pattern.name
