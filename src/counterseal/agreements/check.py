"""Whether a document is whole: every name, type and citation known, every field used, every rule exercised."""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from counterseal.agreements.compile import Compiler, split_keys
from counterseal.agreements.expression import BATCH_FUNCTIONS, MEASURE_FUNCTIONS, names, parse
from counterseal.agreements.logic import Reading, Space
from counterseal.agreements.markdown import Reader
from counterseal.agreements.model import IDENTITY_FACTS, Phase
from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from counterseal.agreements.model import Agreement

SECTION = re.compile(r"(\d+ (?:U\.S\.C\.|CFR|Stat\.) [0-9A-Za-z.-]*[0-9A-Za-z])(\(.*)?")
CONTINUED = re.compile(r"\(.*|\d{3,5}[a-z]?(\(.*)?")


COMPARED = {
    "given_name", "middle_name", "family_name", "suffix", "date_of_birth", "tin",
    "address_line_1", "address_line_2", "city", "state", "zip",
}  # fmt: skip
"""The fields that identity holds against a registry, where an agreement asks who is meant."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that a person must mend: the line, and what is wrong there."""

    line: int
    message: str


def check_document(agreement: Agreement) -> list[Fault]:
    """Give every fault of form that lets the document load and yet is wrong.

    Raises CountersealError ``agreement`` for an expression that has no meaning; it names the line.
    """
    compiler = Compiler(agreement, None)
    compiler.measures()
    reading = Reading(agreement, Space())
    for measure in agreement.measures:
        reading.name(measure.name)
    for rule in agreement.screened_rules:
        compiler.rule(rule)
        reading.expression(rule.sql_line, rule.sql)
    reading.types |= IDENTITY_FACTS
    for rule in agreement.identity_rules:
        compiler.rule(rule)
        reading.expression(rule.sql_line, rule.sql)
    for promise in agreement.promises:
        reading.expression(promise.sql_line, promise.sql)
    return [*_unused(agreement), *_says(agreement), *_values(agreement)]


def used_names(agreement: Agreement) -> dict[str, set[str]]:
    """Give for every rule with an expression all names that it reads, through the measures that it reads.

    A schedule that is read is among them.
    """
    reader = Reader(agreement.path.name)
    functions = MEASURE_FUNCTIONS | BATCH_FUNCTIONS
    direct = {
        measure.name: set().union(*(
            names(parse(reader, measure.sql_line, part, functions=functions))
            for part in ([measure.sql] if measure.sql else split_keys(measure.key))
        ))
        for measure in agreement.measures
    }  # fmt: skip
    found = {}
    for rule in agreement.expressed_rules:
        reached: set[str] = set()
        waiting = names(parse(reader, rule.sql_line, rule.sql))
        while waiting:
            name = waiting.pop()
            if name not in reached:
                reached.add(name)
                waiting |= direct.get(name, set())
        found[rule.id] = reached
    return found


def _unused(agreement: Agreement) -> Iterable[Fault]:
    used = set().union(*used_names(agreement).values())
    if agreement.identity_rules:
        used |= COMPARED
    for item in agreement.fields:
        if not {item.name, f"{item.name}_as_received"} & used:
            yield Fault(
                item.line, f"No rule reads the field {item.name!r}; an agency must not hand over what none asks."
            )
    for parameter in agreement.parameters:
        if parameter.name not in used:
            yield Fault(parameter.line, f"No rule reads the parameter {parameter.name!r}.")
    for measure in agreement.measures:
        if measure.name not in used:
            yield Fault(measure.line, f"No rule reads the measure {measure.name!r}.")
    for schedule in agreement.schedules:
        if schedule.name not in used:
            yield Fault(schedule.line, f"No rule reads the schedule {schedule.name!r}.")


def _says(agreement: Agreement) -> Iterable[Fault]:
    known = agreement.types()
    for rule in agreement.rules:
        for name in re.findall(r"\{([^{}]*)\}", rule.says):
            if name not in known and rule.is_screened:
                yield Fault(rule.line, f"{rule.id} says {{{name}}}, which is no name of the document.")


def _values(agreement: Agreement) -> Iterable[Fault]:
    reading = Reading(agreement, Space())
    for parameter in agreement.parameters:
        try:
            reading.name(parameter.name)
        except (ValueError, CountersealError):
            yield Fault(parameter.line, f"The value of {parameter.name!r} is no {parameter.type}.")
    if not any(rule.phase is Phase.FACIAL for rule in agreement.rules):
        yield Fault(1, "No rule is held against the face of a request.")


# -- citations ------------------------------------------------------------------------------------------------


def citations(text: str) -> list[str]:
    """Give the citations in a text, each in full: ``26 U.S.C. 6103(i)(2)(A), (b)(9)`` is two of one section."""
    found: list[str] = []
    title = section = ""
    for part in re.split(r"[;,] (?=\d|\(|[A-Z])", text.strip()):
        whole = SECTION.fullmatch(part.strip())
        if whole:
            section = whole[1]
            title = section.rsplit(" ", 1)[0]
            found.append(part.strip())
        elif section and CONTINUED.fullmatch(part.strip()):
            rest = part.strip()
            if not rest.startswith("("):
                section = f"{title} {rest.partition('(')[0]}"
            found.append(section + (rest if rest.startswith("(") else rest[len(rest.partition("(")[0]) :]))
        elif part.strip():
            found.append(part.strip())
    return found


def known_citations(law: Path) -> dict[str, dict[str, object]]:
    """Give the citations that ``law/*.toml`` tells of. Raises CountersealError ``law`` for a file that is no TOML."""
    found: dict[str, dict[str, object]] = {}
    for path in sorted(law.glob("*.toml")):
        try:
            held = tomllib.loads(path.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as fault:
            raise CountersealError("law", f"The file is not TOML ({fault}).", where=str(path)) from None
        found |= {str(entry["cite"]): entry for entry in held.get("provision", []) if "cite" in entry}
    return found


def check_citations(agreement: Agreement, law: Path) -> list[Fault]:
    """Give a fault for every citation that ``law/*.toml`` does not tell of, with the nearest that it does.

    Asked of the front matter, the parameters, the rules and the duties; and of a schedule's source where it cites a
    section: an entry may stand in a part of what ``law/`` tells of.
    """
    known = known_citations(law)
    front = [agreement.authority, *([agreement.accounting] if agreement.accounting != "none" else [])]
    cited = [(1, cite) for text in front for cite in citations(text)]
    cited += [(parameter.line, cite) for parameter in agreement.parameters for cite in citations(parameter.settled_by)]
    cited += [(rule.line, cite) for rule in agreement.rules for cite in citations("; ".join(rule.cites))]
    cited += [(duty.line, cite) for duty in agreement.duties for cite in citations(duty.cites)]
    cited += [
        (schedule.line, cite)
        for schedule in agreement.schedules
        for row in schedule.rows
        for cite in citations(row[-1])
        if SECTION.fullmatch(cite) and not any(cite.startswith(f"{whole}(") for whole in known)
    ]
    return [_uncited(line, cite, known) for line, cite in dict.fromkeys(cited) if cite not in known]


def _uncited(line: int, cite: str, known: Iterable[str]) -> Fault:
    near = difflib.get_close_matches(cite, sorted(known), n=1, cutoff=0.5)
    return Fault(line, f"The citation {cite!r} is not in law/." + (f" The nearest there: {near[0]!r}." if near else ""))
