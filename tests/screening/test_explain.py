"""An explanation must say what screening found, and name what would have to be different."""

from __future__ import annotations

from counterseal.agreements.expression import conjuncts
from counterseal.engine.duck import DuckEngine
from counterseal.screening.explain import explain_row

from .test_screening import SOUND, Read, screened


def test_an_explanation_that_differs_from_the_finding(read: Read, engine: DuckEngine):
    agreement = read()
    rows = [SOUND, {**SOUND, "request_ref": "2", "name": "XX"}, {**SOUND, "request_ref": "3", "opened": "2026-08-04"},
            {**SOUND, "request_ref": "4", "sure": "", "other": "C"}, {"malformed": "ragged"}]  # fmt: skip
    found = screened(agreement, engine, rows, explained=True)
    for row in found[:-1]:
        explained = explain_row(agreement, {"signed_on": "2026-11-02"}, row["row"], engine, register_known=False)
        assert [e.rule.id for e in explained if e.finding != "holds"] == row["rules"]
        assert all((e.to_be_different == ()) == (e.finding == "holds") for e in explained)


def test_what_would_have_to_be_different_is_not_named(read: Read, engine: DuckEngine):
    agreement = read()
    screened(agreement, engine, [{**SOUND, "opened": "2026-08-04"}], explained=True)
    explained = explain_row(agreement, {"signed_on": "2026-11-02"}, 1, engine, register_known=False)
    days = next(e for e in explained if e.rule.id == "R-02").to_be_different
    assert [(c.expression, dict(c.values)) for c in days] == [
        ("days_open > least_days", {"days_open": "90", "least_days": "90"})
    ]


def test_a_value_told_in_other_words_than_the_document_has(read: Read, engine: DuckEngine):
    agreement = read()
    for sure in ("yes", "no", ""):
        screened(agreement, engine, [{**SOUND, "sure": sure}], explained=True)
        explained = explain_row(agreement, {"signed_on": "2026-11-02"}, 1, engine, register_known=False)
        told = {dict(c.values)["sure"] for e in explained for c in e.conditions if "sure" in dict(c.values)}
        assert told == {sure or None}


def test_an_answer_that_the_rule_does_not_give(read: Read, engine: DuckEngine):
    """What is unknown may be answered otherwise than what fails."""
    agreement = read()
    rows = [{**SOUND, "opened": "2026-08-04"}, {**SOUND, "request_ref": "2", "name": ""}]
    screened(agreement, engine, rows, explained=True)
    for row in (1, 2):
        for one in explain_row(agreement, {"signed_on": "2026-11-02"}, row, engine, register_known=False):
            said = {"holds": None, "fails": one.rule.answer, "unknown": one.rule.unknown}
            assert one.answer == said[one.finding]
    answers = {
        e.rule.id: e.answer
        for e in explain_row(agreement, {"signed_on": "2026-11-02"}, 2, engine, register_known=False)
    }
    assert answers["R-01"] == "cure"
    assert next(rule for rule in agreement.rules if rule.id == "R-01").answer == "refuse"


def test_a_row_that_no_rule_was_held_against_is_explained(read: Read, engine: DuckEngine):
    agreement = read()
    screened(agreement, engine, [{"malformed": "ragged"}], explained=True)
    assert explain_row(agreement, {"signed_on": "2026-11-02"}, 1, engine, register_known=False) == ()


def test_a_conjunction_cut_where_it_is_none():
    assert conjuncts("a AND (b AND c) AND d BETWEEN 1 AND 2") == ["a", "(b AND c)", "d BETWEEN 1 AND 2"]
    assert conjuncts("a OR b AND c") == ["a OR b AND c"]
    assert conjuncts("CASE WHEN a AND b THEN c END AND d = ' AND '") == ["CASE WHEN a AND b THEN c END", "d = ' AND '"]
