"""What could go wrong when a document is read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from counterseal.agreements import Agreement, load_agreement
from counterseal.agreements.check import check_citations, check_document, citations
from counterseal.agreements.compile import Compiler
from counterseal.agreements.examples import run_examples
from counterseal.agreements.expression import _parsed
from counterseal.agreements.prove import Prover
from counterseal.engine.duck import DuckEngine
from counterseal.errors import CountersealError

from .conftest import DOCUMENT, SHIPPED

Read = Callable[..., Agreement]
LINES = DOCUMENT.splitlines()


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(LINES, start=1) if text in line)


def test_a_sound_document_is_read_whole(read: Read):
    agreement = read(DOCUMENT)
    assert [rule.id for rule in agreement.rules] == ["R-01", "R-02", "R-03", "R-04"]
    assert agreement.rules[0].cure_offered
    assert agreement.parameters[0].is_open
    assert check_document(agreement) == []


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_an_expression_that_an_earlier_reader_changed(folder: Path):
    """An expression is read once, and all that read it later share one tree: what is compiled stays the same."""
    agreement = load_agreement(folder)

    def made() -> list[str]:
        compiler = Compiler(agreement, {fact.name: fact.example for fact in agreement.facts})
        return [*(step.sql for step in compiler.measures()), *map(compiler.rule, agreement.screened_rules)]

    first = made()
    prover = Prover(agreement)
    prover.witness(prover.find(prover.admitted())[1], [field.name for field in agreement.fields])
    assert made() == first
    _parsed.cache_clear()
    assert made() == first


@pytest.mark.parametrize(
    ("old", "new", "line", "hint"),
    [
        ("| amount | number |", "| amount | nubmer |", "| amount | number |", "'number'"),
        ("Answer: judge.", "Answer: jugde.", "## R-03", "'judge'"),
        (
            "Phase: facial. Answer: cure.\n\n```sql\ndays",
            "Phase: fascial. Answer: cure.\n\n```sql\ndays",
            "## R-02",
            "'facial'",
        ),
        ("# Duties", "# Dutys", "# Duties", "'Duties'"),
        ("Kind: max_load", "Kind: max_lod", "## busiest", "'max_load'"),
        ("| 2026-08-04 | fails |", "| 2026-08-04 | failed |", "| 2026-08-04 | fails |", "'fails'"),
        ("| 2026-08-04 | fails |", "| 2026-08-04 |", "| 2026-08-04 | fails |", "2, as in the header in line 130"),
        ("custodian =", "custodain =", "custodian =", "'custodian'"),
        ('"draft"', '"drafted"', 'status = "draft"', "'draft'"),
        ("in_force = 2025-01-01", "in_force = 2025-13-01", "in_force", "a date unquoted"),
        ("in_force = 2025-01-01", "in_force = 'soon'", "in_force", "2025-04-07"),
        ("| 2026-11-02 |\n", "| 2026-11-31 |\n", "| signed_on | date", "2026-11-02"),
        ("| value | settled by |", "| values | settled by |", "| value | settled by |", "parameter | type | value"),
        ("Phase: facial. Answer: judge", "Phase: facial. Anwser: judge", "Answer: judge", "it where 'Anwser' stands"),
        ("## busiest", "## name_words", "## busiest", "a name of its own"),
        ("## kinds", "## other", "## kinds", "a name of its own"),
        (
            "# Duties",
            "## Ninety days means more than ninety\n\n```sql\nsure\n```\n\n# Duties",
            "# Duties",
            "a name of its own",
        ),
        ("| D-01 |", "| D1 |", "| D-01 |", "'D-01'"),
        ("| custodian | permanent |", "| custodain | permanent |", "| D-01 |", "'custodian'"),
        ("| permanent |", "| 24 huors |", "| D-01 |", "'hour'"),
        (
            "Kind: shared_by. Type: number. Range: 1 to 9999.\n\n```sql\nname_words\n```",
            "Kind: lookup. Type: text. Table: zip_codes. Key: name. Gives: staet.",
            "## rows_with_name",
            "'state'",
        ),
    ],
)
def test_an_error_without_its_line_or_the_nearest_word(read: Read, old: str, new: str, line: str, hint: str):
    assert old in DOCUMENT
    with pytest.raises(CountersealError) as fault:
        read(DOCUMENT.replace(old, new, 1))
    assert fault.value.where == f"agreement.md, line {line_of(line)}"
    assert hint in fault.value.next_step


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("days_open > least_days", "dayz_open > least_days", "'days_open'"),
        ("days_open > least_days", "pow(days_open, 2) > least_days", "'pow' is not a known function"),
        ("days_open > least_days", "(SELECT 1) > least_days", "SUBQUERY"),
        ("days_open > least_days", "days_open > 1; DROP TABLE rows", "cannot be read|more than one"),
        ("days_open > least_days", "days_open > 1 FROM rows", "more than one expression"),
        ("days_open > least_days", "days_open > name", "compares a number with a text"),
        ("days_open > least_days", "days_open + 1", "is a number"),
        ("days_open > least_days", "days_open / 2 > 1", "DIV"),
        ("days_open > least_days", "days_open * 2 > 1", "MUL"),
        ("days_open > least_days", "opened + days_open > signed_on", "100,000 days"),
        ("days_open > least_days", "opened - 100001 > signed_on", "100,000 days"),
        ("days_open > least_days", "days_open > random()", "'random' is not a known function"),
        ("days_open > least_days", "opened > current_date", "CURRENTDATE is not"),
        ("'X+'", "'(?=X)X'", "look-around"),
        ("'X+'", "'^X$'", "anchors"),
        ("'X+'", "'X+?'", "lazy"),
        ("'X+'", r"'(X)\1'", "not of the language"),
        ("'X+'", r"'\p{L}'", "not of the language"),
        ("trim(upper(name))", "trim(upper(rows_with_name))", "itself|name_words"),
    ],
)  # fmt: skip
def test_an_expression_that_is_not_of_the_language(read: Read, old: str, new: str, said: str):
    with pytest.raises(CountersealError, match=said):
        check_document(read(DOCUMENT.replace(old, new, 1)))


def test_a_field_that_no_rule_asked_for(read: Read):
    faults = check_document(read(DOCUMENT.replace("AND late IS NOT TRUE", "")))
    assert [fault.message for fault in faults] == [
        "No rule reads the field 'late'; an agency must not hand over what none asks."
    ]


def test_a_schedule_that_no_rule_reads(read: Read):
    unread = DOCUMENT.replace(
        "# Measures", "## sorts\n\n| sort | source |\n|---|---|\n| A | the law |\n\n# Measures", 1
    )
    assert [fault.message for fault in check_document(read(unread))] == ["No rule reads the schedule 'sorts'."]


def test_a_message_that_names_nothing(read: Read):
    assert "{nmae}" in check_document(read(DOCUMENT.replace('"{name}"', '"{nmae}"')))[0].message


def test_a_rule_without_an_example_on_each_side(read: Read):
    with pytest.raises(CountersealError, match="no example in which it fails"):
        read(DOCUMENT.replace("| 2026-08-04 | fails |\n", ""))


def test_an_example_that_is_not_true_is_found(read: Read, engine: DuckEngine):
    agreement = read(DOCUMENT.replace("| 2026-08-04 | fails |", "| 2026-08-03 | fails |"))
    wrong = [finding for finding in run_examples(agreement, engine) if not finding.agrees]
    assert [(finding.rule.id, finding.found) for finding in wrong] == [("R-02", "holds")]


def test_citations_of_one_section_that_lose_it():
    assert citations("26 U.S.C. 6103(i)(2)(A), (b)(9); 5 U.S.C. 551(1), 552a(c)(1), Publication 1075") == [
        "26 U.S.C. 6103(i)(2)(A)", "26 U.S.C. 6103(b)(9)", "5 U.S.C. 551(1)", "5 U.S.C. 552a(c)(1)", "Publication 1075",
    ]  # fmt: skip


def test_a_citation_that_nobody_wrote_down(read: Read, tmp_path: Path):
    (tmp_path / "usc.toml").write_text('[[provision]]\ncite = "26 U.S.C. 6103(i)(1)"\n')
    faults = check_citations(read(DOCUMENT), tmp_path)
    assert {fault.message for fault in faults if "(p)" not in fault.message} == {
        "The citation '26 U.S.C. 6103(i)(2)' is not in law/. The nearest there: '26 U.S.C. 6103(i)(1)'.",
        "The citation 'to be settled by counsel' is not in law/.",
    }


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('accounting = "26 U.S.C. 6103(p)(3)(A)"', 'accounting = "26 U.S.C. 6103(p)(3)(Z)"'),
        ("| D-01 | a record | 26 U.S.C. 6103(p)(3)(A)", "| D-01 | a record | 26 U.S.C. 6103(p)(33)(A)"),
        ("| most_shared | number | 2 | to be settled by counsel", "| most_shared | number | 2 | 26 U.S.C. 6103(i)(20)"),
        ("| BB | the law |", "| BB | 26 U.S.C. 6103(q)(2) |"),
    ],
)
def test_a_citation_outside_the_rules_that_nobody_asks_for(read: Read, old: str, new: str):
    assert old in DOCUMENT
    assert check_citations(read(DOCUMENT), SHIPPED[0].parents[1] / "law") == []
    faults = check_citations(read(DOCUMENT.replace(old, new, 1)), SHIPPED[0].parents[1] / "law")
    assert ["The nearest there" in fault.message for fault in faults] == [True]


def _refusal(read: Read, text: str) -> str:
    """Give the code of the refusal that names file and line, or nothing for a document that is read."""
    try:
        check_document(read(text))
    except CountersealError as fault:
        return fault.code if "agreement.md, line " in fault.where else "no line"
    return ""


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_mangled_document_ends_in_a_traceback(read: Read, data: st.DataObject):
    """Whatever is done to a document, it is read or refused with the file and a line."""
    lines = list(LINES)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(lines) - 1))
        how = data.draw(st.sampled_from(["drop", "twice", "cut", "swap", "sign"]))
        if how == "drop" and len(lines) > 1:
            del lines[at]
        elif how == "twice":
            lines.insert(at, lines[at])
        elif how == "cut":
            lines[at] = lines[at][: data.draw(st.integers(0, len(lines[at])))]
        elif how == "swap":
            other = data.draw(st.integers(0, len(lines) - 1))
            lines[at], lines[other] = lines[other], lines[at]
        else:
            lines[at] += data.draw(st.sampled_from(["|", "`", "'", "(", ")", "\\", "+++", "\x00", "é", "..", "{"]))
    assert _refusal(read, "\n".join(lines)) in {"", "agreement"}


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_shipped_document_that_contradicts_its_examples(folder: Path, engine: DuckEngine):
    agreement = load_agreement(folder)
    assert check_document(agreement) == []
    wrong = [f for f in run_examples(agreement, engine) if not f.agrees]
    assert [(f.rule.id, f.example.line, f.found.value) for f in wrong] == []
