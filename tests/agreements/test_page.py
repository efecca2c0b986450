"""The printed agreement: a page that leaves out a rule would be signed without it."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from counterseal.agreements import load_agreement
from counterseal.agreements.page import anchor, page_html, page_pdf, sections
from counterseal.cli import status

SHIPPED = sorted((Path(__file__).parents[2] / "agreements").glob("*/agreement.md"))


class Read(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.targets: list[str] = []
        self.tags: set[str] = set()
        self.words: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        held = dict(attrs)
        self.ids += [held["id"]] if "id" in held else []
        self.targets += [held["href"]] if "href" in held else []

    def handle_data(self, data):
        self.words.append(data)


@pytest.fixture(params=SHIPPED, ids=lambda path: path.parent.name)
def agreement(request):
    return load_agreement(request.param)


def test_no_link_of_the_page_leads_nowhere(agreement):
    page = Read(page_html(agreement))
    assert len(page.ids) == len(set(page.ids))
    assert {target.removeprefix("#") for target in page.targets} <= set(page.ids)


def test_the_page_takes_nothing_from_outside_and_runs_nothing(agreement):
    page = Read(page_html(agreement))
    assert all(target.startswith("#") for target in page.targets)
    assert not page.tags & {"script", "link", "img", "iframe"}


def test_every_word_of_a_rule_is_on_the_page(agreement):
    from counterseal.agreements.page import spans

    words = " ".join(Read(page_html(agreement)).words)
    together = "".join(words.split())
    for rule in agreement.rules:
        for told in (rule.title, rule.sql, rule.says):
            assert told in words
        assert "".join("".join(piece for _, piece in spans(rule.text)).split()) in together
    for parameter in agreement.parameters:
        assert parameter.why in words
    assert agreement.digest in words


def test_law_and_rules_point_at_each_other(agreement):
    page = {section.anchor: section for section in sections(agreement)}
    for rule in agreement.rules:
        here = anchor("rule", rule.id)
        for cite in rule.cites:
            there = anchor("law", cite)
            assert any((cite, there) in block.links for block in page[here].blocks)
            assert any(to == here for block in page[there].blocks for _, to in block.links)


def test_what_counsel_must_settle_stands_first_and_whole(agreement):
    first = sections(agreement)[0]
    unsettled = [p.name for p in agreement.parameters if p.is_open]
    listed = [row[0] for block in first.blocks if block.kind == "table" for row in block.rows[1:]]
    assert listed == unsettled


def test_two_names_never_share_an_anchor():
    """``8 U.S.C. 1253(a)(1)`` and ``8 U.S.C. 1253(a)1`` are two places in the law."""
    names = [
        "8 U.S.C. 1253(a)(1)",
        "8 U.S.C. 1253(a)1",
        "8 U.S.C. 1253a1",
        "8_U.S.C. 1253(a)(1)",
        "8-U.S.C. 1253(a)(1)",
    ]
    assert len({anchor("law", name) for name in names}) == len(names)


def test_a_hostile_word_stays_a_word(agreement):
    from dataclasses import replace

    hostile = replace(agreement, title="<script>alert(1)</script>", introduction='#read("/etc/passwd") <b>')
    page = Read(page_html(hostile))
    assert "script" not in page.tags
    assert page_pdf(hostile).startswith(b"%PDF-")


def test_the_command_writes_both_forms_and_refuses_a_third(tmp_path, capsys):
    where = str(SHIPPED[0])
    assert status(["agreement", "show", where, "--out", str(tmp_path / "a.html")]) == 0
    assert status(["agreement", "show", where, "--out", str(tmp_path / "a.pdf")]) == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF-")
    assert re.match(r"<!doctype html>", (tmp_path / "a.html").read_text())
    assert status(["agreement", "show", where, "--out", str(tmp_path / "a.doc")]) == 2
    assert status(["agreement", "show", where, "--out", str(tmp_path / "no" / "a.pdf")]) == 2
    assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        ("2 * 3 * 4", [("plain", "2 * 3 * 4")]),
        ("*NA NA*, and `zip`", [("stressed", "NA NA"), ("plain", ", and "), ("word", "zip")]),
        ("*a", [("plain", "*a")]),
        ("`a*b*c`", [("word", "a*b*c")]),
    ],
)
def test_marks_that_stand_in_the_text_that_counsel_reads(text: str, found: list[tuple[str, str]]):
    from counterseal.agreements.page import spans

    assert spans(text) == found


def test_a_table_of_the_introduction_that_is_not_printed():
    """Counsel signs the page: the conditions of the law and their rules stand on it."""
    agreement = load_agreement(next(one for one in SHIPPED if one.parent.name == "irs-ice-2025"))
    page = page_html(agreement)
    for number in range(1, 33):
        assert f"<td>P-{number:02}</td>" in page
    assert "<em>Where each condition is kept.</em>" in page
    assert "**" not in page


def test_a_duty_without_a_law_that_counsel_does_not_see_first(agreement):
    owed = {duty.id for duty in agreement.duties if duty.is_open}
    listed = {
        label.split()[0] for block in sections(agreement)[0].blocks for label, to in block.links if to == "duties"
    }
    assert listed == owed


def test_a_duty_that_its_law_does_not_name(agreement):
    page = {section.anchor: section for section in sections(agreement)}
    html = page_html(agreement)
    for duty in (one for one in agreement.duties if not one.cites.startswith("to be settled")):
        assert any(
            label.startswith(duty.id) for block in page[anchor("law", duty.cites)].blocks for label, _ in block.links
        )
        assert f'<a href="#{anchor("law", duty.cites)}">{duty.cites}</a></td>' in html


def test_a_rule_that_turns_on_an_open_question_and_does_not_say_so(agreement):
    page = {section.anchor: section for section in sections(agreement)}
    for parameter in (one for one in agreement.parameters if one.is_open):
        for rule in agreement.rules:
            told = any(
                block.text.startswith("Turns on") and parameter.name in dict(block.links)
                for block in page[anchor("rule", rule.id)].blocks
            )
            assert told is bool(re.search(rf"\b{parameter.name}\b", rule.sql))


def test_a_condition_whose_rule_cannot_be_reached_from_the_table():
    page = page_html(load_agreement(next(one for one in SHIPPED if one.parent.name == "irs-ice-2025")))
    assert '<a href="#rule-R.2d.17h">R-17h</a>, <a href="#rule-R.2d.17f">R-17f</a>' in page
    assert "under <em>Kept by</em>" in page


def test_a_value_of_an_example_that_is_read_as_a_mark(agreement):
    from counterseal.agreements.page import Block, _html

    cells = (("a", "b"), ("*x*", "R-01"))
    assert "<td>*x*</td><td>R-01</td>" in _html(Block("table", rows=cells, links=(("R-01", "rule-R-01"),)))
    assert "<td><em>x</em></td><td><a" in _html(Block("prose", rows=cells, links=(("R-01", "rule-R-01"),)))
