"""What could go wrong on the printed page."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from counterseal.agreements import Agreement, load_agreement
from counterseal.agreements.show import show_html, show_pdf

from .conftest import DOCUMENT, SHIPPED

Read = Callable[..., Agreement]


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda path: path.name)
def test_a_reference_that_leads_nowhere_or_a_rule_left_out(folder: Path):
    agreement = load_agreement(folder)
    page = show_html(agreement)
    anchors = re.findall(r"id='?([^' >]+)", page)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"href='#([^']+)'", page)) <= set(anchors)
    assert {rule.id for rule in agreement.rules} <= set(anchors)
    assert all(
        name in page for name in agreement.types() if not name.endswith("_as_received") and name != "odd_characters"
    )
    start, end = page.index("<section id=open>"), page.index("<section id=rules>")
    assert all((p.name in page[start:end]) is p.is_open for p in agreement.parameters)


def test_a_document_that_writes_markup_of_its_own(read: Read):
    hostile = "</td><script>alert(1)</script> #sys.inputs $ \\ [x] `y`"
    page = show_html(read(DOCUMENT.replace("The name is stated", hostile)))
    assert "<script>" not in page
    assert show_pdf(read(DOCUMENT.replace("The name is stated", hostile))).startswith(b"%PDF-")


def test_the_same_document_is_printed_otherwise(read: Read):
    assert show_html(read(DOCUMENT)) == show_html(read(DOCUMENT))
