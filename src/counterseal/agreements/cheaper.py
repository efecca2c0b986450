"""The same expression in words that an engine runs faster, exactly equal for every value.

A counsel writes one regular expression for one thought; run over millions of rows, replacing by a regular
expression is most of the cost of screening. What is rewritten here is equal by the meaning of the pattern
alone, and a test holds both forms against each other on generated text. Where the cheaper form reads an inner
value twice, that value is laid down as a column of its own (``Parts``), because an engine would work it out twice.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Lay = Callable[[exp.Expression], exp.Expression]

SINGLES = r"\^$.|?*+()[]{}"
MOST_SINGLES = 5
"""Signs for which a chain of plain replacements is still the faster."""
MATCHING = (exp.RegexpLike, exp.RegexpFullMatch, exp.RegexpReplace, exp.RegexpExtract)
SHORT = 64
"""Bytes of a text that is sooner walked over than matched."""
SPACE_SEPARATORS = r"\x{20}\x{A0}\x{1680}\x{2000}-\x{200A}\x{202F}\x{205F}\x{3000}"
"""What DuckDB's ``trim`` takes off: the Unicode category Zs."""
_ATOM = re.compile(r"(?:\\(x\{[0-9A-Fa-f]+\}|.)|(\[(?:\\.|[^\]\\])+\])|(.))([*+?]|\{[0-9,]+\}|)", re.DOTALL)
_CLASS = re.compile(r"\[(\^?)((?:[^\[\]\\^-]|-(?=\]))+)\](\+?)")


_OUTSIDE_ASCII = re.compile(r"\[\^\\x00-\\x7F[^\]]*\]")
_WORDS_OR_SIGNS = re.compile(r"(\\b\([A-Z|]+\)\\b)\|(\[[^\[\]\\^A-Za-z0-9_]+\])")


class Parts:
    """Inner values that several expressions of one level read, each a column by a name of its own.

    ``asked`` gives for a text the pattern that finds any of those that the level asks of it (``quiet``), ``by_value``
    the name of the column that holds a part already, by its SQL (``narrow``).
    """

    def __init__(self, asked: Mapping[str, str] | None = None, by_value: Mapping[str, str] | None = None) -> None:
        self.asked = asked or {}
        self.by_value = by_value or {}
        self._held: dict[str, tuple[str, int]] = {}

    def lay(self, node: exp.Expression) -> exp.Expression:
        """Give the column that holds the value of ``node``, whose own parts are laid already."""
        if isinstance(node, exp.Column):
            return node.copy()
        sql = node.sql(dialect="duckdb")
        if sql not in self._held:
            depths = dict(self._held.values())
            depth = 1 + max((depths.get(column.name, 0) for column in node.find_all(exp.Column)), default=0)
            self._held[sql] = (f"part {len(self._held)}", depth)
        return exp.column(self._held[sql][0], quoted=True)

    @property
    def names(self) -> tuple[str, ...]:
        """Give the names of the columns."""
        return tuple(name for name, _ in self._held.values())

    def beside(self, source: str) -> str:
        """Give ``source`` (a table's name) with the parts as further columns, as a table of a FROM."""
        for depth in sorted({depth for _, depth in self._held.values()}):
            columns = "".join(f', {sql} AS "{name}"' for sql, (name, at) in self._held.items() if at == depth)
            source = f"(SELECT *{columns} FROM {source})"  # compiled
        return source


def taken_by_value(tree: exp.Expression, by_value: Mapping[str, str]) -> exp.Expression:
    """Give ``tree`` with each part that ``by_value`` names a column for, by its SQL, as that column."""
    if not by_value:
        return tree

    def put(node: exp.Expression) -> exp.Expression:
        name = by_value.get(node.sql(dialect="duckdb")) if isinstance(node, (exp.Func, exp.DPipe)) else None
        return node if name is None else exp.column(name, quoted=True)

    return tree.transform(put)


def cheaper(tree: exp.Expression, lay: Lay) -> exp.Expression:
    """Give ``tree`` with its trimming and its replacements by regular expressions in cheaper words, where there are.

    ``lay`` gives what stands for an inner value that is read more than once.
    """
    for node in reversed(list(tree.find_all(exp.Expression))):  # the innermost first
        put = _put(node, lay)
        if put is not node:
            if node is tree:
                tree = put
            else:
                node.replace(put)
    return tree


def _put(node: exp.Expression, lay: Lay) -> exp.Expression:
    if isinstance(node, exp.Trim) and node.expression is None:
        return _trimmed(node, lay)
    if (
        isinstance(node, exp.RegexpLike)
        and _is_text(node.expression)
        and _OUTSIDE_ASCII.fullmatch(node.expression.name)
    ):
        text = lay(node.this)
        asked = exp.RegexpLike(this=text.copy(), expression=node.expression.copy())
        return exp.Case(ifs=[exp.If(this=_is_ascii(text), true=exp.false())], default=asked)
    if isinstance(node, (exp.And, exp.Or)) and any(_is_dear(one) for one in node.expression.find_all(*MATCHING)):
        return _decided(node, lay)
    if isinstance(node, exp.Replace) or (isinstance(node, exp.Coalesce) and isinstance(node.this, exp.Replace)):
        return _where_it_stands(node, lay)
    return _replacement(node, lay) if isinstance(node, exp.RegexpReplace) else node


def _is_dear(node: exp.Expression) -> bool:
    """Whether a pattern is asked of every text, and not only where it is known to be found (``quiet``)."""
    above = node.find_ancestor(exp.Case)
    while above is not None and not above.meta.get("quiet"):
        above = above.find_ancestor(exp.Case)
    return above is None


def _where_it_stands(node: exp.Replace | exp.Coalesce, lay: Lay) -> exp.Expression:
    """Replacing writes every text anew; a text of one row that seldom stands in another is looked for first.

    Only where nothing that is unknown can be lost: the text looked for is known, or without it the whole is
    what it was. A text that is written in the document is replaced as it is: it stands in most.
    """
    replaced = node if isinstance(node, exp.Replace) else node.this
    known = (
        isinstance(sought := replaced.expression, exp.Coalesce)
        and bool(sought.expressions)
        and _is_text(sought.expressions[-1])
        if node is replaced
        else [one.sql() for one in node.expressions] == [replaced.this.sql()]
    )
    if not known or not _is_text(replaced.args["replacement"]):
        return node
    text, sought = lay(replaced.this), lay(replaced.expression)
    text.meta["of"] = replaced.this.meta.get("of", replaced.this)
    made = exp.Replace(this=text.copy(), expression=sought.copy(), replacement=replaced.args["replacement"].copy())
    return _where(text, sought, made)


def _where(text: exp.Expression, sought: exp.Expression, made: exp.Expression) -> exp.Expression:
    """Give ``made`` where ``sought`` stands in ``text``, else ``text``."""
    found = exp.Contains(this=text.copy(), expression=sought.copy())
    case = exp.Case(ifs=[exp.If(this=found, true=made)], default=text.copy())
    case.meta["where"] = True
    return case


def _is_text(node: exp.Expression) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _decided(node: exp.And | exp.Or, lay: Lay) -> exp.Expression:
    """An engine works out both sides for every row; the second is asked only where the first has not decided."""
    first = lay(node.this)
    whole = type(node)(this=first.copy(), expression=node.expression.copy())
    decides = (
        exp.If(this=first, true=exp.true())
        if isinstance(node, exp.Or)
        else exp.If(this=exp.not_(first), true=exp.false())
    )
    return exp.Case(ifs=[decides], default=whole)


def _trimmed(node: exp.Trim, lay: Lay) -> exp.Expression:
    """Give the text without the blanks at its ends; what is known to be without them is not looked at again."""
    case = _bare(node.this, lay)
    if isinstance(case, exp.Column) or not node.parent:
        return case
    put = lay(case)  # what stands around it may read it more than once
    put.meta["of"] = case
    return put


def _bare(text: exp.Expression, lay: Lay) -> exp.Expression:
    """Trim ``text``: one that is trimmed stays, blanks beside it do not count, of two ways each is trimmed alone."""
    seen = text.meta.get("of", text)
    if seen.meta.get("trimmed"):
        return text.copy()
    if isinstance(seen, exp.DPipe):
        if _is_blank(seen.expression):
            return _bare(seen.this, lay)
        if _is_blank(seen.this):
            return _bare(seen.expression, lay)
    if seen.meta.get("where"):
        found = seen.args["ifs"][0]
        made = exp.If(this=found.this.copy(), true=exp.Trim(this=found.args["true"].copy()))
        case = exp.Case(ifs=[made], default=_bare(seen.args["default"], lay))
    else:
        case = _cut(text, lay)
    case.meta["trimmed"] = True
    return case


def _is_blank(node: exp.Expression) -> bool:
    return _is_text(node) and not node.name.strip(" ")


def _cut(node: exp.Expression, lay: Lay) -> exp.Case:
    """Trimming walks over the whole text; patterns that are bound to an end look at that end alone.

    A text of ASCII with no blank at its ends is trimmed already, one with a single blank at an end is cut by one
    sign, and a short one is sooner walked over.
    """
    text = lay(node)

    def at(end: type[exp.Expression], blanks: str) -> exp.Expression:
        return end(this=text.copy(), expression=exp.Literal.string(blanks))

    first, last = at(exp.StartsWith, " "), at(exp.EndsWith, " ")
    more = exp.or_(exp.not_(_is_ascii(text)), at(exp.StartsWith, "  "), at(exp.EndsWith, "  "))
    done = exp.and_(_is_ascii(text), exp.not_(first), exp.not_(last))
    cut = _by(_by(text, f"^[{SPACE_SEPARATORS}]+", ""), f"[{SPACE_SEPARATORS}]+$", "")
    short = exp.LT(this=_octets(text), expression=exp.Literal.number(SHORT))
    ways = [
        (done, text.copy()),
        (short, exp.Trim(this=text.copy())),
        (more, cut),
        (exp.and_(first.copy(), last.copy()), _between(text, 2, 2)),
        (first.copy(), _between(text, 2, 1)),
    ]
    return exp.Case(ifs=[exp.If(this=when, true=put) for when, put in ways], default=_between(text, 1, 1))


def _between(text: exp.Expression, start: int, fewer: int) -> exp.Expression:
    """Give ``text`` from a sign on, by so many signs fewer than it has."""
    length = exp.Sub(this=exp.Length(this=text.copy()), expression=exp.Literal.number(fewer))
    return exp.Substring(this=text.copy(), start=exp.Literal.number(start), length=length)


def _is_ascii(text: exp.Expression) -> exp.Expression:
    """Whether a text has as many bytes as signs."""
    return exp.EQ(this=_octets(text), expression=exp.Length(this=text.copy()))


def _octets(text: exp.Expression) -> exp.Expression:
    return exp.Anonymous(this="strlen", expressions=[text.copy()])


def _replacement(node: exp.RegexpReplace, lay: Lay) -> exp.Expression:
    pattern, put, option = (node.args.get(key) for key in ("expression", "replacement", "modifiers"))
    if not all(isinstance(part, exp.Literal) and part.is_string for part in (pattern, put, option)):
        return node
    if option.name != "g":  # type: ignore[union-attr]  # literals, as just seen
        return node
    sought = needed(pattern.name)  # type: ignore[union-attr]  # the same
    if sought is not None:
        text, made = lay(node.this), node.copy()
        made.set("this", text.copy())
        return _where(text, exp.Literal.string(sought), made)
    if "\\" in put.name:  # type: ignore[union-attr]  # the same
        return node
    return _cheaper(node, pattern.name, put.name, lay)  # type: ignore[union-attr]  # the same


def needed(pattern: str) -> str | None:
    """Give a text without which the pattern matches nowhere, where it has a sign that is rare in a text.

    Rare is what is no letter, digit or blank. None where there is no such text, or none is seen: groups and
    classes are not looked into.
    """
    found: set[str | None] = set()
    for alternative in _split(pattern):
        runs = [""]
        for escaped, sign, repeated in alternative:
            plain = sign if not escaped else escaped if len(escaped) == 1 and not escaped.isalnum() else ""
            runs[-1] += plain if repeated in {"", "+"} else ""
            if not plain or repeated:
                runs.append("")
        rare = [run for run in runs if len(re.sub("[A-Za-z0-9 ]", "", run))]
        found.add(max(rare, key=len, default=None))
    return found.pop() if len(found) == 1 else None


def _split(pattern: str) -> list[list[tuple[str, str, str]]]:
    """Give for each alternative of the whole pattern its atoms: an escaped sign, a plain one, how it is repeated."""
    alternatives: list[list[tuple[str, str, str]]] = [[]]
    depth = 0
    for found in _ATOM.finditer(pattern):
        escaped, _, sign, repeated = (part or "" for part in found.groups())
        if sign in {"(", ")"}:
            depth += 1 if sign == "(" else -1
            sign = ""
        elif sign == "|" and not depth:
            alternatives.append([])
            continue
        elif sign in {"^", "$"}:
            continue
        if not depth:
            alternatives[-1].append((escaped, sign if sign != "." else "", repeated))
    return alternatives


def _cheaper(node: exp.RegexpReplace, pattern: str, put: str, lay: Lay) -> exp.Expression:
    if len(pattern) == 1 and pattern not in SINGLES:
        return _replaced(node.this, pattern, put)
    found = _CLASS.fullmatch(pattern)
    if found is None and (cut := _WORDS_OR_SIGNS.fullmatch(pattern)) and not put:
        words = _by(node.this, cut[1], "")  # no sign stands in a word, so words may go first
        return _cheaper(_by(words, cut[2], ""), cut[2], "", lay)
    if found is None:
        return _apart(node, pattern, put)
    outside, signs, many = found.groups()
    if outside or len(set(signs)) != len(signs):
        return _apart(node, pattern, put)
    if all(not sign.isascii() for sign in signs):
        return _beyond_ascii(node, lay)
    if len(signs) <= MOST_SINGLES and set(put).isdisjoint(signs) and not (many and put):
        text = node.this
        for sign in signs:
            text = _replaced(text, sign, put)
        return text  # type: ignore[no-any-return]  # a node
    return node


def _apart(node: exp.RegexpReplace, pattern: str, put: str) -> exp.Expression:
    """``[^…]+`` by one blank: a blank that stands alone is its own replacement, so it need be no match."""
    outside = re.fullmatch(r"\[\^([A-Za-z0-9#/&-]+)\]\+", pattern)
    if outside is None or put != " ":
        return node
    return _by(node.this, f"[^{outside[1]}]{{2,}}|[^ {outside[1]}]", " ")


def _beyond_ascii(node: exp.RegexpReplace, lay: Lay) -> exp.Expression:
    """A class without a sign of ASCII changes no text of ASCII. A chain of such replacements is guarded once."""
    text = node.this
    if isinstance(text, exp.Case) and text.meta.get("guard"):
        chain = text.args["default"]
        base = text.args["ifs"][0].args["true"]
        node = node.copy()
        node.set("this", chain.copy())
    else:
        base = lay(text)
        node = node.copy()
        node.set("this", base.copy())
    case = exp.Case(ifs=[exp.If(this=_is_ascii(base), true=base.copy())], default=node)
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
