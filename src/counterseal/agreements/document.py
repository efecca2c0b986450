"""Reading an agreement: one Markdown file and its data, strictly, with an error for every line that is wrong.

Serves ``docs/law/language.md``. Nothing is guessed: a word that is not of the language is an error that
names the line and the nearest word that is.
"""

from __future__ import annotations

import difflib
import hashlib
import itertools
import re
import stat
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

from counterseal.agreements.compile import REFERENCE
from counterseal.agreements.markdown import Item, Reader, Table, cut
from counterseal.agreements.model import (
    Agreement,
    Duty,
    Example,
    Fact,
    Field,
    Kind,
    Measure,
    Parameter,
    Phase,
    Promise,
    Rule,
    Schedule,
    Type,
)
from counterseal.core.outcome import Answer, Finding
from counterseal.core.shown import COMMANDS
from counterseal.errors import CountersealError

PARTS = ("Fields", "Request", "Parameters", "Schedules", "Measures", "Rules", "Promises", "Duties")
FRONT = {
    "id",
    "title",
    "version",
    "in_force",
    "status",
    "authority",
    "accounting",
    "custodian",
    "requester",
    "requester_names",
    "requester_title",
}
OPTIONAL = {"accounting_reason"}
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
RULE_TITLE = re.compile(r"(R-\d{2}[a-z]?) (\S.*)")
HEADER_KEY = re.compile(
    r"(?:^|(?<=\. ))(Cites|Phase|Answer|Unknown|Implied|Kept by|Kind|Type|Table|Key|Gives|Range|Unknown when): "
)
WHO = ("custodian", "requester", "both")
UNITS = ("hour", "day", "year")
STATUS = ("draft", "in force", "ended")
LARGEST_DOCUMENT = 2_000_000
LARGEST_FRONT = 8_000
LARGEST_TABLE = 50_000_000
"""Bytes of a file of ``data/``."""

EMPTY = "(empty)"


def load_agreement(document: Path) -> Agreement:
    """Read the agreement at ``document`` (the file, or the folder that holds ``agreement.md``).

    Raises CountersealError ``agreement`` naming file, line and what was expected.
    """
    path = document / "agreement.md" if document.is_dir() else document
    reader = Reader(path.name)
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise reader.wrong(1, "The document is no plain file.")
        if path.stat().st_size > LARGEST_DOCUMENT:
            raise reader.wrong(1, "The document is larger than an agreement can be.")
        raw = path.read_bytes()
        text = raw.decode("utf-8")
    except OSError:
        raise CountersealError(
            "agreement",
            "There is no agreement here.",
            where=str(path),
            next_step="Name a folder with agreement.md.",
        ) from None
    except UnicodeDecodeError:
        raise reader.wrong(1, "The document is not UTF-8 text.") from None
    if control := COMMANDS.search(text):
        raise reader.wrong(text.count("\n", 0, control.start()) + 1, "The line holds a control character.")
    tables = tuple(sorted((path.parent / "data").glob("*.csv")))
    for table in tables:
        if table.is_symlink() or not table.is_file() or table.stat().st_size > LARGEST_TABLE:
            raise CountersealError("agreement", "This is no plain file of a table.", where=f"data/{table.name}")
    return _agreement(reader, path, text.replace("\r\n", "\n"), tables)


def _agreement(reader: Reader, path: Path, text: str, tables: tuple[Path, ...]) -> Agreement:
    front, lines, first = _front(reader, text)
    introduction, parts = cut(reader, lines, first)
    for title, (item, _) in parts.items():
        if title not in PARTS:
            raise reader.unknown(item.line, "part", title, PARTS)
    if missing := [part for part in PARTS if part not in parts]:
        raise reader.wrong(first, f"The part {missing[0]!r} is missing.", f"a heading '# {missing[0]}'")
    digest = hashlib.sha256(text.encode())
    for table in tables:
        digest.update(table.name.encode() + b"\0" + hashlib.sha256(table.read_bytes()).digest())
    agreement = Agreement(
        path=path,
        digest=digest.hexdigest(),
        introduction=introduction.text(),
        conditions=_conditions(reader, introduction),
        fields=_fields(reader, parts["Fields"][0]),
        facts=_facts(reader, parts["Request"][0]),
        parameters=_parameters(reader, parts["Parameters"][0]),
        schedules=tuple(_schedule(reader, item) for item in parts["Schedules"][1]),
        measures=tuple(_measure(reader, item) for item in parts["Measures"][1]),
        rules=_rules(reader, parts["Rules"][1]),
        promises=tuple(_promise(reader, item) for item in parts["Promises"][1]),
        duties=_duties(reader, parts["Duties"][0]),
        tables=tables,
        **front,
    )
    _once(reader, agreement)
    _known(reader, agreement)
    return agreement


def _conditions(reader: Reader, introduction: Item) -> tuple[tuple[str, ...], ...]:
    if len(introduction.tables) > 1:
        raise reader.wrong(introduction.tables[1].line, "The introduction has two tables.", "one, of the conditions")
    return tuple(line for table in introduction.tables for line in (table.columns, *(row for _, row in table.rows)))


def _once(reader: Reader, agreement: Agreement) -> None:
    """Refuse a name that stands for two things."""
    named: list[Field | Fact | Parameter | Schedule | Measure] = [
        *agreement.fields,
        *agreement.facts,
        *agreement.parameters,
    ]
    named += [*agreement.schedules, *agreement.measures]
    seen: dict[str, int] = {}
    for item in (*named, *agreement.promises):
        if item.name in seen:
            raise reader.wrong(
                item.line, f"{item.name!r} stands in line {seen[item.name]} already.", "a name of its own"
            )
        seen[item.name] = item.line
    duties: set[str] = set()
    for duty in agreement.duties:
        if not re.fullmatch(r"D-\d{2}[a-z]?", duty.id) or duty.id in duties:
            raise reader.wrong(duty.line, f"{duty.id!r} stands twice or is no id of a duty.", "an id as in 'D-01'")
        if duty.who not in WHO:
            raise reader.unknown(duty.line, "bearer of a duty", duty.who, WHO)
        unit = re.match(r"[0-9]+ ?([a-z]*)", duty.clock)
        if unit and unit[1].removesuffix("s") not in UNITS:
            raise reader.unknown(duty.line, "unit of a clock", unit[1], UNITS)
        duties.add(duty.id)


def _known(reader: Reader, agreement: Agreement) -> None:
    """Refuse a lookup of a column that its table has not, and a fact's example that cannot be read."""
    held = REFERENCE | {path.stem: _header_of(path) for path in agreement.tables}
    for measure in agreement.measures:
        columns = held.get(measure.table)
        if measure.kind is Kind.LOOKUP and columns is None:
            raise reader.unknown(measure.line, "table", measure.table, held)
        if measure.kind is Kind.LOOKUP and columns is not None and measure.gives not in {"found", *columns}:
            raise reader.unknown(measure.line, f"column of {measure.table}", measure.gives, {"found", *columns})
    for fact in agreement.facts:
        if fact.type is Type.DATE and fact.example and not _is_day(fact.example):
            raise reader.wrong(fact.line, f"{fact.example!r} is no date.", "a day such as 2026-11-02")


def _header_of(table: Path) -> tuple[str, ...]:
    with table.open(encoding="utf-8", errors="replace") as file:
        return tuple(file.readline().rstrip("\r\n").split(","))


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _front(reader: Reader, text: str) -> tuple[dict[str, Any], list[str], int]:
    lines = text.split("\n")
    if lines[0].strip() != "+++" or "+++" not in [line.strip() for line in lines[1:]]:
        raise reader.wrong(1, "The document has no front matter.", "TOML between two lines +++")
    end = next(number for number, line in enumerate(lines[1:], start=1) if line.strip() == "+++")
    held = _toml(reader, "\n".join(lines[1:end]))
    at = {line.partition("=")[0].strip(): number for number, line in enumerate(lines[:end], start=1)}
    for key in held:
        if key not in FRONT | OPTIONAL:
            raise reader.unknown(at.get(key, 1), "key of the front matter", key, FRONT | OPTIONAL)
    if missing := sorted(FRONT - set(held)):
        raise reader.wrong(1, f"The front matter lacks {missing[0]!r}.")
    if type(held["in_force"]) is not date:
        raise reader.wrong(at.get("in_force", 1), "in_force is not a date.", "a date such as 2025-04-07")
    if held["accounting"] == "none" and not held.get("accounting_reason"):
        raise reader.wrong(at.get("accounting", 1), "accounting is 'none' and no reason is given.", "accounting_reason")
    names = held["requester_names"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise reader.wrong(at.get("requester_names", 1), "requester_names is not a list of texts.")
    held["requester_names"] = tuple(names)
    for key, value in held.items():
        if key not in {"in_force", "requester_names"} and not isinstance(value, str):
            raise reader.wrong(at.get(key, 1), f"{key} is not a text.")
    _front_words(reader, held, at)
    return held, lines[end + 1 :], end + 2


def _front_words(reader: Reader, held: dict[str, Any], at: dict[str, int]) -> None:
    if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,63}", held["id"]):
        raise reader.wrong(
            at.get("id", 1), "id is not one word.", "small letters, digits and lines, for example irs-ice-2025"
        )
    if held["status"] not in STATUS:
        raise reader.unknown(at.get("status", 1), "status", held["status"], STATUS)
    if not re.fullmatch(r"[0-9]{1,6}\.[0-9]{1,6}\.[0-9]{1,6}", held["version"]):
        raise reader.wrong(at.get("version", 1), "version is not three numbers.", "for example 1.0.0")


def _toml(reader: Reader, front: str) -> dict[str, Any]:
    if len(front) > LARGEST_FRONT:
        raise reader.wrong(1, "The front matter is longer than a page.")
    try:
        return tomllib.loads(front)
    except RecursionError:
        raise reader.wrong(1, "The front matter is nested too deeply.") from None
    except ValueError as fault:
        where = re.search(r"at line (\d+)", str(fault))
        line = int(where[1]) + 1 if where else 1  # it stands under the line +++
        says = str(fault).partition(" (at line")[0]
        raise reader.wrong(line, f"The front matter is not TOML ({says}).", "key = value, a date unquoted") from None


def _only_table(reader: Reader, item: Item, columns: tuple[str, ...]) -> Table:
    if len(item.tables) != 1:
        raise reader.wrong(item.line, f"{item.title!r} needs one table.", " | ".join(columns))
    table = item.tables[0]
    if table.columns[: len(columns)] != columns:
        pairs = itertools.zip_longest(table.columns[: len(columns)], columns)
        has, needs = next(pair for pair in pairs if pair[0] != pair[1])
        says = f"The table has the column {has!r} for {needs!r}." if has else f"The table lacks the column {needs!r}."
        raise reader.wrong(table.line, says, " | ".join(columns))
    return table


def _type(reader: Reader, line: int, word: str) -> Type:
    try:
        return Type(word)
    except ValueError:
        raise reader.unknown(line, "type", word, [known.value for known in Type]) from None


def _name(reader: Reader, line: int, name: str, seen: set[str]) -> str:
    if not NAME.fullmatch(name):
        raise reader.wrong(line, f"{name!r} is no name.", "small letters, digits and underscores")
    if name in seen:
        raise reader.wrong(line, f"{name!r} stands twice.")
    seen.add(name)
    return name


def _fields(reader: Reader, item: Item) -> tuple[Field, ...]:
    seen: set[str] = set()
    found = []
    for line, row in _only_table(reader, item, ("field", "type", "may be empty", "meaning")).rows:
        if row[2] not in {"yes", "no"}:
            raise reader.unknown(line, "answer to 'may be empty'", row[2], ["yes", "no"])
        found.append(
            Field(_name(reader, line, row[0], seen), _type(reader, line, row[1]), row[2] == "yes", row[3], line)
        )
    return tuple(found)


def _facts(reader: Reader, item: Item) -> tuple[Fact, ...]:
    seen: set[str] = set()
    found = []
    for line, row in _only_table(reader, item, ("fact", "type", "from", "meaning", "example")).rows:
        if row[2] not in {"manifest", "receipt", "register"}:
            raise reader.unknown(line, "source of a fact", row[2], ["manifest", "receipt", "register"])
        found.append(Fact(_name(reader, line, row[0], seen), _type(reader, line, row[1]), row[2], row[3], row[4], line))
    return tuple(found)


def _parameters(reader: Reader, item: Item) -> tuple[Parameter, ...]:
    seen: set[str] = set()
    columns = ("parameter", "type", "value", "settled by", "why this side")
    found = []
    for line, row in _only_table(reader, item, columns).rows:
        kind = _type(reader, line, row[1])
        if kind is Type.NUMBER and not re.fullmatch(r"-?[0-9]{1,15}", row[2]):
            raise reader.wrong(line, f"The value of {row[0]!r} is no number.", "whole, of 15 digits at most")
        found.append(Parameter(_name(reader, line, row[0], seen), kind, row[2], row[3], row[4], line))
    return tuple(found)


def _schedule(reader: Reader, item: Item) -> Schedule:
    if len(item.tables) != 1 or item.tables[0].columns[-1] != "source" or len(item.tables[0].columns) < 2:
        raise reader.wrong(item.line, f"The schedule {item.title!r} needs one table.", "a last column 'source'")
    table = item.tables[0]
    values = [row[0] for _, row in table.rows]
    if len(set(values)) < len(values):
        raise reader.wrong(table.line, f"A value of {item.title!r} stands twice.")
    name = _name(reader, item.line, item.title, set())
    return Schedule(name, item.text(), table.columns, tuple(row for _, row in table.rows), item.line)


def _header(reader: Reader, item: Item, needed: tuple[str, ...]) -> tuple[dict[str, str], str]:
    """Split the header line from the prose; give its keys and what prose remains."""
    marked = [number for number, (_, line) in enumerate(item.prose) if line.startswith((f"{needed[0]}: ",))]
    if not marked:
        raise reader.wrong(item.line, f"{item.title!r} has no header line.", f"a line that begins '{needed[0]}: '")
    line, text = item.prose[marked[0]]
    cuts = list(HEADER_KEY.finditer(text))
    held = {}
    for cut_at, follows in zip(cuts, [*cuts[1:], None], strict=True):
        value = text[cut_at.end() : follows.start() if follows else len(text)].strip()
        held[cut_at[1]] = value.removesuffix(".").strip()
    for key in needed:
        if key not in held:
            near = difflib.get_close_matches(key, re.findall(r"(?:^|\. )([A-Z][A-Za-z ]{1,20}): ", text), n=1)
            raise reader.wrong(line, f"The header lacks '{key}: '.", f"it where {near[0]!r} stands" if near else "")
    prose = "\n".join(text for number, (_, text) in enumerate(item.prose) if number != marked[0])
    return held, prose.strip()


def _sql(reader: Reader, item: Item) -> tuple[int, str]:
    blocks = [(line, sql) for line, kind, sql in item.blocks if kind == "sql"]
    if len(blocks) > 1:
        raise reader.wrong(blocks[1][0], f"{item.title!r} has two sql blocks.", "one")
    return blocks[0] if blocks else (item.line, "")


def _measure(reader: Reader, item: Item) -> Measure:
    held, prose = _header(reader, item, ("Kind", "Type"))
    try:
        kind = Kind(held["Kind"])
    except ValueError:
        raise reader.unknown(item.line, "kind of measure", held["Kind"], [known.value for known in Kind]) from None
    sql_line, sql = _sql(reader, item)
    needs = {"Table", "Key", "Gives"} if kind is Kind.LOOKUP else set()
    if missing := sorted(needs - set(held)):
        raise reader.wrong(item.line, f"A lookup lacks '{missing[0]}: '.")
    if bool(sql) == (kind is Kind.LOOKUP):
        raise reader.wrong(item.line, "A lookup has no sql block." if sql else f"{item.title!r} has no sql block.")
    return Measure(
        name=_name(reader, item.line, item.title, set()),
        text=prose,
        kind=kind,
        type=_type(reader, item.line, held["Type"]),
        sql=sql,
        line=item.line,
        sql_line=sql_line,
        unknown_when=held.get("Unknown when", ""),
        range=_range(reader, item.line, held.get("Range")),
        table=held.get("Table", ""),
        key=held.get("Key", ""),
        gives=held.get("Gives", ""),
    )


def _range(reader: Reader, line: int, text: str | None) -> tuple[int, int] | None:
    if text is None:
        return None
    found = re.fullmatch(r"(-?[0-9]{1,15}) to (-?[0-9]{1,15})", text)
    if not found or int(found[1]) > int(found[2]):
        raise reader.wrong(line, f"{text!r} is no range.", "for example 0 to 9999")
    return int(found[1]), int(found[2])


def _rules(reader: Reader, items: list[Item]) -> tuple[Rule, ...]:
    rules = tuple(_rule(reader, item) for item in items)
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise reader.wrong(rule.line, f"The rule {rule.id} stands twice.")
        seen.add(rule.id)
    if not rules:
        raise reader.wrong(1, "The agreement has no rule.")
    return rules


def _answer(reader: Reader, line: int, word: str) -> Answer:
    try:
        return Answer(word)
    except ValueError:
        raise reader.unknown(line, "answer", word, [known.value for known in Answer]) from None


def _rule(reader: Reader, item: Item) -> Rule:
    named = RULE_TITLE.fullmatch(item.title)
    if not named:
        raise reader.wrong(item.line, f"{item.title!r} is no title of a rule.", "an id and words, as in 'R-14 The …'")
    held, prose = _header(reader, item, ("Cites", "Phase", "Answer"))
    try:
        phase = Phase(held["Phase"])
    except ValueError:
        raise reader.unknown(item.line, "phase", held["Phase"], [known.value for known in Phase]) from None
    word, _, offered = held["Answer"].partition(", ")
    if offered not in {"", "cure offered"}:
        raise reader.wrong(item.line, f"{offered!r} is not known after an answer.", "'cure offered' or nothing")
    answer = _answer(reader, item.line, word)
    expressed = phase in {Phase.REGISTER, Phase.FACIAL, Phase.IDENTITY}
    sql_line, sql = _sql(reader, item)
    if bool(sql) != expressed:
        raise reader.wrong(item.line, f"{named[1]}: register, facial and identity rules have a sql block, others none.")
    if not expressed and "Kept by" not in held:
        raise reader.wrong(item.line, f"{named[1]} does not say what keeps it.", "'Kept by: …' in the header")
    says, prose = _says(reader, item, prose)
    return Rule(
        id=named[1],
        title=named[2],
        cites=_cites(held["Cites"]),
        phase=phase,
        answer=answer,
        unknown=_answer(reader, item.line, held["Unknown"]) if "Unknown" in held else answer,
        cure_offered=bool(offered),
        implied=held.get("Implied", ""),
        kept_by=held.get("Kept by", ""),
        text=prose,
        sql=sql,
        says=says,
        examples=_examples(reader, item, named[1]) if expressed else (),
        line=item.line,
        sql_line=sql_line,
    )


def _cites(text: str) -> tuple[str, ...]:
    """Split citations at commas that begin another; ``6103(b)(6), (i)(2)`` keeps to its section."""
    return tuple(part.strip() for part in re.split(r"[,;] (?=\d|[A-Z])", text) if part.strip())


def _says(reader: Reader, item: Item, prose: str) -> tuple[str, str]:
    lines = prose.split("\n")
    said = [line.removeprefix("Says: ") for line in lines if line.startswith("Says: ")]
    if len(said) != 1:
        raise reader.wrong(item.line, f"{item.title!r} must say one thing to the requester.", "one line 'Says: …'")
    return said[0], "\n".join(line for line in lines if not line.startswith("Says: ")).strip()


def _examples(reader: Reader, item: Item, rule: str) -> tuple[Example, ...]:
    if len(item.tables) != 1 or item.tables[0].columns[-1] != "outcome":
        raise reader.wrong(item.line, f"{rule} needs one table of examples.", "a last column 'outcome'")
    table = item.tables[0]
    found = []
    for line, row in table.rows:
        try:
            outcome = Finding(row[-1])
        except ValueError:
            raise reader.unknown(line, "outcome", row[-1], [known.value for known in Finding]) from None
        given = tuple(
            (column, None if cell == EMPTY else cell) for column, cell in zip(table.columns, row[:-1], strict=False)
        )
        found.append(Example(given, outcome, line))
    outcomes = {example.outcome for example in found}
    for needed in (Finding.HOLDS, Finding.FAILS):
        if needed not in outcomes:
            raise reader.wrong(table.line, f"{rule} has no example in which it {needed.value}.")
    return tuple(found)


def _promise(reader: Reader, item: Item) -> Promise:
    line, sql = _sql(reader, item)
    if not sql:
        raise reader.wrong(item.line, f"The promise {item.title!r} has no sql block.")
    return Promise(item.title, item.text(), sql, item.line, line)


def _duties(reader: Reader, item: Item) -> tuple[Duty, ...]:
    columns = ("duty", "what", "cites", "who", "clock", "starts")
    return tuple(
        Duty(row[0], row[1], row[2], row[3], row[4], row[5], line)
        for line, row in _only_table(reader, item, columns).rows
    )
