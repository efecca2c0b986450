"""The regular expressions of rules: RE2's subset that means the same on every engine and to the prover.

Serves ``docs/law/language.md``. A pattern is always held against the whole text. Not of the language:
look-around, back references, lazy quantifiers, anchors, word boundaries, flags and classes beyond ASCII.
"""

from __future__ import annotations

from typing import Any

import z3

LARGEST_REPEAT = 1000
LONGEST, DEEPEST = 1_000, 20
HIGHEST = 0x2FFFF
"""The last character that the prover's text theory knows."""
CLASSES = {"d": "0-9", "w": "0-9A-Za-z_", "s": "\t\n\x0c\r "}
CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\x0c", "v": "\x0b", "a": "\x07"}
REPEATS: dict[str, tuple[int, int | None]] = {"*": (0, None), "+": (1, None), "?": (0, 1)}


class PatternError(ValueError):
    """The pattern is not of the language; its text says what and where."""


def pattern(text: str) -> Any:
    """Give the prover's regular expression of ``text``. Raises PatternError."""
    if len(text) > LONGEST:
        raise PatternError(f"it is longer than {LONGEST} signs")
    reading = _Pattern(text)
    found = reading.alternatives()
    if reading.at < len(text):
        raise PatternError(f"a bracket is closed that was never opened (sign {reading.at + 1})")
    return found


def _sign(code: int) -> Any:
    return z3.StringVal(chr(code) if 32 <= code < 127 and chr(code) != "\\" else f"\\u{{{code:x}}}")


def _range(low: int, high: int) -> Any:
    return z3.Range(_sign(low), _sign(high))


def _union(parts: list[Any]) -> Any:
    return parts[0] if len(parts) == 1 else z3.Union(*parts)


def _ranges(ranges: list[tuple[int, int]], *, negated: bool) -> Any:
    ranges = sorted(ranges)
    if negated:
        gaps, start = [], 0
        for low, high in ranges:
            if start < low:
                gaps.append((start, low - 1))
            start = max(start, high + 1)
        ranges = [*gaps, (start, HIGHEST)] if start <= HIGHEST else gaps
    return _union([_range(low, high) for low, high in ranges])


class _Pattern:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = self.depth = 0

    def wrong(self, what: str) -> PatternError:
        return PatternError(f"{what} (sign {self.at + 1} of the pattern)")

    def next(self) -> str:
        return self.text[self.at] if self.at < len(self.text) else ""

    def take(self) -> str:
        if self.at >= len(self.text):
            raise self.wrong("the pattern ends too early")
        self.at += 1
        return self.text[self.at - 1]

    def alternatives(self) -> Any:
        parts = [self.sequence()]
        while self.next() == "|":
            self.at += 1
            parts.append(self.sequence())
        return _union(parts)

    def sequence(self) -> Any:
        parts = []
        while self.next() not in {"", "|", ")"}:
            parts.append(self.repeated())
        if not parts:
            return z3.Re("")
        return parts[0] if len(parts) == 1 else z3.Concat(*parts)

    def repeated(self) -> Any:
        one = self.one()
        if self.next() not in {"*", "+", "?", "{"}:
            return one
        low, high = REPEATS[self.take()] if self.next() != "{" else self.counted()
        if self.next() in {"?", "+", "*", "{"} and self.next():
            raise self.wrong("a lazy, possessive or double quantifier is not of the language")
        if high is None:
            return z3.Star(one) if low == 0 else z3.Concat(*[one] * low, z3.Star(one)) if low > 1 else z3.Plus(one)
        if high == 0:
            return z3.Re("")
        return z3.Option(one) if (low, high) == (0, 1) else z3.Loop(one, low, high)

    def counted(self) -> tuple[int, int | None]:
        end = self.text.find("}", self.at)
        body = self.text[self.at + 1 : end] if end > 0 else ""
        low, comma, high = body.partition(",")
        if not low.isdecimal() or (high and not high.isdecimal()) or not body.isascii():
            raise self.wrong("a repetition reads {2}, {2,} or {2,5}")
        found = (int(low), int(high) if high else None if comma else int(low))
        if found[0] > LARGEST_REPEAT or (found[1] or 0) > LARGEST_REPEAT or (found[1] or found[0]) < found[0]:
            raise self.wrong(f"a repetition goes up, and to {LARGEST_REPEAT} at most")
        self.at = end + 1
        return found

    def one(self) -> Any:
        sign = self.take()
        if sign == "(":
            return self.group()
        if sign == "[":
            return self.bracketed()
        if sign == ".":
            return _ranges([(10, 10)], negated=True)
        if sign == "\\":
            return _ranges(self.escaped(), negated=False)
        if sign in "^$*+?{}])":
            raise self.wrong(f"'{sign}' has no meaning here; a rule's pattern has no anchors")
        return z3.Re(_sign(ord(sign)))

    def group(self) -> Any:
        if self.next() == "?":
            if self.text[self.at : self.at + 2] != "?:":
                raise self.wrong("look-around, named groups and flags are not of the language")
            self.at += 2
        self.depth += 1
        if self.depth > DEEPEST:
            raise self.wrong("the brackets nest too deeply")
        found = self.alternatives()
        self.depth -= 1
        if self.next() != ")":
            raise self.wrong("a bracket is opened and never closed")
        self.at += 1
        return found

    def escaped(self) -> list[tuple[int, int]]:
        sign = self.take()
        if sign in CLASSES:
            signs = CLASSES[sign]
            return {"d": [(48, 57)], "w": [(48, 57), (65, 90), (95, 95), (97, 122)]}.get(
                sign, [(ord(s), ord(s)) for s in signs]
            )
        if sign in CONTROLS:
            return [(ord(CONTROLS[sign]),) * 2]
        if sign.isalnum():
            raise self.wrong(f"'\\{sign}' is not of the language")
        return [(ord(sign),) * 2]

    def bracketed(self) -> Any:
        negated = self.next() == "^"
        self.at += negated
        ranges: list[tuple[int, int]] = []
        first = True
        while first or self.next() != "]":
            first = False
            low = self.member()
            if self.next() == "-" and self.text[self.at + 1 : self.at + 2] not in {"]", ""}:
                self.at += 1
                high = self.member()
                if len(low) > 1 or len(high) > 1 or low[0][0] > high[0][0] or low[0][0] != low[0][1]:
                    raise self.wrong("a range goes from a sign to a later sign")
                low = [(low[0][0], high[0][0])]
            ranges += low
        self.at += 1
        return _ranges(ranges, negated=negated)

    def member(self) -> list[tuple[int, int]]:
        sign = self.take()
        if sign == "[" and self.next() == ":":
            raise self.wrong("a named class is not of the language; write the signs")
        return self.escaped() if sign == "\\" else [(ord(sign),) * 2]
