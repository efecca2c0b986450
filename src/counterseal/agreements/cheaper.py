"""The same expression in words that an engine runs faster, exactly equal for every value.

A counsel writes one regular expression for one thought; run over millions of rows, replacing by a regular
expression is most of the cost of screening. What is rewritten here is equal by the meaning of the pattern
alone, and a test holds both forms against each other on generated text.
"""

from __future__ import annotations

import re

from sqlglot import exp

SINGLES = r"\^$.|?*+()[]{}"
MOST_SINGLES = 4
"""Signs for which a chain of plain replacements is still the faster."""
_CLASS = re.compile(r"\[(\^?)((?:[^\[\]\\^-]|-(?=\]))+)\](\+?)")


def cheaper(tree: exp.Expression) -> exp.Expression:
    """Give ``tree`` with its replacements by regular expressions put in cheaper words where there are such."""
    for node in reversed(list(tree.walk(bfs=True))):  # the innermost first
        if isinstance(node, exp.RegexpReplace):
            put = _replacement(node)
            if put is not node:
                if node is tree:
                    tree = put
                else:
                    node.replace(put)
    return tree


def _replacement(node: exp.RegexpReplace) -> exp.Expression:
    pattern, put, option = (node.args.get(key) for key in ("expression", "replacement", "modifiers"))
    if not all(isinstance(part, exp.Literal) and part.is_string for part in (pattern, put, option)):
        return node
    if option.name != "g" or "\\" in put.name:  # type: ignore[union-attr]  # literals, as just seen
        return node
    return _cheaper(node, pattern.name, put.name)  # type: ignore[union-attr]  # the same


def _cheaper(node: exp.RegexpReplace, pattern: str, put: str) -> exp.Expression:
    if len(pattern) == 1 and pattern not in SINGLES:
        return _replaced(node.this, pattern, put)
    found = _CLASS.fullmatch(pattern)
    if found is None:
        return _apart(node, pattern, put)
    outside, signs, many = found.groups()
    if outside or len(set(signs)) != len(signs):
        return _apart(node, pattern, put)
    if all(not sign.isascii() for sign in signs):
        return _beyond_ascii(node)
    if len(signs) <= MOST_SINGLES and set(put).isdisjoint(signs) and not (many and put):
        text = node.this
        for sign in signs:
            text = _replaced(text, sign, put)
        return text  # type: ignore[no-any-return]  # a node
    return node


def _apart(node: exp.RegexpReplace, pattern: str, put: str) -> exp.Expression:
    """``[^…]+`` by one blank: first what is no blank, then runs of blanks; single blanks are then no match."""
    outside = re.fullmatch(r"\[\^([A-Za-z0-9#/&-]+)\]\+", pattern)
    if outside is None or put != " ":
        return node
    kept = outside[1]
    signs = f"[^ {kept}]+"
    return _by(_by(node.this, signs, " "), " {2,}", " ")


def _beyond_ascii(node: exp.RegexpReplace) -> exp.Expression:
    """A class without a sign of ASCII changes no text of ASCII, whose bytes are as many as its signs.

    A chain of such replacements is guarded once.
    """
    text = node.this
    if isinstance(text, exp.Case) and text.meta.get("guard"):
        chain = text.args["default"]
        base = text.args["ifs"][0].args["true"]
        guarded, node = base, node.copy()
        node.set("this", chain.copy())
    else:
        guarded = text
    same = exp.EQ(
        this=exp.Anonymous(this="strlen", expressions=[guarded.copy()]), expression=exp.Length(this=guarded.copy())
    )
    case = exp.Case(ifs=[exp.If(this=same, true=guarded.copy())], default=node.copy())
    case.meta["guard"] = True
    return case


def _replaced(text: exp.Expression, sign: str, put: str) -> exp.Expression:
    return exp.Replace(this=text.copy(), expression=exp.Literal.string(sign), replacement=exp.Literal.string(put))


def _by(text: exp.Expression, pattern: str, put: str) -> exp.RegexpReplace:
    return exp.RegexpReplace(
        this=text.copy(),
        expression=exp.Literal.string(pattern),
        replacement=exp.Literal.string(put),
        modifiers=exp.Literal.string("g"),
    )
