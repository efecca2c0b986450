"""What a stranger finds about an index's entry by the ledger alone: a batch left out, a count that is not so."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from counterseal.ledger.canonical import canonical
from counterseal_verify.accounting import cover
from counterseal_verify.verify import Refused

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = "ab" * 32


def ledger_of(batches: list[tuple[int, int, int]]) -> tuple[list[dict[str, Any]], list[list[int]]]:
    """A ledger of batches (rows, how often judged anew, deliveries) with one index at its end."""
    entries: list[dict[str, Any]] = [{"kind": "start-up", "body": {}}]
    spans = []
    for rows, judged, delivered in batches:
        first = newest = len(entries)
        entries.append({"kind": "determined", "body": {"rows": rows, "rows_root": ROOT}})
        for _ in range(judged):
            newest = len(entries)
            entries.append({"kind": "determined", "body": {"rows": rows, "rows_root": ROOT}})
            entries.append({"kind": "judged", "body": {"determined": newest}})
        entries += [{"kind": "delivered", "body": {}} for _ in range(delivered)]
        spans.append([first, newest])
    body = {
        "covers": len(entries),
        "root": ROOT,
        "items": sum(rows for rows, _, _ in batches),
        "disclosures": sum(delivered for _, _, delivered in batches),
        "batches": len(batches),
        "batches_sha256": sha256(canonical(spans)).hexdigest(),
    }
    return [*entries, {"kind": "accounted", "body": body}], spans


def held(entries: list[dict[str, Any]], spans: list[list[int]], at: int | None = None) -> Any:
    raw = [json.dumps({**entry, "at": "2026-11-03T00:00:00.000000Z"}).encode() for entry in entries]
    return cover(raw, len(raw) - 1 if at is None else at, spans)


BATCHES = st.lists(st.tuples(st.integers(1, 9), st.integers(0, 2), st.integers(0, 3)), min_size=1, max_size=5)


@given(BATCHES, st.data())
def test_a_batch_or_a_delivery_that_the_index_leaves_out(batches: list[tuple[int, int, int]], data: st.DataObject):
    entries, spans = ledger_of(batches)
    assert len(held(entries, spans).rows) == len(batches)
    gone = data.draw(st.integers(0, len(batches) - 1))
    fewer = spans[:gone] + spans[gone + 1 :]
    body = entries[-1]["body"]
    matching = {
        **body,
        "batches": len(fewer),
        "items": body["items"] - batches[gone][0],
        "batches_sha256": sha256(canonical(fewer)).hexdigest(),
    }
    for claimed, told in ((fewer, matching), (fewer, body), (spans, matching)):
        with pytest.raises(Refused):
            held([*entries[:-1], {"kind": "accounted", "body": told}], claimed)
    for name in ("items", "disclosures", "batches", "covers"):
        for other in (body[name] - 1, body[name] + 1):
            with pytest.raises(Refused):
                held([*entries[:-1], {"kind": "accounted", "body": {**body, name: other}}], spans)


@given(BATCHES, st.sampled_from(["determined", "judged", "delivered", "answered", "withheld", "accounted"]))
def test_an_index_older_than_what_it_should_speak_of(batches: list[tuple[int, int, int]], kind: str):
    entries, spans = ledger_of(batches)
    later = [*entries, {"kind": "inspected", "body": {}}]
    assert held(later, spans, len(entries) - 1)
    with pytest.raises(Refused, match="stale"):
        held([*later, {"kind": kind, "body": {}}], spans, len(entries) - 1)


def _two_as_one(spans: list[list[int]]) -> list[list[int]]:
    return [[spans[0][0], spans[1][1]], spans[1]]


def _backwards(spans: list[list[int]]) -> list[list[int]]:
    return spans[::-1]


def _not_of_it(spans: list[list[int]]) -> list[list[int]]:
    return [[spans[0][0], spans[0][0] + 1], spans[1]]


@pytest.mark.parametrize("forge", [_two_as_one, _backwards, _not_of_it])
def test_a_batch_that_borrows_the_newest_entry_of_another(forge: Callable[[list[list[int]]], list[list[int]]]):
    entries, spans = ledger_of([(5, 0, 1), (5, 1, 0)])
    forged = forge(spans)
    entries[-1]["body"]["batches_sha256"] = sha256(canonical(forged)).hexdigest()
    with pytest.raises(Refused):
        held(entries, forged)
