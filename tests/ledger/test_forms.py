"""The quick reading of entries gives what the whole reading gives, for every entry and every damage to one."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from counterseal.errors import CountersealError
from counterseal.ledger.entry import EntryKind, read_entry, stamp, write_entry
from counterseal.ledger.forms import EntryForms

if TYPE_CHECKING:
    from collections.abc import Callable

AT = stamp(datetime(2026, 11, 23, tzinfo=UTC))
NAMES = st.sampled_from(["a", "b", "kind", "rows", '"kind":"stop', "\\", "x,1,y", ":0"])
SCALARS = st.sampled_from(["", "plain", "é", '"', "\\", "a\nb", '","kind":"stop', "\x7f", "1,2"]) | st.integers(
    -(2**53) + 1, 2**53 - 1
)
FACTS = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3))
BODIES = st.dictionaries(NAMES, FACTS, max_size=4)
SWAPS = [
    (b'"', b'\\"'), (b"{", b"{ "), (b":", b": "), (b",", b",,"), (b"0", b"00"), (b"0", b"-0"), (b"1", b"1.0"),
    (b"1", b"true"), (b"1", b"9999999999999999"), (b"a", b"\\u0061"), (b"a", b"\x01"), (b"a", b"\xff"), (b"a", b'"'),
    (b'"a":', b'"c":'), (b'"a":', b'"a":0,"a":'), (b"}", b"},"), (b"}", b""), (b'"stop"', b'"step"'), (b'"', b"'"),
]  # fmt: skip


def outcome(read: Callable[[bytes], str], entry: bytes) -> str:
    """What a reading says: the kind, or the code of the refusal."""
    try:
        return read(entry)
    except CountersealError as error:
        return f"refused: {error.code}"


def whole(entry: bytes) -> str:
    """The kind as reading the whole entry gives it."""
    return str(read_entry(entry)["kind"])


@given(BODIES, BODIES, st.sampled_from(EntryKind), st.sampled_from(SWAPS), st.integers(0, 40))
def test_an_entry_that_only_the_quick_reading_takes(
    body: dict[str, object], other: dict[str, object], kind: EntryKind, swap: tuple[bytes, bytes], where: int
):
    """After it has learnt the forms of sound entries, damage to one is refused exactly where it was before."""
    forms = EntryForms()
    entry = write_entry(kind, AT, body, {})
    sound = [entry, write_entry(EntryKind.STOP, AT, other, {}), entry.replace(b"plain", b"other")]
    for one in sound + sound:
        assert outcome(forms.kind, one) == whole(one)
    places = [at for at in range(len(entry)) if entry.startswith(swap[0], at)]
    if places:
        at = places[where % len(places)]
        damaged = entry[:at] + swap[1] + entry[at + len(swap[0]) :]
        assert outcome(forms.kind, damaged) == outcome(whole, damaged)


def test_names_that_change_their_order_under_a_known_form():
    forms = EntryForms()
    forms.kind(b'{"body":{"a":1,"b":2},"kind":"stop","v":1}')
    assert forms.kind(b'{"body":{"a":7,"b":0},"kind":"stop","v":1}') == "stop"
    for entry in (
        b'{"body":{"b":1,"a":2},"kind":"stop","v":1}',
        b'{"body":{"a":1,"a":2},"kind":"stop","v":1}',
        b'{"body":{"a":1,"b":02},"kind":"stop","v":1}',
        b'{"body":{"a":1,"b":2},"kind":"stopped","v":1}',
        b'{"body":{"a":1,"b":2},"kind":"stop","v":1}\n',
    ):
        assert outcome(forms.kind, entry) == "refused: entry-form"


@given(
    st.sampled_from(EntryKind),
    st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29)),  # noqa: DTZ001 - the zone is drawn beside
    st.integers(-23, 23),
    st.dictionaries(st.text('abc_é"\\', max_size=3).filter(str.isascii), st.text(max_size=5) | st.integers(-9, 9)),
    st.dictionaries(st.sampled_from(["agency", "row", "at"]), st.just("f" * 64)),
)
def test_an_entry_whose_bytes_are_not_rfc_8785(
    kind: EntryKind, at: datetime, hours: int, body: dict[str, str | int], commitments: dict[str, str]
):
    """Its members are put in their order by hand, and its time may come from another zone."""
    told = at.replace(tzinfo=timezone(timedelta(hours=hours)))
    whole = {"v": 1, "kind": str(kind), "at": told.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)}
    whole |= ({"body": body} if body else {}) | ({"commitments": commitments} if commitments else {})
    entry = write_entry(kind, stamp(told), body, commitments)
    assert entry == rfc8785.dumps(whole)
    assert read_entry(entry) == whole


@pytest.mark.parametrize("number", [2**53, -(2**53)])
@pytest.mark.parametrize("held", [lambda n: {"rows": n}, lambda n: {"rows": [n]}, lambda n: {"of": {"rows": n}}])
def test_a_number_that_another_reader_would_round(number: int, held: Callable[[int], dict[str, object]]):
    with pytest.raises(CountersealError, match="2\\*\\*53"):
        write_entry("received", "2026-11-23T00:00:00.000000Z", held(number), {})
