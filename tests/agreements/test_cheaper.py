"""A cheaper form of an expression must be equal to the form that counsel wrote, for every text."""

from __future__ import annotations

import functools

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from counterseal.agreements.cheaper import Parts, cheaper, needed
from counterseal.agreements.quiet import asked_together, quieted
from counterseal.agreements.values import canonical

SIGNS = st.text(
    st.sampled_from("ABZaz09 .-#&/;'§ÁáÉñÑçß\u0301\u00a0\u2003\t\n\r\x0b\x1f\x7f\U0001f600_|\\$"), max_size=14
)
FORMS = (
    r"regexp_replace(t, '[^A-Z]+', ' ', 'g')",
    r"regexp_replace(upper(t), '[^A-Z0-9#/&-]+', ' ', 'g')",
    r"regexp_replace(t, '[ -]', '', 'g')",
    r"regexp_replace(t, '[ .§]', '', 'g')",
    r"regexp_replace(t, '[ -]+', '', 'g')",
    r"regexp_replace(t, '[ -]+', ' ', 'g')",
    r"regexp_replace(t, '[.-]', ' ', 'g')",
    r"regexp_replace(t, '#', ' # ', 'g')",
    r"regexp_replace(t, '#', ' # ')",
    r"regexp_replace(t, '.', 'x', 'g')",
    r"regexp_replace(t, '[ÁáÀ]', 'A', 'g')",
    r"regexp_replace(t, '[ÁáÀ]+', '', 'g')",
    r"regexp_replace(regexp_replace(regexp_replace(upper(t), '[ÁÀá]', 'A', 'g'), '[Éé]', 'E', 'g'), '[Ññ]', 'N', 'g')",
    r"regexp_replace(regexp_replace(t, '[^A-Z]+', ' ', 'g'), '[Á]', 'A', 'g')",
    r"regexp_replace(t, '[^A-Z ]+', ' ', 'g')",
    r"regexp_replace(t, '[^A-Z]+', '', 'g')",
    r"regexp_replace(t, '([A-Z])[.]', '\1 ', 'g')",
    r"regexp_replace(t, ';+$|^;+', '', 'g')",
    r"trim(t)",
    r"trim(' ' || trim(regexp_replace(upper(t || repeated), '[^A-Z]+', ' ', 'g')) || ' ')",
    r"trim(t) IN (t, upper(t), trim(upper(t)))",
    r"starts_with(t, 'A') AND regexp_matches(t, '[0-9]')",
    r"starts_with(t, 'A') OR regexp_matches(t, '[0-9]') OR regexp_full_match(trim(t), 'Z+')",
    r"(t = 'A' OR t = 'B') AND NOT regexp_matches(t, 'B') OR nothing AND regexp_matches(t, 'Z')",
    r"nothing OR regexp_matches(t, 'Z')",
    r"regexp_matches(t, 'Z') AND t = 'Z'",
    r"regexp_replace(t, '([A-Z])\.([A-Z0-9])', '\1 \2', 'g')",
    r"regexp_replace(t, '([A-Z0-9])? #[A-Z0-9-]*', '\1', 'g')",
    r"regexp_replace(t, ';a?|;+', '', 'g')",
    r"regexp_replace(t, '#|;', '', 'g')",
    r"regexp_replace(t, ';*A', '', 'g')",
    r"regexp_replace(t, '(;|A)', '', 'g')",
    r"replace(t, coalesce(nullif(upper(t), t), '|'), ' ')",
    r"replace(t, upper(t), ' ')",
    r"coalesce(replace(t, nullif(upper(t), 'A') || ';', ' '), t)",
    r"coalesce(replace(t, nullif(upper(t), 'A'), ' '), upper(t))",
    r"trim(' ' || repeated || 'Z')",
    r"trim('Z' || repeated || ' ')",
    r"trim(replace(replace(' ' || trim(repeated) || ' ', coalesce(' ' || t, '|'), ' '), coalesce(t || ' ', '|'), ' '))",
    r"trim(replace(t || '  ', coalesce(left(t, 1), '|'), ' '))",
    r"regexp_replace(t, '\b(AB|Z|B)\b|[ #/&-]', '', 'g')",
    r"regexp_replace(t, '\b(AB|Z|B)\b|[ #/&-]', ' ', 'g')",
    r"regexp_replace(t, '[ #/&-]', '', 'g')",
    r"regexp_matches(concat_ws(' ', t, repeated), '[^\x00-\x7F\x{C0}-\x{D6}]')",
    r"length(trim(trim(repeated))) > 3 AND trim(' ' || trim(repeated)) = trim(repeated)",
)
CHEAPER = (*range(5), 6, 7, *range(10, 14), *range(17, 25), 26, 27, 28, 32, 34, *range(36, 41), *range(42, 45))
"""Those of which there is a cheaper form."""


@functools.cache
def _rewritten(sql: str, source: str) -> tuple[str, str]:
    """Give the cheaper form of ``sql``, and what it is read from in place of ``source``."""
    parts = Parts()
    put = cheaper(sqlglot.parse_one(sql, dialect="duckdb"), parts.lay).sql(dialect="duckdb")
    return str(put), parts.beside(source)


SEVERAL = (
    "regexp_matches(upper(t), ' (ABZ|ZZZ) ')", "regexp_matches(upper(t), 'ZAB+|AZB')",
    "regexp_replace(upper(t), ' ?ABZ', '-', 'g')", "regexp_extract(upper(t), '(ZAB)[. ]?(BAZ)?', 2)",
    "regexp_matches(regexp_replace(upper(t), 'ABZ( [A-Z]+)?', 'ZAB', 'g'), '(ZABZAB|AZA)')",
    "coalesce(regexp_matches(upper(t), 'AZA'), TRUE) OR nothing",
    "regexp_replace(regexp_replace(upper(t), 'ABZ', 'ZAB', 'g'), 'ZABZ', '', 'g') = upper(t)",
)  # fmt: skip
"""Patterns that are asked of one text at once."""
NEAR = st.lists(st.sampled_from([*"ABZ .", "ABZ", "ZAB", "AZA", " ABZ ", "\u00c1"]), max_size=6).map("".join)


@functools.cache
def _asked_at_once() -> tuple[list[str], str]:
    """Give the cheaper forms of ``SEVERAL``, and what they are read from."""
    trees = [sqlglot.parse_one(sql, dialect="duckdb") for sql in SEVERAL]
    parts = Parts(asked_together(trees))
    put = [cheaper(quieted(tree, parts.asked, parts.lay), parts.lay).sql(dialect="duckdb") for tree in trees]
    assert parts.asked
    return put, parts.beside("(SELECT t, CAST(NULL AS BOOLEAN) AS nothing FROM (SELECT unnest(?::VARCHAR[]) AS t))")


@settings(max_examples=60)
@given(texts=st.lists(st.one_of(st.none(), NEAR), min_size=1, max_size=60))
def test_a_pattern_that_is_missed_because_others_are_not_found(texts: list[str | None]):
    """Several seldom patterns asked of one text together find what each finds alone."""
    put, source = _asked_at_once()
    for sql, quiet in zip(SEVERAL, put, strict=True):
        assert "NOT" in quiet
        found = duckdb.execute(f"SELECT t FROM {source} WHERE ({sql}) IS DISTINCT FROM ({quiet})", [texts]).fetchall()
        assert found == [], (sql, quiet)


@settings(max_examples=60)
@given(texts=st.lists(st.one_of(st.none(), SIGNS, st.text(max_size=8)), min_size=1, max_size=60))
def test_a_form_that_changes_its_meaning(texts: list[str | None]):
    held = [text.encode("utf-8", "ignore").decode() if text is not None else None for text in texts]
    rows = (
        "(SELECT t, repeat(t, 20) AS repeated, CAST(NULL AS BOOLEAN) AS nothing "
        "FROM (SELECT unnest(?::VARCHAR[]) AS t))"
    )
    for sql in FORMS:
        put, source = _rewritten(sql, rows)
        differing = duckdb.execute(
            f"SELECT t FROM {source} WHERE ({sql}) IS DISTINCT FROM ({put})", [held]
        ).fetchall()  # fmt: skip
        assert differing == [], (sql, put)
    white = "' ' || chr(9) || chr(10) || chr(11) || chr(12) || chr(13)"
    slow = f"nullif(trim(t, {white}), '')"
    assert duckdb.execute(
        f"SELECT t FROM {rows} WHERE {slow} IS DISTINCT FROM {canonical('t')}", [held]
    ).fetchall() == []  # fmt: skip


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"([A-Z]{2})\.([A-Z0-9]{2})", "."), ("([A-Z0-9]) # [A-Z0-9-]+", " # "), (";+$|^;+", ";"), ("a#?b", None),
        ("a;*b", None), ("[;#]", None), ("a|;", None), (r"\d\x{3B}", None), ("(;)", None), (r"a\+b", "a+b"), (".", None),
        ("a;{2,}", None), ("abc", None), ("(a;)?#", "#"), ("a;+#", "a;"), ("#|;", None), ("", None), ("(?:;)-", "-"),
    ],
)  # fmt: skip
def test_a_text_that_a_match_can_do_without(pattern: str, text: str | None):
    assert needed(pattern) == text


@pytest.mark.parametrize("at", range(len(FORMS)))
def test_a_form_that_is_never_cheaper(at: int):
    plain = sqlglot.parse_one(FORMS[at], dialect="duckdb").sql(dialect="duckdb")

    assert (_rewritten(FORMS[at], "rows")[0] != plain) == (at in CHEAPER), _rewritten(FORMS[at], "rows")
