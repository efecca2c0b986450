"""Numbers and words as people read them."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def figure(value: int | str) -> str:
    """Write a number with its thousands set off."""
    return f"{int(value):,}"


@register.filter
def share(value: float) -> str:
    """Write a share as a percentage."""
    return f"{value:.1%}"


@register.filter
def minus(value: int, other: int) -> int:
    """Take away."""
    return value - other


@register.filter
def words(value: str) -> str:
    """Write a name of the formats as words."""
    return value.replace("_", " ")
