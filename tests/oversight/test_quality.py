"""A quarter's figures that say other than the ledger, tell a small count, or count another quarter's entries."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from tests.batch import table_of

from counterseal.cli import status
from counterseal.errors import CountersealError
from counterseal.oversight.quality import months, quality
from counterseal.oversight.quality_page import quality_csv, quality_html, quality_pdf

if TYPE_CHECKING:
    from pathlib import Path
    from typing import Any


def entry(kind: str, at: str, **body: Any) -> dict[str, Any]:
    return {"v": 1, "kind": kind, "at": f"{at}.000000Z", "body": body}


def screened(at: str, reasons: dict[str, int]) -> dict[str, Any]:
    outcomes = {"stopped": 0, "refused": 20, "cure": 30, "judgement": 40}
    return entry("screened", at, agency="ice", agreement="memo", outcomes=outcomes, reasons=reasons, rows=100)


def releases(number: int) -> list[dict[str, Any]]:
    """Releases signed at noon, signed again ``at`` minutes later, delivered an hour after noon."""
    found = []
    for at in range(1, number + 1):
        told = {"over": f"{at:064x}"}
        found += [
            entry("signed", "2026-08-01T12:00:00", official="a" * 64, place=1, **told),
            entry("signed", f"2026-08-01T12:{at:02d}:00", official="b" * 64, place=2, **told),
            entry("intent", "2026-08-01T12:59:00", case="c", approvals=[], **told),
            entry("delivered", "2026-08-01T13:00:00", intent=1, agency="ice", agreement="memo", **told),
        ]
    return found


def test_times_that_are_not_median_and_ninetieth_percentile_of_the_releases():
    spans = {span.step: span for span in quality(releases(10), "2026Q3").spans}
    first = spans["signed first → signed second"]
    assert (first.seen, first.median, first.ninetieth) == (10, 5 * 60, 9 * 60)
    assert spans["intent → delivered"].median == 60


def test_a_case_that_a_stop_order_reached_counted_as_a_stop_order():
    acts = ["stop", "lift", "take", "refuse", "refuse", "refuse", "refuse", "refuse", "give back"]
    found = dict(quality([entry("case", "2026-08-01T12:00:00", act=act) for act in acts], "2026Q3").reversals)
    assert found["Stop order entered"] == found["Stop order lifted"] == 0
    assert found["Case refused by an official"] == 5
    assert found["Case given back for a new look"] is None


def test_rows_that_counsel_let_in_and_did_not():
    told = [
        entry("judged", "2026-08-01T12:00:00", decision=word, rules=["R-14"], rows=rows, determined=1)
        for word, rows in (("admit", 7), ("refuse", 9), ("refuse", 1))
    ]
    found = dict(quality(told, "2026Q3").reversals)
    assert (found["Judgement: rows let in"], found["Judgement: rows not let in"]) == (7, 10)


def test_re_reviews_that_are_counted_for_another_quarter_or_another_decision():
    decided = [entry("case", "2026-05-01T12:00:00", act="refuse") for _ in range(6)]
    decided += [entry("signed", "2026-05-02T12:00:00", official="a" * 64, place=2, over="x") for _ in range(6)]
    again = [
        entry("re-reviewed", "2026-08-01T12:00:00", sample=1, decision=at, finding="refused" if at < 6 else "approved")
        for at in (0, 1, 2, 6, 7, 8)
    ]
    again += [entry("re-reviewed", "2026-08-01T12:00:00", sample=1, decision=3, finding="approved") for _ in range(5)]
    again += [entry("re-reviewed", "2026-08-01T12:00:00", sample=1, decision=4, finding="cannot tell")]
    found = dict(quality([*decided, *again], "2026Q3").re_reviews)
    assert list(found.values()) == [6, 5, None]
    assert set(dict(quality([*decided, *again], "2026Q2").re_reviews).values()) == {0}


def test_times_of_four_releases_that_tell_of_each():
    for span in quality(releases(4), "2026Q3").spans:
        assert (span.seen, span.median, span.ninetieth) == (None, None, None)


def test_a_release_signed_in_one_quarter_and_delivered_in_the_next():
    signed = [{**one, "at": one["at"].replace("2026-08-01", "2026-06-30")} for one in releases(6)[0::4]]
    rest = [one for one in releases(6) if one.get("body", {}).get("place") != 1]
    spans = {span.step: span for span in quality([*signed, *rest], "2026Q3").spans}
    assert spans["signed first → signed second"].seen == 6
    assert spans["signed first → signed second"].median > 86_400
    assert quality([*signed, *rest], "2026Q2").spans[0].seen == 0


@pytest.mark.parametrize(
    ("at", "counted"),
    [
        ("2026-06-30T23:59:59", False),
        ("2026-07-01T00:00:00", True),
        ("2026-09-30T23:59:59", True),
        ("2026-10-01T00:00:00", False),
    ],
)
def test_an_entry_at_the_edge_of_the_quarter(at: str, counted: bool):
    assert bool(quality([screened(at, {"R1": 20})], "2026Q3").reasons) is counted


def test_the_last_quarter_ends_with_its_year():
    assert quality([screened("2026-12-31T23:59:59", {"R1": 20})], "2026Q4").reasons == (("R1", 20),)
    assert quality([screened("2027-01-01T00:00:00", {"R1": 20})], "2026Q4").reasons == ()


def test_a_reason_of_four_rows_in_any_of_the_report_s_forms():
    found = quality([screened("2026-08-01T00:00:00", {"R1": 20, "R2": 4})], "2026Q3")
    assert found.reasons == (("R1", 20), ("R2", None))
    page, table = quality_html(found, "here", 1), quality_csv(found)
    assert "<th scope=row>R2</th><td class=n>withheld</td>" in page
    assert "reasons,R2,Rows in which it does not hold,\r\n" in table
    assert "R2" not in re.findall(r"<svg.*?</svg>", page, re.DOTALL)[0]


def test_a_page_that_runs_something_or_fetches_something():
    found = quality([screened("2026-08-01T00:00:00", {"R1": 20, '<script>"': 9}), *releases(6)], "2026Q3")
    page = quality_html(found, "here<script>", 1)
    assert "<script" not in page
    assert "style=" not in page
    assert not re.findall(r"(?:src|href)=", page)
    assert page.count('role="img"') == page.count("<svg") == 2
    assert quality_pdf(found, 'here"#panic()', 1).startswith(b"%PDF")


@pytest.mark.parametrize("quarter", ["2026", "2026Q5", "2026Q0", "26Q1", "2026q1", "2026Q1 "])
def test_a_quarter_that_is_none(quarter: str):
    with pytest.raises(CountersealError, match="quarter"):
        months(quarter)


def test_reasons_other_than_those_from_before_a_look_up(tmp_path: Path, made_up: Path, empty_database: None):
    office, out = tmp_path / "office", tmp_path / "quality"
    request, registry = made_up / "request" / "SYN-2026-0001", made_up / "registry"
    assert status(["init", str(office), "--demo"]) == 0
    run = ["run", str(request), "--registry", str(registry), "--workspace", str(office), "--received-on", "2026-11-03"]
    assert status(run) == 0
    now = datetime.now(UTC)
    asked = ["--quarter", f"{now.year}Q{(now.month + 2) // 3}", "--out", str(out)]
    assert status(["report", "quality", str(office), *asked]) == 0
    told = json.loads((out / "quality.json").read_text("utf-8"))
    screening = table_of(next((office / "batches").rglob("screened.parquet")), columns=["rules"])
    counted = Counter(rule for rules in screening["rules"].to_pylist() for rule in rules)
    assert told["unreasoned"] == 0
    assert len(counted) > 3
    assert dict(told["reasons"]) == {rule: n if n >= 5 else None for rule, n in counted.items()}
