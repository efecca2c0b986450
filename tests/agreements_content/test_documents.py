"""The shipped agreements as documents: examples, citations, places for every condition and duty."""

from __future__ import annotations

import csv
import re
import tomllib
from typing import TYPE_CHECKING

import pytest
from tests.agreements_content.conftest import IDS, SHIPPED

from counterseal.agreements import load_agreement, reference_tables
from counterseal.agreements.examples import run_examples
from counterseal.core.outcome import Answer, Finding
from counterseal.engine.reference import bring
from counterseal.synth.names import census_names

if TYPE_CHECKING:
    from counterseal.agreements import Agreement
    from counterseal.engine.duck import DuckEngine

LAW = SHIPPED.parent / "law"
OPEN = "to be settled by counsel"


def _provisions() -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for file in sorted(LAW.glob("*.toml")):
        for provision in tomllib.loads(file.read_text(encoding="utf-8"))["provision"]:
            assert provision["cite"] not in found, provision["cite"]
            found[provision["cite"]] = provision
    return found


@pytest.mark.parametrize("name", IDS)
def test_an_example_says_what_the_rule_does_not_find(name: str, engine: DuckEngine) -> None:
    agreement = load_agreement(SHIPPED / name)
    bring(engine, reference_tables(agreement))
    findings = run_examples(agreement, engine)
    assert [(f.rule.id, f.example.line, f.found) for f in findings if not f.agrees] == []


@pytest.mark.parametrize("name", IDS)
def test_a_citation_stands_nowhere_in_the_law_data(name: str) -> None:
    agreement, known = load_agreement(SHIPPED / name), _provisions()
    cited = {cite for rule in agreement.rules for cite in rule.cites} | {duty.cites for duty in agreement.duties}
    cited |= {agreement.authority, agreement.accounting} - {"none"}
    cited |= {p.settled_by for p in agreement.parameters}
    assert sorted(cited - set(known)) == []


def test_a_provision_lacks_its_place_or_our_words() -> None:
    for cite, provision in _provisions().items():
        assert set(provision) == {"cite", "title", "says", "read_as_of", "text"}, cite
        assert provision["title"], cite
        assert provision["says"], cite
        assert str(provision["text"]).startswith("https://") or cite == OPEN


@pytest.mark.parametrize("name", IDS)
def test_an_open_question_stands_as_law(name: str) -> None:
    """A figure is either the law's, by citation, or marked as open with a reason for its side."""
    known = _provisions()
    for parameter in load_agreement(SHIPPED / name).parameters:
        assert parameter.settled_by == OPEN or parameter.settled_by in known
        assert parameter.why


@pytest.mark.parametrize("name", IDS)
def test_a_field_is_asked_for_that_nothing_uses(name: str) -> None:
    """An agency must not hand over what no rule asked for."""
    agreement = load_agreement(SHIPPED / name)
    read = " ".join([*(m.sql + " " + m.key for m in agreement.measures), *(rule.sql for rule in agreement.rules)])
    identity = {
        "middle_name",
        "suffix",
        "tin",
        "date_of_birth",
        "address_line_1",
        "address_line_2",
        "city",
        "state",
        "zip",
    }
    unused = [f.name for f in agreement.fields if not re.search(rf"\b{f.name}(_as_received)?\b", read)]
    assert sorted(set(unused) - identity) == []


def test_a_condition_or_a_duty_has_no_place(irs_ice: Agreement) -> None:
    kept = " ".join(rule.text for rule in irs_ice.rules)
    assert [n for n in range(1, 33) if not re.search(rf"\bP-{n:02d}\b", kept)] == []
    assert [duty.id for duty in irs_ice.duties] == [f"D-{n:02d}" for n in range(1, 24)]
    table = irs_ice.path.read_text(encoding="utf-8").split("# Fields")[0]
    ids = {rule.id for rule in irs_ice.rules}
    for number in range(1, 33):
        row = re.search(rf"^\| P-{number:02d} \|.*\| (R-[^|]*) \|", table, re.MULTILINE)
        assert row, number
        assert set(row[1].split(", ")) <= ids


def test_a_rule_of_a_condition_is_missing_in_the_table(irs_ice: Agreement) -> None:
    table = irs_ice.path.read_text(encoding="utf-8").split("# Fields")[0]
    for rule in irs_ice.rules:
        for condition in set(re.findall(r"\bP-\d\d\b", rule.text)):
            assert re.search(rf"^\| {condition} \|.*\b{rule.id}\b", table, re.MULTILINE), (rule.id, condition)


@pytest.mark.parametrize("name", IDS)
def test_a_rule_that_can_be_unknown_has_no_example_of_it(name: str) -> None:
    never = {"R-14", "R-17a", "R-17f", "R-24a"}
    for rule in load_agreement(SHIPPED / name).expressed_rules:
        outcomes = {example.outcome for example in rule.examples}
        assert {Finding.HOLDS, Finding.FAILS} <= outcomes
        assert Finding.UNKNOWN in outcomes or rule.id in never or rule.id == "R-13b", rule.id


def test_a_message_to_the_requester_tells_what_the_custodian_holds() -> None:
    """A reason must be a function of the request: no word of a record, an account or a taxpayer."""
    for name in IDS:
        for rule in load_agreement(SHIPPED / name).rules:
            assert not re.search(
                r"\b(account|registry|our records|on file|taxpayer is|we hold|matched)\b", rule.says, re.IGNORECASE
            ), rule.id


def test_the_strict_defaults_differ_from_the_contract(irs_ice: Agreement) -> None:
    value = {p.name: p.value for p in irs_ice.parameters}
    assert (value["least_days_since_order"], value["most_rows_an_officer"], value["shared_reason_ceiling"]) == (
        "90",
        "25",
        "5",
    )
    assert (value["most_rows_an_address"], value["oldest_period_years"]) == ("10", "7")
    answers = {rule.id: rule.answer for rule in irs_ice.rules}
    assert answers["R-03"] is Answer.JUDGE
    assert answers["R-10a"] is Answer.REFUSE
    assert (answers["R-23"], answers["R-23a"]) == (Answer.JUDGE, Answer.CURE)
    assert answers["R-19"] is Answer.JUDGE
    assert answers["R-25a"] is Answer.JUDGE


def test_the_words_for_institutions_differ_between_measure_and_data(irs_ice: Agreement) -> None:
    """The measure finds a word, the data say what it means: a word in one of them alone does nothing."""
    sql = next(m.sql for m in irs_ice.measures if m.name == "institution_name")
    words = re.findall(r"' \(([A-Z/ |-]+)\) ', 1", sql)[0].split("|")
    with (irs_ice.path.parent / "data" / "institutions.csv").open(encoding="utf-8", newline="") as file:
        assert sorted(row["words"] for row in csv.DictReader(file)) == sorted(words)


def test_a_placeholder_for_a_name_is_somebodys_name(irs_ice: Agreement) -> None:
    """Mr Null, Ms Test and the family Na exist."""
    census = census_names()
    borne = {*census.surnames, *census.male, *census.female}
    with (irs_ice.path.parent / "data" / "name_placeholders.csv").open(encoding="utf-8", newline="") as file:
        assert sorted(row["text"] for row in csv.DictReader(file) if row["text"] in borne) == []
