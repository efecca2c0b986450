"""Canonical JSON (RFC 8785) of what an entry or a row may hold: text, integers, lists, objects of them.

For these values, and for names in ASCII, the standard library quotes text as RFC 8785 does; the tests
hold what is written against a library that does nothing else. It takes a tenth of that library's time, on a path
that a release waits for. What is read is held against the standard library's encoder, which is quicker at length.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from counterseal.errors import CountersealError

if TYPE_CHECKING:
    from typing import Any

LARGEST_INTEGER = 2**53 - 1
_quoted = json.encoder.encode_basestring
_encode = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False, check_circular=False).encode


def canonical(value: Any) -> bytes:
    """Write a value canonically.

    Raises CountersealError ``entry-value`` for a fraction, a truth value, nothing, an integer beyond 2**53 - 1,
    a name that is not ASCII, or text that is not Unicode.
    """
    return encoded(canonical_text(value))


def canonical_text(value: Any) -> str:
    """Write a value canonically, as text. Raises what ``canonical`` raises, but for text that is not Unicode.

    It looks and writes in one walk: each commit finds the processor cold, and less code is then less time.
    """
    kind = type(value)
    if kind is str:
        return _quoted(value)
    if kind is int:
        if not -LARGEST_INTEGER <= value <= LARGEST_INTEGER:
            raise CountersealError("entry-value", "An integer is beyond 2**53 - 1.")
        return f"{value}"
    if kind is dict:
        members = []
        for name in value:
            if type(name) is not str or not name.isascii():
                raise CountersealError("entry-value", "A name is text in ASCII.")
        for name in sorted(value):
            held = value[name]
            kind = type(held)
            if kind is str:
                written = _quoted(held)
            elif kind is int and -LARGEST_INTEGER <= held <= LARGEST_INTEGER:
                written = str(held)
            else:
                written = canonical_text(held)
            members.append(f"{_quoted(name)}:{written}")
        return f"{{{','.join(members)}}}"
    if kind is list or kind is tuple:
        return f"[{','.join([canonical_text(inner) for inner in value])}]"
    raise CountersealError("entry-value", "Only text, integers, lists and objects of them are entered.")


def encoded(text: str) -> bytes:
    """Give canonical text's bytes. Raises CountersealError ``entry-value`` for text that is not Unicode."""
    try:
        return text.encode()
    except UnicodeEncodeError as error:
        raise CountersealError("entry-value", "A text is not Unicode.") from error


def read_canonical(raw: bytes) -> Any:
    """Read a value from its canonical bytes.

    A name that stands twice is lost in reading and so does not come back the same. Raises CountersealError
    ``entry-value``, or ValueError for what is no JSON, when these are not the canonical bytes of a plain value.
    """
    value = _decode(raw.decode("utf-8"))
    if _encode(value).encode() != raw:
        raise CountersealError("entry-value", "These bytes are not canonical.")
    if not raw.isascii() or _SUSPECT.search(raw):  # otherwise there is nothing in it that could be wrong
        canonical_text(value)  # raises
    return value


def _refuse(_: str) -> None:
    raise CountersealError("entry-value", "A fraction is not entered.")


_decode = json.JSONDecoder(parse_float=_refuse, parse_constant=_refuse).decode
_SUSPECT = re.compile(rb"true|false|null|[0-9]{16}")
