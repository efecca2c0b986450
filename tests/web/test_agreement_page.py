"""The page of an agreement: what counsel reads in the office leads both ways, as the printed one does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.web.databases import copy_workspace
from tests.web.test_doors import client_of, served_here

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def page(workspace: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("pages") / "office"
    copy_workspace(workspace, folder)
    from counterseal import wiring

    with served_here(folder):
        wiring.sign_ins_of_demonstration(wiring.open_office(folder))
        yield client_of("counsel").get("/agreements/irs-ice-2025/").content.decode()


def test_a_rule_that_does_not_lead_to_its_law_nor_the_law_to_it(page: str):
    places = re.findall(r' id="([^"]+)"', page)
    assert len(places) == len(set(places))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= set(places)
    law = re.search(r'<a href="#(law-[^"]+)">8 U\.S\.C\. 1253\(a\)\(2\)</a>', page)
    assert law is not None
    assert f'<tr id="{law[1]}"><th scope="row">8 U.S.C. 1253(a)(2)</th><td><a class="code" href="#R-24b">' in page


def test_an_open_question_that_stands_among_the_settled(page: str):
    first = page[page.index('id="settle"') : page.index('id="conditions"')]
    assert set(re.findall(r'href="#(D-\d\d)"', first)) == {"D-17", "D-18", "D-22"}
    assert '<a href="#R-17h">R-17h</a>' in page[page.index('id="conditions"') : page.index('id="rules"')]


def test_marks_of_the_document_that_stand_on_the_page(page: str):
    assert "**" not in page
    assert "`" not in re.sub(r"<pre.*?</pre>", "", page, flags=re.DOTALL)
