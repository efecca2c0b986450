"""Versions of one agreement: which of them decides, and an order that is none."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.agreements.versions import law_on, version_on, versions
from counterseal.errors import CountersealError

from .conftest import DOCUMENT

FIRST, SECOND, END = date(2025, 1, 1), date(2026, 12, 1), date(2027, 6, 1)


def lay(folder: Path, number: str, in_force: date, status: str = "in force", **other: str) -> Path:
    """Write a version: the first in the agreement's folder, each later one beside it."""
    place = folder / "versions" / number if (folder / "agreement.md").exists() else folder
    place.mkdir(parents=True)
    told = {"version": f'"{number}"', "in_force": in_force.isoformat(), "status": f'"{status}"', **other}
    lines = [
        next((f"{k} = {v}" for k, v in told.items() if line.startswith(f"{k} =")), line)
        for line in DOCUMENT.split("\n")
    ]
    (place / "agreement.md").write_text("\n".join(lines), encoding="utf-8")
    return place


@pytest.fixture
def three(tmp_path: Path) -> Path:
    folder = tmp_path / "small"
    lay(folder, "1.0.0", FIRST)
    lay(folder, "1.1.0", SECOND)
    lay(folder, "2.0.0", END, "ended")
    return folder


@pytest.mark.parametrize(
    ("day", "version"),
    [(FIRST, "1.0.0"), (SECOND - timedelta(days=1), "1.0.0"), (SECOND, "1.1.0"), (END - timedelta(days=1), "1.1.0")],
)
def test_a_request_decided_by_the_law_of_another_day(three: Path, day: date, version: str):
    assert law_on(three, day).version == version


@pytest.mark.parametrize(
    ("day", "code"),
    [(FIRST - timedelta(days=1), "agreement-not-in-force"), (END, "agreement-ended"), (date.max, "agreement-ended")],
)
def test_a_request_outside_the_time_of_its_agreement(three: Path, day: date, code: str):
    with pytest.raises(CountersealError) as fault:
        law_on(three, day)
    assert fault.value.code == code


@given(day=st.dates())
def test_a_day_with_two_laws_or_none(day: date):
    """Whatever the day: the last version whose own day has come, and no other."""
    folder = Path(__file__).parents[2] / "agreements" / "irs-ice-2025"
    found = versions(folder)
    reached = [one for one in found if one.in_force <= day]
    if not reached:
        with pytest.raises(CountersealError):
            version_on(found, day)
        return
    assert version_on(found, day) is max(reached, key=lambda one: one.in_force)


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda folder: lay(folder, "1.2.0", SECOND), "not in force later"),
        (lambda folder: lay(folder, "1.0.1", date(2027, 1, 1)), "number does not follow"),
        (lambda folder: lay(folder, "3.0.0", date(2028, 1, 1), requester='"another"'), "requester is another"),
        (lambda folder: lay(folder, "3.0.0", date(2028, 1, 1), id='"another"'), "id is another"),
        (lambda folder: lay(folder, "3.0.0", date(2028, 1, 1)).rename(folder / "versions" / "3"), "folder is named 3"),
    ],
)
def test_versions_that_do_not_follow_one_another(three: Path, spoil: Callable[[Path], object], why: str):
    spoil(three)
    with pytest.raises(CountersealError, match=why) as fault:
        law_on(three, SECOND)
    assert fault.value.code == "agreement-versions"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("in_force = 2025-01-01", "in_force = 2025-01-01T10:00:00", "in_force is not a date"),
        ('status = "draft"', 'status = "in use"', "status"),
        ('id = "small"', 'id = "../small"', "id is not one word"),
        ('version = "1.0.0"', 'version = "1.0.٠"', "three numbers"),
    ],
)
def test_a_front_that_names_no_day_status_or_place(read: Callable[[str], object], old: str, new: str, said: str):
    with pytest.raises(CountersealError, match=said):
        read(DOCUMENT.replace(old, new, 1))
