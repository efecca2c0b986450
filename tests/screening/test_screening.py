"""What could go wrong between rows and determinations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.agreements.conftest import DOCUMENT

from counterseal.agreements import Agreement
from counterseal.core.steps import Step
from counterseal.engine.duck import DuckEngine
from counterseal.intake.columns import rows_batch
from counterseal.screening import screening_steps
from counterseal.screening.compile import UNTOLD

FIELDS = ["request_ref", "name", "other", "opened", "closed", "amount", "share", "sure", "late", "people", "years"]
SOUND = {
    "request_ref": "1", "name": "MARIA", "other": "A", "opened": "2026-01-05", "closed": "", "amount": "5", "share": "",
    "sure": "yes", "late": "", "people": "P-1;P-2", "years": "2024;2025",
}  # fmt: skip
WORST = {"refused": 0, "cure": 1, "judgement": 2, None: 3}
Read = Callable[..., Agreement]


def screened(agreement: Agreement, engine: DuckEngine, rows: list[dict[str, Any]], **how: Any) -> list[dict[str, Any]]:
    numbers = pa.array(range(1, len(rows) + 1), pa.int64())
    faults = pa.array([row.get("malformed") for row in rows], pa.string())
    values = {name: pa.array([row.get(name) for row in rows], pa.string()) for name in FIELDS}
    engine.table("rows", pa.Table.from_batches([rows_batch(numbers, faults, values, FIELDS)]))
    engine.run(screening_steps(agreement, {"signed_on": "2026-11-02"}, register_known=False, **how))
    found = engine.rows("SELECT row, request_ref, outcome, rules, reasons FROM screened ORDER BY row")
    return [dict(zip(("row", "request_ref", "outcome", "rules", "reasons"), row, strict=True)) for row in found]


def one(agreement: Agreement, engine: DuckEngine, **values: Any) -> dict[str, Any]:
    return screened(agreement, engine, [{**SOUND, **values}])[0]


def test_a_sound_row_is_held_back(read: Read, engine: DuckEngine):
    found = one(read(DOCUMENT), engine)
    assert (found["outcome"], found["rules"], found["reasons"]) == (None, [], [])


def test_a_row_whose_pattern_of_findings_nobody_worked_out_is_let_through(read: Read, engine: DuckEngine):
    assert one(read(DOCUMENT), engine)["outcome"] is None
    engine.run([Step("failing_together", "SELECT * FROM failing_together WHERE FALSE")])
    assert engine.rows("SELECT outcome FROM screened") == [("cure",)]


def test_only_the_first_failing_rule_is_told(read: Read, engine: DuckEngine):
    found = one(read(DOCUMENT), engine, name="XX", opened="2026-11-01", sure="no")
    assert found["rules"] == ["R-01", "R-02", "R-04"]
    assert found["outcome"] == "refused"
    assert [reason["says"] for reason in found["reasons"]] == ['"XX" is no name.', "Fewer than 90 days.", "Not sure."]


@pytest.mark.parametrize("field", ["name", "opened", "amount", "sure", "people", "years"])
@pytest.mark.parametrize("value", ["", "   ", "\t", None])
def test_an_empty_value_that_passes(read: Read, engine: DuckEngine, field: str, value: str | None):
    assert one(read(DOCUMENT), engine, **{field: value})["outcome"] is not None


@pytest.mark.parametrize(
    ("field", "value"),
    [("opened", "2026-02-30"), ("opened", "05.01.2026"), ("opened", "2026-1-5"), ("amount", "5.0"), ("amount", "1e1"),
     ("sure", "maybe"), ("sure", "1"), ("years", "2024,2025"), ("years", "20245"), ("amount", "９")],
)  # fmt: skip
def test_a_value_that_cannot_be_read_passes(read: Read, engine: DuckEngine, field: str, value: str):
    assert one(read(DOCUMENT), engine, **{field: value})["outcome"] == "cure"


def test_the_worst_answer_is_not_the_one(read: Read, engine: DuckEngine):
    """Refuse before cure before judge; an unknown answers with the answer for the unknown."""
    agreement = read(DOCUMENT)
    three = [{**SOUND, "request_ref": str(n)} for n in range(3)]
    assert {row["outcome"] for row in screened(agreement, engine, three)} == {"judgement"}
    assert {row["outcome"] for row in screened(agreement, engine, [{**row, "sure": "no"} for row in three])} == {"cure"}
    assert one(agreement, engine, name="XX", sure="no")["outcome"] == "refused"
    assert one(agreement, engine, name="", sure="yes")["outcome"] == "cure"


def test_a_malformed_row_is_dropped_or_counted(read: Read, engine: DuckEngine):
    """It is determined, by R-00 alone, and no measure of the batch counts it."""
    agreement = read(DOCUMENT)
    bad = {"malformed": "ragged", "request_ref": "7"}
    rows = [{**SOUND, "request_ref": "1"}, {**SOUND, "request_ref": "2"}, {**SOUND, **bad}, bad]
    found = screened(agreement, engine, rows)
    assert [row["outcome"] for row in found] == [None, None, "cure", "cure"]
    assert found[2]["rules"] == found[3]["rules"] == ["R-00"]
    assert found[3]["request_ref"] == "7"
    assert "header" in found[3]["reasons"][0]["says"]


def test_a_value_that_closes_the_quotation(read: Read, engine: DuckEngine):
    found = one(read(DOCUMENT), engine, name="XX'); DROP TABLE rows; --")
    assert found["outcome"] is None
    assert one(read(DOCUMENT), engine, name="X")["reasons"][0]["says"] == '"X" is no name.'


cell = st.one_of(
    st.none(),
    st.text(max_size=12),
    st.sampled_from(["XX", "MARIA", "yes", "no", "A", "C", "2024", "2026-08-03", "2026-08-04", "99", ";", "P-1;P-1"]),
)


BATCHES = st.lists(
    st.one_of(st.fixed_dictionaries(dict.fromkeys(FIELDS, cell)), st.just(SOUND), st.just({"malformed": "nul_byte"})),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=BATCHES)
def test_rows_in_are_not_determinations_out(read: Read, engine: DuckEngine, rows: list[dict[str, Any]]):
    """Whatever is in a row, it is determined once; the counts of the batch are those of a plain count."""
    agreement = read(DOCUMENT)
    found = screened(
        agreement, engine, [{k: v.encode("utf-8", "ignore").decode() if v else v for k, v in r.items()} for r in rows]
    )
    assert [row["row"] for row in found] == list(range(1, len(rows) + 1))
    for row in found:
        assert (row["outcome"] is None) == (row["rules"] == []) == (row["reasons"] == [])
        assert [reason["rule"] for reason in row["reasons"]] == row["rules"]
    counted = dict(engine.rows("SELECT row, rows_with_name FROM measured"))
    words = {n: w for n, w in engine.rows("SELECT row, name_words FROM level_0") if w is not None}
    plain = Counter(words.values())
    assert counted == {n: plain[words[n]] if n in words else None for n in counted}
    loads = dict(engine.rows("SELECT row, busiest FROM measured"))
    people = dict(engine.rows("SELECT row, people FROM typed"))
    load = Counter(person for named in people.values() for person in set(named or []))
    assert loads == {n: max((load[p] for p in named), default=None) if named else None for n, named in people.items()}


GROUPS = st.sampled_from(
    [(("name",),), (("opened", "name"), ("sure",)), (("years",), ("amount", "people")), tuple((one,) for one in FIELDS)]
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=BATCHES, narrow=GROUPS)
def test_a_value_worked_out_once_answers_otherwise_than_in_its_row(
    read: Read, engine: DuckEngine, rows: list[dict[str, Any]], narrow: tuple[tuple[str, ...], ...]
):
    """However the work is cut, and whatever intake has told of a row, every word of every answer is the same."""
    agreement = read(DOCUMENT)
    legible = [{k: v.encode("utf-8", "ignore").decode() if v else v for k, v in r.items()} for r in rows]
    whole = screened(agreement, engine, legible)

    assert screened(agreement, engine, legible, narrow=narrow) == whole
    engine.run([Step("untold", "SELECT * REPLACE (CAST(NULL AS BOOLEAN) AS plain) FROM rows")])
    engine.run([Step("rows", "SELECT * FROM untold")])
    facts = {"signed_on": "2026-11-02"}
    engine.run(screening_steps(agreement, facts, register_known=False, narrow=narrow))
    found = engine.rows("SELECT row, request_ref, outcome, rules, reasons FROM screened ORDER BY row")
    assert found == [tuple(row.values()) for row in whole]


def test_a_message_that_quotes_what_nobody_knows(read: Read, engine: DuckEngine):
    """A count of nothing and a row of no number are not told to the requester as if they were facts."""
    document = read(DOCUMENT.replace("Says: Fewer than {least_days} days.", "Says: Only {days_open} days."))
    told = one(document, engine, opened="2026-11-01")["reasons"]
    untold = one(document, engine, opened="")["reasons"]
    assert "Only 1 days." in [reason["says"] for reason in told]
    assert [reason["says"] for reason in untold if reason["rule"] == "R-02"] == [
        f"More than the days have passed: {UNTOLD}"
    ]
