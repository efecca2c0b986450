"""Reference tables that every agreement may look up: ZIP codes, their places and states.

From the ``zipcodes`` package, read once for each process. Names are folded to upper-case ASCII. A table
that nobody names is not made.
"""

from __future__ import annotations

import functools
import gc
import re
import unicodedata
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pyarrow as pa
import zipcodes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from counterseal.engine.step_engine import StepEngine


@functools.cache
def folded(place: str) -> str:
    """Give the name in upper-case ASCII with single blanks, marks and punctuation taken off."""
    plain = unicodedata.normalize("NFKD", place).encode("ascii", "ignore").decode()
    return re.sub("[^A-Z0-9]+", " ", plain.upper().replace("'", "")).strip()


@contextmanager
def _uncollected() -> Iterator[None]:
    """Make many things that all stay without looking for garbage among them again and again."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


@functools.cache
def _zips() -> tuple[dict[str, object], ...]:
    with _uncollected():
        entries: list[dict[str, object]] = zipcodes.list_all()  # type: ignore[no-untyped-call]  # untyped package
        return tuple(entries)


@functools.cache
def zip_places() -> pa.Table:
    """``zip, place, state``: a row for each name that the ZIP answers to."""
    entries = _zips()
    with _uncollected():
        seen = {
            (str(entry["zip_code"]), folded(place), str(entry["state"]))
            for entry in entries
            for place in (str(entry["city"]), *_others(entry))
            if place
        }
        zips, places, states = zip(*sorted(seen), strict=True)
    return pa.table({"zip": zips, "place": places, "state": states})


def _others(entry: dict[str, object]) -> list[str]:
    names = entry.get("acceptable_cities") or []
    return [str(place) for place in names] if isinstance(names, list) else []


@functools.cache
def zip_codes() -> pa.Table:
    """``zip, state, kind, active``: a row for each ZIP."""
    ordered = sorted(_zips(), key=lambda entry: str(entry["zip_code"]))
    return pa.table(
        {
            "zip": [str(entry["zip_code"]) for entry in ordered],
            "state": [str(entry["state"]) for entry in ordered],
            "kind": [str(entry["zip_code_type"]) for entry in ordered],
            "active": [bool(entry["active"]) for entry in ordered],
        }
    )


@functools.cache
def zip_prefixes() -> pa.Table:
    """``prefix, state``: every state that a three-digit prefix serves."""
    seen = sorted({(str(entry["zip_code"])[:3], str(entry["state"])) for entry in _zips()})
    prefixes, states = zip(*seen, strict=True)
    return pa.table({"prefix": prefixes, "state": states})


REFERENCE_TABLES: dict[str, Callable[[], pa.Table]] = {
    "zip_places": zip_places,
    "zip_codes": zip_codes,
    "zip_prefixes": zip_prefixes,
}


def read(tables: Iterable[str]) -> None:
    """Read the named reference tables, so that ``bring`` finds them read: for another thread, while rows come in."""
    for table in tables:
        REFERENCE_TABLES[table]()


def bring(engine: StepEngine, tables: Iterable[str]) -> None:
    """Make the named reference tables in the engine. Raises KeyError for one that does not exist."""
    for table in tables:
        engine.table(table, REFERENCE_TABLES[table]())
