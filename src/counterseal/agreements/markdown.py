"""The Markdown of an agreement cut into parts, items, tables and blocks, each with its line."""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterable


LONGEST_MESSAGE, LONGEST_WORD = 300, 80


@dataclass(slots=True)
class Table:
    """A table: its columns, and each row with its line."""

    columns: tuple[str, ...]
    line: int
    rows: list[tuple[int, tuple[str, ...]]] = field(default_factory=list)


@dataclass(slots=True)
class Item:
    """What stands under one heading."""

    title: str
    line: int
    prose: list[tuple[int, str]] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    blocks: list[tuple[int, str, str]] = field(default_factory=list)

    def text(self) -> str:
        """Give the prose as one text."""
        return "\n".join(line for _, line in self.prose).strip()


class Reader:
    """Errors of one document, each with file and line."""

    def __init__(self, name: str) -> None:
        self.name = name

    def wrong(self, line: int, message: str, expected: str = "") -> CountersealError:
        """Make the error at ``line``; what it repeats of the document is cut short."""
        return CountersealError(
            "agreement",
            message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}…",
            where=f"{self.name}, line {line}",
            next_step=f"Expected {expected}." if expected else "",
        )

    def unknown(self, line: int, what: str, word: str, known: Iterable[str]) -> CountersealError:
        """Make the error of a word that is not known, with the nearest that is."""
        words, word = sorted(known), word[:LONGEST_WORD]
        near = difflib.get_close_matches(word, words, n=1, cutoff=0.5)
        hint = f"{near[0]!r}, perhaps" if near else "one of " + ", ".join(words[:12])
        return self.wrong(line, f"{word!r} is not a known {what}.", hint)


CELL = re.compile(r"(?<!\\)\|")
RULE_OF_TABLE = re.compile(r"\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?")


def cells(line: str) -> tuple[str, ...]:
    """Give the cells of a table's line; a bar behind a backslash is part of its cell."""
    inner = line.strip().removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return tuple(cell.strip().replace("\\|", "|") for cell in CELL.split(inner))


def cut(reader: Reader, lines: list[str], first: int) -> tuple[Item, dict[str, tuple[Item, list[Item]]]]:
    """Cut ``lines`` (numbered from ``first``) into the introduction and the parts with their items."""
    introduction = Item("", first)
    parts: dict[str, tuple[Item, list[Item]]] = {}
    here, part = introduction, ""
    number, end = 0, len(lines)
    while number < end:
        line, at = lines[number], first + number
        if line.startswith("# "):
            part = line[2:].strip()
            if part in parts:
                raise reader.wrong(at, f"The part {part!r} stands twice.")
            here = Item(part, at)
            parts[part] = (here, [])
        elif line.startswith("## "):
            if not part:
                raise reader.wrong(at, "An item stands before any part.", "a heading '# Fields' first")
            here = Item(line[3:].strip(), at)
            parts[part][1].append(here)
        elif line.startswith("```"):
            number = _block(reader, lines, number, first, here)
        elif line.lstrip().startswith("|"):
            number = _table(reader, lines, number, first, here)
        elif line.strip():
            here.prose.append((at, line.strip()))
        number += 1
    return introduction, parts


def _block(reader: Reader, lines: list[str], number: int, first: int, here: Item) -> int:
    opened = number
    body: list[str] = []
    number += 1
    while number < len(lines) and not lines[number].startswith("```"):
        body.append(lines[number])
        number += 1
    if number == len(lines):
        raise reader.wrong(first + opened, "A block is opened and never closed.", "a line ``` after it")
    here.blocks.append((first + opened + 1, lines[opened][3:].strip(), "\n".join(body).strip()))
    return number


def _table(reader: Reader, lines: list[str], number: int, first: int, here: Item) -> int:
    table = Table(cells(lines[number]), first + number)
    number += 1
    if number == len(lines) or not RULE_OF_TABLE.fullmatch(lines[number].strip()):
        raise reader.wrong(first + number, "A table has no line under its header.", "a line such as |---|---|")
    while number + 1 < len(lines) and lines[number + 1].lstrip().startswith("|"):
        number += 1
        row = cells(lines[number])
        if len(row) != len(table.columns):
            raise reader.wrong(
                first + number,
                f"This row has {len(row)} cells.",
                f"{len(table.columns)}, as in the header in line {table.line}",
            )
        table.rows.append((first + number, row))
    here.tables.append(table)
    return number
