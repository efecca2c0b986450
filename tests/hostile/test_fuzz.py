"""The fuzzers' targets, as properties: seeds changed at random places, and bytes that nobody chose."""

from __future__ import annotations

import pytest
from fuzz import ledger
from fuzz.parsers import TARGETS
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.hostile.seeds import SEEDS

SLOW = {"agreement": 25, "sheet": 60, "parquet": 60}


@st.composite
def changed(draw: st.DrawFn, seeds: list[bytes], more: tuple[bytes, ...] = ()) -> bytes:
    """Give a seed with pieces cut, put, doubled and overwritten; ``more`` are pieces that hurt this reader."""
    told = bytearray(draw(st.sampled_from(seeds)))
    for _ in range(draw(st.integers(1, 6))):
        at = draw(st.integers(0, len(told)))
        length = draw(st.integers(0, 20))
        piece = draw(
            st.one_of(st.binary(max_size=12), st.sampled_from([*PIECES, *more]), st.just(bytes(told[at : at + length])))
        )
        told[at : at + (length if draw(st.booleans()) else 0)] = piece
    return bytes(told)


PIECES = [b'"', b"\n", b"\r", b"\x00", b",", b"{", b"[", b"\xff", b"\xed\xa0\x80", b"\\ud800", b"1e999", b"NaN", b"9" * 30, b"("]  # fmt: skip


@pytest.mark.parametrize("target", sorted(TARGETS.keys() - ledger.TARGETS.keys()))  # those: tests/ledger/test_fuzz.py
def test_a_reader_that_fails_in_another_way_than_its_own(target: str):
    seeds = SEEDS[target]()
    for seed in seeds:
        TARGETS[target](seed)

    @settings(
        max_examples=SLOW.get(target, 150), database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
    )  # fmt: skip
    @given(st.one_of(changed(seeds), st.binary(max_size=200)))
    def whatever(content: bytes) -> None:
        TARGETS[target](content)

    whatever()
