"""How numbers, names and outcomes are written on pages."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import mark_safe

from counterseal.core.outcome import Outcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.utils.safestring import SafeString

    from counterseal.agreements.page import Block

register = template.Library()


@register.filter
def share(value: float) -> str:
    """Write a share as per cent with one decimal; a share that is not nothing never reads 0.0."""
    return "under 0.1%" if 0 < value < 0.0005 else f"{value:.1%}"


@register.filter
def words(name: str) -> str:
    """Write a field's name as words."""
    text = name.replace("_", " ")
    return "TIN" if text == "tin" else text[:1].upper() + text[1:]


@register.filter
def of(table: Mapping[str, str], key: str) -> str:
    """Look up a word; the key itself where there is none."""
    return table.get(key, key)


@register.filter
def drawn(source: str) -> SafeString:
    """Write a drawing that stands in a ``data:`` address into the page itself: the policy loads no such address.

    For the square code of a one-time secret, which is drawn here in this process and holds no text.
    """
    begin = "data:image/svg+xml;base64,"
    if not source.startswith(begin):
        return mark_safe("")
    drawing = base64.b64decode(source.removeprefix(begin)).decode()
    return mark_safe(drawing[drawing.index("<svg") :])  # noqa: S308  # drawn here


@register.filter
def outcome_word(outcome: str) -> str:
    """Write an outcome as a person says it."""
    from counterseal.web.views import WORD  # noqa: PLC0415  # the views load the filters through templates

    return WORD[Outcome(outcome)]


@register.filter
def paragraphs(text: str) -> SafeString:
    """Write text as paragraphs, everything in it escaped."""
    return format_html("{}", format_html_join("\n", "<p>{}</p>", ((part,) for part in text.split("\n\n"))))


@register.filter
def prose(text: str) -> SafeString:
    """Write a text of an agreement as paragraphs, as the printed page does."""
    from counterseal.agreements.page import prose_html  # noqa: PLC0415  # loads the printer, which few pages need

    return mark_safe(prose_html(text))  # noqa: S308  # escaped there


@register.filter
def cells(block: Block) -> list[list[SafeString]]:
    """Write the cells of a table of an agreement, its header left out, as the printed page does."""
    from counterseal.agreements.page import cells_html  # noqa: PLC0415  # loads the printer, which few pages need

    return [[mark_safe(cell) for cell in row] for row in cells_html(block)]  # noqa: S308  # escaped there


FIELD_WORDS = {
    "given": "Given name",
    "middle": "Middle name",
    "family": "Family name",
    "suffix": "Suffix",
    "birth": "Date of birth",
    "tin": "TIN",
    "address": "Address",
}
RIVAL_WORDS = {
    "stranger": "somebody who is not registered",
    "coresident": "somebody of the same household",
    "namesake": "a namesake at the address",
    "other_account": "another account",
}


@register.filter
def field_word(name: str) -> str:
    """Write a field of identity as words."""
    return FIELD_WORDS.get(name, name)


@register.filter
def rival_word(kind: str) -> str:
    """Write the kind of a rival as words."""
    return RIVAL_WORDS.get(kind, "none")


@register.filter
def bits(value: float) -> str:
    """Write a weight with its sign and one decimal."""
    return f"{value:+.1f}" if abs(value) >= 0.05 else "0"


@register.filter
def surety(value: float) -> str:
    """Write a share near one; one that is not whole never reads 100%."""
    return f"{min(value, 0.99999):.3%}"


@register.filter
def rarity(value: float) -> str:
    """Write a small share as one in so many."""
    return "none" if value <= 0 else f"1 in {max(round(1 / value), 1):,}"
